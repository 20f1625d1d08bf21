"""openid-client in a Node.js process of its own; the browser that it sends away is ours."""

import contextlib
import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.interop.installation import Registered
from tests.interop.person import Person

FOLDER = Path(__file__).parent / "openid-client"
SCOPE = "openid profile email verification"


@dataclass(frozen=True, slots=True)
class Said:
    """The relying party's last word: what it ``accepted``, or why it ``refused``."""

    accepted: dict[str, Any] | None
    refused: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """How the relying party signs somebody in. ``then``: what it does afterwards, see sign-in.mjs."""

    registered: Registered
    auth_method: str = "client_secret_basic"
    scope: str = SCOPE
    response_type: str = "code"
    parameters: dict[str, str] = field(default_factory=dict)
    max_age: int | None = None
    then: Sequence[str] = ()
    post_logout_redirect_uri: str = ""

    def text(self) -> str:
        return json.dumps(
            {
                "issuer": self.registered.issuer,
                "client_id": self.registered.client_id,
                "client_secret": self.registered.client_secret,
                "redirect_uri": self.registered.redirect_uri,
                "auth_method": self.auth_method,
                "scope": self.scope,
                "response_type": self.response_type,
                "parameters": self.parameters,
                "max_age": self.max_age,
                "then": list(self.then),
                "post_logout_redirect_uri": self.post_logout_redirect_uri,
            }
        )


def run(job: Job, person: Person, environment: dict[str, str] | None = None) -> Said:
    """One sign-in of ``person``, from discovery to the last step of the job."""
    with _started(job, environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in process.stdout:
            message = json.loads(line)
            if "go" not in message:
                return Said(message.get("accepted"), message.get("refused"))
            until = (job.registered.redirect_uri, job.post_logout_redirect_uri or job.registered.redirect_uri)
            arrival = person.walk(message["go"], until=until)
            process.stdin.write(json.dumps({"url": arrival.url, "form": arrival.form}) + "\n")
            process.stdin.flush()
        raise AssertionError("openid-client's program ended without a word")


@contextlib.contextmanager
def _started(job: Job, environment: dict[str, str] | None) -> Iterator[subprocess.Popen[str]]:
    if not (FOLDER / "node_modules").is_dir():
        raise RuntimeError("openid-client is not installed: run `make interop`")
    command = ["node", str(FOLDER / "sign-in.mjs"), job.text()]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()
