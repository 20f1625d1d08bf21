"""Each collection's templates as a matrix in memory, following the stored change sequence.

Exact search: 8 ms for 100,000 templates on one core. No vector in clear leaves the process.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import structlog
from numpy.typing import NDArray

from verifeye_oidc.faces import Recipe, RecipeMismatch, Template, similarity
from verifeye_oidc.faces.template import DIMENSIONS
from verifeye_oidc.storage.port import GalleryStore
from verifeye_oidc.verifier.model import StoredTemplate, TemplateChange

T = TypeVar("T")

log = structlog.get_logger("verifeye_oidc")

_NEVER_LAPSES = int(np.iinfo(np.int64).max)
_SMALL_GALLERY = 1_000
_SMALL_GALLERY_RATE = 1e-5
_LARGE_GALLERY_RATE = 1e-6


def duplicate_threshold(recipe: Recipe, people: int) -> float:
    """The cosine from which a face counts as known already, in a collection of this many people.

    About 1 % of new faces at most are taken for somebody else's up to 10,000 people (size times false match
    rate). Below 1e-6 nothing could be measured: larger collections refuse more, and never miss more.
    """
    return recipe.threshold(_SMALL_GALLERY_RATE if people <= _SMALL_GALLERY else _LARGE_GALLERY_RATE)


def belongs_to_another(stored: StoredTemplate, external_id: str, now: int) -> bool:
    """Whether a template counts as another person's: pending ones too, until they lapse."""
    lapsed = stored.pending_until is not None and stored.pending_until <= now
    return stored.external_id != external_id and not lapsed


def template_of(stored: StoredTemplate) -> Template:
    return Template.from_bytes(stored.vector, stored.recipe_id, stored.model_sha256)


class Gallery:
    """All collections of this process."""

    def __init__(self, store: GalleryStore, recipe: Recipe, executor: Executor) -> None:
        self._store = store
        self._recipe = recipe
        self._executor = executor
        self._collections: dict[str, Collection] = {}

    async def enrol_unique(self, candidate: StoredTemplate, now: int) -> tuple[bool, bool]:
        """Write a template as pending unless its face is in the collection under another external id.

        What was enrolled since the search is judged under the store's write lock, so that of two processes
        enrolling one face only one succeeds. Returns (written, whether the face was a duplicate).
        Raises RecipeMismatch when the collection holds templates of another recipe.
        """
        collection = self._collections.setdefault(candidate.configuration_id, Collection())
        probe = template_of(candidate)
        async with collection.lock:
            await self._catch_up(candidate.configuration_id, collection)
            threshold = duplicate_threshold(self._recipe, len(collection))
            search = partial(collection.holds, probe, candidate.external_id, threshold, now)
            if await self._on_a_thread(search):
                return False, True
            sequence = collection.sequence
        duplicate = False

        def admits(since: Sequence[TemplateChange]) -> bool:
            nonlocal duplicate
            duplicate = any(
                change.template is not None
                and belongs_to_another(change.template, candidate.external_id, now)
                and similarity(probe, template_of(change.template)) >= threshold
                for change in since
            )
            return not duplicate

        written = await self._store.enrol_pending(candidate, sequence, admits)
        return written, duplicate

    async def follow(self) -> None:
        """Bring every collection in memory to what is stored: who was erased is in none of them any more.

        A collection that cannot be followed (a template that does not open) is not kept either. The next
        search reads it anew, or raises.
        """
        for configuration_id, collection in list(self._collections.items()):
            async with collection.lock:
                try:
                    await self._catch_up(configuration_id, collection)
                except Exception:
                    collection.clear()
                    log.exception("a gallery cannot be followed", configuration_id=configuration_id)

    async def forget(self) -> None:
        """Keep nothing in memory; the next search reads its collection anew."""
        for collection in list(self._collections.values()):
            async with collection.lock:
                collection.clear()

    async def _catch_up(self, configuration_id: str, collection: "Collection") -> None:
        """Under the collection's lock."""
        changes = await self._store.template_changes(configuration_id, collection.sequence)
        await self._on_a_thread(partial(collection.apply, changes))

    async def _on_a_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


@dataclass(frozen=True, slots=True)
class _Row:
    """Whose a row of the matrix is."""

    template_id: str
    external_id: str
    recipe: tuple[str, str]


class Collection:
    """One collection: a float32[n, 128] matrix and, beside it, whose each row is and when it lapses."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.sequence = 0
        self._rows: list[_Row] = []
        self._row_of: dict[str, int] = {}
        self._recipes: Counter[tuple[str, str]] = Counter()
        self.vectors: NDArray[np.float32] = np.zeros((64, DIMENSIONS), np.float32)
        self._lapses: NDArray[np.int64] = np.empty(64, np.int64)

    def __len__(self) -> int:
        return len(self._rows)

    def apply(self, changes: Sequence[TemplateChange]) -> None:
        for change in changes:
            self._remove(change.template_id)
            if change.template is not None:
                self._append(change.template)
            self.sequence = max(self.sequence, change.sequence)

    def clear(self) -> None:
        """Hold nothing, and follow from the beginning."""
        self.vectors.fill(0)
        self._rows.clear()
        self._row_of.clear()
        self._recipes.clear()
        self.sequence = 0

    def holds(self, probe: Template, external_id: str, threshold: float, now: int) -> bool:
        """Whether somebody else's live row reaches the threshold. Raises RecipeMismatch."""
        strange = set(self._recipes) - {(probe.recipe_id, probe.model_sha256)}
        if strange:
            raise RecipeMismatch(f"the collection holds templates of {len(strange)} other recipe(s)")
        scores = self.vectors[: len(self)] @ probe.vector
        hits = np.flatnonzero((scores >= threshold) & (self._lapses[: len(self)] > now))
        return any(self._rows[row].external_id != external_id for row in hits)

    def _append(self, stored: StoredTemplate) -> None:
        position = len(self)
        if position == len(self.vectors):
            outgrown, self.vectors = self.vectors, np.concatenate([self.vectors, np.zeros_like(self.vectors)])
            outgrown.fill(0)
            self._lapses = np.concatenate([self._lapses, np.empty_like(self._lapses)])
        self.vectors[position] = np.frombuffer(stored.vector, "<f4")
        self._lapses[position] = _NEVER_LAPSES if stored.pending_until is None else stored.pending_until
        row = _Row(stored.template_id, stored.external_id, (stored.recipe_id, stored.model_sha256))
        self._rows.append(row)
        self._row_of[row.template_id] = position
        self._recipes[row.recipe] += 1

    def _remove(self, template_id: str) -> None:
        """Move the last row into the gap, and overwrite what it left behind."""
        position = self._row_of.pop(template_id, None)
        if position is None:
            return
        self._recipes -= Counter({self._rows[position].recipe: 1})
        last, moved = len(self) - 1, self._rows.pop()
        if position != last:
            self._rows[position] = moved
            self._row_of[moved.template_id] = position
            self.vectors[position], self._lapses[position] = self.vectors[last], self._lapses[last]
        self.vectors[last] = 0
