"""When a verification from before answers a request (OpenID Connect Core 1.0, 3.1.2.1 and 3.1.2.3).

Every rule must hold, else the person is asked again: a session never answers more than its verification did.
"""

from typing import Protocol

from verifeye_oidc.clock import Clock
from verifeye_oidc.oidc.acr import reachable, reached
from verifeye_oidc.oidc.checks.prompt import LOGIN, SELECT_ACCOUNT
from verifeye_oidc.oidc.decide import suffices
from verifeye_oidc.oidc.issuing import Issuing
from verifeye_oidc.oidc.model import AuthorizationRequest, Client, Grant, Login, Outcome, Subject
from verifeye_oidc.oidc.visit import Visit
from verifeye_oidc.storage.port import ClientStore, LoginStore, SubjectStore
from verifeye_oidc.verification.port import Collection


class SingleSignOnStore(ClientStore, LoginStore, SubjectStore, Protocol):
    """What is read, and the one unit of work."""


class SingleSignOn:
    """Answers a transaction by its browser's session."""

    def __init__(self, *, store: SingleSignOnStore, issuing: Issuing, clock: Clock) -> None:
        self._store = store
        self._issuing = issuing
        self._clock = clock

    async def grant(self, visit: Visit) -> Grant | None:
        """The grant that the session gives; None: there is none that may, and nothing was written."""
        client, request, transaction, now = visit.client, visit.request, visit.transaction, self._clock.now()
        if client is None or request is None or visit.login_hash is None or not client.session_seconds:
            return None
        login = await self._store.login(visit.login_hash, now)
        collection = await self._store.collection(transaction.configuration_id)
        if login is None or collection is None:
            return None
        subject = await self._store.subject(transaction.configuration_id, login.outcome.identifier)
        named = transaction.identifier or request.login_hint
        if not answers(login, request, client, collection, subject, named, now):
            return None
        grant = self._issuing.grant(visit, client, request, login.outcome, now)
        if not is_meant(request, grant.outcome.said_sub):
            return None
        return grant if await self._store.grant_by_login(grant, login, now) else None


def answers(
    login: Login,
    request: AuthorizationRequest,
    client: Client,
    collection: Collection,
    subject: Subject | None,
    named: str | None,
    now: int,
) -> bool:
    """Whether a live session answers this client's request.

    ``subject``: who is known by now under the identifier of the session. ``named``: the identifier that the
    request or the person named already.
    """
    outcome = login.outcome
    return (
        {LOGIN, SELECT_ACCOUNT}.isdisjoint(request.prompt)
        and outcome.configuration_id == collection.configuration_id
        and _is_enrolled_still(login, subject)
        and named in (None, outcome.identifier)
        and max(0, now - outcome.auth_time) < _lifetime(client, request)
        and suffices(client, collection, outcome.results, outcome.provenance)
        and _reached_what_is_asked(outcome, request, collection)
    )


def is_meant(request: AuthorizationRequest, sub: str | None) -> bool:
    """Whether a person may be the outcome, going by what the request says of its subject.

    ``sub``: as the client knows them; None: somebody new, whom no client can mean.
    """
    subs = request.claims.subs
    return request.hinted_sub in (None, sub) and (subs is None or sub in subs)


def reaches_essential(request: AuthorizationRequest, outcome: Outcome) -> bool:
    """Whether one of the essential ``acr`` values was reached, if there are any (Core 1.0, 5.5.1.1)."""
    essential = request.claims.essential_acr
    return essential is None or not set(essential).isdisjoint(reached(outcome))


def _is_enrolled_still(login: Login, subject: Subject | None) -> bool:
    return (
        subject is not None
        and subject.enrolled is not None
        and (subject.external_id, subject.sub) == (login.external_id, login.outcome.sub)
    )


def _lifetime(client: Client, request: AuthorizationRequest) -> int:
    """The age in seconds at which a verification is too old. ``max_age`` 0 is as good as ``prompt=login``."""
    if request.max_age is None:
        return client.session_seconds
    return min(client.session_seconds, request.max_age)


def _reached_what_is_asked(outcome: Outcome, request: AuthorizationRequest, collection: Collection) -> bool:
    """A new verification is worth the trouble if it can reach something that is asked for and was not yet."""
    asked = set(request.all_acr_values) & set(reachable(collection))
    return reaches_essential(request, outcome) and (not asked or not asked.isdisjoint(reached(outcome)))
