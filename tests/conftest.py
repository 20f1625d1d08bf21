"""For every test: a skip says why, and fails the run in CI where the evaluation media are present.

Property tests draw the same examples at every run, and are not timed: the machine is shared.
"""

import os

import hypothesis
import pytest
from _pytest.terminal import TerminalReporter

from tests.support.shared import shared_dir

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.load_profile("repeatable")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if exitstatus == pytest.ExitCode.OK and _forbidden_skips(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    for test in _forbidden_skips(config):
        terminalreporter.write_line(f"SKIPPED IN CI ALTHOUGH ITS DATA IS HERE: {test}", red=True)
    if shared_dir() is None:
        terminalreporter.write_line(
            "The evaluation media are not here: nothing was proved about liveness (prints of a face), "
            "about moving faces, or about the error rates of the matcher."
        )


def _forbidden_skips(config: pytest.Config) -> list[str]:
    if os.environ.get("CI") != "true" or shared_dir() is None:
        return []
    reporter = config.pluginmanager.getplugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    return [report.nodeid for report in skipped]
