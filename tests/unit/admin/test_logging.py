"""What a command's log says of a failure: where it was, and no value that was there."""

from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner

from verifeye_oidc.admin.cli import main
from verifeye_oidc.observability.logging import configure_logging


@pytest.mark.parametrize("readable", [True, False])
def test_a_traceback_names_code_and_no_local_variable(
    capsys: pytest.CaptureFixture[str], readable: bool
) -> None:
    configure_logging(readable=readable)
    template = "-".join(["planted", "value"])
    try:
        raise ValueError(len(template))
    except ValueError:
        structlog.get_logger("any").exception("failed")
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "test_a_traceback_names_code" in said
    assert "planted-value" not in said


@pytest.mark.parametrize("command", [["client", "list"], ["enrollment", "list"], ["keys", "list"]])
def test_every_command_that_opens_an_installation_logs_like_that(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERIFEYE_OIDC_ISSUER", "http://localhost:8080")
    monkeypatch.setenv("VERIFEYE_OIDC_DATA_DIR", str(tmp_path))
    structlog.reset_defaults()
    assert CliRunner().invoke(main, command).exit_code == 0
    assert structlog.is_configured()
