"""The storage ports. Each method is one atomic statement or one unit of work, on every adapter.

Values go in and out in clear; the adapters seal identifiers, keys and templates on their way to the disk
(``keys.vault``), so that no caller can forget to. Times are UTC epoch seconds and always the caller's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from verifeye_oidc.oidc.model import (
    AccessToken,
    Client,
    Grant,
    Invitation,
    Login,
    RefreshToken,
    Subject,
    Transaction,
)
from verifeye_oidc.storage.port_people import ErasureStore, PeopleStore, ReplicaStore
from verifeye_oidc.verification.port import Collection, FailureReason, Provenance
from verifeye_oidc.verifier.model import (
    Configuration,
    Consent,
    SessionResult,
    StoredTemplate,
    TemplateChange,
    VerificationSession,
)

Admits = Callable[[Client, Collection | None], None]
"""Judges a client beside its configuration (None: there is none), and raises to refuse.

It is called under the write lock, on the adapter's thread, and must not wait for anything.
"""


class ClientStore(Protocol):
    async def add_client(self, client: Client, admits: Admits | None = None) -> None:
        """Raises Conflict when the id is taken, and what ``admits`` raises."""

    async def client(self, client_id: str) -> Client | None: ...

    async def clients(self) -> Sequence[Client]:
        """All of them, in the order in which they were made."""

    async def update_client(
        self, client_id: str, change: Callable[[Client], Client], admits: Admits
    ) -> Client | None:
        """One unit of work: read, change, judge, write. Returns what was written; None: no such client.

        Raises what ``change`` and ``admits`` raise; then nothing is written.
        """

    async def delete_client(self, client_id: str) -> bool:
        """One unit of work: the client goes, with its transactions, its grants and all that they gave.

        False when there is no such client.
        """

    async def collection(self, configuration_id: str) -> Collection | None:
        """The configuration as the protocol sees it."""


class TransactionStore(Protocol):
    async def add_transaction(self, transaction: Transaction) -> None:
        """A new one: created, or verifying where it goes straight on."""

    async def transaction(self, handle: str) -> Transaction | None: ...

    async def identify(self, handle: str, identifier: str) -> bool:
        """created, without an identifier -> with one. False when it was not in that state."""

    async def begin_verification(self, handle: str, external_id: str, enrolment: Provenance | None) -> bool:
        """created -> verifying. False when it was not created any more."""

    async def lease(self, handle: str, now: int, until: int) -> bool:
        """verifying, or deciding under a lease that lapsed -> deciding, leased until then. One wins."""

    async def release(self, handle: str) -> None:
        """deciding -> verifying: nothing was decided, so that the genuine browser can come again."""

    async def refuse(self, handle: str, reason: FailureReason) -> bool:
        """created, verifying or deciding -> refused. False when it was final already."""

    async def grant(
        self,
        grant: Grant,
        subject: Subject,
        session_id: str,
        now: int,
        login: Login | None = None,
        held: bytes | None = None,
    ) -> bool:
        """One unit of work: deciding -> granted, the grant, the subject if it is new, and the pending
        template of that verification session becomes active. ``login`` begins. ``held``, the hash of the
        browser's session from before, ends when another begins or when it is about somebody else: of two
        people at one browser, the first is never signed in after the second.

        False, and nothing written: the lease was lost, or an active subject with another external id (or
        another active template of that subject) took the identifier meanwhile.
        """

    async def enrol_invited(self, handle: str, subject: Subject, session_id: str, now: int) -> bool:
        """As ``grant``, for a transaction that serves an invitation: that is used up, and no grant is made.

        False, and nothing written, also when the invitation was used or has expired.
        """

    async def purge(self, now: int) -> None:
        """Drop what expired: pending templates at once, an hour after it did all the rest.

        Which is transactions, grants, tokens, sessions and invitations.
        """


@dataclass(frozen=True, slots=True)
class CodeBinding:
    """What the caller of the token endpoint proved about itself, for a code to be taken."""

    client_id: str
    redirect_uri: str
    code_challenge: str | None
    """S256 of the presented ``code_verifier``; None when none was presented."""


class CodeRefusal(StrEnum):
    """Why a code was not taken: for the log, never for the caller."""

    UNKNOWN = "unknown"
    """There is no such code, or it is another client's."""
    EXPIRED = "expired"
    NOT_BOUND = "not_bound"
    """Another redirect URI, or another verifier, than it was given for."""
    REPLAYED = "replayed"
    """It was taken before: what it gave is revoked."""


class GrantStore(Protocol):
    async def grant_of_code(self, code_hash: bytes) -> Grant | None:
        """What a code stands for, taken or not: it never changes, and proves nothing about the caller."""

    async def take_code(
        self,
        code_hash: bytes,
        binding: CodeBinding,
        token: AccessToken,
        now: int,
        refresh: RefreshToken | None = None,
    ) -> Grant | CodeRefusal:
        """Take a code once and never again, and write the tokens that it gives, atomically.

        A refused code is left as it was; a replay by its client revokes everything that the code gave
        (RFC 6749, 4.1.2; RFC 9700, 4.2).
        """

    async def unredeemed_grant(self, handle: str, now: int) -> Grant | None:
        """The transaction's grant while its code is neither taken nor expired: a reload gets it again."""

    async def access_token(self, token_hash: bytes, now: int) -> tuple[AccessToken, Grant] | None:
        """A live access token, and the grant behind it with the scope that the token has."""

    async def revoke_access_token(self, token_hash: bytes, client_id: str) -> bool:
        """End one access token. False, and nothing done: it is unknown, or another client's."""

    async def refresh_token(
        self, family_hash: bytes, client_id: str, now: int
    ) -> tuple[RefreshToken, Grant] | None:
        """A client's family that has neither ended nor expired: its live token, and its grant."""

    async def rotate(
        self, presented: RefreshToken, successor_hash: bytes, token: AccessToken, now: int
    ) -> bool:
        """Put a new secret in the place of the presented one and write the access token, atomically.

        False, and nothing written: the family is over, or the presented secret is not the live one. That is a
        replay, and ends the family (RFC 9700, 4.14.2): of two processes with one token, one rotates.
        """

    async def end_family(self, code_hash: bytes) -> None:
        """End everything that a code gave: its refresh token and all its access tokens."""


class LoginStore(Protocol):
    async def login(self, login_hash: bytes, now: int) -> Login | None:
        """A live OP session."""

    async def grant_by_login(self, grant: Grant, login: Login, now: int) -> bool:
        """One unit of work: created -> granted without a verification, and the grant.

        False, and nothing written: the session ended, the transaction went on otherwise, or it is about
        another collection than the session.
        """

    async def end_login(self, login_hash: bytes) -> bool:
        """False when there was none."""


class SubjectStore(Protocol):
    async def subject(self, configuration_id: str, identifier: str) -> Subject | None:
        """The person with this identifier in this collection, with the provenance of their template."""

    async def add_invitation(self, invitation: Invitation) -> None: ...

    async def invitation(self, invitation_hash: bytes) -> Invitation | None: ...


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A signing key. ``private_pem`` is at rest under the master key."""

    kid: str
    alg: str
    private_pem: bytes
    certificate_der: bytes
    created_at: int


class KeyStore(Protocol):
    async def signing_keys(self) -> Sequence[StoredKey]:
        """All keys, oldest first."""

    async def add_first_signing_key(self, key: StoredKey) -> bool:
        """Write the key only if there is none of its algorithm; with two replicas racing, one wins."""


class ConfigurationStore(Protocol):
    async def add_configuration(self, configuration: Configuration) -> None:
        """Raises Conflict when the id is taken."""

    async def configuration(self, configuration_id: str) -> Configuration | None: ...

    async def configurations(self) -> Sequence[Configuration]:
        """All of them, in the order in which they were made."""

    async def update_configuration(
        self, configuration_id: str, change: Callable[[Configuration], Configuration], admits: Admits
    ) -> Configuration | None:
        """One unit of work: read, change, let ``admits`` judge each client bound to it, write.

        Returns what was written; None: no such configuration. Raises what ``change`` and ``admits`` raise;
        then nothing is written.
        """

    async def delete_configuration(self, configuration_id: str) -> bool:
        """One unit of work: the configuration goes, with its invitations and its pending templates.

        Raises InUse while a client is bound to it, and while people have an identifier in it: only an erasure
        ends those. False when there is no such configuration.
        """


class SessionStore(Protocol):
    async def open_session(self, session: VerificationSession) -> bool:
        """Write a new session. False when its nonce opened one already."""

    async def session(self, session_id: str) -> VerificationSession | None: ...

    async def session_by_nonce(self, nonce: str) -> VerificationSession | None: ...

    async def answer_consent(self, consent: Consent, result: SessionResult | None) -> bool:
        """Record the answer: consent -> capture, or with a result (declined) -> failed.

        False, and nothing recorded: it was not in consent.
        """

    async def count_capture(self, session_id: str, limit: int) -> int | None:
        """Count one capture of a session in capture if fewer than ``limit`` were counted.

        Returns how many are left; None: no more.
        """

    async def finish_session(self, session_id: str, result: SessionResult) -> bool:
        """consent or capture -> passed | failed. False when the session was final already."""


class GalleryStore(Protocol):
    async def active_template(self, configuration_id: str, external_id: str) -> StoredTemplate | None: ...

    async def enrol_pending(
        self,
        template: StoredTemplate,
        after_sequence: int,
        admits: Callable[[Sequence[TemplateChange]], bool],
    ) -> bool:
        """One unit of work under the write lock: ``admits`` judges what changed in the template's collection
        after the given sequence, and only if it returns True the template is written as pending. It is called
        on the adapter's thread and must not wait for anything.

        So the uniqueness check and the enrolment are one step, also with two processes enrolling at once.
        False also when the external id has an active template by now, or the session wrote one and has its
        result. One that it wrote without coming to a result, as before a crash, is replaced.
        """

    async def template_changes(self, configuration_id: str, after_sequence: int) -> Sequence[TemplateChange]:
        """The collection's changes after a sequence number, in order, each template once at its latest."""


class Store(
    ClientStore,
    TransactionStore,
    GrantStore,
    LoginStore,
    SubjectStore,
    KeyStore,
    ConfigurationStore,
    SessionStore,
    GalleryStore,
    PeopleStore,
    ErasureStore,
    ReplicaStore,
    Protocol,
):
    """Everything: what an adapter implements and the composition root hands out in parts."""

    async def close(self) -> None: ...


class Conflict(Exception):
    """The row exists already."""


class InUse(Exception):
    """What was to be deleted is needed: by these clients (their ids), and by so many people."""

    def __init__(self, clients: Sequence[str], people: int) -> None:
        super().__init__(f"{len(clients)} clients, {people} people")
        self.clients = clients
        self.people = people


class WrongDatabase(Exception):
    """The database belongs to another mode or region, or was written by a newer version."""
