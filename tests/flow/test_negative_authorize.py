"""Authorization requests that are refused: one line each, on the whole application."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
import pytest_asyncio

from tests.support.builders import REDIRECT_URI
from tests.support.negative import (
    FORM,
    Negative,
    Scene,
    assert_all_is_well,
    authorize,
    negative_scene,
    query,
    refusal,
)
from tests.support.provider_app import REQUEST

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = urlencode(REQUEST)
PAGE, BACK = 400, 303
BAD = "invalid_request"


def at(name: str, uri: str) -> Negative:
    """A redirect URI that is not the registered one."""
    return authorize(f"redirect_uri: {name}", PAGE, BAD, redirect_uri=uri)


# fmt: off
TABLE = [
    at("another host", "https://attacker.example/callback"),
    at("a suffix of the host", "https://acme.example.attacker.example/callback"),
    at("a prefix of the host", "https://evil-acme.example/callback"),
    at("a subdomain", "https://www.acme.example/callback"),
    at("the host as user name", "https://acme.example@attacker.example/callback"),
    at("a user name", "https://user@acme.example/callback"),
    at("user name and password", "https://user:password@acme.example/callback"),
    at("an empty user name", "https://@acme.example/callback"),
    at("a backslash before the host", "https://attacker.example\\@acme.example/callback"),
    at("a backslash after the host", "https://acme.example\\.attacker.example/callback"),
    at("backslashes for slashes", "https:\\\\acme.example\\callback"),
    at("a fragment", REDIRECT_URI + "#fragment"),
    at("an empty fragment", REDIRECT_URI + "#"),
    at("a fragment before the host", "https://attacker.example#@acme.example/callback"),
    at("a trailing slash", REDIRECT_URI + "/"),
    at("two slashes in the path", "https://acme.example//callback"),
    at("a longer path", REDIRECT_URI + "/more"),
    at("a shorter path", REDIRECT_URI[:-1]),
    at("a path that climbs", "https://acme.example/x/../callback"),
    at("a path that climbs away", REDIRECT_URI + "/../../evil"),
    at("an encoded path that climbs", REDIRECT_URI + "/%2e%2e/evil"),
    at("an upper-case scheme", "HTTPS://acme.example/callback"),
    at("an upper-case host", "https://ACME.example/callback"),
    at("an upper-case path", "https://acme.example/Callback"),
    at("encoded twice", quote(REDIRECT_URI, safe="")),
    at("an encoded letter", "https://acme.example/%63allback"),
    at("an encoded slash", "https://acme.example%2Fcallback"),
    at("a homograph", "https://\u0430cme.example/callback"),
    at("its punycode", "https://xn--cme-8cd.example/callback"),
    at("full-width letters", "https://\uff41cme.example/callback"),
    at("a dot after the host", "https://acme.example./callback"),
    at("the usual port", "https://acme.example:443/callback"),
    at("another port", "https://acme.example:8443/callback"),
    at("an empty port", "https://acme.example:/callback"),
    at("plain http", "http://acme.example/callback"),
    at("no scheme", "//acme.example/callback"),
    at("a path alone", "/callback"),
    at("a script", "javascript:alert(document.domain)//acme.example/callback"),
    at("data", "data:text/html,https://acme.example/callback"),
    at("an application's own scheme", "com.acme:/callback"),
    at("a query", REDIRECT_URI + "?next=https://attacker.example"),
    at("an empty query", REDIRECT_URI + "?"),
    at("a line break", REDIRECT_URI + "\r\nSet-Cookie: a=b"),
    at("a space at the end", REDIRECT_URI + " "),
    at("a space before it", " " + REDIRECT_URI),
    at("a tab within", "https://acme.exa\tmple/callback"),
    at("two of them", f"{REDIRECT_URI} https://attacker.example"),
    at("another client's", "https://spa.example/callback"),
    at("very long", REDIRECT_URI + "?" + "x" * 9000),
    authorize("redirect_uri: none", PAGE, BAD, redirect_uri=None),
    authorize("redirect_uri: empty", PAGE, BAD, redirect_uri=""),

    authorize("client_id: none", PAGE, BAD, client_id=None),
    authorize("client_id: unknown", PAGE, "invalid_client", client_id="nobody"),
    authorize("client_id: in capitals", PAGE, "invalid_client", client_id="ACME"),
    authorize("client_id: a space after it", PAGE, "invalid_client", client_id="acme "),
    authorize("client_id: SQL", PAGE, "invalid_client", client_id="acme' OR '1'='1"),
    authorize("client_id: HTML", PAGE, "invalid_client", client_id="<script>alert(1)</script>"),
    authorize("client_id: very long", PAGE, "invalid_client", client_id="a" * 5000),

    query("doubled: client_id", PAGE, BAD, GOOD + "&client_id=acme"),
    query("doubled: redirect_uri", PAGE, BAD, GOOD + "&redirect_uri=https://attacker.example"),
    query("doubled: state", PAGE, BAD, GOOD + "&state=other"),
    query("doubled: response_type", PAGE, BAD, GOOD + "&response_type=token"),
    query("doubled: an encoded name", PAGE, BAD, GOOD + "&%73tate=other"),
    query("doubled: without a value", PAGE, BAD, GOOD + "&state="),
    query("doubled: a parameter nobody knows", PAGE, BAD, GOOD + "&x=1&x=1"),
    query("nothing", PAGE, BAD, ""),
    query("a NUL", PAGE, BAD, GOOD + "&x=%00"),
    query("not UTF-8", PAGE, BAD, GOOD + "&x=%ff"),
    query("an overlong encoding", PAGE, BAD, GOOD + "&x=%c0%af"),
    query("a surrogate", PAGE, BAD, GOOD + "&x=%ed%a0%80"),
    query("a flood of parameters", PAGE, BAD, GOOD + "&" + "&".join(f"p{n}=1" for n in range(70))),
    query("a flood of bytes", PAGE, BAD, GOOD + "&x=" + "y" * 20_000),
    query("semicolons", PAGE, "invalid_client", GOOD.replace("&", ";")),

    authorize("response_type: none", BACK, BAD, response_type=None),
    authorize("response_type: unknown", BACK, "unsupported_response_type", response_type="x"),
    authorize("response_type: in capitals", BACK, "unsupported_response_type", response_type="CODE"),
    authorize("response_type: implicit", BACK, "unsupported_response_type", response_type="token"),
    authorize("response_type: hybrid", BACK, "unsupported_response_type", response_type="code id_token"),
    authorize("response_type: code twice", BACK, "unsupported_response_type", response_type="code code"),
    authorize("response_type: not this client's", BACK, "unauthorized_client", response_type="id_token"),
    authorize("response_mode: a query for an ID token", BACK, "unauthorized_client",
              response_type="id_token", response_mode="query"),
    authorize("claims: no JSON", BACK, BAD, claims="{"),
    authorize("claims: no object", BACK, BAD, claims="[]"),
    query("claims: an open-ended depth", BACK, BAD, GOOD + "&claims=" + "[" * 14_000),
    query("claims: depth", BACK, BAD, GOOD + "&claims=" + "[" * 7000 + "]" * 7000),
    authorize("id_token_hint: no token", BACK, BAD, id_token_hint="x"),
    authorize("id_token_hint: unsigned", BACK, BAD, id_token_hint="eyJhbGciOiJub25lIn0.e30."),
    authorize("response_mode: unknown", BACK, BAD, response_mode="x"),
    authorize("response_mode: signed", BACK, BAD, response_mode="jwt"),
    authorize("response_mode: a message", BACK, BAD, response_mode="web_message"),
    authorize("response_mode: two", BACK, BAD, response_mode="query fragment"),
    authorize("scope: none", BACK, "invalid_scope", scope=None),
    authorize("scope: without openid", BACK, "invalid_scope", scope="profile email"),
    authorize("scope: openid in capitals", BACK, "invalid_scope", scope="OPENID"),
    authorize("scope: joined by a tab", BACK, "invalid_scope", scope="openid\tprofile"),
    authorize("scope: a quotation mark", BACK, "invalid_scope", scope='openid "'),
    authorize("scope: not ASCII", BACK, "invalid_scope", scope="openid caf\u00e9"),

    authorize("PKCE: none", BACK, BAD, code_challenge=None, code_challenge_method=None),
    authorize("PKCE: a method without a challenge", BACK, BAD, code_challenge=None),
    authorize("PKCE: the same, of who may go without", BACK, BAD, client_id="no-pkce", code_challenge=None),
    authorize("PKCE: plain", BACK, BAD, code_challenge_method="plain"),
    authorize("PKCE: plain by default", BACK, BAD, code_challenge_method=None),
    authorize("PKCE: plain of who may go without", BACK, BAD, client_id="no-pkce",
              code_challenge_method="plain"),
    authorize("PKCE: an unknown method", BACK, BAD, code_challenge_method="S512"),
    authorize("PKCE: the method in small letters", BACK, BAD, code_challenge_method="s256"),
    authorize("PKCE: a short challenge", BACK, BAD, code_challenge="short"),
    authorize("PKCE: a long challenge", BACK, BAD, code_challenge="a" * 44),
    authorize("PKCE: a padded challenge", BACK, BAD, code_challenge=REQUEST["code_challenge"] + "="),
    authorize("PKCE: base64 with its own letters", BACK, BAD, code_challenge="+" * 43),

    authorize("nonce: none where there must be one", BACK, BAD, client_id="careful", nonce=None),
    authorize("nonce: very long", BACK, BAD, nonce="n" * 1025),
    authorize("state: not ASCII", BACK, BAD, state="caf\u00e9"),
    authorize("state: a line break", BACK, BAD, state="a\r\nSet-Cookie: b=c"),
    authorize("state: very long", BACK, BAD, state="s" * 4097),
    authorize("max_age: a word", BACK, BAD, max_age="soon"),
    authorize("max_age: negative", BACK, BAD, max_age="-1"),
    authorize("max_age: a fraction", BACK, BAD, max_age="1.5"),
    authorize("max_age: digits of another script", BACK, BAD, max_age="\u0661"),
    authorize("prompt: none without a session", BACK, "login_required", prompt="none"),
    authorize("prompt: none and another", BACK, BAD, prompt="none login"),
    authorize("prompt: unknown", BACK, BAD, prompt="x"),
    authorize("claims: a name twice", BACK, BAD, claims='{"id_token":null,"id_token":{}}'),
    authorize("claims: essential, but not by true", BACK, BAD,
              claims='{"id_token":{"acr":{"essential":"true","value":"urn:x"}}}'),
    authorize("claims: an acr out of reach", BACK, "unmet_authentication_requirements",
              claims='{"id_token":{"acr":{"essential":true,"value":"urn:x"}}}'),
    authorize("id_token_hint: very long", BACK, BAD, id_token_hint="x" * 9000),
    authorize("request: an object", BACK, "request_not_supported", request="e30.e30."),
    authorize("request: by reference", BACK, "request_uri_not_supported", request_uri="https://acme.example/r"),
    authorize("request: by reference within", BACK, "request_uri_not_supported", request_uri="http://[::1]/"),
    authorize("registration", BACK, "registration_not_supported", registration="{}"),

    Negative("POST: JSON", PAGE, BAD,
             lambda scene: scene.post("/v1/openid/authorize", b"{}", **{"content-type": "application/json"})),
    Negative("POST: multipart", PAGE, BAD,
             lambda scene: scene.post("/v1/openid/authorize", GOOD.encode(),
                                      **{"content-type": "multipart/form-data; boundary=x"})),
    Negative("POST: parameters in the query only", PAGE, BAD,
             lambda scene: scene.post(f"/v1/openid/authorize?{GOOD}", b"")),
    Negative("POST: a doubled parameter", PAGE, BAD,
             lambda scene: scene.post("/v1/openid/authorize", (GOOD + "&state=x").encode(), **FORM)),
]
# fmt: on


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("negative")
    async with negative_scene(folder) as scene:
        yield scene


@pytest.mark.parametrize("case", TABLE, ids=[case.name for case in TABLE])
async def test_it_is_refused(scene: Scene, case: Negative) -> None:
    response = await case.send(scene)
    found = refusal(response)
    assert (found.status, found.error) == (case.status, case.error), response.text
    assert (found.channel == "redirect") == (case.status == BACK)
    assert "set-cookie" not in response.headers


async def test_after_the_table_all_is_well(scene: Scene) -> None:
    assert len({case.name for case in TABLE}) == len(TABLE)
    await assert_all_is_well(scene)
