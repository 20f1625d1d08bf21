"""The check behind the map of requirements: what it must not let through."""

from typing import Any

import pytest

from scripts.conformance_reference import document, problems

PROVEN = "unit/test_conformance_map.py::test_a_proven_map_has_no_problems"


def part(**changes: Any) -> list[dict[str, Any]]:
    line = {"id": "X1", "says": "It works.", "tests": [PROVEN]} | changes
    return [{"title": "A part", "about": "A source", "line": [line]}]


def test_a_proven_map_has_no_problems() -> None:
    assert list(problems(part())) == []
    assert list(problems(part(tests=[], open="Not yet."))) == []
    assert list(problems(part(tests=[f"{PROVEN}[a row]"]))) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"tests": []}, "X1 has neither tests nor a reason why it is open"),
        ({"tests": ["unit/test_conformance_map.py::test_gone"]}, "X1: there is no test"),
        ({"tests": ["unit/test_gone.py::test_gone"]}, "X1: there is no test"),
        (
            {"tests": [f"{PROVEN}[no such row, as this text is in no quotation marks]"]},
            "X1: there is no test",
        ),
        ({"tests": ["unit/test_conformance_map.py"]}, "X1: there is no test"),
        ({"tests": ["../scripts/fuzz.py::main"]}, "X1: there is no test"),
    ],
)
def test_a_line_that_nothing_proves_is_named(changes: dict[str, Any], problem: str) -> None:
    [found] = problems(part(**changes))
    assert found.startswith(problem)


def test_a_line_stands_there_once() -> None:
    assert list(problems(part() + part())) == ["X1 stands there twice"]


def test_what_is_open_is_said_first() -> None:
    said = document(part(open="Not wholly."))
    assert said.index("X1** It works. Not wholly.") < said.index("## A part")
    assert "1 lines, 0 of them proven, 1 not or not wholly" in said


A_ROW = "a row"
