"""Relying parties: what an operator can do with them. Each validates, and writes once."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from verifeye_oidc.admin.bindings import check_binding, check_tightens
from verifeye_oidc.admin.fields import CLIENT_FIELDS, check_fields
from verifeye_oidc.admin.refused import Refused
from verifeye_oidc.ids import Ids, digest
from verifeye_oidc.oidc.model import Client, SubjectType
from verifeye_oidc.storage.port import ClientStore
from verifeye_oidc.verification.port import Collection, Verifier

_RULES: tuple[tuple[Callable[[Client], object], str], ...] = (
    (lambda it: it.redirect_uris, "redirect_uris: at least one is needed"),
    (
        lambda it: len(set(it.redirect_uris)) == len(it.redirect_uris),
        "redirect_uris: one of them is named twice; leave one out",
    ),
    (lambda it: it.token_endpoint_auth_methods, "token_endpoint_auth_methods: at least one is needed"),
    (
        lambda it: not it.is_public or len(it.token_endpoint_auth_methods) == 1,
        "token_endpoint_auth_methods: `none` stands alone; who can keep a secret always proves it",
    ),
    (lambda it: it.response_types, "response_types: at least one is needed"),
    (
        lambda it: "code" not in it.response_types or "authorization_code" in it.grant_types,
        "grant_types: authorization_code is what a code is exchanged by; name it too",
    ),
    (
        lambda it: it.require_pkce or not (it.is_public or it.native),
        "require_pkce: a public or native client cannot do without PKCE (RFC 9700, 2.1.1; RFC 8252, 6)",
    ),
    (
        lambda it: Verifier.FACE in it.required_verifiers,
        "required_verifiers: face is what signs a person in; name it too",
    ),
    (
        lambda it: it.subject_type is SubjectType.PUBLIC or it.sector_identifier or len(_hosts(it)) == 1,
        "sector_identifier: a pairwise client with redirect URIs at several hosts needs one; name the host "
        "that they belong to (OpenID Connect Core 1.0, 8.1)",
    ),
)
"""What must hold between the fields of one client, and what to say where it does not."""


async def create_client(store: ClientStore, ids: Ids, **values: Any) -> tuple[Client, str]:
    """Register a relying party with these fields; those left out take their defaults.

    Returns it with its secret, which is kept nowhere in clear; "" for a public client, which has none. Raises
    Refused, which names the field, for a value that cannot be and for a configuration that cannot verify
    anybody for this client.
    """
    check_fields(CLIENT_FIELDS, values)
    client, secret = Client(client_id=ids.guid(), secret_hashes=(), **values), ""
    if not client.is_public:
        secret = ids.secret()
        client = replace(client, secret_hashes=(digest(secret),))
    _check(client)
    await store.add_client(client, _judge_new)
    return client, secret


async def show_client(store: ClientStore, client_id: str) -> Client:
    """Raises Refused when there is none."""
    return _found(await store.client(client_id), client_id)


async def update_client(store: ClientStore, client_id: str, **values: Any) -> Client:
    """Change these fields and no others. Raises Refused as `create_client` does.

    A client that becomes public loses its secrets; one that ceases to be gets its first by `rotate_secret`.
    """
    check_fields(CLIENT_FIELDS, values)

    def change(client: Client) -> Client:
        changed = replace(client, **values)
        if changed.is_public:
            changed = replace(changed, secret_hashes=())
        _check(changed)
        return changed

    binds = {"enrolment_policy", "configuration_id"} & values.keys()
    judge = _judge_new if binds else check_binding
    return _found(await store.update_client(client_id, change, judge), client_id)


async def rotate_secret(store: ClientStore, ids: Ids, client_id: str) -> tuple[Client, str]:
    """Give a client a new secret. The one before stays valid, so that nothing stops while it is rolled out.

    Of two live secrets the older one ends. Raises Refused for a public client.
    """
    secret = ids.secret()

    def rotate(client: Client) -> Client:
        if client.is_public:
            raise Refused(
                "secret: a public client has none; let it prove itself first: "
                "`client update --token-endpoint-auth-method client_secret_basic`"
            )
        return replace(client, secret_hashes=(digest(secret), *client.secret_hashes[:1]))

    return await _change_secrets(store, client_id, rotate), secret


async def drop_previous_secret(store: ClientStore, client_id: str) -> Client:
    """End the older of two live secrets: the rotation is done. Raises Refused when there is one only."""
    return await _change_secrets(store, client_id, lambda client: _keep(client, 0))


async def undo_rotation(store: ClientStore, client_id: str) -> Client:
    """End the newer of two live secrets: it was lost, or never rolled out. Raises Refused as above."""
    return await _change_secrets(store, client_id, lambda client: _keep(client, 1))


async def delete_client(store: ClientStore, client_id: str) -> None:
    """End a client, and with it its transactions, its grants and its tokens. Raises Refused for none."""
    if not await store.delete_client(client_id):
        _found(None, client_id)


def _keep(client: Client, which: int) -> Client:
    """Newest first: 0 keeps the newer, 1 the older."""
    if len(client.secret_hashes) < 2:
        raise Refused("secret: the client has one live secret only, which stays; rotate it to get a second")
    return replace(client, secret_hashes=(client.secret_hashes[which],))


async def _change_secrets(store: ClientStore, client_id: str, change: Callable[[Client], Client]) -> Client:
    """Whatever else is wrong with a client, its secrets can be changed."""
    return _found(await store.update_client(client_id, change, lambda *_: None), client_id)


def _judge_new(client: Client, collection: Collection | None) -> None:
    check_binding(client, collection)
    check_tightens(client, collection)


def _check(client: Client) -> None:
    for holds, reason in _RULES:
        if not holds(client):
            raise Refused(reason)


def _hosts(client: Client) -> set[str | None]:
    return {urlsplit(uri).hostname for uri in client.redirect_uris}


def _found(client: Client | None, client_id: str) -> Client:
    if client is None:
        raise Refused(f"client: there is none with the id {client_id}; `client list` shows those there are")
    return client
