"""What is in the zip: all that the function needs, and nothing that it does not."""

import ast
import hashlib
import marshal
import platform
import re
import zipfile
from pathlib import Path

from infra.archive import BOTOCORE_SERVICES, largest_parts, repack
from infra.staging import LOCAL_ROOMS

# The bytes before the code in a .pyc: magic, flags, hash of the source (PEP 552).
PYC_HEADER = 16
UNCHECKED_HASH = 0b01

# Lambda takes 50 MB; a cold start reads all of it.
LARGEST_ZIP_BYTES = 17_500_000


def names(package: Path) -> list[str]:
    with zipfile.ZipFile(package / "deployment.zip") as archive:
        return archive.namelist()


def test_our_code_is_in_it_without_the_local_rooms(package: Path) -> None:
    packed = names(package)
    assert {"app.py", "chalice/app.py", "chalicelib/__init__.py"} <= set(packed)
    for room in LOCAL_ROOMS:
        assert not [name for name in packed if name.startswith(f"chalicelib/{room}")]


def test_nothing_of_the_repository_but_the_code_is_in_it(package: Path) -> None:
    unexpected = [".chalice/", "bin/", "infra/", "tests/", "requirements", "vendor/", "moto/"]
    assert not [name for name in names(package) for start in unexpected if name.startswith(start)]


def test_every_module_has_its_bytecode_and_no_bytecode_is_alone(unpacked: Path) -> None:
    tag = f"cpython-{''.join(platform.python_version_tuple()[:2])}"
    expected = {
        source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"
        for source in unpacked.rglob("*.py")
    }
    assert set(unpacked.rglob("*.pyc")) == expected


def test_bytecode_is_never_compared_with_its_source_and_names_lambdas_path(unpacked: Path) -> None:
    (compiled,) = (unpacked / "chalicelib" / "__pycache__").glob("settings.*.pyc")
    content = compiled.read_bytes()
    assert int.from_bytes(content[4:8], "little") == UNCHECKED_HASH
    code = marshal.loads(content[PYC_HEADER:])  # noqa: S302 - our own file
    assert code.co_filename == "/var/task/chalicelib/settings.py"


def test_botocore_describes_only_the_services_that_are_called(unpacked: Path) -> None:
    described = unpacked / "botocore" / "data"
    assert {folder.name for folder in described.iterdir() if folder.is_dir()} == set(
        BOTOCORE_SERVICES
    )
    assert (described / "endpoints.json").is_file()
    assert (described / "partitions.json").is_file()


def test_the_dependencies_are_those_of_the_lock_file(unpacked: Path) -> None:
    lock = (Path(__file__).parents[2] / "requirements-lambda.txt").read_text()
    # Without extras (`name[extra]==version`), which name no package of their own.
    named = [line.split()[0] for line in lock.splitlines() if "==" in line and line[0].isalpha()]
    locked = {re.sub(r"\[.*\]", "", name) for name in named}
    packed = {
        "==".join(folder.name.removesuffix(".dist-info").split("-"))
        for folder in unpacked.glob("*.dist-info")
    }
    assert {name.lower().replace("_", "-") for name in packed} == locked


def test_it_stays_small(package: Path) -> None:
    archive = package / "deployment.zip"
    assert archive.stat().st_size < LARGEST_ZIP_BYTES, largest_parts(archive, 10)


def test_packing_the_same_files_again_gives_the_same_bytes(package: Path, tmp_path: Path) -> None:
    original = (package / "deployment.zip").read_bytes()
    again = tmp_path / "deployment.zip"
    with (
        zipfile.ZipFile(package / "deployment.zip") as packed,
        zipfile.ZipFile(again, "w") as other,
    ):
        for name in reversed([name for name in packed.namelist() if not name.endswith(".pyc")]):
            other.writestr(name, packed.read(name))
    repack(again, tmp_path)
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(original).digest()


def test_no_source_imports_a_room_that_is_not_packed(unpacked: Path) -> None:
    rooms = tuple(f"chalicelib.{room.removesuffix('.py')}" for room in LOCAL_ROOMS)
    for source in [unpacked / "app.py", *(unpacked / "chalicelib").rglob("*.py")]:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert not node.module.startswith(rooms)
