"""What the function carries: trimmed, compiled and packed, the same bytes for the same source."""

import shutil
import sys
import zipfile
from collections import Counter
from pathlib import Path

from infra.staging import run

BOTOCORE_SERVICES = ("dynamodb", "events", "kms", "s3")
"""botocore describes some 400 services, 28 MB; these are the ones that are called."""

UNUSED_FOLDERS = (
    "aws_lambda_powertools/event_handler",  # Chalice routes; this brings a copy of Swagger UI
    "bin",  # commands of the dependencies
    "boto3/data",  # descriptions behind boto3.resource(), which is not used
    "boto3/examples",
    "cffi",  # compiles bindings; cryptography brings its own, and needs the backend beside it alone
    "dns",  # email-validator's, to look up mail servers; addresses are only parsed here
    "odatapy/client",
    "odatapy/ext",  # other stores
    "pycparser",  # cffi's, to compile
)
UNUSED_FILES = (
    "**/*.dist-info/INSTALLER",  # pip's own notes
    "**/*.dist-info/RECORD",
    "**/*.dist-info/REQUESTED",
    "**/*.dist-info/direct_url.json",
    "botocore/data/**/examples-1.json*",
    "**/*.pyi",  # for type checkers and compilers
    "**/*.h",
)

# The moment in every entry: a zip cannot say earlier.
FIXED_TIME = (1980, 1, 1, 0, 0, 0)
ORDINARY_FILE = 0o100644 << 16

# Lambda unpacks to /var/task, which is read-only, so what is not compiled here is compiled at every
# cold start. Unchecked: there is no time stamp to compare with. Bytecode depends on which strings
# the compiling process shares already, hence a bare process, relative names and a fixed order.
COMPILE = """
import os, py_compile
sources = [
    os.path.join(folder, name)[2:]
    for folder, _, names in os.walk(".") for name in names if name.endswith(".py")
]
for source in sorted(sources):
    py_compile.compile(
        source,
        dfile="/var/task/" + source,
        doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
"""


def trim(vendored: Path) -> None:
    """Remove what the function never reads from a folder of installed packages."""
    for service in (vendored / "botocore" / "data").iterdir():
        if service.is_dir() and service.name not in BOTOCORE_SERVICES:
            shutil.rmtree(service)
    for folder in UNUSED_FOLDERS:
        shutil.rmtree(vendored / folder, ignore_errors=True)
    for pattern in UNUSED_FILES:
        for file in vendored.glob(pattern):
            file.unlink()


def repack(archive: Path, work: Path) -> None:
    """Compile every module in `archive` and write it again in a fixed order, with fixed times."""
    tree = work / "unpacked"
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tree)
    run([sys.executable, "-I", "-S", "-c", COMPILE], tree)
    entries = sorted(
        (file.relative_to(tree).as_posix(), file) for file in tree.rglob("*") if file.is_file()
    )
    with zipfile.ZipFile(archive, "w") as packed:
        for name, file in entries:
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.external_attr = ORDINARY_FILE
            entry.create_system = 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, file.read_bytes(), compresslevel=9)


def largest_parts(archive: Path, count: int) -> list[tuple[str, int]]:
    """The `count` largest top-level names in `archive`, with their compressed bytes."""
    sizes: Counter[str] = Counter()
    with zipfile.ZipFile(archive) as packed:
        for entry in packed.infolist():
            sizes[entry.filename.split("/")[0]] += entry.compress_size
    return sizes.most_common(count)
