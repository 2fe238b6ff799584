"""A skipped test in CI is a failure, unless it is named below with the reason why it may be."""

import os

import pytest

# A part of a test's id, and why a machine of CI need not be able to run it.
ALLOWED: dict[str, str] = {}


class SkipsAreFailures:
    """Collects what was skipped and fails the session for it."""

    def __init__(self) -> None:
        self.skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # A test marked xfail that fails is reported as skipped, with `wasxfail`.
        if report.skipped and not hasattr(report, "wasxfail"):
            self._note(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._note(report.nodeid)

    def _note(self, nodeid: str) -> None:
        if not any(part in nodeid for part in ALLOWED):
            self.skipped.append(nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.skipped:
            terminalreporter.section("skipped in CI without a reason in tests/plugins/skips.py")
            for nodeid in self.skipped:
                terminalreporter.write_line(nodeid)


def pytest_configure(config: pytest.Config) -> None:
    # A worker of xdist reports to the process that started it, which judges.
    if os.environ.get("CI") == "true" and not hasattr(config, "workerinput"):
        config.pluginmanager.register(SkipsAreFailures())
