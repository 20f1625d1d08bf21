"""Values to rows and back, sealed on the way: what every adapter shares.

A row is a mapping of column names; each ``*_row`` gives what is written, its counterpart reads it.
"""

import json
from dataclasses import replace
from functools import lru_cache
from typing import Any, overload

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from verifeye_oidc.keys.vault import MasterKey, MasterKeys, Vault
from verifeye_oidc.oidc.model import (
    AuthorizationRequest,
    Client,
    Grant,
    Invitation,
    Login,
    Outcome,
    Subject,
    Transaction,
    TransactionState,
)
from verifeye_oidc.storage.port import StoredKey
from verifeye_oidc.storage.rows import Row, columns, decode, encode, maybe, values
from verifeye_oidc.verification.port import FailureReason, Provenance
from verifeye_oidc.verifier.model import (
    Configuration,
    Consent,
    SessionResult,
    SessionState,
    StoredTemplate,
    VerificationSession,
)

_REGISTERED = 1024
"""How many clients, and how many configurations, are kept as they were read: by the row's whole content."""


class Codec:
    """Maps values to rows under one vault."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        # What an operator registers is read several times in every request and hardly ever changes.
        self._client_of = lru_cache(_REGISTERED)(_client)
        self._configuration_of = lru_cache(_REGISTERED)(self._open_configuration)

    def identifier_lookup(self, configuration_id: str, identifier: str) -> bytes:
        """What finds an identifier in one collection; in another collection it is another value."""
        return self._vault.lookup("identifier", f"{configuration_id}\x1f{identifier}")

    # Clients, keys, configurations

    def client_row(self, client: Client) -> dict[str, Any]:
        public = replace(client, secret_hashes=())
        return {
            "client_id": client.client_id,
            "settings": encode(public).decode(),
            "secret_hashes": b"".join(client.secret_hashes),
        }

    def client(self, row: Row) -> Client:
        return self._client_of(row["settings"], row["secret_hashes"])

    def key_row(self, key: StoredKey) -> dict[str, Any]:
        return columns(key) | {
            "private_pem": self._seal(key.private_pem, "signing_keys.private_pem", key.kid)
        }

    def key(self, row: Row) -> StoredKey:
        private_pem = self._open(row["private_pem"], "signing_keys.private_pem", row["kid"])
        return StoredKey(**values(StoredKey, row) | {"private_pem": private_pem})

    def configuration_row(self, configuration: Configuration) -> dict[str, Any]:
        public = replace(configuration, signing_key=b"", previous_signing_key=None)
        ident = configuration.configuration_id
        return {
            "configuration_id": ident,
            "settings": encode(public).decode(),
            "signing_key": self._seal(configuration.signing_key, "configurations.signing_key", ident),
            "previous_signing_key": self._seal(
                configuration.previous_signing_key, "configurations.previous_signing_key", ident
            ),
        }

    def configuration(self, row: Row) -> Configuration:
        keys = row["signing_key"], row["previous_signing_key"]
        return self._configuration_of(row["configuration_id"], row["settings"], *keys)

    def _open_configuration(
        self, ident: str, settings: str, signing: bytes, previous: bytes | None
    ) -> Configuration:
        return replace(
            decode(Configuration, settings),
            signing_key=self._open(signing, "configurations.signing_key", ident),
            previous_signing_key=self._open(previous, "configurations.previous_signing_key", ident),
        )

    # Transactions, grants, people

    def transaction_row(self, transaction: Transaction) -> dict[str, Any]:
        handle, request = transaction.handle, transaction.request
        return columns(transaction) | {
            "client_id": None if request is None else request.client_id,
            "request": self._seal(
                None if request is None else encode(request), "transactions.request", handle
            ),
            "identifier": self.transaction_identifier(handle, transaction.identifier),
        }

    def transaction_identifier(self, handle: str, identifier: str | None) -> bytes | None:
        return self._seal(
            None if identifier is None else identifier.encode(), "transactions.identifier", handle
        )

    def transaction(self, row: Row) -> Transaction:
        request = self._open(row["request"], "transactions.request", row["handle"])
        identifier = self._open(row["identifier"], "transactions.identifier", row["handle"])
        return Transaction(
            **values(Transaction, row)
            | {
                "request": None if request is None else decode(AuthorizationRequest, request),
                "identifier": None if identifier is None else identifier.decode(),
                "state": TransactionState(row["state"]),
                "enrolment": maybe(Provenance, row["enrolment"]),
                "failure": maybe(FailureReason, row["failure"]),
            }
        )

    def grant_row(self, grant: Grant) -> dict[str, Any]:
        """The columns are what the statements ask for; the sealed content is the whole grant."""
        content = encode(replace(grant, code_hash=b""))
        return {
            "code_hash": grant.code_hash,
            "handle": grant.transaction,
            "client_id": grant.client_id,
            "redirect_uri": grant.redirect_uri,
            "code_challenge": grant.code_challenge,
            "content": self._seal(content, "grants.content", grant.code_hash.hex()),
            "expires_at": grant.expires_at,
        }

    def grant(self, row: Row) -> Grant:
        code_hash: bytes = row["code_hash"]
        content = self._open(row["content"], "grants.content", code_hash.hex())
        return replace(decode(Grant, content), code_hash=code_hash)

    def login_row(self, login: Login) -> dict[str, Any]:
        return {
            "login_hash": login.login_hash,
            "configuration_id": login.outcome.configuration_id,
            "external_id": login.external_id,
            "outcome": self._seal(encode(login.outcome), "logins.outcome", login.login_hash.hex()),
            "expires_at": login.expires_at,
        }

    def login(self, row: Row) -> Login:
        outcome = self._open(row["outcome"], "logins.outcome", row["login_hash"].hex())
        return Login(**values(Login, row) | {"outcome": decode(Outcome, outcome)})

    def subject_row(self, subject: Subject) -> dict[str, Any]:
        collection, identifier = subject.configuration_id, subject.identifier
        return columns(subject) | {
            "identifier_lookup": self.identifier_lookup(collection, identifier),
            "identifier": self._seal(
                identifier.encode(), "subjects.identifier", collection, subject.external_id
            ),
        }

    def subject(self, row: Row) -> Subject:
        person = (row["configuration_id"], row["external_id"])
        return Subject(
            **values(Subject, row)
            | {
                "identifier": self._open(row["identifier"], "subjects.identifier", *person).decode(),
                "enrolled": maybe(Provenance, row["enrolled"]),
            }
        )

    def invitation_row(self, invitation: Invitation) -> dict[str, Any]:
        collection, identifier = invitation.configuration_id, invitation.identifier
        ident = invitation.invitation_hash.hex()
        return columns(invitation) | {
            "identifier_lookup": self.identifier_lookup(collection, identifier),
            "identifier": self._seal(identifier.encode(), "invitations.identifier", ident),
        }

    def invitation(self, row: Row) -> Invitation:
        ident = row["invitation_hash"].hex()
        identifier = self._open(row["identifier"], "invitations.identifier", ident).decode()
        return Invitation(**values(Invitation, row) | {"identifier": identifier})

    # Verification sessions and the gallery

    def session_row(self, session: VerificationSession) -> dict[str, Any]:
        return columns(session) | {
            "custom": self._seal(encode(session.custom), "sessions.custom", session.session_id),
            "result": self.result(session.result),
        }

    def result(self, result: SessionResult | None) -> str | None:
        return None if result is None else encode(result).decode()

    def session(self, row: Row) -> VerificationSession:
        custom = json.loads(self._open(row["custom"], "sessions.custom", row["session_id"]))
        return VerificationSession(
            **values(VerificationSession, row)
            | {
                "custom": tuple((name, value) for name, value in custom),
                "state": SessionState(row["state"]),
                "enrolment": maybe(Provenance, row["enrolment"]),
                "result": None if row["result"] is None else decode(SessionResult, row["result"]),
            }
        )

    def consent_row(self, consent: Consent) -> dict[str, Any]:
        return columns(consent)

    def person_key_row(self, configuration_id: str, external_id: str) -> dict[str, Any]:
        """A new key for a person's templates, wrapped."""
        secret = AESGCM.generate_key(256)
        return {
            "configuration_id": configuration_id,
            "external_id": external_id,
            "wrapped": self._seal(secret, "person_keys.wrapped", configuration_id, external_id),
        }

    def template_row(self, template: StoredTemplate, wrapped: bytes) -> dict[str, Any]:
        person = self._person(wrapped, template.configuration_id, template.external_id)
        context = _context("templates.vector", template.template_id)
        return columns(template) | {"vector": person.seal(template.vector, context)}

    def template(self, row: Row) -> StoredTemplate:
        """Reads a template's row with its person's ``wrapped`` key beside it."""
        person = self._person(row["wrapped"], row["configuration_id"], row["external_id"])
        return StoredTemplate(
            **values(StoredTemplate, row)
            | {
                "vector": person.open(row["vector"], _context("templates.vector", row["template_id"])),
                "provenance": Provenance(row["provenance"]),
            }
        )

    def _person(self, wrapped: bytes, *person: str) -> Vault:
        key = MasterKey("person", self._open(wrapped, "person_keys.wrapped", *person))
        return Vault(MasterKeys((key,), key))

    @overload
    def _seal(self, value: bytes, column: str, *row: str) -> bytes: ...

    @overload
    def _seal(self, value: bytes | None, column: str, *row: str) -> bytes | None: ...

    def _seal(self, value: bytes | None, column: str, *row: str) -> bytes | None:
        return None if value is None else self._vault.seal(value, _context(column, *row))

    def _open(self, sealed: Any, column: str, *row: str) -> Any:
        return None if sealed is None else self._vault.open(sealed, _context(column, *row))


def _client(settings: str, hashes: bytes) -> Client:
    return replace(
        decode(Client, settings),
        secret_hashes=tuple(hashes[start : start + 32] for start in range(0, len(hashes), 32)),
    )


def _context(column: str, *row: str) -> str:
    """Where a sealed value belongs: ``table.column`` and the row's key."""
    return f"{column}:{chr(0x1F).join(row)}"
