"""The composition root: settings -> ports -> ASGI app. The only module that names adapters."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from verifeye_oidc.clock import Clock, SystemClock
from verifeye_oidc.http.cookies import BindingCookies
from verifeye_oidc.http.cors import Cors
from verifeye_oidc.http.health import Health
from verifeye_oidc.http.middleware import BodyLimit, Shell
from verifeye_oidc.http.pages import Pages
from verifeye_oidc.http.provider.back import BackChannel
from verifeye_oidc.http.provider.documents import Published
from verifeye_oidc.http.provider.front import FrontChannel
from verifeye_oidc.http.routes import error_pages, last_resort, provider_routes
from verifeye_oidc.http.server import Server, server_config, stop_on_signals
from verifeye_oidc.http.verification.sandbox import sandbox_routes
from verifeye_oidc.ids import Ids, RandomIds
from verifeye_oidc.keys.signer import StoredKeySigner, open_signer
from verifeye_oidc.keys.vault import MasterKeyRefused, MasterKeys, Vault, create_master_key, load_master_key
from verifeye_oidc.oidc.begin import Begin
from verifeye_oidc.oidc.claims import ClaimRules
from verifeye_oidc.oidc.flow import Flow
from verifeye_oidc.oidc.id_token_hint import IdTokenHints
from verifeye_oidc.oidc.issuing import Issuing
from verifeye_oidc.oidc.logout import Logout
from verifeye_oidc.oidc.subject_ids import SubjectIds
from verifeye_oidc.oidc.tokens import Tokens
from verifeye_oidc.settings import Settings, SettingsRefused
from verifeye_oidc.storage.port import Store
from verifeye_oidc.storage.sqlite import open_sqlite
from verifeye_oidc.verification.embedded import EmbeddedVerification
from verifeye_oidc.verification.port import Verification
from verifeye_oidc.verifier.erasure import Eraser, NotConfirmed
from verifeye_oidc.verifier.ledger import Ledger, LedgerDamaged
from verifeye_oidc.verifier.retention import enforce
from verifeye_oidc.verifier.sandbox import Sandbox

PURGE_SECONDS = 600

log = structlog.get_logger("verifeye_oidc")


@dataclass(frozen=True, slots=True)
class House:
    """What an opened installation is made of: all that administration needs."""

    settings: Settings
    clock: Clock
    ids: Ids
    vault: Vault
    store: Store
    eraser: Eraser
    repeated_erasures: int = 0
    """The database was older than so many erasures: they were repeated when it was opened."""


@contextlib.asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[House]:
    """Open the installation that the settings name, making it at the first start.

    Nobody who was erased is in it, also when the database was restored from before that. Raises
    SettingsRefused, and WrongDatabase when the database belongs to another mode or region.
    """
    ids = RandomIds()
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = _master_keys(settings, ids)
    _check_mode(keys, settings)
    vault = Vault(keys)
    store = open_sqlite(settings.sqlite_path, vault, mode=settings.verification, region=settings.region)
    clock = SystemClock()
    ledger = Ledger(settings.erasure_ledger_file or settings.data_dir / "erasures.ledger", vault)
    eraser = Eraser(store=store, ledger=ledger, clock=clock, ids=ids, backup_days=settings.backup_days)
    try:
        repeated = await _forget_again(eraser)
        yield House(settings, clock, ids, vault, store, eraser, repeated)
    finally:
        await store.close()


@contextlib.asynccontextmanager
async def open_app(house: House) -> AsyncIterator[Starlette]:
    """The provider and its verification service as one ASGI application, with their threads."""
    signer = await open_signer(house.store, issuer=house.settings.issuer, clock=house.clock)
    pages = Pages()
    async with _SERVED[house.settings.verification](house, pages) as served:
        purging = asyncio.create_task(_purge(house))
        try:
            yield build_app(house, served, signer, pages)
        finally:
            purging.cancel()


@dataclass(frozen=True, slots=True)
class Served:
    """A verification service in this process: how the protocol calls it, and its URLs."""

    verification: Verification
    routes: Sequence[BaseRoute]


@contextlib.asynccontextmanager
async def _embedded(house: House, pages: Pages) -> AsyncIterator[Served]:
    # OpenCV and onnxruntime take a second to load, and the sandbox needs neither.
    from verifeye_oidc.faces import Engine, models  # noqa: PLC0415
    from verifeye_oidc.http.verification.routes import verification_routes  # noqa: PLC0415
    from verifeye_oidc.verifier.capture import CaptureLimits  # noqa: PLC0415
    from verifeye_oidc.verifier.replica import Replica  # noqa: PLC0415
    from verifeye_oidc.verifier.service import VerificationService  # noqa: PLC0415

    settings, clock = house.settings, house.clock
    try:
        engine = await asyncio.to_thread(Engine.load, settings.models_dir or models.default_dir())
    except models.InstallError as missing:
        raise SettingsRefused(str(missing)) from missing
    service = VerificationService(
        store=house.store,
        engine=engine,
        clock=clock,
        ids=house.ids,
        limits=CaptureLimits(no_face_seconds=settings.capture_no_face_seconds),
    )
    replica = Replica(replica_id=house.ids.guid(), store=house.store, gallery=service.gallery, clock=clock)
    try:
        async with replica.following():
            yield Served(
                EmbeddedVerification(service=service, clock=clock, issuer=settings.issuer),
                verification_routes(service=service, pages=pages, issuer=settings.issuer, clock=clock),
            )
    finally:
        service.close()


@contextlib.asynccontextmanager
async def _sandbox(house: House, pages: Pages) -> AsyncIterator[Served]:
    settings, clock = house.settings, house.clock
    log.warning("SANDBOX: nobody's face is looked at, anybody can pass as anybody", issuer=settings.issuer)
    sandbox = Sandbox(store=house.store, clock=clock, ids=house.ids, automatic=settings.sandbox_outcome)
    yield Served(
        EmbeddedVerification(service=sandbox, clock=clock, issuer=settings.issuer),
        sandbox_routes(sandbox=sandbox, pages=pages, issuer=settings.issuer, clock=clock),
    )


_SERVED = {"embedded": _embedded, "sandbox": _sandbox}


def build_app(house: House, served: Served, signer: StoredKeySigner, pages: Pages) -> Starlette:
    """Put the rooms together."""
    issuer, store, clock, ids = house.settings.issuer, house.store, house.clock, house.ids
    rules = ClaimRules(region=house.settings.region, sandbox=house.settings.sandbox)
    hints = IdTokenHints(issuer=issuer, signer=signer)
    issuing = Issuing(
        issuer=issuer,
        tokens=Tokens(issuer=issuer, signer=signer, rules=rules, clock=clock, ids=ids),
        subject_ids=SubjectIds(house.vault.derive("pairwise-subject")),
        code_key=house.vault.derive("authorization-code"),
    )
    front = FrontChannel(
        issuer=issuer,
        begin=Begin(issuer=issuer, store=store, hints=hints, clock=clock, ids=ids),
        logout=Logout(store=store, hints=hints),
        flow=Flow(store=store, verification=served.verification, issuing=issuing, clock=clock, ids=ids),
        pages=pages,
        cookies=BindingCookies("tx", secure=house.settings.https),
    )
    back = BackChannel(issuer=issuer, store=store, signer=signer, rules=rules, clock=clock, ids=ids)
    app = Starlette(
        routes=[
            *provider_routes(
                front=front,
                back=back,
                health=Health(store),
                pages=pages,
            ),
            *served.routes,
        ],
        middleware=[
            Middleware(
                Shell, ids=ids, clock=clock, https=house.settings.https, last_resort=last_resort(pages)
            ),
            Middleware(Published, documents=back.documents),
            Middleware(Cors, clients=store, clock=clock),
            Middleware(BodyLimit),
        ],
        exception_handlers=error_pages(pages),
    )
    app.router.redirect_slashes = False
    return app


async def serve_house(settings: Settings) -> None:
    """Serve until the process is asked to stop."""
    async with open_house(settings) as house, open_app(house) as app:
        config = server_config(app, host=settings.host, port=settings.port)
        if house.repeated_erasures:
            log.warning("a database from before erasures: repeated", count=house.repeated_erasures)
        log.info("serving", issuer=settings.issuer, host=settings.host, port=settings.port)
        _collect_rarely()
        server = Server(config)
        stop_on_signals([server])
        await server.serve()


def _collect_rarely() -> None:
    """What is loaded by now stays, and a request leaves hardly any cycles: a tenth of the time is saved."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def _master_keys(settings: Settings, ids: Ids) -> MasterKeys:
    """The master key: named by the settings, or made here, which only a loopback issuer may."""
    path = settings.master_key_file or settings.data_dir / "master.key"
    try:
        return load_master_key(path)
    except MasterKeyRefused as refused:
        raise SettingsRefused(str(refused)) from refused
    except FileNotFoundError:
        if settings.master_key_file is not None:
            raise SettingsRefused(f"master_key_file: there is no file {path}") from None
        if settings.sqlite_path.exists():
            raise SettingsRefused(
                f"{path} is missing, and without it nothing in {settings.sqlite_path} can be read. "
                "Restore it from your backup, or start anew with another data directory."
            ) from None
    return _made_once(path, ids, sandbox=settings.sandbox)


def _check_mode(keys: MasterKeys, settings: Settings) -> None:
    if keys.sandbox != settings.sandbox:
        made_for = "sandbox mode" if keys.sandbox else "real people"
        raise SettingsRefused(
            f"the master key was made for {made_for}, and this process runs with verification = "
            f"{settings.verification}: a sandbox shares no key and no data with any other mode. "
            "Use another data directory and master_key_file"
        )


def _made_once(path: Path, ids: Ids, *, sandbox: bool) -> MasterKeys:
    try:
        return create_master_key(path, ids, sandbox=sandbox)
    except FileExistsError:
        return load_master_key(path)


async def _forget_again(eraser: Eraser) -> int:
    """Repeat the erasures that a restored database has not heard of; returns how many these were."""
    try:
        return await eraser.agree()
    except (LedgerDamaged, NotConfirmed) as refused:
        raise SettingsRefused(str(refused)) from refused


async def _purge(house: House) -> None:
    """Drop what expired and whose retention is over, now and then, for as long as the process runs."""
    while True:
        try:
            await house.store.purge(house.clock.now())
            await house.eraser.confirm()
            erased = await enforce(house.store, house.eraser, house.clock)
            if erased:
                log.info("faces were erased because their retention was over", count=len(erased))
        except Exception:
            log.exception("purging failed; it is tried again")
        await asyncio.sleep(PURGE_SECONDS)
