"""Who one is logged in as, and where: one file a profile, readable by its owner alone."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from chalicelib.cli.failures import ExitCode, Failure, refuse_usage
from chalicelib.local.credentials import prepare, write_private

DEFAULT_PROFILE = "default"

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def login_command(name: str) -> str:
    """What to type to log in as this profile."""
    return "grantline login" if name == DEFAULT_PROFILE else f"grantline --profile {name} login"


@dataclass(frozen=True, slots=True)
class Profile:
    """A login. `ends_at`: epoch seconds, None: the access token never ends."""

    issuer: str
    client_id: str
    access_token: str = field(repr=False)
    ends_at: int | None
    refresh_token: str | None = field(default=None, repr=False)
    scope: str = ""


class Profiles:
    """The profiles of one person on one machine."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._directory = _directory(environ)

    def load(self, name: str) -> Profile | None:
        """None where nobody logged in. Raises Failure for a file that cannot be read."""
        path = self._path(name)
        try:
            return _profile(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise Failure(
                ExitCode.NOT_ALLOWED,
                f"{path} cannot be read ({type(error).__name__}): log in again.",
            ) from None

    def prepare(self, name: str) -> None:
        """Find out whether a login can be kept, before there is one. Raises Failure."""
        path = self._path(name)
        with _told(path):
            prepare(path.parent)

    def save(self, name: str, profile: Profile) -> None:
        """Write the file, whole or not at all. Raises Failure."""
        self.prepare(name)
        path = self._path(name)
        with _told(path):
            write_private(path, json.dumps(asdict(profile), indent=2).encode("utf-8") + b"\n")

    def remove(self, name: str) -> None:
        """Forget a login. Raises Failure."""
        path = self._path(name)
        with _told(path):
            path.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise refuse_usage("A profile's name has lower-case letters, digits and hyphens.")
        return self._directory / "profiles" / f"{name}.json"


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Raises Failure where the system does not let us."""
    try:
        yield
    except OSError as error:
        raise refuse_usage(f"{path} cannot be written: {error.strerror}.") from None


def _profile(held: dict[str, object]) -> Profile:
    """Raises TypeError for what is none."""
    profile = Profile(**held)  # type: ignore[arg-type] # looked at below
    texts = (profile.issuer, profile.client_id, profile.access_token, profile.scope)
    optional = ((profile.ends_at, int), (profile.refresh_token, str))
    if not all(isinstance(text, str) for text in texts) or not all(
        value is None or isinstance(value, kind) for value, kind in optional
    ):
        raise TypeError
    return profile


def _directory(environ: Mapping[str, str]) -> Path:
    """`GRANTLINE_CONFIG_DIRECTORY`, or the place that the XDG base directories give."""
    own = environ.get("GRANTLINE_CONFIG_DIRECTORY")
    if own:
        return Path(own)
    base = environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path(os.path.expanduser("~/.config"))) / "grantline"  # noqa: PTH111 - Path.home() raises where there is none
