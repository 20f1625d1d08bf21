"""The import-linter contract type that `pyproject.toml` uses: what one room of the house may import."""

from collections.abc import Iterable
from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class RoomsContract(Contract):
    """Direct imports out of `source`: inside `allowed` (when given) and outside `forbidden`.

    Direct imports are enough, because every room has its own contract. A module may always import its own
    room; a forbidden room may import itself. Names that match no module are silently satisfied, so that the
    rules can stand before the rooms do.
    """

    source = fields.StringField()
    allowed = fields.ListField(subfield=fields.StringField(), required=False)
    forbidden = fields.ListField(subfield=fields.StringField(), required=False)
    exempt = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002
        """Collect every import that breaks the rule."""
        source = cast("str", self.source)
        broken = [
            (importer, imported)
            for importer in sorted(graph.modules)
            if _inside(importer, source) and not _inside_any(importer, _names(self.exempt))
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if self._breaks(importer, imported, source)
        ]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def _breaks(self, importer: str, imported: str, source: str) -> bool:
        for room in _names(self.forbidden):
            if _inside(imported, room) and not _inside(importer, room):
                return True
        root = source.split(".", maxsplit=1)[0]
        allowed = cast("list[str] | None", self.allowed)
        if allowed is None or imported == root or not _inside(imported, root):
            return False
        return not _inside(imported, source) and not _inside_any(imported, allowed)

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Say which import breaks the rule."""
        for importer, imported in check.metadata["broken"]:
            output.print_error(f"{importer} imports {imported}", bold=False)


def _names(field: object) -> list[str]:
    return cast("list[str]", field or [])


def _inside(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def _inside_any(module: str, rooms: Iterable[str]) -> bool:
    return any(_inside(module, room) for room in rooms)
