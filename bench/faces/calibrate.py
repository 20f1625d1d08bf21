"""Measure the recipe's thresholds on labelled faces.

    python -m bench.faces.calibrate FACES.zip [--cache EMBEDDINGS.npz]

The archive holds aligned faces of 112 x 112 as `NAME/NAME_0001.jpg` and the pairs file of LFW. Impostor pairs
are all pairs of pictures of different people; genuine pairs are those of the pairs file. Each picture goes
through exactly what a capture does with its best frame after alignment.
"""

import argparse
import io
import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from verifeye_oidc.faces import models
from verifeye_oidc.faces.embedder import Embedder
from verifeye_oidc.faces.engine import session
from verifeye_oidc.faces.models.catalog import EMBEDDER

RATES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
Z = 1.96
RESAMPLES = 1000
# People whom LFW holds under two names, recognised by the names alone: never by how alike they look.
ALIASES = {
    "Hassan_Wirajuda": "Hasan_Wirayuda",
    "Dai_Chul_Chyung": "Chyung_Dai-chul",
    "Cristina_Kirchner": "Cristina_Fernandez",
}


@dataclass(frozen=True, slots=True)
class Faces:
    names: list[str]  # NAME/NAME_0001.jpg
    vectors: NDArray[np.float32]  # [n, 128]
    genuine: list[tuple[int, int]]

    def people(self) -> list[str]:
        """Whom each picture shows."""
        folders = [name.split("/")[0] for name in self.names]
        return [ALIASES.get(folder, folder) for folder in folders]


def load(archive: Path, cache: Path | None) -> Faces:
    with zipfile.ZipFile(archive) as zipped:
        names = sorted(name for name in zipped.namelist() if name.endswith(".jpg"))
        genuine = _genuine(zipped.read("pairs.txt").decode(), {name: i for i, name in enumerate(names)})
        if cache and cache.exists():
            return Faces(names, np.load(cache)["vectors"], genuine)
        embedder = Embedder(session(models.default_dir(), EMBEDDER))
        vectors = np.stack([embedder.embed(_decode(zipped.read(name))) for name in names])
    if cache:
        np.savez(cache, vectors=vectors)
    return Faces(names, vectors, genuine)


def _decode(data: bytes) -> NDArray[np.uint8]:
    image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.astype(np.uint8)


def _genuine(pairs: str, index: dict[str, int]) -> list[tuple[int, int]]:
    rows = [line.split() for line in io.StringIO(pairs)]
    picture = "{0}/{0}_{1:04d}.jpg".format
    return [
        (index[picture(row[0], int(row[1]))], index[picture(row[0], int(row[2]))])
        for row in rows
        if len(row) == 3
    ]


def impostors(faces: Faces, floor: float) -> tuple[int, NDArray[np.float32], NDArray[Any]]:
    """How many pairs there are, and of those from `floor` on the cosine and the two people, int[n, 2]."""
    people, person = np.unique(faces.people(), return_inverse=True)
    count, scores, who = 0, [], []
    for row, vector in enumerate(faces.vectors):
        later = np.arange(row + 1, len(faces.vectors))
        later = later[person[later] != person[row]]
        cosines = faces.vectors[later] @ vector
        count += len(later)
        high = cosines >= floor
        scores.append(cosines[high])
        who.append(np.stack([np.full(high.sum(), person[row]), person[later[high]]], axis=1))
    print(f"{len(faces.names)} pictures of {len(people)} people, {count} impostor pairs")
    return count, np.concatenate(scores), np.concatenate(who)


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a proportion (Wilson, 1927), as if the trials were independent."""
    p = hits / trials
    centre = (p + Z * Z / (2 * trials)) / (1 + Z * Z / trials)
    half = Z / (1 + Z * Z / trials) * math.sqrt(p * (1 - p) / trials + Z * Z / (4 * trials * trials))
    return centre - half, centre + half


def over_people(who: NDArray[Any], pictures: NDArray[Any]) -> tuple[float, float]:
    """The 95 % interval of a false match rate when people, not pairs, are drawn anew (bootstrap)."""
    random = np.random.default_rng(1)
    rates = []
    for _ in range(RESAMPLES):
        weight = np.bincount(random.integers(len(pictures), size=len(pictures)), minlength=len(pictures))
        total = weight * pictures
        pairs = (total.sum() ** 2 - (total * total).sum()) / 2
        rates.append((weight[who[:, 0]] * weight[who[:, 1]]).sum() / pairs)
    low, high = np.percentile(rates, [2.5, 97.5])
    return float(low), float(high)


def rows(faces: Faces) -> Iterator[str]:
    _, pictures = np.unique(faces.people(), return_counts=True)
    count, scores, who = impostors(faces, floor=0.2)
    genuine = np.array([float(faces.vectors[a] @ faces.vectors[b]) for a, b in faces.genuine])
    ranked = np.sort(scores)[::-1]
    for rate in RATES:
        allowed = math.floor(rate * count)
        # The threshold as it is written down, rounded up: never laxer than asked for.
        threshold = math.ceil(float(ranked[allowed]) * 1e4 + 1e-6) / 1e4
        false, true = int((scores >= threshold).sum()), int((genuine >= threshold).sum())
        pairs, people = wilson(false, count), over_people(who[scores >= threshold], pictures)
        tmr = wilson(true, len(genuine))
        yield (
            f"FMR {rate:.0e}: threshold {threshold:.4f}, false matches {false}/{count} "
            f"(pairs {pairs[0]:.1e}..{pairs[1]:.1e}, people {people[0]:.1e}..{people[1]:.1e}), "
            f"true matches {true}/{len(genuine)} = {true / len(genuine):.2%} [{tmr[0]:.2%}, {tmr[1]:.2%}]"
        )
    highest = ranked[:8]
    yield "highest impostor pairs: " + ", ".join(f"{score:.3f}" for score in highest)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archive", type=Path)
    parser.add_argument("--cache", type=Path)
    arguments = parser.parse_args()
    for row in rows(load(arguments.archive, arguments.cache)):
        print(row)


if __name__ == "__main__":
    main()
