"""A request is parsed once, here. Doubled parameters, NULs, bad UTF-8 and floods end here.

RFC 6749, 3.1: a parameter must not be included more than once; one without a value is treated as omitted.
"""

from urllib.parse import unquote_to_bytes

from verifeye_oidc.oidc.errors import invalid_request

MAX_PARAMETERS = 64
MAX_BYTES = 16 * 1024


def parse_parameters(raw: bytes) -> dict[str, str]:
    """Parse a query string or an ``application/x-www-form-urlencoded`` body.

    Returns each parameter's value by name, in order of appearance, omitted ones left out.
    Raises ProtocolError (``invalid_request``) that names what is wrong, never the value.
    """
    if len(raw) > MAX_BYTES:
        raise invalid_request(f"the request is larger than {MAX_BYTES} bytes")
    pairs = [pair for pair in raw.split(b"&") if pair]
    if len(pairs) > MAX_PARAMETERS:
        raise invalid_request(f"the request has more than {MAX_PARAMETERS} parameters")
    parameters: dict[str, str] = {}
    seen: set[str] = set()
    for pair in pairs:
        raw_name, _, raw_value = pair.partition(b"=")
        name, value = _decode(raw_name), _decode(raw_value)
        if name in seen:
            raise invalid_request("a parameter appears more than once", detail=f"doubled: {name[:40]!r}")
        seen.add(name)
        if value:
            parameters[name] = value
    return parameters


def _decode(raw: bytes) -> str:
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise invalid_request("a parameter is not valid UTF-8") from None
    if "\x00" in text:
        raise invalid_request("a parameter contains a NUL character")
    return text
