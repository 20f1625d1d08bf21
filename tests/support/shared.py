"""Where the evaluation media are: beside the repository, never in it."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def shared_dir() -> Path | None:
    """The folder of evaluation media: `$VERIFEYE_SHARED`, else `../shared`; None where there is none."""
    folder = Path(os.environ.get("VERIFEYE_SHARED") or REPOSITORY.parent / "shared")
    return folder if (folder / "media").is_dir() else None


def shared_file(*parts: str) -> Path:
    """One file of them, e.g. `shared_file("media", "videos", "x.mp4")`; skips the test where absent."""
    folder = shared_dir()
    if folder is None:
        pytest.skip("the evaluation media are not beside this clone (../shared or VERIFEYE_SHARED)")
    path = folder.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"the evaluation media carry no {'/'.join(parts)}")
    return path
