"""The contract type behind `make check`'s import rules, on a graph drawn by hand."""

from typing import Any

import pytest
from grimp import ImportGraph

from scripts.import_contract import RoomsContract

IMPORTS = [
    ("house.web.routes", "house.storage.port"),
    ("house.web.routes", "house.storage.sqlite.store"),
    ("house.web.routes", "house.web.pages"),
    ("house.storage.sqlite.store", "house.storage.sqlite.rows"),
    ("house.storage.sqlite.store", "sqlite3"),
    ("house.app", "house.storage.sqlite.store"),
    ("house.website", "house.storage.sqlite.store"),
]


def broken(**options: Any) -> set[tuple[str, str]]:
    graph = ImportGraph()
    for importer, imported in IMPORTS:
        graph.add_import(importer=importer, imported=imported)
    contract = RoomsContract("a rule", {}, options)
    return set(contract.check(graph, verbose=False).metadata["broken"])


def test_only_what_is_allowed_may_be_imported() -> None:
    assert broken(source="house.web", allowed=["house.storage.port"]) == {
        ("house.web.routes", "house.storage.sqlite.store")
    }


def test_nothing_allowed_means_nothing_of_ours() -> None:
    assert broken(source="house.web", allowed=[]) == {
        ("house.web.routes", "house.storage.port"),
        ("house.web.routes", "house.storage.sqlite.store"),
    }


def test_a_forbidden_room_may_import_itself_and_be_imported_by_the_exempt() -> None:
    assert broken(source="house", forbidden=["house.storage.sqlite"], exempt=["house.app"]) == {
        ("house.web.routes", "house.storage.sqlite.store"),
        ("house.website", "house.storage.sqlite.store"),
    }


def test_packages_of_others_can_be_forbidden() -> None:
    assert broken(source="house.storage", forbidden=["sqlite3"]) == {
        ("house.storage.sqlite.store", "sqlite3")
    }


@pytest.mark.parametrize("source", ["house.not_yet", "hous"])
def test_a_room_that_does_not_exist_satisfies_its_rule(source: str) -> None:
    assert broken(source=source, allowed=[]) == set()
