"""Writes ``docs/reference/errors.md`` from the table in the code, or with ``--check`` compares it."""

from scripts.generated import main
from verifeye_oidc.http.error_table import ERRORS, Channel, ErrorLine

HEADINGS = {
    Channel.REDIRECT: (
        "To the client, by redirect",
        "Sent to the registered `redirect_uri` with `error`, `error_description`, `state` and `iss`, in the "
        "response mode that was asked for (`form_post` answers 200 with a form).",
    ),
    Channel.JSON: (
        "To the caller, as JSON",
        "Token, userinfo, introspection and revocation. `invalid_client` and the errors of userinfo come "
        "with `WWW-Authenticate`.",
    ),
    Channel.PAGE: (
        "To the person, on a page",
        'The element `id="error"` has the error, `id="reference"` the correlation id that is in the log. '
        "Until the client and its redirect URI are proven, a refusal is always a page.",
    ),
}


def document() -> str:
    parts = [
        "# Errors",
        "<!-- Made by `make reference` from src/verifeye_oidc/http/error_table.py. -->",
        "Every error that the provider can give. Each answer has the header `X-Correlation-Id`, and each "
        "line of the log about it the same `correlation_id`; there the operator finds the reason that is "
        "told to nobody else. Also without an error: a userinfo request without a token gets 401 and "
        "`WWW-Authenticate: Bearer` alone (RFC 6750, 3.1).",
    ]
    for channel, (title, text) in HEADINGS.items():
        lines = [_row(line) for line in ERRORS if line.channel is channel]
        parts += [f"## {title}", text, "\n".join([*_HEAD, *lines])]
    return "\n\n".join(parts) + "\n"


_HEAD = ["| Error | Status | When | What to do |", "|---|---|---|---|"]


def _row(line: ErrorLine) -> str:
    return f"| `{line.error}` | {line.status} | {line.when} | {line.advice} |"


if __name__ == "__main__":
    main("docs/reference/errors.md", document)
