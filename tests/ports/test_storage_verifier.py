"""The storage port, verification service's side: configurations, sessions, consents, the gallery."""

from collections.abc import Sequence

import pytest

from tests.support.builders import (
    CONFIGURATION_ID,
    EXTERNAL_ID,
    NONCE,
    SESSION_ID,
    face_vector,
    make_configuration,
    make_consent,
    make_result,
    make_session,
    make_template,
)
from tests.support.fakes import START
from tests.support.stores import bring_to_decision, enrol, grant_enrolled, make_known
from verifeye_oidc.storage.port import Conflict, Store
from verifeye_oidc.verification.port import FailureReason, Provenance, Verifier, VerifierResult
from verifeye_oidc.verifier.model import Configuration, SessionResult, SessionState, TemplateChange

DECLINED = SessionResult(
    passed=False,
    results={Verifier.FACE: VerifierResult.NOT_EXECUTED},
    finished_at=START,
    reason=FailureReason.CONSENT_DECLINED,
)


@pytest.mark.parametrize(
    "configuration",
    [make_configuration(), make_configuration(previous_signing_key=bytes(32), false_match_rate=1e-6)],
)
async def test_a_configuration_comes_back_as_it_was(store: Store, configuration: Configuration) -> None:
    await store.add_configuration(configuration)
    assert await store.configuration(CONFIGURATION_ID) == configuration
    assert list(await store.configurations()) == [configuration]
    assert await store.configuration("another") is None


async def test_a_configuration_id_is_given_once(store: Store) -> None:
    await store.add_configuration(make_configuration())
    with pytest.raises(Conflict, match=CONFIGURATION_ID):
        await store.add_configuration(make_configuration(signing_key=bytes(32)))
    assert await store.configuration(CONFIGURATION_ID) == make_configuration()


# Sessions and consents


async def test_a_session_comes_back_as_it_was(store: Store) -> None:
    session = make_session(
        enrolment=Provenance.INVITE, custom=(("b", "ü"), ("a", ""), ("b", "2")), state=SessionState.CONSENT
    )
    assert await store.open_session(session)
    assert await store.session(SESSION_ID) == session
    assert await store.session_by_nonce(NONCE) == session
    assert await store.session("another") is None
    assert await store.session_by_nonce("another") is None


async def test_a_nonce_opens_one_session(store: Store) -> None:
    assert await store.open_session(make_session())
    assert not await store.open_session(make_session(session_id="second", browser_hash=bytes(32)))
    assert await store.session("second") is None
    assert await store.session_by_nonce(NONCE) == make_session()


async def test_an_accepted_consent_opens_the_capture(store: Store) -> None:
    await store.open_session(make_session(state=SessionState.CONSENT))
    assert await store.answer_consent(make_consent(), None)
    assert await store.session(SESSION_ID) == make_session(state=SessionState.CAPTURE)
    assert not await store.answer_consent(make_consent(), None)


async def test_a_declined_consent_ends_the_session(store: Store) -> None:
    await store.open_session(make_session(state=SessionState.CONSENT))
    assert await store.answer_consent(make_consent(accepted=False), DECLINED)
    assert await store.session(SESSION_ID) == make_session(state=SessionState.FAILED, result=DECLINED)
    assert not await store.answer_consent(make_consent(), None)
    assert await store.count_capture(SESSION_ID, 3) is None


async def test_consent_is_answered_only_where_it_was_asked_for(store: Store) -> None:
    assert not await store.answer_consent(make_consent(), None)
    await store.open_session(make_session(state=SessionState.CAPTURE))
    assert not await store.answer_consent(make_consent(accepted=False), DECLINED)
    assert await store.session(SESSION_ID) == make_session()


@pytest.mark.parametrize(("accepted", "result"), [(True, DECLINED), (False, None)])
async def test_an_answer_and_its_result_agree(
    store: Store, accepted: bool, result: SessionResult | None
) -> None:
    await store.open_session(make_session(state=SessionState.CONSENT))
    with pytest.raises(ValueError, match="declined"):
        await store.answer_consent(make_consent(accepted=accepted), result)


async def test_captures_are_counted_down_to_none(store: Store) -> None:
    await store.open_session(make_session())
    assert [await store.count_capture(SESSION_ID, 3) for _ in range(5)] == [2, 1, 0, None, None]
    session = await store.session(SESSION_ID)
    assert session is not None
    assert session.captures == 3


@pytest.mark.parametrize("state", [SessionState.CONSENT, SessionState.PASSED])
async def test_a_capture_needs_a_session_in_capture(store: Store, state: SessionState) -> None:
    result = make_result() if state is SessionState.PASSED else None
    await store.open_session(make_session(state=state, result=result))
    assert await store.count_capture(SESSION_ID, 3) is None
    assert await store.count_capture("another", 3) is None


@pytest.mark.parametrize("before", [SessionState.CONSENT, SessionState.CAPTURE])
async def test_a_session_finishes_once(store: Store, before: SessionState) -> None:
    await store.open_session(make_session(state=before))
    assert await store.finish_session(SESSION_ID, DECLINED)
    assert not await store.finish_session(SESSION_ID, make_result())
    assert await store.session(SESSION_ID) == make_session(state=SessionState.FAILED, result=DECLINED)


async def test_a_passed_session_says_what_it_found(store: Store) -> None:
    await store.open_session(make_session())
    assert await store.finish_session(SESSION_ID, make_result())
    assert await store.session(SESSION_ID) == make_session(state=SessionState.PASSED, result=make_result())
    assert not await store.finish_session("another", make_result())


# The gallery


async def test_a_pending_template_is_in_the_changes_and_not_active(store: Store) -> None:
    assert await enrol(store)
    assert await store.active_template(CONFIGURATION_ID, EXTERNAL_ID) is None
    (change,) = await store.template_changes(CONFIGURATION_ID, 0)
    assert change == TemplateChange(change.sequence, "template-of-ada", make_template())
    assert list(await store.template_changes(CONFIGURATION_ID, change.sequence)) == []
    assert list(await store.template_changes("another", 0)) == []


async def test_a_template_that_is_not_admitted_is_not_written(store: Store) -> None:
    assert not await store.enrol_pending(make_template(), 0, lambda _: False)
    assert list(await store.template_changes(CONFIGURATION_ID, 0)) == []


async def test_who_judges_sees_what_changed_in_the_collection_since(store: Store) -> None:
    first = make_template(template_id="1", external_id="1", session_id="1")
    second = make_template(template_id="2", external_id="2", session_id="2", vector=face_vector(2))
    elsewhere = make_template(template_id="3", configuration_id="elsewhere", session_id="3")
    for template in (first, elsewhere):
        assert await enrol(store, template)
    (known,) = await store.template_changes(CONFIGURATION_ID, 0)
    assert await enrol(store, second)
    seen: list[Sequence[TemplateChange]] = []

    def judge(changes: Sequence[TemplateChange]) -> bool:
        seen.append(changes)
        return True

    for after in (0, known.sequence):
        third = make_template(template_id=f"t{after}", external_id="4", session_id=f"s{after}")
        assert await store.enrol_pending(third, after, judge)
    assert [[change.template for change in changes][:2] for changes in seen] == [
        [first, second],
        [second, make_template(template_id="t0", external_id="4", session_id="s0")],
    ]


async def test_a_judge_that_raises_undoes_nothing_but_its_own(store: Store) -> None:
    def judge(changes: Sequence[TemplateChange]) -> bool:
        raise LookupError("recipes differ")

    with pytest.raises(LookupError, match="recipes differ"):
        await store.enrol_pending(make_template(), 0, judge)
    assert await enrol(store)


async def test_becoming_active_is_a_change_and_replaces_the_pending_one(store: Store) -> None:
    await bring_to_decision(store)
    assert await enrol(store)
    (pending,) = await store.template_changes(CONFIGURATION_ID, 0)
    assert await grant_enrolled(store)
    (active,) = await store.template_changes(CONFIGURATION_ID, 0)
    assert active == TemplateChange(active.sequence, "template-of-ada", make_template(pending_until=None))
    assert active.sequence > pending.sequence


async def test_who_has_a_template_does_not_get_a_second_one(store: Store) -> None:
    await make_known(store)
    second = make_template(template_id="second", session_id="second")
    assert not await enrol(store, second)
    assert len(await store.template_changes(CONFIGURATION_ID, 0)) == 1


async def test_a_person_may_try_again_while_a_pending_template_waits(store: Store) -> None:
    assert await enrol(store)
    assert await enrol(store, make_template(template_id="second", session_id="second"))


async def test_a_session_replaces_its_own_pending_template_until_it_has_a_result(store: Store) -> None:
    """As after a crash between the template and the result."""
    await store.open_session(make_session())
    assert await enrol(store)
    before = (await store.template_changes(CONFIGURATION_ID, 0))[-1].sequence
    again = make_template(template_id="again", vector=face_vector(2))
    assert not await store.enrol_pending(again, 0, lambda _: False)
    assert await enrol(store, again)
    changes = await store.template_changes(CONFIGURATION_ID, before)
    assert [(change.template_id, change.template) for change in changes] == [
        ("template-of-ada", None),
        ("again", again),
    ]
    assert await store.finish_session(SESSION_ID, make_result())
    assert not await enrol(store, make_template(template_id="third"))


async def test_a_template_is_never_written_as_active(store: Store) -> None:
    with pytest.raises(ValueError, match="pending"):
        await enrol(store, make_template(pending_until=None))
