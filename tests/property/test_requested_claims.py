"""The parameter `claims`: JSON of any depth and size comes to a request or to a refusal, never to a crash."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from verifeye_oidc.oidc.acr import ACR, ACR_FACE, ACR_FACE_LIVE
from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.oidc.model import RequestedClaims
from verifeye_oidc.oidc.requested_claims import read_claims

NAMES = st.sampled_from(
    ["id_token", "userinfo", "acr", "sub", "email", "verification", "essential", "value", "values", "", "x"]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from([*ACR])
)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=40,
)
WELL_FORMED = st.fixed_dictionaries(
    {}, optional={place: st.none() | st.dictionaries(NAMES, JSON) for place in ("id_token", "userinfo")}
)


def outcome(text: str) -> RequestedClaims | None:
    """What is asked for; None: refused, in words that may be sent and that say nothing of what came."""
    refused: ProtocolError
    try:
        return read_claims(text)
    except ProtocolError as error:
        refused = error
    assert (refused.error, refused.status) == ("invalid_request", 400)
    assert refused.description.isascii()
    assert not set(refused.description) & set('"\\')
    return None


@given(st.text())
@example("[" * 8000)
@example('{"id_token":' * 600 + "1" + "}" * 600)
@example('{"id_token":{"acr":' + "[" * 5000)
@example("9" * 8000)
@example('{"a":1e99999}')
@example('"\\ud800"')
@example('{"id_token":{"sub":{"value":"\\ud800"}}}')
def test_any_text_is_read_or_refused(text: str) -> None:
    outcome(text)


@given(JSON | WELL_FORMED)
def test_any_json_is_read_or_refused(value: object) -> None:
    asked = outcome(json.dumps(value))
    if asked is not None:
        assert set(asked.acr) <= set(ACR)
        assert asked.essential_acr in (None, asked.acr)
        assert set(asked.id_token) | set(asked.userinfo) <= {
            "preferred_username", "email", "email_verified", "verification",
        }  # fmt: skip
        assert asked.subs is None or all(sub.isascii() for sub in asked.subs)


@given(st.dictionaries(st.text(max_size=6), JSON, max_size=5))
def test_claims_that_nobody_knows_change_nothing(unknown: dict[str, object]) -> None:
    known = {"acr", "sub", "preferred_username", "email", "email_verified", "verification"}
    strange = {name: value for name, value in unknown.items() if name not in known}
    asked = outcome(json.dumps({"id_token": {**strange, "email": None}, "userinfo": strange}))
    assert asked == RequestedClaims(id_token=("email",))


REFUSED = [
    "",
    "null",
    "[]",
    "1",
    '"id_token"',
    "{",
    "{}{}",
    "{'id_token':null}",
    '{"id_token":[]}',
    '{"id_token":"email"}',
    '{"userinfo":1}',
    '{"id_token":{"email":true}}',
    '{"id_token":{"email":"x"}}',
    '{"id_token":{"acr":[]}}',
    '{"id_token":{"acr":{"essential":"true"}}}',
    '{"id_token":{"acr":{"essential":1}}}',
    '{"id_token":{"acr":{"essential":null}}}',
    '{"id_token":{"acr":{"values":"x"}}}',
    '{"id_token":{"acr":{"values":{}}}}',
    '{"id_token":{"acr":{"value":"x","values":["x"]}}}',
    '{"id_token":{},"id_token":{}}',
    '{"id_token":{"acr":null,"acr":{"essential":true,"value":"x"}}}',
    '{"id_token":{"acr":{"value":NaN}}}',
    '{"id_token":{"acr":{"values":[' + ",".join(["1"] * 33) + "]}}}",
    '{"x":"' + "y" * 8192 + '"}',
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_would_be_misunderstood_is_refused(text: str) -> None:
    assert outcome(text) is None


READ = [
    ("{}", RequestedClaims()),
    (' {"id_token": null, "userinfo": {}} ', RequestedClaims()),
    ('{"else":[1],"userinfo":{"name":{"essential":true},"phone_number":null}}', RequestedClaims()),
    ('{"userinfo":{"email":{"essential":true,"value":"x"},"verification":null}}',
     RequestedClaims(userinfo=("email", "verification"))),
    ('{"id_token":{"acr":null,"auth_time":{"essential":true}}}', RequestedClaims()),
    ('{"id_token":{"acr":{"essential":true}}}', RequestedClaims()),
    (f'{{"id_token":{{"acr":{{"value":"{ACR_FACE}"}}}}}}', RequestedClaims(acr=(ACR_FACE,))),
    (f'{{"id_token":{{"acr":{{"essential":true,"values":["x","{ACR_FACE_LIVE}","{ACR_FACE}"]}}}}}}',
     RequestedClaims(acr=(ACR_FACE_LIVE, ACR_FACE), essential_acr=(ACR_FACE_LIVE, ACR_FACE))),
    ('{"id_token":{"acr":{"essential":true,"value":"urn:x"}}}', RequestedClaims(essential_acr=())),
    (f'{{"userinfo":{{"acr":{{"essential":true,"value":"{ACR_FACE}"}}}}}}', RequestedClaims()),
    ('{"id_token":{"sub":{"value":"ada"}}}', RequestedClaims(subs=("ada",))),
    ('{"id_token":{"sub":{"values":["a","b"]}},"userinfo":{"sub":{"value":"b"}}}',
     RequestedClaims(subs=("b",))),
    ('{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}', RequestedClaims(subs=())),
    ('{"id_token":{"sub":{"value":null}}}', RequestedClaims(subs=())),
    ('{"id_token":{"sub":{"value":"\\ud800"}}}', RequestedClaims(subs=())),
]  # fmt: skip


@pytest.mark.parametrize(("text", "asked"), READ)
def test_what_is_asked_for(text: str, asked: RequestedClaims) -> None:
    assert outcome(text) == asked
