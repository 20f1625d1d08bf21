"""From the authorization request to the verification, and every way in which that must not go on."""

import re
from typing import cast
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from tests.flow.conftest import MakeProvider
from tests.support.builders import IDENTIFIER, REDIRECT_URI, make_client, make_configuration
from tests.support.fakes import SeededIds
from tests.support.provider_app import ISSUER, REQUEST, Browser, Provider, answer, authorize_url
from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.oidc.flow import Flow, FlowStore
from verifeye_oidc.oidc.model import Client, TransactionState
from verifeye_oidc.storage.port import Store
from verifeye_oidc.verification.port import EnrolmentPolicy, FaceMode, Provenance

AUTHORIZE = "/v1/openid/authorize"
CONTINUE = "/v1/openid/continue"
WITH_QUERY = "https://acme.example/callback?tenant=a%2Fb"


def left_by_a_page(response: httpx2.Response) -> str:
    """Where a page leads that parts a form from the redirects to another origin."""
    assert (response.status_code, "location" in response.headers) == (200, False)
    [onward] = re.findall(r'http-equiv="refresh" content="0;url=([^"]+)"', response.text)
    return str(onward)


def handle_of(url: str) -> str:
    return url.rpartition("transaction=")[2]


async def test_a_hint_leads_straight_to_the_verification(provider: Provider) -> None:
    browser = provider.browser()
    url = await browser.to_verification(login_hint="  Ada@Example.com ")
    assert "ada" not in url.lower()
    (order,) = provider.verification.started
    assert (order.configuration_id, order.enrolment) == ("face-check", Provenance.FIRST_USE)
    transaction = await provider.store.transaction(order.transaction)
    assert transaction is not None
    assert (transaction.state, transaction.identifier) == (TransactionState.VERIFYING, IDENTIFIER)


async def test_the_cookie_is_bound_and_its_secret_is_nowhere_else(provider: Provider) -> None:
    response = await provider.browser().get(authorize_url())
    name, _, rest = response.headers["set-cookie"].partition("=")
    secret, _, attributes = rest.partition(";")
    handle = dict(parse_qsl(urlsplit(response.headers["location"]).query))["transaction"]
    assert name == f"__Host-verifeye-tx-{handle}"
    assert {part.strip().lower() for part in attributes.split(";")} >= {
        "httponly",
        "secure",
        "samesite=lax",
        "path=/",
    }
    assert secret not in response.headers["location"]
    transaction = await provider.store.transaction(handle)
    assert transaction is not None
    assert secret.encode() not in transaction.browser_hash


async def test_a_post_is_a_get(provider: Provider) -> None:
    browser = provider.browser()
    response = await browser.post(AUTHORIZE, **REQUEST)
    assert response.status_code == 303
    assert response.headers["location"].startswith(f"{ISSUER}{CONTINUE}?transaction=")
    assert (await browser.get(response.headers["location"])).status_code == 303


async def test_a_page_is_never_shown_where_reloading_it_would_begin_anew(provider: Provider) -> None:
    browser = provider.browser()
    nobody_named = await browser.get(authorize_url(login_hint=None))
    provider.verification.available = False
    service_away = await browser.get(authorize_url())
    for response in (nobody_named, service_away):
        assert response.status_code == 303
        assert response.headers["location"].startswith(f"{ISSUER}{CONTINUE}?transaction=")
        assert (await browser.get(response.headers["location"])).status_code == 200


async def test_without_a_hint_the_person_is_asked(provider: Provider) -> None:
    browser = provider.browser()
    page = await browser.get(await browser.begin(login_hint=None))
    assert page.status_code == 200
    assert 'id="identifier"' in page.text
    assert "form-action 'self';" in page.headers["content-security-policy"]
    assert provider.verification.started == []

    refused = await browser.submit(page, identifier="\u202e")
    assert refused.status_code == 400
    assert 'aria-invalid="true"' in refused.text

    answered = await browser.submit(refused, identifier=" Ada@Example.com")
    assert answered.status_code == 303
    onward = await browser.get(answered.headers["location"])
    assert onward.headers["location"].startswith(f"{ISSUER}/verification/face-check?")


@pytest.mark.parametrize("hint", ["\u202e", "x" * 257, "\t", "ada\u200b"])
async def test_a_hint_that_names_nobody_is_no_hint(provider: Provider, hint: str) -> None:
    browser = provider.browser()
    page = await browser.get(await browser.begin(login_hint=hint))
    assert 'id="identifier"' in page.text


async def test_a_hint_cannot_write_on_the_page(provider: Provider) -> None:
    browser = provider.browser()
    page = await browser.get(await browser.begin(login_hint=None))
    again = await browser.submit(page, identifier='"><script>' + "x" * 300)
    assert "<script>" not in again.text.replace('<script type="module"', "")
    assert "&gt;&lt;script&gt;" in again.text


async def test_cancelling_tells_the_client(provider: Provider) -> None:
    browser = provider.browser()
    page = await browser.get(await browser.begin(login_hint=None))
    cancelled = await browser.submit(page, decision="cancel")
    onward = left_by_a_page(await browser.get(cancelled.headers["location"]))
    for _ in range(2):
        said = answer(await browser.get(onward))
        assert (said["error"], said["state"], said["iss"]) == ("access_denied", "state-of-acme", ISSUER)


async def test_a_refusal_after_a_form_leaves_by_a_page(make_provider: MakeProvider) -> None:
    """A broker's callback redirects to other origins, and a form's policy would hold for those as well."""
    provider = await make_provider(configuration=make_configuration(enrolment_policy=EnrolmentPolicy.INVITE))
    browser = provider.browser()
    page = await browser.get(await browser.begin(login_hint=None))
    answered = await browser.submit(page, identifier="stranger")
    onward = left_by_a_page(await browser.get(answered.headers["location"]))
    assert onward.startswith(f"{ISSUER}{CONTINUE}?")
    assert answer(await browser.get(onward))["error"] == "access_denied"


async def test_whoever_was_named_first_stays(provider: Provider) -> None:
    browser = provider.browser()
    page = await browser.get(await browser.begin(login_hint=None))
    await browser.submit(page, identifier="ada@example.com")
    assert (await browser.submit(page, identifier="ADA@example.com")).status_code == 303
    other = await browser.submit(page, identifier="eve@example.com")
    assert other.status_code == 409
    assert 'id="error">invalid_request' in other.text


# One of each kind, by both methods; the whole table is in test_negative_authorize.py.
SHOWN = [
    ({"client_id": None}, "invalid_request"),
    ({"client_id": "nobody"}, "invalid_client"),
    ({"redirect_uri": None}, "invalid_request"),
    ({"redirect_uri": "https://attacker.example/callback"}, "invalid_request"),
]


@pytest.mark.parametrize(("changes", "error"), SHOWN)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_before_client_and_redirect_uri_are_proven_nobody_is_sent_anywhere(
    provider: Provider, method: str, changes: dict[str, str | None], error: str
) -> None:
    browser = provider.browser()
    if method == "GET":
        response = await browser.get(authorize_url(**changes))
    else:
        form = {name: value for name, value in {**REQUEST, **changes}.items() if value is not None}
        response = await browser.post(AUTHORIZE, **form)
    _assert_shown(response, 400, error)


RAW = [
    (urlencode(REQUEST).encode() + b"&redirect_uri=https://attacker.example", 400),
    (urlencode(REQUEST).encode() + b"&x=%00", 400),
    (b"", 400),
]


@pytest.mark.parametrize(("raw", "status"), RAW)
async def test_a_malformed_request_is_shown(provider: Provider, raw: bytes, status: int) -> None:
    browser = provider.browser()
    _assert_shown(await browser.http.get(f"{AUTHORIZE}?{raw.decode()}"), status, "invalid_request")
    form = {"content-type": "application/x-www-form-urlencoded"}
    posted = await browser.http.post(AUTHORIZE, content=raw, headers=form)
    _assert_shown(posted, status, "invalid_request")


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""]
)
async def test_a_post_of_anything_but_a_form_is_shown(provider: Provider, content_type: str) -> None:
    headers = {"content-type": content_type}
    content = urlencode(REQUEST).encode()
    response = await provider.browser().http.post(AUTHORIZE, content=content, headers=headers)
    _assert_shown(response, 400, "invalid_request")


def _assert_shown(response: httpx2.Response, status: int, error: str) -> None:
    assert response.status_code == status
    assert "location" not in response.headers
    assert "set-cookie" not in response.headers
    assert f'id="error">{error}<' in response.text


RETURNED = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "id_token"}, "unauthorized_client"),
    ({"response_mode": "web_message"}, "invalid_request"),
    ({"claims": "{"}, "invalid_request"),
    (
        {"claims": '{"id_token":{"acr":{"essential":true,"value":"urn:x"}}}'},
        "unmet_authentication_requirements",
    ),
    ({"id_token_hint": "x"}, "invalid_request"),
    ({"scope": "profile"}, "invalid_scope"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"prompt": "none"}, "login_required"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"max_age": "soon"}, "invalid_request"),
    ({"request": "e30.e30."}, "request_not_supported"),
    ({"request_uri": "https://acme.example/r"}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"),
]


@pytest.mark.parametrize(("changes", "error"), RETURNED)
async def test_after_that_the_client_hears_it(
    provider: Provider, changes: dict[str, str | None], error: str
) -> None:
    response = await provider.browser().get(authorize_url(state="s" * 128, **changes))
    said = answer(response)
    assert said.pop("error_description").isascii()
    assert said == {"error": error, "state": "s" * 128, "iss": ISSUER}
    assert "set-cookie" not in response.headers


async def test_a_state_that_may_not_be_repeated_is_not(provider: Provider) -> None:
    said = answer(await provider.browser().get(authorize_url(state="caf\u00e9")))
    assert (said["error"], "state" in said) == ("invalid_request", False)


async def test_a_redirect_uri_with_a_query_keeps_it(make_provider: MakeProvider) -> None:
    provider = await make_provider(make_client(redirect_uris=(REDIRECT_URI, WITH_QUERY)))
    browser = provider.browser()
    refused = await browser.get(authorize_url(redirect_uri=WITH_QUERY, prompt="none"))
    assert refused.headers["location"].startswith(WITH_QUERY + "&error=login_required&")
    passed = await browser.sign_in(redirect_uri=WITH_QUERY)
    assert passed.headers["location"].startswith(WITH_QUERY + "&code=")


@pytest.mark.parametrize(
    "harmless",
    [
        {"display": "popup", "ui_locales": "de xx", "claims_locales": "fr", "acr_values": "1 2"},
        {"unknown": "1", "claims": '{"id_token":{"auth_time":{"essential":true}}}'},
        {"prompt": "login", "max_age": "1"},
        {"state": None, "nonce": None},
    ],
)
async def test_what_nobody_minds(provider: Provider, harmless: dict[str, str | None]) -> None:
    browser = provider.browser()
    onward = await browser.get(await browser.begin(**harmless))
    assert "/verification/" in onward.headers["location"]


@pytest.mark.parametrize(
    "face", [FaceMode.DISABLED, FaceMode.CALCULATION_ONLY, FaceMode.DUPLICATE_VERIFICATION]
)
async def test_a_client_whose_configuration_compares_nothing_is_refused(
    make_provider: MakeProvider, face: FaceMode
) -> None:
    provider = await make_provider(configuration=make_configuration(face=face))
    assert answer(await provider.browser().get(authorize_url()))["error"] == "unauthorized_client"


@pytest.mark.parametrize("policy", [EnrolmentPolicy.INVITE, EnrolmentPolicy.VOUCHED, EnrolmentPolicy.NEVER])
async def test_a_stranger_is_refused_before_the_camera_in_the_words_of_a_mismatch(
    make_provider: MakeProvider, policy: EnrolmentPolicy
) -> None:
    provider = await make_provider(configuration=make_configuration(enrolment_policy=policy))
    browser = provider.browser()
    said = answer(await browser.get(await browser.begin()))
    assert (said["error"], said["error_description"]) == ("access_denied", "the person was not verified")
    assert provider.verification.started == []


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-purpose": "prefetch"},
        {"sec-purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"x-moz": "prefetch"},
    ],
)
async def test_a_prefetch_advances_nothing(provider: Provider, headers: dict[str, str]) -> None:
    browser = provider.browser()
    assert "set-cookie" not in (await browser.get(authorize_url(), **headers)).headers
    onward = await browser.begin()
    early = await browser.get(onward, **headers)
    assert (early.status_code, early.content) == (403, b"")
    assert provider.verification.started == []
    assert (await browser.get(onward)).status_code == 303


async def test_head_advances_nothing(provider: Provider) -> None:
    browser = provider.browser()
    assert "set-cookie" not in (await browser.http.head(authorize_url())).headers
    assert (await browser.http.head(await browser.begin())).status_code == 204
    assert provider.verification.started == []


def _wrong_cookie(provider: Provider, onward: str) -> Browser:
    browser = provider.browser()
    browser.http.cookies.set(
        f"__Host-verifeye-tx-{handle_of(onward)}", "another-secret", domain="login.example", path="/"
    )
    return browser


@pytest.mark.parametrize("cookie", ["none", "wrong", "of another transaction"])
async def test_a_transaction_belongs_to_the_browser_that_began_it(provider: Provider, cookie: str) -> None:
    genuine = provider.browser()
    onward = await genuine.begin()
    other = _wrong_cookie(provider, onward) if cookie == "wrong" else provider.browser()
    if cookie == "of another transaction":
        await other.begin()
    for response in (
        await other.get(onward),
        await other.post("/v1/openid/identify", transaction=handle_of(onward), identifier="eve"),
        await other.post("/v1/openid/identify", transaction=handle_of(onward), decision="cancel"),
    ):
        _assert_shown(response, 400, "invalid_request")
    assert (await genuine.get(onward)).headers["location"].startswith(f"{ISSUER}/verification/")


@pytest.mark.parametrize(
    "path",
    [
        CONTINUE,
        f"{CONTINUE}?transaction=",
        f"{CONTINUE}?transaction=unknown",
        f"{CONTINUE}?transaction=a&transaction=b",
        f"{CONTINUE}?transaction=%00",
        f"{CONTINUE}?transaction=%0d%0aSet-Cookie:%20a=b",
        f"{CONTINUE}?transaction=" + "x" * 9000,
    ],
)
async def test_a_transaction_that_nobody_has_is_shown(provider: Provider, path: str) -> None:
    _assert_shown(await provider.browser().get(path), 400, "invalid_request")


async def test_two_tabs_do_not_disturb_each_other(provider: Provider) -> None:
    browser = provider.browser()
    first, second = await browser.begin(state="first"), await browser.begin(state="second")
    for onward, state in ((second, "second"), (first, "first")):
        verification = (await browser.get(onward)).headers["location"]
        said = answer(await browser.get(await provider.verification.look(verification)))
        assert (said["state"], "code" in said) == (state, True)


async def test_the_ninth_transaction_drops_the_first(provider: Provider) -> None:
    browser = provider.browser()
    begun = [await browser.begin() for _ in range(9)]
    _assert_shown(await browser.get(begun[0]), 400, "invalid_request")
    for onward in begun[1:]:
        assert (await browser.get(onward)).status_code == 303


async def test_posts_from_other_sites_leave_eight_transactions_either(provider: Provider) -> None:
    """Our cookies do not come with them, so that the limit holds at the GET that follows."""
    browser = provider.browser()
    jar, onward = browser.http.cookies.jar, []
    for _ in range(10):
        held = list(jar)
        jar.clear()
        onward.append(await browser.begin())
        held += jar
        jar.clear()
        for cookie in held:
            jar.set_cookie(cookie)
        assert (await browser.get(onward[-1])).status_code == 303
        assert len(jar) <= 8
    _assert_shown(await browser.get(onward[1]), 400, "invalid_request")
    assert (await browser.get(onward[2])).status_code == 303


async def test_going_on_twice_asks_for_one_verification(provider: Provider) -> None:
    browser = provider.browser()
    onward = await browser.begin()
    first, again = await browser.get(onward), await browser.get(onward)
    assert first.headers["location"] == again.headers["location"]


async def test_who_comes_too_late_is_sent_back(provider: Provider) -> None:
    browser = provider.browser()
    onward = await browser.begin()
    provider.clock.advance(300)
    for _ in range(2):
        said = answer(await browser.get(onward))
        assert (said["error"], said["error_description"]) == (
            "access_denied",
            "the verification was not finished in time",
        )


async def test_the_time_is_the_clients_policy(make_provider: MakeProvider) -> None:
    provider = await make_provider(make_client(max_verification_seconds=60))
    browser = provider.browser()
    onward = await browser.begin()
    provider.clock.advance(59)
    assert "/verification/" in (await browser.get(onward)).headers["location"]
    provider.clock.advance(1)
    assert answer(await browser.get(onward))["error"] == "access_denied"


@pytest.mark.parametrize("now", [None, make_client(redirect_uris=("https://acme.example/new",))])
async def test_nobody_is_sent_to_a_client_that_is_not_registered_any_more(
    provider: Provider, now: Client | None
) -> None:
    browser = provider.browser()
    onward = handle_of(await browser.begin())
    secret = browser.http.cookies[f"__Host-verifeye-tx-{onward}"]
    flow = Flow(
        store=cast("FlowStore", _LaterClient(provider.store, now)),
        verification=provider.verification,
        issuing=provider.issuing,
        clock=provider.clock,
        ids=SeededIds(),
    )
    with pytest.raises(ProtocolError, match="invalid_client"):
        await flow.resume(onward, secret)


class _LaterClient:
    """The store, after its client was changed or deleted."""

    def __init__(self, store: Store, client: Client | None) -> None:
        self._store = store
        self._client = client

    async def client(self, client_id: str) -> Client | None:
        return self._client

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)
