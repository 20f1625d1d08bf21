"""``state`` is printable ASCII of sane length (RFC 6749, 4.1.1 and appendix A.5)."""

from verifeye_oidc.oidc.checks import Parameters
from verifeye_oidc.oidc.errors import invalid_request
from verifeye_oidc.oidc.model import Client

MAX_CHARACTERS = 4096


def check(parameters: Parameters, client: Client) -> None:  # noqa: ARG001
    if "state" in parameters and echo(parameters) is None:
        raise invalid_request(f"state must be printable ASCII of at most {MAX_CHARACTERS} characters")


def echo(parameters: Parameters) -> str | None:
    """The state that an answer repeats; None where there is none, or none that may be repeated."""
    state = parameters.get("state")
    if state is None or len(state) > MAX_CHARACTERS or not is_printable_ascii(state):
        return None
    return state


def is_printable_ascii(text: str) -> bool:
    """VSCHAR of RFC 6749, appendix A."""
    return all(" " <= character <= "~" for character in text)
