"""A browser that proved that a transaction is its own."""

from dataclasses import dataclass, replace

from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.model import AuthorizationRequest, Client, Transaction, TransactionState
from verifeye_oidc.verification.port import Provenance


@dataclass(frozen=True, slots=True)
class Visit:
    """What one request of it brought, and what it is about."""

    transaction: Transaction
    client: Client | None
    """Proven again, with its redirect URI; None for an invitation."""
    secret: str
    login_secret: str | None
    """From the cookie of its session: whether there is such a session, the store knows."""

    @property
    def handle(self) -> str:
        return self.transaction.handle

    @property
    def request(self) -> AuthorizationRequest | None:
        return self.transaction.request

    def verifying(self, external_id: str, enrolment: Provenance | None) -> "Visit":
        """The visit after its verification began, as the store has it now."""
        state = TransactionState.VERIFYING
        begun = replace(self.transaction, state=state, external_id=external_id, enrolment=enrolment)
        return replace(self, transaction=begun)

    @property
    def login_hash(self) -> bytes | None:
        return None if self.login_secret is None else digest(self.login_secret)
