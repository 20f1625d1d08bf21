"""After real sign-ins at a real process no frame, no embedding and no identifier lies anywhere in clear.

The process runs as in production: `serve`, its log at the usual level, the engine that ships. Photographs go
through its socket; then its data, its log, its working and its temporary folder are searched, while it runs
(with the write-ahead log) and after it ended. The search proves itself on planted canaries first.
"""

import asyncio
import itertools
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.interop.installation import Installation, free_port, installed
from tests.support.camera import still
from tests.support.camera_person import CameraPerson
from tests.support.leaks import Needles, embedding_needles, frame_needles, identifier_needles, leaks
from tests.support.open_faces import open_face
from verifeye_oidc.app import open_house
from verifeye_oidc.faces import Engine, models, quality
from verifeye_oidc.faces.embedder import align
from verifeye_oidc.settings import load_settings

IDENTIFIER = "quillfeather.leaks@example.com"
SOMEBODY = "brambleworth-without-at"
GARBAGE = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)) * 4
Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Traces:
    """What a run left behind, copied while it ran and when it was over, and what must not be in it."""

    running: Path
    over: Path
    needles: Needles
    template: Vector
    embeddings: list[Vector]
    replicas: tuple[int, int]
    """How many processes an erasure would have waited for, while it ran and when it was over."""


@cache
def frames(name: str) -> tuple[bytes, ...]:
    pictures = itertools.islice(still(open_face(name)), 0, None, 4)
    return tuple(
        cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes() for picture in pictures
    )


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traces]:
    absent = models.missing(models.default_dir())
    if absent:
        pytest.skip(f"models are not installed ({', '.join(absent)}): run `make setup`")
    sent = [*frames("person_a_1"), *frames("person_a_2"), *frames("impostor_1")]
    folder = tmp_path_factory.mktemp("leaks")
    run, temporary, home = folder / "run", folder / "run" / "tmp", folder / "run" / "home"
    for made in (temporary, home):
        made.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERIFEYE_OIDC_MODELS_DIR", str(models.default_dir()))
        for name in ("TMPDIR", "TEMP", "TMP"):
            patch.setenv(name, str(temporary))
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_CACHE_HOME", str(home / "cache"))
        patch.chdir(home)
        port = free_port()
        with installed(run, f"http://localhost:{port}", port) as installation:
            live(installation)
            serving = replicas(run / "data" / "provider.db")
            shutil.copytree(run, folder / "running")
        shutil.copytree(run, folder / "over")
    template = asyncio.run(enrolled_template(run / "data", port))
    embeddings = list(embedded(sent))
    needles = {
        **frame_needles([*sent, GARBAGE]),
        **embedding_needles([template, *embeddings]),
        **identifier_needles(IDENTIFIER),
        **{f"other {kind}": forms for kind, forms in identifier_needles(SOMEBODY).items()},
    }
    left = replicas(folder / "over" / "data" / "provider.db")
    yield Traces(folder / "running", folder / "over", needles, template, embeddings, (serving, left))
    shutil.rmtree(folder)


def live(installation: Installation) -> None:
    """A first sign-in, a match, an impostor, garbage for a frame, and somebody who only types a name."""
    installation.admin("configuration", "update", installation.configuration_id, "--liveness", "Disabled")
    client = installation.register("http://127.0.0.1:9/nobody-listens", "--required-verifier", "face")
    with CameraPerson(client) as person:
        for name, by_form, event in (("person_a_1", False, "enrolled"), ("person_a_2", True, "matched")):
            said, finish = person.capture(person.authorize(IDENTIFIER, by_form=by_form), frames(name))
            assert said == {"type": "passed"}
            assert person.tokens(finish)["userinfo"]["verification"]["event"] == event
        said, _ = person.capture(person.authorize(IDENTIFIER, by_form=False), frames("impostor_1"))
        assert said == {"type": "failed", "captures_left": 2}
        said, _ = person.capture(person.authorize(IDENTIFIER, by_form=False), [GARBAGE])
        assert said == {"type": "over", "reason": "limit"}
        assert person.authorize(SOMEBODY, by_form=True).status_code == 200


def replicas(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM replicas").fetchone()[0])


async def enrolled_template(data: Path, port: int) -> Vector:
    settings = load_settings(issuer=f"http://localhost:{port}", data_dir=data)
    async with open_house(settings) as house:
        (person,) = await house.store.people()
        stored = await house.store.active_template(person.configuration_id, person.external_id)
        assert stored is not None
        return np.frombuffer(stored.vector, "<f4").astype(np.float32)


def embedded(sent: list[bytes]) -> Iterator[Vector]:
    """What the engine makes of each frame."""
    engine = Engine.load(models.default_dir())
    for jpeg in sent:
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        picture = np.asarray(image, dtype=np.uint8)
        face = quality.choose(engine._detector.detect(picture))
        if not isinstance(face, str):
            yield engine._embedder.embed(align(picture, face.points))


def test_the_embeddings_that_are_searched_for_are_those_of_the_run(traces: Traces) -> None:
    ours = len(frames("person_a_1"))
    assert len(traces.embeddings) >= 2 * ours
    assert min(float(traces.template @ vector) for vector in traces.embeddings[:ours]) > 0.9


def test_the_run_left_what_is_searched(traces: Traces) -> None:
    running = {path.name for path in traces.running.rglob("*") if path.is_file() and path.stat().st_size}
    assert {"provider.db", "provider.db-wal", "provider.log", "master.key"} <= running
    log = (traces.running / "provider.log").read_text()
    assert log.count("/v1/openid/authorize") >= 4, "the log is written, and without query strings"
    with closing(sqlite3.connect(traces.over / "data" / "provider.db")) as database:
        for table in ("templates", "subjects", "consents", "sessions", "transactions"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] > 0  # noqa: S608


def test_the_process_that_serves_is_one_that_an_erasure_waits_for(traces: Traces) -> None:
    assert traces.replicas == (1, 0)


def test_a_canary_of_each_kind_is_found_in_each_place(traces: Traces, tmp_path: Path) -> None:
    house = tmp_path / "canary"
    shutil.copytree(traces.over, house)
    for kind, forms in traces.needles.items():
        for form in {forms[0], forms[-1]}:
            assert leaks([house], {kind: [form]}) == set()
            (house / "tmp" / "deep").mkdir(exist_ok=True)
            canary = house / "tmp" / "deep" / "canary"
            canary.write_bytes(os.urandom(7) + form + b"\n")
            with (house / "provider.log").open("r+b") as log:
                end = log.seek(0, os.SEEK_END)
                log.write(b'{"event": "' + form + b'"}\n')
                log.flush()
                assert {where for _, where in leaks([house], {kind: [form]})} == {"canary", "provider.log"}
                log.truncate(end)
            canary.unlink()
            assert in_database(house / "data" / "provider.db", kind, form)


def in_database(database: Path, kind: str, form: bytes) -> bool:
    """Planted as a value, found in the log before a checkpoint and in the file after it; taken out again."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("CREATE TABLE canary (planted BLOB)")
    connection.execute("INSERT INTO canary VALUES (?)", (form,))
    connection.commit()
    in_log = (kind, "provider.db-wal") in leaks([database.parent], {kind: [form]})
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    in_file = leaks([database.parent], {kind: [form]}) == {(kind, "provider.db")}
    connection.execute("DROP TABLE canary")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return in_log and in_file


@pytest.mark.parametrize("when", ["running", "over"])
def test_nothing_of_anybody_lies_there_in_clear(traces: Traces, when: str) -> None:
    assert leaks([traces.running if when == "running" else traces.over], traces.needles) == set()
