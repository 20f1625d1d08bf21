"""What an operator changes holds at once in a provider that is running, in another process."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.interop.installation import SANDBOX, Installation, Registered, free_port, installed

REDIRECT_URI = "https://acme.example/callback"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    port = free_port()
    with installed(tmp_path_factory.mktemp("served"), f"http://localhost:{port}", port, **SANDBOX) as running:
        yield running


@pytest.fixture
def acme(served: Installation) -> Registered:
    return served.register(REDIRECT_URI)


def is_proven(served: Installation, client_id: str, secret: str) -> bool:
    """Whether the token endpoint accepts this secret; the code that comes with it is nobody's."""
    answer = httpx2.post(
        f"{served.origin}/v1/openid/token",
        data={
            "grant_type": "authorization_code",
            "code": "x",
            "redirect_uri": REDIRECT_URI,
            "code_verifier": "x" * 43,
        },
        auth=(client_id, secret),
        trust_env=False,
    )
    assert answer.json()["error"] in ("invalid_grant", "invalid_client")
    return bool(answer.json()["error"] == "invalid_grant")


def authorize(served: Installation, client_id: str, redirect_uri: str) -> httpx2.Response:
    return httpx2.get(
        f"{served.origin}/v1/openid/authorize",
        params={
            "client_id": client_id, "redirect_uri": redirect_uri, "response_type": "code", "scope": "openid",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
        },
        trust_env=False,
    )  # fmt: skip


def test_a_secret_is_rotated_without_a_gap(served: Installation, acme: Registered) -> None:
    rotated = served.admin("client", "rotate-secret", acme.client_id)["client_secret"]
    assert is_proven(served, acme.client_id, acme.client_secret)
    assert is_proven(served, acme.client_id, rotated)
    assert _previous_uses(served, acme.client_id) == 1
    served.admin("client", "rotate-secret", acme.client_id, "--drop-previous")
    assert not is_proven(served, acme.client_id, acme.client_secret)
    assert is_proven(served, acme.client_id, rotated)


def test_an_undone_rotation_leaves_the_secret_in_use(served: Installation, acme: Registered) -> None:
    rotated = served.admin("client", "rotate-secret", acme.client_id)["client_secret"]
    served.admin("client", "rotate-secret", acme.client_id, "--undo")
    assert is_proven(served, acme.client_id, acme.client_secret)
    assert not is_proven(served, acme.client_id, rotated)


def test_an_updated_redirect_uri_is_the_only_one(served: Installation, acme: Registered) -> None:
    assert authorize(served, acme.client_id, REDIRECT_URI).status_code == 303
    served.admin("client", "update", acme.client_id, "--redirect-uri", "https://acme.example/new")
    assert authorize(served, acme.client_id, REDIRECT_URI).status_code == 400
    assert authorize(served, acme.client_id, "https://acme.example/new").status_code == 303


def test_a_native_client_comes_from_any_port(served: Installation) -> None:
    app = served.register("http://127.0.0.1/cb", "--native", "--token-endpoint-auth-method", "none")
    assert authorize(served, app.client_id, "http://127.0.0.1:49152/cb").status_code == 303
    assert authorize(served, app.client_id, "http://localhost:49152/cb").status_code == 400
    served.admin("client", "update", app.client_id, "--no-native")
    assert authorize(served, app.client_id, "http://127.0.0.1:49152/cb").status_code == 400
    assert authorize(served, app.client_id, "http://127.0.0.1/cb").status_code == 303


def test_a_deleted_client_is_unknown_and_its_sign_in_is_over(served: Installation, acme: Registered) -> None:
    begun = authorize(served, acme.client_id, REDIRECT_URI)
    place, cookies = served.origin + begun.headers["location"].removeprefix(served.issuer), begun.cookies
    assert httpx2.get(place, cookies=cookies, trust_env=False).status_code == 200
    served.admin("client", "delete", acme.client_id, "--yes")
    assert httpx2.get(place, cookies=cookies, trust_env=False).status_code == 400
    assert authorize(served, acme.client_id, REDIRECT_URI).status_code == 400
    assert not is_proven(served, acme.client_id, acme.client_secret)


def test_no_secret_is_logged(served: Installation, acme: Registered) -> None:
    rotated = served.admin("client", "rotate-secret", acme.client_id)["client_secret"]
    assert is_proven(served, acme.client_id, rotated)
    assert not is_proven(served, acme.client_id, "wrong-secret")
    log = served.log.read_text()
    assert "/v1/openid/token" in log
    for secret in (acme.client_secret, rotated, "wrong-secret"):
        assert secret not in log


def _previous_uses(served: Installation, client_id: str) -> int:
    """What tells an operator whether the previous secret may go."""
    lines = [line for line in served.log.read_text().splitlines() if "previous client secret used" in line]
    return sum(client_id in line for line in lines)
