"""docs/howto/first-installation.md, run as it stands: every command of it, in its order, in one shell."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.interop.installation import free_port
from tests.support.shared import REPOSITORY
from verifeye_oidc.faces import models

PAGE = REPOSITORY / "docs" / "howto" / "first-installation.md"
SERVE = "verifeye-oidc serve --config verifeye.toml"
IN_THE_BACKGROUND = """
end_serving() {{ if [ -n "${{SERVING:-}}" ]; then kill "$SERVING"; wait "$SERVING" || true; SERVING=; fi; }}
trap end_serving EXIT
serve() {{
    end_serving
    {serve} 2>> served.log &
    SERVING=$!
    until curl -s -o /dev/null http://localhost:{port}/readyz; do kill -0 "$SERVING" && sleep 0.1; done
}}
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the page's commands print."""
    for tool in ("bash", "curl", "jq"):
        if shutil.which(tool) is None:
            pytest.skip(f"the page needs {tool}")
    if models.missing(models.default_dir()):
        pytest.skip("the face models are not installed: run `make setup`")
    folder, port = tmp_path_factory.mktemp("first"), free_port()
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", _script(PAGE.read_text(), port)],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.replace(f"localhost:{port}", "localhost:8080")


def test_the_page_makes_an_installation_that_is_discovered(said: str) -> None:
    local, behind_tls = (
        json.loads(found) for found in re.findall(r"\{\n  \"issuer\".*?\n\}", said, re.DOTALL)
    )
    for found, issuer in ((local, "http://localhost:8080"), (behind_tls, "https://login.example.com")):
        assert found == {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/v1/openid/authorize",
            "jwks_uri": f"{issuer}/v1/openid/jwks",
        }


def test_the_page_shows_what_it_promises(said: str) -> None:
    assert '"enrolment_policy": "invite"' in said
    assert len(set(re.findall(r"^client_secret +([\w-]{43})$", said, re.MULTILINE))) == 2
    assert re.search(r"^link +http://localhost:8080/v1/openid/invitation\?token=[\w-]+$", said, re.MULTILINE)
    assert re.search(r"^KID +ALG +CREATED AT\n\S+ +RS256 +\d{4}-", said, re.MULTILINE)
    assert re.search(r"^secrets +1$", said, re.MULTILINE)


def _script(page: str, port: int) -> str:
    """The page's blocks as one script: `serve`, which waits for ever, in the background."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert sum(SERVE in block for block in blocks) == 1
    blocks = [block.replace(SERVE, "serve") for block in blocks]
    renamed = blocks.pop(-2) + "serve\n"
    script = IN_THE_BACKGROUND.format(serve=SERVE, port=8080) + "".join([*blocks[:-1], renamed, blocks[-1]])
    return script.replace("8080", str(port))


def _environment() -> dict[str, str]:
    """As in a new terminal: nothing is set but where the command is."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VERIFEYE_OIDC_DATA")}
    return kept | {
        "PATH": f"{Path(REPOSITORY, '.venv', 'bin')}:{os.environ['PATH']}",
        "NO_PROXY": "localhost",
    }
