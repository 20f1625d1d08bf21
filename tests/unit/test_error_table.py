"""The table of errors, held against the source: what is raised is in it, and what is in it is raised."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import verifeye_oidc
from verifeye_oidc.http.error_table import ERRORS, KNOWN

SOURCE = Path(verifeye_oidc.__file__).parent
STATUS_OF_A_REDIRECT = 303


def raised() -> Iterator[tuple[str, int | None, str]]:
    """Each error that a call of the source names, with its status if that is named, and where it stands."""
    for file in sorted(SOURCE.rglob("*.py")):
        if file.name == "error_table.py" or "demo" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            where = f"{file.relative_to(SOURCE)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Call):
                for error, status in _of_call(node):
                    yield error, status, where
            if isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == "error":
                        yield from ((error, None, where) for error in _texts(value))


def _of_call(call: ast.Call) -> Iterator[tuple[str, int | None]]:
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    function = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if function == "ProtocolError":
        status = _number(named.get("status") or (call.args[3] if len(call.args) > 3 else None)) or 400
        for error in _texts(call.args[0]):
            yield error, status
    if function == "error" and "code" in named and isinstance(named["code"], ast.Constant):
        yield str(named["code"].value), _number(named["status"])


def _texts(node: ast.expr) -> list[str]:
    """The values of a text: one, or for the name of an unsupported parameter each that it can be."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        [suffix] = [str(part.value) for part in node.values if isinstance(part, ast.Constant)]
        assert suffix == "_not_supported", "an error whose name is put together must be known to this test"
        return [f"{name}{suffix}" for name in ("request", "request_uri")]
    return []


def _number(node: ast.expr | None) -> int | None:
    return int(str(node.value)) if isinstance(node, ast.Constant) else None


RAISED = list(raised())


def test_the_source_was_read() -> None:
    assert len(RAISED) > 30
    assert {error for error, _, _ in RAISED} >= {"invalid_grant", "request_uri_not_supported", "not_found"}


@pytest.mark.parametrize(("error", "status", "where"), RAISED)
def test_every_error_that_is_raised_is_in_the_table(error: str, status: int | None, where: str) -> None:
    statuses = {line.status for line in ERRORS if line.error == error}
    assert statuses, f"{where} gives {error}: put it into http/error_table.py"
    sent_back = STATUS_OF_A_REDIRECT in statuses
    assert status is None or status in statuses or sent_back, f"{where} gives {error} with {status}"


def test_every_line_of_the_table_is_raised() -> None:
    assert {line.error for line in ERRORS} == {error for error, _, _ in RAISED}


def test_no_situation_stands_there_twice() -> None:
    assert len({(line.error, line.status, line.channel, line.when) for line in ERRORS}) == len(ERRORS)
    assert len(KNOWN) <= len(ERRORS)
