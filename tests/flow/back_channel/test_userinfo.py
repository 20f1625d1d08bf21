import httpx2
import pytest

from tests.support.back_channel import Back
from tests.support.builders import (
    ACCESS_TOKEN,
    IDENTIFIER,
    SUB,
    make_access_token,
    make_binding,
    make_client,
    make_outcome,
)
from tests.support.fakes import START
from tests.support.relying_party import verified_claims
from verifeye_oidc.oidc.discovery import USERINFO_PATH
from verifeye_oidc.verification.port import Event

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _bearer(token: str, scheme: str = "Bearer") -> dict[str, str]:
    return {"Authorization": f"{scheme} {token}"}


def _assert_refused(response: httpx2.Response, error: str, status: int) -> None:
    assert (response.status_code, response.json()["error"]) == (status, error), response.text
    assert response.headers["www-authenticate"].startswith(f'Bearer realm="verifeye-oidc", error="{error}"')
    assert response.headers["cache-control"] == "no-store"


async def test_it_says_what_the_scopes_allow_about_the_subject_of_the_id_token(
    back: Back,
) -> None:
    await back.give_code()
    tokens = (await back.redeem()).json()

    response = await back.userinfo(tokens["access_token"])

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    claims = response.json()
    assert set(claims) == {"sub", "preferred_username", "email", "email_verified", "verification"}
    assert (claims["preferred_username"], claims["email"], claims["email_verified"]) == (
        IDENTIFIER,
        IDENTIFIER,
        False,
    )
    keys = (await back.http.get("/v1/openid/jwks")).json()["keys"]
    assert claims["sub"] == verified_claims(tokens["id_token"], keys)["sub"] == SUB


async def test_scope_openid_alone_gives_the_subject_alone(back: Back) -> None:
    await back.give_code(scope=("openid",))

    assert (await back.userinfo(await back.access_token())).json() == {"sub": SUB}


async def test_who_was_enrolled_just_now_is_a_subject_and_no_more(back: Back) -> None:
    await back.give_code(outcome=make_outcome(event=Event.ENROLLED))

    claims = (await back.userinfo(await back.access_token())).json()

    assert set(claims) == {"sub", "verification"}
    assert IDENTIFIER not in repr(claims)


async def test_every_way_of_presenting_the_token_works(back: Back) -> None:
    await back.give_code()
    token = await back.access_token()

    responses = [
        await back.http.get(USERINFO_PATH, headers=_bearer(token)),
        await back.http.get(USERINFO_PATH, headers=_bearer(token, "bearer")),
        await back.http.post(USERINFO_PATH, headers=_bearer(token)),
        await back.http.post(USERINFO_PATH, headers=_bearer(token) | FORM),
        await back.http.post(USERINFO_PATH, headers=_bearer(token), json={"access_token": "ignored"}),
        await back.http.post(USERINFO_PATH, data={"access_token": token}),
    ]

    assert [response.status_code for response in responses] == [200] * 6
    assert len({response.content for response in responses}) == 1


async def test_who_brings_no_token_is_told_no_error(back: Back) -> None:
    """RFC 6750, 3.1."""
    for response in (
        await back.http.get(USERINFO_PATH),
        await back.http.post(USERINFO_PATH, data={"other": "parameter"}),
        await back.http.get(USERINFO_PATH, headers=_bearer("YWNtZTpz", "Basic")),
    ):
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == 'Bearer realm="verifeye-oidc"'
        assert response.content == b""


async def test_more_than_one_token_is_refused(back: Back) -> None:
    await back.give_code()
    token = await back.access_token()
    twice = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]

    for response in (
        await back.http.post(USERINFO_PATH, headers=_bearer(token), data={"access_token": token}),
        await back.http.get(USERINFO_PATH, headers=twice),
        await back.http.post(
            USERINFO_PATH, headers=FORM, content=f"access_token={token}&access_token={token}"
        ),
    ):
        _assert_refused(response, "invalid_request", 400)


async def test_a_token_in_the_query_is_refused(back: Back) -> None:
    await back.give_code()
    token = await back.access_token()

    _assert_refused(await back.http.get(f"{USERINFO_PATH}?access_token={token}"), "invalid_request", 400)
    both = await back.http.get(f"{USERINFO_PATH}?access_token={token}", headers=_bearer(token))
    _assert_refused(both, "invalid_request", 400)


@pytest.mark.parametrize("headers", [_bearer(""), {"Authorization": "Bearer"}])
async def test_a_bearer_without_a_token_is_malformed(back: Back, headers: dict[str, str]) -> None:
    _assert_refused(await back.http.get(USERINFO_PATH, headers=headers), "invalid_request", 400)


@pytest.mark.parametrize("token", ["unknown", "x" * 5_000, "t\xebst", "a b c"])
async def test_an_unknown_token_is_refused(back: Back, token: str) -> None:
    headers = {b"Authorization": b"Bearer " + token.encode("latin-1")}

    response = await back.http.get(USERINFO_PATH, headers=headers)

    _assert_refused(response, "invalid_token", 401)
    assert token not in response.text + response.headers["www-authenticate"]


async def test_a_token_changed_by_one_character_is_refused(back: Back) -> None:
    await back.give_code()
    token = await back.access_token()
    changed = ("B" if token[0] == "A" else "A") + token[1:]

    _assert_refused(await back.userinfo(changed), "invalid_token", 401)
    assert (await back.userinfo(token)).status_code == 200


@pytest.mark.parametrize(("age", "status"), [(299, 200), (300, 401)])
async def test_a_token_dies_when_it_said_it_would(back: Back, age: int, status: int) -> None:
    await back.give_code()
    token = await back.access_token()
    back.clock.advance(age)

    assert (await back.userinfo(token)).status_code == status


@pytest.mark.parametrize("secret_kind", ["code", "id_token"])
async def test_neither_a_code_nor_an_id_token_is_an_access_token(back: Back, secret_kind: str) -> None:
    await back.give_code()
    tokens = (await back.redeem()).json() | {"code": "the-authorization-code-of-ada"}

    _assert_refused(await back.userinfo(tokens[secret_kind]), "invalid_token", 401)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_not_answered(back: Back, method: str) -> None:
    response = await back.http.request(method, USERINFO_PATH)

    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
    assert response.json()["error"] == "invalid_request"


async def test_a_token_of_a_client_that_was_deleted_reads_nothing(back: Back) -> None:
    await back.give_code(client_id="deleted")
    token = make_access_token(client_id="deleted")
    assert await back.store.take_code(token.code_hash, make_binding(client_id="deleted"), token, START)

    _assert_refused(await back.userinfo(ACCESS_TOKEN), "invalid_token", 401)

    await back.store.add_client(make_client(client_id="deleted"))
    assert (await back.userinfo(ACCESS_TOKEN)).status_code == 200
