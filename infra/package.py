"""`python -m infra.package`: builds deployment.zip and its checked template into build/package."""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from infra.archive import largest_parts, repack, trim
from infra.staging import PackagingFailed, chalice_package, paths_of, run, stage, vendor
from infra.template import merge_template

PROJECT = Path(__file__).resolve().parent.parent
CFN_LINT = "import sys; from cfnlint.runner import main; sys.exit(main())"
LARGEST_PARTS = 10
MEGABYTE = 1_000_000


def build(project: Path, out: Path) -> None:
    """Write deployment.zip and sam.json into the new folder `out`. Raises PackagingFailed."""
    out = out.absolute()  # Chalice runs in another folder
    with tempfile.TemporaryDirectory(prefix="grantline-package-") as temporary:
        work = Path(temporary)
        staging = work / "staging"
        stage(project, staging)
        vendor(project, staging / "vendor")
        trim(staging / "vendor")
        overlay = work / "merge.json"
        overlay.write_text(json.dumps(merge_template(project / "infra", paths_of(staging))))
        chalice_package(staging, overlay, out)
        repack(out / "deployment.zip", work)


def lint(out: Path) -> None:
    """Run cfn-lint on the template, as SAM expands it. Raises PackagingFailed."""
    run([sys.executable, "-c", CFN_LINT, "--template", "sam.json"], out)


def main() -> int:
    """Build, lint and say what was built."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=PROJECT / "build" / "package")
    out: Path = parser.parse_args().out
    shutil.rmtree(out, ignore_errors=True)
    try:
        build(PROJECT, out)
        lint(out)
    except PackagingFailed as error:
        print(error, file=sys.stderr)
        return 1
    archive = out / "deployment.zip"
    print(f"{archive}: {archive.stat().st_size / MEGABYTE:.1f} MB, of which")
    for name, size in largest_parts(archive, LARGEST_PARTS):
        print(f"  {size / MEGABYTE:6.2f} MB  {name}")
    print(f"{out / 'sam.json'}: cfn-lint found nothing")
    return 0


if __name__ == "__main__":
    sys.exit(main())
