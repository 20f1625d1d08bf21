"""One face, one external id: the matrix in memory, and two processes that enrol at once."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.builders import EXTERNAL_ID, make_template
from tests.support.fakes import START
from tests.support.scripted_engine import RECIPE, template
from tests.support.verifier_room import enrol
from verifeye_oidc.faces import RecipeMismatch, similarity
from verifeye_oidc.keys.vault import Unsealable
from verifeye_oidc.storage.port import Store
from verifeye_oidc.verifier.gallery import Collection, Gallery, duplicate_threshold, template_of
from verifeye_oidc.verifier.model import StoredTemplate, TemplateChange

ADA, EVE = 1, 2
OTHER = "external-id-of-another"


@pytest.fixture
def executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2)


@pytest.fixture
def gallery(store: Store, executor: ThreadPoolExecutor) -> Gallery:
    return Gallery(store, RECIPE, executor)


def candidate(face: int, external_id: str = EXTERNAL_ID, **changes: object) -> StoredTemplate:
    vector = template(face).to_bytes()
    name = f"{external_id}-{face}"
    return replace(
        make_template(external_id=external_id, vector=vector, template_id=name, session_id=f"session-{name}"),
        **changes,  # type: ignore[arg-type]
    )


async def test_a_new_face_enrols_and_the_same_face_under_another_id_does_not(gallery: Gallery) -> None:
    assert await gallery.enrol_unique(candidate(ADA), START) == (True, False)
    assert await gallery.enrol_unique(candidate(EVE, OTHER), START) == (True, False)
    assert await gallery.enrol_unique(candidate(ADA, "third"), START) == (False, True)


async def test_collections_do_not_see_one_another(gallery: Gallery) -> None:
    assert await gallery.enrol_unique(candidate(ADA), START) == (True, False)
    elsewhere = candidate(ADA, OTHER, configuration_id="another-collection")
    assert await gallery.enrol_unique(elsewhere, START) == (True, False)


async def test_a_pending_face_counts_until_it_lapses(gallery: Gallery) -> None:
    await gallery.enrol_unique(candidate(ADA, pending_until=START + 100), START)
    assert await gallery.enrol_unique(candidate(ADA, OTHER), START + 99) == (False, True)
    assert await gallery.enrol_unique(candidate(ADA, OTHER), START + 100) == (True, False)


async def test_an_id_that_was_enrolled_meanwhile_is_a_conflict_and_no_duplicate(
    store: Store, gallery: Gallery
) -> None:
    await enrol(store, candidate(EVE))
    assert await gallery.enrol_unique(candidate(ADA), START) == (False, False)


async def test_of_two_processes_that_enrol_one_face_only_one_succeeds(
    store: Store, executor: ThreadPoolExecutor
) -> None:
    """Both have searched an empty collection before either writes."""
    both_searched = asyncio.Barrier(2)

    class Slow:
        """Another process's view: its search is over when the other one's is."""

        template_changes = store.template_changes

        async def active_template(self, *_: object) -> None: ...

        async def enrol_pending(self, *arguments: object) -> bool:
            await both_searched.wait()
            return await store.enrol_pending(*arguments)  # type: ignore[arg-type]

    one, other = (Gallery(Slow(), RECIPE, executor) for _ in range(2))
    outcomes = await asyncio.gather(
        one.enrol_unique(candidate(ADA), START), other.enrol_unique(candidate(ADA, OTHER), START)
    )
    assert sorted(outcomes) == [(False, True), (True, False)]


async def test_a_collection_of_another_recipe_is_not_searched(store: Store, gallery: Gallery) -> None:
    await enrol(store, candidate(EVE, OTHER, recipe_id="older-recipe"))
    with pytest.raises(RecipeMismatch):
        await gallery.enrol_unique(candidate(ADA), START)


def test_large_collections_ask_for_more() -> None:
    assert duplicate_threshold(RECIPE, 1_000) == RECIPE.threshold(1e-5)
    assert duplicate_threshold(RECIPE, 1_001) == RECIPE.threshold(1e-6)


steps = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["pending", "active", "gone"]), st.integers(1, 3)),
    max_size=80,
)


@given(steps, st.integers(1, 3), st.integers(0, 5))
def test_the_matrix_says_what_a_search_of_the_rows_says(
    steps: list[tuple[int, str, int]], face: int, person: int
) -> None:
    collection, rows = Collection(), dict[str, StoredTemplate]()
    for sequence, (number, kind, its_face) in enumerate(steps, start=1):
        name = f"template-{number}"
        row = candidate(
            its_face,
            f"person-{number % 4}",
            template_id=name,
            pending_until=START + its_face if kind == "pending" else None,
        )
        collection.apply([TemplateChange(sequence, name, None if kind == "gone" else row)])
        if kind == "gone":
            rows.pop(name, None)
        else:
            rows[name] = row
    now, probe, own = START + 2, template(face), f"person-{person}"
    expected = any(
        row.external_id != own
        and (row.pending_until is None or row.pending_until > now)
        and similarity(probe, template_of(row)) >= 0.479
        for row in rows.values()
    )
    assert collection.holds(probe, own, 0.479, now) is expected
    assert len(collection) == len(rows)
    assert collection.sequence == len(steps)


def test_the_matrix_grows_and_forgets_what_went() -> None:
    collection = Collection()
    rows = [candidate(face, f"person-{face}") for face in range(200)]
    collection.apply([TemplateChange(n, row.template_id, row) for n, row in enumerate(rows, start=1)])
    assert all(collection.holds(template(face), "nobody", 0.9, START) for face in (0, 63, 64, 199))
    collection.apply([TemplateChange(201, rows[64].template_id, None)])
    assert not collection.holds(template(64), "nobody", 0.9, START)
    assert collection.holds(template(199), "nobody", 0.9, START)
    assert not np.isin(template(64).vector, collection.vectors).all()
    assert len(collection) == 199


async def test_a_collection_that_cannot_be_followed_is_not_kept_in_memory(
    store: Store, gallery: Gallery, tmp_path: Path
) -> None:
    """Its replica would be passed over as dead after a while, and a receipt given while it holds the face."""
    await enrol(store, candidate(ADA))
    assert await gallery.enrol_unique(candidate(EVE, OTHER), START) == (True, False)
    (collection,) = gallery._collections.values()
    await enrol(store, candidate(3, "of-another-master-key"))
    with closing(sqlite3.connect(tmp_path / "provider.db", isolation_level=None)) as connection:
        connection.execute("UPDATE templates SET vector = x'00' WHERE external_id = 'of-another-master-key'")
    await gallery.follow()
    assert len(collection) == 0
    assert not collection.vectors.any()
    with pytest.raises(Unsealable) as failure:
        await gallery.enrol_unique(candidate(4, "somebody-new"), START)
    assert await store.empty_log(), f"a read that failed ({failure.value}) still holds the write-ahead log"
    with closing(sqlite3.connect(tmp_path / "provider.db", isolation_level=None)) as connection:
        connection.execute("DELETE FROM templates WHERE external_id = 'of-another-master-key'")
    assert await gallery.enrol_unique(candidate(ADA, "somebody-else"), START) == (False, True)
