"""What whole captures decide on real clips and stills: time, liveness, matching.

    VERIFEYE_SHARED=FOLDER python -m bench.faces.clips

Every two seconds of a clip another attempt starts and is fed eight frames a second, as a browser would, for
at most five seconds. A still is held before the camera: the same frame again and again. The label is the
first word of the file's name.
"""

import os
from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import cv2
import numpy as np

from verifeye_oidc.faces import RECIPE, Engine, Measurement, Template, models, similarity

RATE = 8.0
PATIENCE = 5.0
STEP = 2.0

Frame = tuple[float, bytes]
Result = tuple[float, Measurement] | None


def media() -> Path:
    default = Path(__file__).resolve().parents[3] / "shared"
    return Path(os.environ.get("VERIFEYE_SHARED", default)) / "media"


def frames(path: Path) -> list[Frame]:
    """The clip at `RATE` frames a second or its own rate, whichever is lower, as JPEGs."""
    clip = cv2.VideoCapture(str(path))
    fps = clip.get(cv2.CAP_PROP_FPS)
    due = 0.0
    kept: list[Frame] = []
    for index in count():
        read, image = clip.read()
        if not read:
            return kept
        if index / fps >= due:
            kept.append((index / fps, jpeg(image)))
            due += 1 / RATE
    return kept


def jpeg(image: cv2.typing.MatLike) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def attempt(engine: Engine, feed: list[Frame]) -> Result:
    capture = engine.new_capture(liveness=True)
    for at, frame in feed:
        if at - feed[0][0] > PATIENCE:
            break
        seen = capture.observe(frame, at)
        if seen.measurement:
            return at - feed[0][0], seen.measurement
    return None


def attempts(engine: Engine, path: Path) -> list[Result]:
    if path.suffix in {".jpg", ".png"}:
        image = cv2.imread(str(path))
        assert image is not None
        frame = jpeg(
            cv2.resize(image, None, fx=scale, fy=scale) if (scale := 960 / max(image.shape)) < 1 else image
        )
        return [attempt(engine, [(step / RATE, frame) for step in range(12)])]
    feed = frames(path)
    starts = np.arange(0, max(feed[-1][0] - 1.5, 0.1), STEP)
    return [attempt(engine, [item for item in feed if item[0] >= start]) for start in starts]


def summary(results: list[Result]) -> str:
    done = [result for result in results if result]
    live = sum(bool(measurement.live) for _, measurement in done)
    times = sorted(at for at, _ in done)
    scores = sorted(measurement.liveness_score or 0.0 for _, measurement in done)
    text = f"{len(results)} attempts, {len(done)} measured, {live} live"
    if done:
        text += f", score median {scores[len(scores) // 2]:.3f}, seconds median {times[len(times) // 2]:.2f}"
        text += f" worst {times[-1]:.2f}"
    return text


def person(path: Path) -> str:
    """Who a live clip or still shows, by its name; two clips show one man, many stills one of NUAA's."""
    if path.stem.startswith("clm_cap"):
        return "clm_cap"
    return path.stem.split("nuaa_")[1][:4] if "nuaa_" in path.stem else path.stem


def matching(templates: list[tuple[str, Template]]) -> Iterator[str]:
    """Every live measurement against every other one."""
    genuine: list[float] = []
    impostor: list[float] = []
    for index, (name, template) in enumerate(templates):
        for other, against in templates[index + 1 :]:
            (genuine if name == other else impostor).append(similarity(template, against))
    yield (
        f"genuine {len(genuine)} pairs, lowest {min(genuine):.3f}; "
        f"impostor {len(impostor)}, highest {max(impostor):.3f}"
    )
    for point in RECIPE.operating_points:
        true, false = (sum(score >= point.threshold for score in scores) for scores in (genuine, impostor))
        yield f"at FMR {point.false_match_rate:.0e}: {true / len(genuine):.2%} matched, {false} false matches"


def report(engine: Engine, folder: Path) -> Iterator[str]:
    groups: defaultdict[str, list[Result]] = defaultdict(list)
    templates: list[tuple[str, Template]] = []
    for path in sorted((folder / "videos").iterdir()):
        results = attempts(engine, path)
        attack = path.name.startswith("print")
        groups["print, clips" if attack else "live, clips"] += results
        if not attack:
            templates += [(person(path), result[1].template) for result in results if result]
        yield f"{path.stem:50} {summary(results)}"
    for path in sorted((folder / "spoof").iterdir()):
        groups[" ".join(path.name.split("_")[:2]) + ", stills"] += attempts(engine, path)
    for name, results in groups.items():
        yield f"{name:50} {summary(results)}"
    yield from (f"clips: {row}" for row in matching(templates))
    stills = [*(folder / "photos").glob("nuaa_*"), *(folder / "spoof").glob("live_nuaa_*")]
    measured = [
        (person(path), result[1].template) for path in stills for result in attempts(engine, path) if result
    ]
    yield from (
        f"stills of NUAA, {len(measured)} of {len(stills)} measured: {row}" for row in matching(measured)
    )


if __name__ == "__main__":
    for row in report(Engine.load(models.default_dir()), media()):
        print(row, flush=True)
