"""Writes ``docs/reference/conformance.md`` from ``conformance.toml``, or with ``--check`` compares it.

A line without tests and without a reason fails, and so does a test that is gone: functions are looked up in
the syntax tree, rows of a table by their name in the file.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Any

from scripts.generated import REPOSITORY, main

SOURCE = REPOSITORY / "docs" / "reference" / "conformance.toml"
TESTS = REPOSITORY / "tests"
_NODE = re.compile(r"(?P<file>[\w/]+\.py)::(?P<function>test_\w+)(?:\[(?P<row>.+)\])?")

Line = dict[str, Any]


def problems(parts: list[Line]) -> Iterator[str]:
    """What is wrong with the map, one sentence each."""
    seen: set[str] = set()
    for line in (line for part in parts for line in part["line"]):
        ident = line["id"]
        if ident in seen:
            yield f"{ident} stands there twice"
        seen.add(ident)
        if not line.get("tests") and not line.get("open"):
            yield f"{ident} has neither tests nor a reason why it is open"
        for node in line.get("tests", []):
            if not _exists(node):
                yield f"{ident}: there is no test {node}"


def document(parts: list[Line]) -> str:
    lines = [line for part in parts for line in part["line"]]
    unproven = [line for line in lines if line.get("open")]
    said = [
        "# Conformance",
        "<!-- Made by `make reference` from docs/reference/conformance.toml. -->",
        "What is asked of the provider, line by line, and the tests that prove it. `make check` fails when a "
        f"line has neither tests nor a reason, or a test is gone. {len(lines)} lines, "
        f"{len(lines) - len(unproven)} of them proven, {len(unproven)} not or not wholly.",
        "## Not proven yet",
        "\n".join(f"- **{line['id']}** {line['says']} {line['open']}" for line in unproven),
    ]
    for part in parts:
        rows = [f"| {line['id']} | {line['says']} | {_proof(line)} |" for line in part["line"]]
        table = "\n".join(["| | What | Proof |", "|---|---|---|", *rows])
        said += [f"## {part['title']}", f"{part['about']}.", table]
    return "\n\n".join(said) + "\n"


def _proof(line: Line) -> str:
    links = [_link(node) for node in line.get("tests", [])]
    return "<br>".join([*links, *(["*open*"] if line.get("open") else [])])


def _link(node: str) -> str:
    file, _, function = node.partition("::")
    return f"[{function}](../../tests/{file})"


def _exists(node: str) -> bool:
    found = _NODE.fullmatch(node)
    if found is None or not (TESTS / found["file"]).is_file():
        return False
    text, functions = _read(found["file"])
    return found["function"] in functions and (found["row"] is None or _row_is_in(found["row"], text))


def _row_is_in(row: str, text: str) -> bool:
    """The row's name as it stands in its table, perhaps without the topic that the table puts before it."""
    return any(f'"{name}"' in text for name in (row, row.partition(": ")[2]) if name)


@cache
def _read(file: str) -> tuple[str, frozenset[str]]:
    text = (TESTS / file).read_text()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return text, frozenset(node.name for node in ast.parse(text).body if isinstance(node, functions))


if __name__ == "__main__":
    read: list[Line] = tomllib.loads(SOURCE.read_text())["part"]
    if wrong := list(problems(read)):
        sys.exit("docs/reference/conformance.toml:\n" + "\n".join(wrong))
    main("docs/reference/conformance.md", lambda: document(read))
