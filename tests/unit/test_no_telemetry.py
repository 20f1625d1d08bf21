"""Nothing that we run on reports that it runs."""

import os
import subprocess
import sys
from pathlib import Path


def test_loading_the_engine_leaves_no_device_id_behind(tmp_path: Path) -> None:
    """ONNX Runtime keeps an id and a queue of events in the home directory as soon as it is imported."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name != "ORT_DISABLE_TELEMETRY" and not name.startswith("XDG_")
    }
    subprocess.run(
        [sys.executable, "-c", "import verifeye_oidc.faces.engine"],
        env=inherited | {"HOME": str(tmp_path)},
        check=True,
    )
    assert list(tmp_path.rglob("*")) == []
