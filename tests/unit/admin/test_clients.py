"""What an operator can do with clients, over a real store."""

from typing import Any

import pytest

from tests.support.builders import CONFIGURATION_ID, make_client, make_configuration
from tests.support.fakes import SeededIds
from verifeye_oidc.admin.clients import (
    create_client,
    delete_client,
    drop_previous_secret,
    rotate_secret,
    show_client,
    undo_rotation,
    update_client,
)
from verifeye_oidc.admin.refused import Refused
from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.model import Client, SubjectType
from verifeye_oidc.storage.port import Store
from verifeye_oidc.verification.port import EnrolmentPolicy, FaceMode, LivenessMode, Verifier

LEAST: dict[str, Any] = {
    "name": "Acme",
    "redirect_uris": ("https://acme.example/cb",),
    "configuration_id": CONFIGURATION_ID,
}
IDS = SeededIds()


async def made(store: Store, **values: Any) -> Client:
    if not await store.configurations():
        await store.add_configuration(make_configuration())
    client, _ = await create_client(store, IDS, **(LEAST | values))
    return client


async def test_a_client_is_created_with_a_secret_that_only_its_hash_is_kept_of(store: Store) -> None:
    await store.add_configuration(make_configuration())
    client, secret = await create_client(store, IDS, **LEAST)
    assert client == make_client(
        client_id=client.client_id, secret_hashes=(digest(secret),), redirect_uris=LEAST["redirect_uris"]
    )
    assert await show_client(store, client.client_id) == client


async def test_every_policy_is_taken_as_it_is_given(store: Store) -> None:
    values = {
        "native": True,
        "redirect_uris": ("http://127.0.0.1/cb", "https://acme.example/cb?x=1"),
        "required_verifiers": frozenset({Verifier.FACE}),
        "enrolment_policy": EnrolmentPolicy.INVITE,
        "require_nonce": True,
        "max_verification_seconds": 90,
        "session_seconds": 3600,
        "subject_type": SubjectType.PAIRWISE,
        "sector_identifier": "acme.example",
    }
    client = await made(store, **values)
    assert {name: getattr(client, name) for name in values} == values


async def test_a_public_client_has_no_secret(store: Store) -> None:
    await store.add_configuration(make_configuration())
    client, secret = await create_client(store, IDS, **LEAST, token_endpoint_auth_methods=("none",))
    assert (client.secret_hashes, secret) == ((), "")


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"redirect_uris": ()}, "redirect_uris: at least one"),
    (
        {"redirect_uris": ("https://a.example/", "https://a.example/")},
        "redirect_uris: one of them is named twice",
    ),
    ({"redirect_uris": ("http://a.example/",)}, "redirect_uris: 'http://a.example/' is plain http"),
    ({"token_endpoint_auth_methods": ()}, "token_endpoint_auth_methods: at least one"),
    (
        {"token_endpoint_auth_methods": ("none", "client_secret_post")},
        "token_endpoint_auth_methods: `none` stands",
    ),
    ({"token_endpoint_auth_methods": ("none",), "require_pkce": False}, "require_pkce: a public or native"),
    ({"native": True, "require_pkce": False}, "require_pkce: a public or native"),
    ({"response_types": ()}, "response_types: at least one"),
    ({"grant_types": ("refresh_token",)}, "grant_types: authorization_code is"),
    ({"required_verifiers": frozenset({Verifier.LIVENESS})}, "required_verifiers: face is what"),
    ({"required_verifiers": frozenset()}, "required_verifiers: face is what"),
    (
        {"subject_type": SubjectType.PAIRWISE, "redirect_uris": ("https://a.example/", "https://b.example/")},
        "sector_identifier: a pairwise client",
    ),
    ({"configuration_id": "none-such"}, "configuration: there is none with the id none-such"),
    ({"configuration_id": "counting"}, "face: CalculationOnly compares nobody, and the client 'Acme'"),
    ({"configuration_id": "duplicates"}, "face: DuplicateVerification compares nobody"),
    ({"configuration_id": "faceless"}, "face: Disabled compares nobody"),
    ({"configuration_id": "flat"}, "liveness: with Disabled the configuration 'Face check'"),
    (
        {"configuration_id": "strict", "enrolment_policy": EnrolmentPolicy.VOUCHED},
        "enrolment_policy: vouched is looser than invite",
    ),
]


async def _configurations(store: Store) -> None:
    kinds: dict[str, dict[str, Any]] = {
        CONFIGURATION_ID: {},
        "counting": {"face": FaceMode.CALCULATION_ONLY},
        "duplicates": {"face": FaceMode.DUPLICATE_VERIFICATION},
        "faceless": {"face": FaceMode.DISABLED},
        "flat": {"liveness": LivenessMode.DISABLED},
        "strict": {"enrolment_policy": EnrolmentPolicy.INVITE},
    }
    for ident, changes in kinds.items():
        await store.add_configuration(make_configuration(configuration_id=ident, **changes))


@pytest.mark.parametrize(("values", "reason"), REFUSALS)
async def test_what_cannot_be_is_neither_created_nor_updated(
    store: Store, values: dict[str, Any], reason: str
) -> None:
    await _configurations(store)
    with pytest.raises(Refused, match="^" + reason):
        await create_client(store, IDS, **(LEAST | values))
    assert list(await store.clients()) == []
    client = await made(store)
    with pytest.raises(Refused, match="^" + reason):
        await update_client(store, client.client_id, **values)
    assert await show_client(store, client.client_id) == client


@pytest.mark.parametrize(
    ("configuration_id", "policy"),
    [
        (CONFIGURATION_ID, EnrolmentPolicy.FIRST_USE),
        (CONFIGURATION_ID, EnrolmentPolicy.NEVER),
        ("strict", EnrolmentPolicy.INVITE),
        ("strict", EnrolmentPolicy.NEVER),
        ("strict", None),
    ],
)
async def test_a_client_may_tighten_the_enrolment(
    store: Store, configuration_id: str, policy: EnrolmentPolicy | None
) -> None:
    await _configurations(store)
    client = await made(store, configuration_id=configuration_id, enrolment_policy=policy)
    assert client.enrolment_policy is policy


async def test_moving_to_a_stricter_configuration_is_judged_with_the_policy_that_stays(store: Store) -> None:
    await _configurations(store)
    client = await made(store, enrolment_policy=EnrolmentPolicy.VOUCHED)
    with pytest.raises(Refused, match="enrolment_policy: vouched is looser"):
        await update_client(store, client.client_id, configuration_id="strict")
    moved = await update_client(store, client.client_id, configuration_id="strict", enrolment_policy=None)
    assert (moved.configuration_id, moved.enrolment_policy) == ("strict", None)


async def test_a_client_without_liveness_may_use_a_configuration_without_it(store: Store) -> None:
    await _configurations(store)
    client = await made(store, configuration_id="flat", required_verifiers=frozenset({Verifier.FACE}))
    with pytest.raises(Refused, match=r"^liveness"):
        await update_client(
            store, client.client_id, required_verifiers=frozenset({Verifier.FACE, Verifier.LIVENESS})
        )


async def test_an_update_changes_what_is_named_and_nothing_else(store: Store) -> None:
    client = await made(store, require_nonce=True)
    await made(store, name="Other")
    changed = await update_client(store, client.client_id, name="New", id_token_seconds=60)
    kept = {"name": "New", "id_token_seconds": 60}
    assert changed == Client(**({n: getattr(client, n) for n in client.__slots__} | kept))
    assert [found.name for found in await store.clients()] == ["New", "Other"]


async def test_a_client_that_becomes_public_loses_its_secrets(store: Store) -> None:
    client = await made(store)
    public = await update_client(store, client.client_id, token_endpoint_auth_methods=("none",))
    assert public.secret_hashes == ()
    with pytest.raises(Refused, match=r"^secret: a public client has none"):
        await rotate_secret(store, IDS, client.client_id)
    await update_client(store, client.client_id, token_endpoint_auth_methods=("client_secret_basic",))
    again, secret = await rotate_secret(store, IDS, client.client_id)
    assert again.secret_hashes == (digest(secret),)


async def test_a_rotation_keeps_the_secret_in_use_until_it_is_dropped(store: Store) -> None:
    client = await made(store)
    rotated, secret = await rotate_secret(store, IDS, client.client_id)
    assert rotated.secret_hashes == (digest(secret), *client.secret_hashes)
    dropped = await drop_previous_secret(store, client.client_id)
    assert dropped.secret_hashes == (digest(secret),)
    assert await show_client(store, client.client_id) == dropped


async def test_the_next_rotation_ends_the_oldest_secret(store: Store) -> None:
    client = await made(store)
    _, second = await rotate_secret(store, IDS, client.client_id)
    rotated, third = await rotate_secret(store, IDS, client.client_id)
    assert rotated.secret_hashes == (digest(third), digest(second))


async def test_a_secret_that_was_lost_is_undone_and_the_one_in_use_stays(store: Store) -> None:
    client = await made(store)
    await rotate_secret(store, IDS, client.client_id)
    undone = await undo_rotation(store, client.client_id)
    assert undone.secret_hashes == client.secret_hashes


@pytest.mark.parametrize("end", [drop_previous_secret, undo_rotation])
async def test_the_last_secret_is_never_ended(store: Store, end: Any) -> None:
    client = await made(store)
    with pytest.raises(Refused, match=r"^secret: the client has one live secret only"):
        await end(store, client.client_id)
    assert await show_client(store, client.client_id) == client


async def test_nothing_is_done_to_a_client_that_is_not_there(store: Store) -> None:
    for attempt in (
        show_client(store, "?"),
        update_client(store, "?", name="New"),
        rotate_secret(store, IDS, "?"),
        drop_previous_secret(store, "?"),
        undo_rotation(store, "?"),
        delete_client(store, "?"),
    ):
        with pytest.raises(Refused, match=r"^client: there is none with the id \?"):
            await attempt


async def test_a_deleted_client_is_gone(store: Store) -> None:
    client, other = await made(store), await made(store, name="Other")
    await delete_client(store, client.client_id)
    assert list(await store.clients()) == [other]
