"""What an operator can do. Each use case validates, names the field that is wrong, and writes once."""

from collections.abc import Collection as CollectionOf
from dataclasses import dataclass
from urllib.parse import urlsplit

from verifeye_oidc.clock import Clock
from verifeye_oidc.ids import Ids, digest
from verifeye_oidc.oidc.identifiers import canonical_identifier
from verifeye_oidc.oidc.model import Client, Invitation
from verifeye_oidc.storage.port import ClientStore, ConfigurationStore, Store
from verifeye_oidc.verification.port import EnrolmentPolicy, FaceMode, LivenessMode, Verifier
from verifeye_oidc.verifier.model import Configuration


class Refused(Exception):
    """The use case was not carried out. The message names the field, the reason and the way out."""


async def create_configuration(
    store: ConfigurationStore,
    ids: Ids,
    *,
    name: str,
    face: FaceMode,
    liveness: LivenessMode,
    enrolment_policy: EnrolmentPolicy,
    issuer: str,
) -> Configuration:
    """Make a verification configuration whose results go back to this provider."""
    result_url = f"{issuer}/v1/openid/verify-result"
    configuration = Configuration(
        configuration_id=ids.guid(),
        name=name,
        face=face,
        liveness=liveness,
        enrolment_policy=enrolment_policy,
        passed_url=result_url,
        failed_url=result_url,
        signing_key=ids.key(),
    )
    await store.add_configuration(configuration)
    return configuration


async def create_client(
    store: ClientStore,
    ids: Ids,
    *,
    name: str,
    redirect_uris: tuple[str, ...],
    configuration_id: str,
    required_verifiers: CollectionOf[Verifier] = (Verifier.FACE, Verifier.LIVENESS),
) -> tuple[Client, str]:
    """Register a relying party. Returns it with its secret, which is kept nowhere in clear.

    Raises Refused for a redirect URI that cannot be matched exactly, for an unknown configuration, for one
    that compares no faces, and for one that cannot give what the client requires.
    """
    for uri in redirect_uris:
        _check_redirect_uri(uri)
    collection = await store.collection(configuration_id)
    if collection is None:
        raise Refused(f"configuration: there is none with the id {configuration_id}")
    if not collection.face.compares:
        raise Refused(
            f"configuration: its face mode {collection.face} compares nobody; a client needs "
            "MatchVerification or UniqueMatchVerification"
        )
    if Verifier.LIVENESS in required_verifiers and collection.liveness is LivenessMode.DISABLED:
        raise Refused("required verifiers: liveness is required, and the configuration has it disabled")
    secret = ids.secret()
    client = Client(
        client_id=ids.guid(),
        name=name,
        redirect_uris=redirect_uris,
        secret_hashes=(digest(secret),),
        configuration_id=configuration_id,
        required_verifiers=frozenset(required_verifiers),
    )
    await store.add_client(client)
    return client, secret


@dataclass(frozen=True, slots=True)
class Invited:
    """A one-time enrolment link, shown once."""

    link: str
    expires_at: int


async def invite(
    store: Store,
    ids: Ids,
    clock: Clock,
    *,
    configuration_id: str,
    identifier: str,
    valid_seconds: int,
    issuer: str,
) -> Invited:
    """Let one person enrol once. Whoever holds the link may bind a face to the identifier: send it with care.

    Raises Refused for an unknown configuration, and for somebody who has a face enrolled.
    """
    canonical = canonical_identifier(identifier)
    if canonical is None:
        raise Refused("identifier: 1 to 256 characters without control characters are needed")
    if await store.collection(configuration_id) is None:
        raise Refused(f"configuration: there is none with the id {configuration_id}")
    subject = await store.subject(configuration_id, canonical)
    if subject is not None and subject.enrolled is not None:
        raise Refused("identifier: a face is enrolled under it already; erase that first")
    secret, now = ids.secret(), clock.now()
    await store.add_invitation(
        Invitation(digest(secret), configuration_id, canonical, now, now + valid_seconds)
    )
    return Invited(f"{issuer}/v1/openid/invitation?token={secret}", now + valid_seconds)


def _check_redirect_uri(uri: str) -> None:
    parts = urlsplit(uri)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Refused(f"redirect_uri: {uri} is not an absolute http or https URL")
    if parts.fragment or "#" in uri:
        raise Refused(f"redirect_uri: {uri} has a fragment, which no redirect can carry (RFC 6749, 3.1.2)")
    if parts.username or parts.password or "\\" in uri or any(ord(c) <= 0x20 or ord(c) > 0x7E for c in uri):
        raise Refused(
            f"redirect_uri: {uri!r} has user information, a backslash or a character that is not plain"
        )
