"""Keeps the tests of a folder that share a server, or a browser, in one process of xdist."""

from typing import Any

from xdist.scheduler import LoadScopeScheduling

# Each with a fixture of the whole run that takes seconds to make.
TOGETHER = ("tests/browser/", "tests/cli/", "tests/flows/")


class ByFolder(LoadScopeScheduling):
    """Hands out these folders whole, the largest first, and every other test by itself."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid)


def pytest_xdist_make_scheduler(config: Any, log: Any) -> ByFolder:
    """In place of xdist's own."""
    return ByFolder(config, log)
