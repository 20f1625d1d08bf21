"""Relying parties: what an operator can do with them."""

from collections.abc import Collection as CollectionOf
from urllib.parse import urlsplit

from verifeye_oidc.admin.refused import Refused
from verifeye_oidc.ids import Ids, digest
from verifeye_oidc.oidc.model import Client
from verifeye_oidc.storage.port import ClientStore
from verifeye_oidc.verification.port import LivenessMode, Verifier


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
