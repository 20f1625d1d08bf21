"""The embedded verification service, put together: what the web edge and the provider's adapter use."""

from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from verifeye_oidc.clock import Clock
from verifeye_oidc.faces import Engine
from verifeye_oidc.ids import Ids
from verifeye_oidc.storage.port import ConfigurationStore, GalleryStore, SessionStore
from verifeye_oidc.verifier.capture import CaptureDesk, CaptureLimits
from verifeye_oidc.verifier.gallery import Gallery
from verifeye_oidc.verifier.judge import Judge
from verifeye_oidc.verifier.model import Configuration, VerificationSession
from verifeye_oidc.verifier.sessions import Sessions


class VerifierStore(ConfigurationStore, SessionStore, GalleryStore, Protocol):
    """What the service keeps."""


class VerificationService:
    """One per process. ``close`` ends its threads."""

    def __init__(
        self,
        *,
        store: VerifierStore,
        engine: Engine,
        clock: Clock,
        ids: Ids,
        limits: CaptureLimits | None = None,
        workers: int = 2,
    ) -> None:
        """``workers``: how many threads look at frames; more than there are cores helps nobody."""
        self._store = store
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="faces")
        self.gallery = Gallery(store, engine.recipe, self._executor)
        self.sessions = Sessions(configurations=store, sessions=store, clock=clock, ids=ids)
        self.captures = CaptureDesk(
            engine=engine,
            judge=Judge(store=store, gallery=self.gallery, recipe=engine.recipe, clock=clock, ids=ids),
            sessions=store,
            clock=clock,
            executor=self._executor,
            limits=limits or CaptureLimits(),
        )

    async def configuration(self, configuration_id: str) -> Configuration | None:
        return await self._store.configuration(configuration_id)

    async def session_result(self, session_id: str) -> VerificationSession | None:
        """A session as it is stored, for the provider only; its ``result`` is None until it is final."""
        return await self._store.session(session_id)

    def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)
