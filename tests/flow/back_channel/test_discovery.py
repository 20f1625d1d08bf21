import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oauth2.rfc8414 import get_well_known_url as oauth_well_known_url
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url

from tests.support.back_channel import Back
from tests.support.keys import ISSUER, signer
from tests.support.relying_party import verified_claims
from verifeye_oidc.oidc.discovery import DISCOVERY_PATH, JWKS_PATH, SERVER_METADATA_PATH, provider_metadata

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


async def test_the_metadata_is_where_the_issuer_says_and_complete(back: Back) -> None:
    response = await back.http.get(get_well_known_url(ISSUER, external=True))

    assert response.status_code == 200
    metadata = response.json()
    assert metadata["issuer"] == ISSUER
    OpenIDProviderMetadata(metadata).validate()
    assert metadata == provider_metadata(ISSUER)


async def test_a_client_that_knows_oauth_alone_finds_the_same(back: Back) -> None:
    """RFC 8414, 3: authorization server metadata."""
    metadata = await back.http.get(oauth_well_known_url(ISSUER, external=True))

    assert metadata.status_code == 200
    AuthorizationServerMetadata(metadata.json()).validate()
    assert metadata.content == (await back.http.get(DISCOVERY_PATH)).content


async def test_every_endpoint_that_is_announced_answers(back: Back) -> None:
    metadata = (await back.http.get(DISCOVERY_PATH)).json()
    announced = [url for name, url in metadata.items() if name.endswith("_endpoint") or name == "jwks_uri"]
    for front_channel in ("authorize", "logout"):
        announced.remove(f"{ISSUER}/v1/openid/{front_channel}")

    assert len(announced) == 5
    for url in announced:
        assert (await back.http.post(url)).status_code != 404, url


async def test_what_is_announced_for_clients_is_done(back: Back) -> None:
    metadata = (await back.http.get(DISCOVERY_PATH)).json()

    assert metadata["grant_types_supported"] == ["authorization_code", "implicit", "refresh_token"]
    secrets = ["client_secret_basic", "client_secret_post"]
    assert metadata["token_endpoint_auth_methods_supported"] == [*secrets, "none"]
    assert metadata["introspection_endpoint_auth_methods_supported"] == secrets
    assert metadata["revocation_endpoint_auth_methods_supported"] == [*secrets, "none"]


async def test_what_is_not_done_is_said(back: Back) -> None:
    metadata = (await back.http.get(DISCOVERY_PATH)).json()

    for name in (
        "request_parameter_supported",
        "request_uri_parameter_supported",
    ):
        assert metadata[name] is False
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["claims_parameter_supported"] is True
    assert metadata["response_types_supported"] == ["code", "id_token"]
    assert metadata["response_modes_supported"] == ["query", "fragment", "form_post"]
    assert metadata["subject_types_supported"] == ["public", "pairwise"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["id_token_signing_alg_values_supported"] == ["RS256"]


async def test_every_claim_that_is_made_is_announced(back: Back) -> None:
    tokens = await back.offline_tokens()
    metadata = (await back.http.get(DISCOVERY_PATH)).json()
    keys = (await back.http.get(metadata["jwks_uri"])).json()["keys"]

    id_token = verified_claims(tokens["id_token"], keys)
    userinfo = (await back.userinfo(tokens["access_token"])).json()

    assert set(id_token) | set(userinfo) == set(metadata["claims_supported"])
    assert id_token["acr"] in metadata["acr_values_supported"]
    assert set(tokens["scope"].split()) == set(metadata["scopes_supported"])


async def test_keys_are_published_without_anything_private(back: Back) -> None:
    keys = (await back.http.get(JWKS_PATH)).json()["keys"]

    assert keys == signer().public_keys()
    assert not PRIVATE & {member for key in keys for member in key}


@pytest.mark.parametrize("path", [DISCOVERY_PATH, SERVER_METADATA_PATH, JWKS_PATH])
async def test_a_document_may_be_cached_and_says_its_length(back: Back, path: str) -> None:
    response = await back.http.get(path)

    assert response.headers["content-type"] == "application/json"
    assert response.headers["content-length"] == str(len(response.content))
    assert response.headers["cache-control"] == "public, max-age=3600"
    assert (await back.http.get(path)).content == response.content


@pytest.mark.parametrize("path", [DISCOVERY_PATH, SERVER_METADATA_PATH, JWKS_PATH])
async def test_a_document_is_only_read(back: Back, path: str) -> None:
    assert (await back.http.head(path)).status_code == 200
    assert (await back.http.post(path)).status_code == 405
