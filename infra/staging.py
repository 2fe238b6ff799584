"""The clean copy that Chalice packs: our code without its local rooms, and the locked wheels.

Chalice's own way with a requirements.txt checks no hash where the machine's wheel does not fit
Lambda: it asks pip a second time for the bare `name==version`, and builds what it finds no wheel
for. So pip installs the lock file itself, hashes checked, wheels of Lambda's platform alone, into
`vendor/`, which Chalice packs as it is.
"""

import json
import os
import shutil
import subprocess  # nosec B404 # - of pip, Chalice and cfn-lint
import sys
from pathlib import Path

LOCAL_ROOMS = ("local", "cli", "verifier.py")
"""What of chalicelib never runs in AWS."""

LOCK_FILE = "requirements-lambda.txt"

# Amazon Linux 2023 under Python 3.12 and later has glibc 2.34; Amazon Linux 2 had 2.26. pip takes
# each --platform literally, so every version that fits is named.
GLIBC_MINOR = 34 if sys.version_info >= (3, 12) else 26
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in range(GLIBC_MINOR, 16, -1)]

# Nothing but what the lock file names, as its authors built it, for CPython.
WHEELS_ALONE = (
    "--require-hashes",
    "--only-binary=:all:",
    "--no-deps",
    "--no-compile",
    "--implementation=cp",
    "--abi=abi3",
    "--abi=none",
    "--quiet",
    "--disable-pip-version-check",
)

PRINT_PATHS = "import json, app; print(json.dumps(sorted(app.app.routes)))"


class PackagingFailed(Exception):
    """A step failed; the message is what its command printed."""


def stage(project: Path, staging: Path) -> None:
    """Copy app.py, chalicelib and .chalice of `project` to the new folder `staging`."""
    staging.mkdir(parents=True)
    shutil.copy(project / "app.py", staging)
    shutil.copytree(project / "chalicelib", staging / "chalicelib", ignore=_leave_out_local_rooms)
    (staging / ".chalice").mkdir()
    for file in (project / ".chalice").glob("*.json"):
        shutil.copy(file, staging / ".chalice")


def _leave_out_local_rooms(folder: str, names: list[str]) -> set[str]:
    left_out = {name for name in names if name == "__pycache__" or name.endswith(".pyc")}
    if Path(folder).name == "chalicelib":
        left_out.update(name for name in names if name in LOCAL_ROOMS)
    return left_out


def vendor(project: Path, folder: Path) -> None:
    """Install the lock file's wheels for Lambda's platform into `folder`, every hash checked."""
    major, minor, *_ = sys.version_info
    arguments = ["--target", str(folder), "--requirement", str(project / LOCK_FILE)]
    arguments += ["--python-version", f"{major}.{minor}", "--abi", f"cp{major}{minor}"]
    for platform in PLATFORMS:
        arguments += ["--platform", platform]
    run([sys.executable, "-m", "pip", "install", *WHEELS_ALONE, *arguments], folder.parent)


def paths_of(staging: Path) -> list[str]:
    """Every path of the staged app's own route table, sorted."""
    paths: list[str] = json.loads(run([sys.executable, "-c", PRINT_PATHS], staging))
    return paths


def chalice_package(staging: Path, merge_template: Path, out: Path) -> None:
    """Have Chalice write deployment.zip and sam.json into `out`."""
    command = [sys.executable, "-c", "from chalice.cli import main; main()", "package"]
    run([*command, "--merge-template", str(merge_template), str(out)], staging)


def run(command: list[str], folder: Path) -> str:
    """What `command` printed. Importing the app needs a region, and no AWS at all.

    Raises PackagingFailed.
    """
    environ = os.environ | {"AWS_EC2_METADATA_DISABLED": "true", "PYTHONDONTWRITEBYTECODE": "1"}
    environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    done = subprocess.run(  # noqa: S603 - no word from outside # nosec B603
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise PackagingFailed(f"{' '.join(command[:4])} …\n{done.stdout}{done.stderr}")
    return done.stdout
