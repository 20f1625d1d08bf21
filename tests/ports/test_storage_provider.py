"""The storage port, provider's side: clients, keys, transactions, invitations."""

from dataclasses import replace

import pytest

from tests.support.builders import (
    CLIENT_ID,
    CONFIGURATION_ID,
    EXTERNAL_ID,
    HANDLE,
    IDENTIFIER,
    make_client,
    make_configuration,
    make_invitation,
    make_invitation_transaction,
    make_key,
    make_request,
    make_transaction,
)
from tests.support.fakes import START
from tests.support.stores import bring_to_decision
from verifeye_oidc.ids import digest
from verifeye_oidc.oidc.model import TransactionState
from verifeye_oidc.storage.port import Conflict, Store
from verifeye_oidc.verification.port import EnrolmentPolicy, FailureReason, Provenance, Verifier


async def test_a_client_comes_back_as_it_was(store: Store) -> None:
    client = make_client(
        redirect_uris=("https://a.example/cb?x=1", "https://b.example/ä"),
        secret_hashes=(digest("one"), digest("two")),
        required_verifiers=frozenset({Verifier.FACE}),
        enrolment_policy=EnrolmentPolicy.NEVER,
        require_nonce=True,
    )
    await store.add_client(client)
    assert await store.client(CLIENT_ID) == client


async def test_a_client_without_secrets_has_none(store: Store) -> None:
    await store.add_client(make_client(secret_hashes=()))
    assert await store.client(CLIENT_ID) == make_client(secret_hashes=())


async def test_clients_are_listed_as_they_were_made(store: Store) -> None:
    clients = [make_client(client_id=name) for name in ("zoe", "acme", "mid")]
    for client in clients:
        await store.add_client(client)
    assert list(await store.clients()) == clients


async def test_a_client_id_is_given_once(store: Store) -> None:
    await store.add_client(make_client())
    with pytest.raises(Conflict, match=CLIENT_ID):
        await store.add_client(make_client(name="Another"))
    assert await store.client(CLIENT_ID) == make_client()


@pytest.mark.parametrize("client_id", ["", "ACME", "acme ", "acme\x00", "%", "' OR 1=1 --"])
async def test_no_client_answers_to_another_name(store: Store, client_id: str) -> None:
    await store.add_client(make_client())
    assert await store.client(client_id) is None


async def test_the_protocol_sees_a_configuration_as_a_collection(store: Store) -> None:
    await store.add_configuration(make_configuration())
    assert await store.collection(CONFIGURATION_ID) == make_configuration().collection
    assert await store.collection("another") is None


async def test_the_first_signing_key_of_an_algorithm_is_written_once(store: Store) -> None:
    key = make_key()
    assert await store.add_first_signing_key(key)
    assert not await store.add_first_signing_key(make_key(kid="key-2"))
    assert list(await store.signing_keys()) == [key]


async def test_signing_keys_come_oldest_first(store: Store) -> None:
    younger, older = make_key(created_at=START + 5), make_key(kid="key-2", alg="ES256")
    assert await store.add_first_signing_key(younger)
    assert await store.add_first_signing_key(older)
    assert list(await store.signing_keys()) == [older, younger]


@pytest.mark.parametrize(
    "transaction",
    [
        make_transaction(),
        make_transaction(identifier=None, request=make_request(login_hint=None, state=None, nonce=None)),
        make_transaction(request=make_request(acr_values=("a", "b"), ui_locales=("de",), max_age=0)),
        make_invitation_transaction(),
    ],
)
async def test_a_transaction_comes_back_as_it_was(store: Store, transaction: object) -> None:
    assert isinstance(transaction, type(make_transaction()))
    await store.add_transaction(transaction)
    assert await store.transaction(HANDLE) == transaction
    assert await store.transaction(HANDLE.upper()) is None


async def test_identify_answers_the_identifier_page_once(store: Store) -> None:
    await store.add_transaction(make_transaction(identifier=None))
    assert await store.identify(HANDLE, IDENTIFIER)
    assert not await store.identify(HANDLE, "eve@example.com")
    assert await store.transaction(HANDLE) == make_transaction()


async def test_identify_needs_a_transaction_that_was_just_created(store: Store) -> None:
    assert not await store.identify("unknown", IDENTIFIER)
    await store.add_transaction(make_transaction(identifier=None))
    assert await store.refuse(HANDLE, FailureReason.CANCELLED)
    assert not await store.identify(HANDLE, IDENTIFIER)


@pytest.mark.parametrize("enrolment", [None, Provenance.INVITE])
async def test_verification_begins_once(store: Store, enrolment: Provenance | None) -> None:
    await store.add_transaction(make_transaction())
    assert await store.begin_verification(HANDLE, EXTERNAL_ID, enrolment)
    assert not await store.begin_verification(HANDLE, "another", Provenance.FIRST_USE)
    expected = make_transaction(
        state=TransactionState.VERIFYING, external_id=EXTERNAL_ID, enrolment=enrolment
    )
    assert await store.transaction(HANDLE) == expected


async def test_verification_needs_somebody_to_verify(store: Store) -> None:
    await store.add_transaction(make_transaction(identifier=None))
    assert not await store.begin_verification(HANDLE, EXTERNAL_ID, None)
    assert not await store.begin_verification("unknown", EXTERNAL_ID, None)


async def test_a_lease_is_one_caller_s_until_it_lapses(store: Store) -> None:
    await bring_to_decision(store)
    assert not await store.lease(HANDLE, START + 9, START + 19)
    assert await store.lease(HANDLE, START + 10, START + 20)
    assert not await store.lease(HANDLE, START + 10, START + 20)


async def test_only_a_verification_that_began_is_leased(store: Store) -> None:
    await store.add_transaction(make_transaction())
    assert not await store.lease(HANDLE, START, START + 10)
    assert not await store.lease("unknown", START, START + 10)


async def test_a_released_lease_can_be_taken_again_at_once(store: Store) -> None:
    await bring_to_decision(store)
    await store.release(HANDLE)
    expected = make_transaction(
        state=TransactionState.VERIFYING, external_id=EXTERNAL_ID, enrolment=Provenance.FIRST_USE
    )
    assert await store.transaction(HANDLE) == expected
    assert await store.lease(HANDLE, START, START + 10)


async def test_releasing_changes_nothing_but_a_lease(store: Store) -> None:
    await store.add_transaction(make_transaction())
    await store.release(HANDLE)
    assert await store.transaction(HANDLE) == make_transaction()


async def test_a_refusal_is_final(store: Store) -> None:
    await bring_to_decision(store)
    assert await store.refuse(HANDLE, FailureReason.SPOOF)
    assert not await store.refuse(HANDLE, FailureReason.MISMATCH)
    await store.release(HANDLE)
    assert not await store.lease(HANDLE, START + 100, START + 110)
    refused = await store.transaction(HANDLE)
    assert refused is not None
    assert (refused.state, refused.failure) == (TransactionState.REFUSED, FailureReason.SPOOF)


async def test_nobody_refuses_what_is_not_there(store: Store) -> None:
    assert not await store.refuse("unknown", FailureReason.CANCELLED)


async def test_an_invitation_comes_back_as_it_was(store: Store) -> None:
    await store.add_invitation(make_invitation())
    assert await store.invitation(make_invitation().invitation_hash) == make_invitation()
    assert await store.invitation(digest("another")) is None


async def test_transactions_do_not_touch_one_another(store: Store) -> None:
    await store.add_transaction(make_transaction())
    other = make_transaction(handle="other")
    await store.add_transaction(other)
    assert await store.begin_verification(HANDLE, EXTERNAL_ID, None)
    assert await store.refuse(HANDLE, FailureReason.CANCELLED)
    assert await store.transaction("other") == replace(other)
