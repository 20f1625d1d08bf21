"""The Config profile of the OpenID Foundation, line by line, against a provider behind nginx with TLS."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tests.interop.conftest import Behind
from tests.interop.installation import Registered, own_site, somebody
from tests.interop.openid_client import SCOPE, Job, run
from tests.support.relying_party import decode

Metadata = dict[str, Any]

LINES: dict[str, Callable[[Metadata, str], bool]] = {
    "issuer byte for byte": lambda m, issuer: m["issuer"] == issuer,
    "issuer is https, without query or fragment": lambda m, _: (
        re.fullmatch(r"https://[^/?#]+", m["issuer"]) is not None
    ),
    "every URL is https, under the issuer": lambda m, issuer: all(
        url.startswith(f"{issuer}/") for url in endpoints(m).values()
    ),
    "required URLs": lambda m, _: (
        {"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"} <= endpoints(m).keys()
    ),
    "response types": lambda m, _: "code" in m["response_types_supported"],
    "response modes": lambda m, _: {"query", "form_post"} <= set(m["response_modes_supported"]),
    "subject types": lambda m, _: bool({"public", "pairwise"} & set(m["subject_types_supported"])),
    "RS256": lambda m, _: "RS256" in m["id_token_signing_alg_values_supported"],
    "never unsigned": lambda m, _: "none" not in m["id_token_signing_alg_values_supported"],
    "scopes": lambda m, _: "openid" in m["scopes_supported"],
    "claims": lambda m, _: {"sub", "iss", "aud", "exp", "iat"} <= set(m["claims_supported"]),
    "grant types": lambda m, _: "authorization_code" in m["grant_types_supported"],
    "both secret methods": lambda m, _: (
        {"client_secret_basic", "client_secret_post"} <= set(m["token_endpoint_auth_methods_supported"])
    ),
    "PKCE is S256 only": lambda m, _: m["code_challenge_methods_supported"] == ["S256"],
    "iss in answers": lambda m, _: m["authorization_response_iss_parameter_supported"] is True,
    "request stated": lambda m, _: m["request_parameter_supported"] in (True, False),
    "request_uri stated": lambda m, _: m["request_uri_parameter_supported"] in (True, False),
    "claims parameter stated": lambda m, _: m["claims_parameter_supported"] in (True, False),
    "lists are not empty and repeat nothing": lambda m, _: all(
        value and len(set(value)) == len(value) for value in m.values() if isinstance(value, list)
    ),
    "nothing is null": lambda m, _: None not in m.values(),
}


def endpoints(metadata: Metadata) -> dict[str, str]:
    return {name: url for name, url in metadata.items() if name.endswith(("_endpoint", "_uri"))}


@pytest.fixture(scope="module")
def discovered(behind: Behind) -> httpx2.Response:
    with behind.browser() as browser:
        return browser.http.get(f"{behind.provider.issuer}/.well-known/openid-configuration")


@pytest.fixture(scope="module")
def metadata(discovered: httpx2.Response) -> Metadata:
    document: Metadata = discovered.json()
    return document


@pytest.fixture(scope="module")
def jwks(behind: Behind, metadata: Metadata) -> httpx2.Response:
    with behind.browser() as browser:
        return browser.http.get(metadata["jwks_uri"])


@pytest.mark.parametrize("line", LINES)
def test_discovery(behind: Behind, metadata: Metadata, line: str) -> None:
    assert LINES[line](metadata, behind.provider.issuer)


def test_documents_are_whole_json_that_may_be_kept_for_a_while(
    discovered: httpx2.Response, jwks: httpx2.Response
) -> None:
    for document in (discovered, jwks):
        assert document.status_code == 200
        assert document.headers["content-type"] == "application/json"
        assert document.headers["content-length"] == str(len(document.content))
        assert re.fullmatch(r"public, max-age=[1-9]\d*", document.headers["cache-control"])
        assert document.headers["access-control-allow-origin"] == "*"


def test_server_metadata_is_the_same_document(behind: Behind, discovered: httpx2.Response) -> None:
    """RFC 8414: at its own address."""
    with behind.browser() as browser:
        answer = browser.http.get(f"{behind.provider.issuer}/.well-known/oauth-authorization-server")
    assert answer.content == discovered.content


def test_keys(behind: Behind, jwks: httpx2.Response) -> None:
    keys = jwks.json()["keys"]
    assert "RS256" in {key["alg"] for key in keys}
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert (key["kty"], key["use"]) == ("RSA", "sig")
        assert not {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & key.keys()
        certificate = x509.load_der_x509_certificate(base64.b64decode(key["x5c"][0], validate=True))
        public = certificate.public_key()
        assert isinstance(public, RSAPublicKey)
        assert public.key_size >= 2048
        assert public.public_numbers().n == int.from_bytes(decode(key["n"]), "big")
        assert public.public_numbers().e == int.from_bytes(decode(key["e"]), "big")
        certificate.verify_directly_issued_by(certificate)
        (host,) = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        assert host.value == urlsplit(behind.provider.issuer).hostname


def test_every_endpoint_answers(behind: Behind, metadata: Metadata) -> None:
    """With a refusal, because nothing was asked; but at the address and by the method that are meant."""
    posted = {"token_endpoint", "introspection_endpoint", "revocation_endpoint"}
    with behind.browser() as browser:
        answers = {
            name: browser.http.request("POST" if name in posted else "GET", url).status_code
            for name, url in endpoints(metadata).items()
        }
    assert answers.pop("jwks_uri") == 200
    assert answers.pop("end_session_endpoint", 200) == 200
    assert set(answers.values()) <= {400, 401}


def accepted(behind: Behind, job: Job, who: str = "") -> dict[str, Any]:
    """What openid-client accepts, which checks the certificate and everything else."""
    with behind.browser(who) as browser:
        said = run(job, browser, behind.node)
    assert said.accepted is not None, f"{job}: {said.refused}"
    return said.accepted


def test_every_authentication_method_works(behind: Behind, metadata: Metadata) -> None:
    """At the three endpoints that take one, and at none that does not announce it."""
    for method in metadata["token_endpoint_auth_methods_supported"]:
        client = behind.provider.register(own_site() + "/", "--token-endpoint-auth-method", method)
        then = accepted(behind, Job(client, auth_method=method, then=["introspect", "revoke"]))["then"]
        for step, endpoint in zip(then, ("introspection", "revocation"), strict=True):
            announced = method in metadata[f"{endpoint}_endpoint_auth_methods_supported"]
            assert ("said" in step) == announced, f"{endpoint} by {method}: {step}"


ANSWERS = [
    ("code", "query"),
    ("code", "form_post"),
    ("id_token", "fragment"),
    ("id_token", "form_post"),
]


@pytest.fixture(scope="module")
def versatile(behind: Behind) -> Registered:
    types = ("--response-type", "code", "--response-type", "id_token")
    grants = ("--grant-type", "authorization_code", "--grant-type", "refresh_token")
    return behind.provider.register(f"{own_site()}/callback", *types, *grants)


@pytest.mark.parametrize(("response_type", "mode"), ANSWERS)
def test_every_response_type_and_mode_works(
    behind: Behind, metadata: Metadata, versatile: Registered, response_type: str, mode: str
) -> None:
    assert set(metadata["response_types_supported"]) == {type_ for type_, _ in ANSWERS}
    assert set(metadata["response_modes_supported"]) == {mode for _, mode in ANSWERS}
    accepted(behind, Job(versatile, response_type=response_type, parameters={"response_mode": mode}))


def test_every_grant_type_works(behind: Behind, metadata: Metadata, versatile: Registered) -> None:
    """`implicit` is the one of `id_token`."""
    assert set(metadata["grant_types_supported"]) == {"authorization_code", "refresh_token", "implicit"}
    job = Job(versatile, scope=f"{SCOPE} offline_access", then=["refresh"])
    assert "said" in accepted(behind, job)["then"][0]
    accepted(behind, Job(versatile, response_type="id_token"))


def test_every_subject_type_works(behind: Behind, metadata: Metadata) -> None:
    who, subs = somebody(), []
    for subject_type in metadata["subject_types_supported"]:
        for _ in range(2):
            client = behind.provider.register(f"{own_site()}/callback", "--subject-type", subject_type)
            subs.append(accepted(behind, Job(client), who)["id_token"]["sub"])
    one_public, other_public, one_pairwise, other_pairwise = subs
    assert one_public == other_public != one_pairwise
    # One host is one sector.
    assert one_pairwise == other_pairwise


def test_every_acr_can_be_had(behind: Behind, metadata: Metadata, versatile: Registered) -> None:
    who = somebody()
    accepted(behind, Job(versatile), who)
    for acr in metadata["acr_values_supported"]:
        asked = Job(versatile, parameters={"acr_values": acr})
        assert accepted(behind, asked, who)["id_token"]["acr"] == acr


def test_every_scope_is_taken_and_every_claim_that_comes_is_announced(
    behind: Behind, metadata: Metadata, versatile: Registered
) -> None:
    who = somebody()
    job = Job(versatile, scope=" ".join(metadata["scopes_supported"]))
    for _ in range(2):
        said = accepted(behind, job, who)
        assert said["id_token"].keys() | said["userinfo"].keys() <= set(metadata["claims_supported"])


def test_a_claim_that_is_asked_for_comes_where_it_is_asked_for(
    behind: Behind, metadata: Metadata, versatile: Registered
) -> None:
    assert metadata["claims_parameter_supported"]
    who = somebody()
    claims = json.dumps(
        {"id_token": {"email": {"essential": True}}, "userinfo": {"preferred_username": None}}
    )
    asked = Job(versatile, scope="openid", parameters={"claims": claims})
    accepted(behind, asked, who)
    said = accepted(behind, asked, who)
    assert said["id_token"]["email"] == said["userinfo"]["preferred_username"] == who
    assert "preferred_username" not in said["id_token"]
    assert "email" not in said["userinfo"]
