"""Acme's configuration file is there whole, or not at all."""

import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from verifeye_oidc.demo.acme import Registration
from verifeye_oidc.demo.run import keep

ACME = Registration("http://localhost:8080", "acme", "a-secret", "http://127.0.0.1:8081")


def test_it_is_kept_for_its_owner_only_and_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "acme.json"
    keep(ACME, file)
    assert Registration(**json.loads(file.read_text())) == ACME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        keep(replace(ACME, client_id="another"), file)
    assert Registration(**json.loads(file.read_text())) == ACME
    assert list(tmp_path.iterdir()) == [file]


def test_a_start_that_ends_amid_writing_leaves_nothing(tmp_path: Path) -> None:
    unwritable: Any = object()
    with pytest.raises(TypeError):
        keep(replace(ACME, client_secret=unwritable), tmp_path / "acme.json")
    assert list(tmp_path.iterdir()) == []
