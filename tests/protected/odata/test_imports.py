"""What OData needs is imported with its first request, and nothing that the package leaves out."""

import ast
import subprocess
import sys
from pathlib import Path

from infra.archive import UNUSED_FOLDERS

ROOT = Path(__file__).resolve().parents[3]

IN_ORDER = """
import sys
from tests.harness import World

world = World()
user = world.add_user("admon", "administrator")
client = world.add_client(user_id=user.user_id, allowed_scopes=frozenset({"api", "admin"}))
token = world.process.get_token(client).token
heavy = ("odatapy", "pydantic", "scim2_models", "scim2_server", "jinja2")

def loaded():
    return [name for name in heavy if name in sys.modules]

assert loaded() == [], loaded()
headers = {"Authorization": f"Bearer {token}"}
assert world.process.call("GET", "/admin/queries", headers=headers).status == 200
assert loaded() == ["pydantic"], loaded()
assert world.process.call("GET", "/odata/data", headers=headers).status == 200
assert loaded() == ["odatapy", "pydantic"], loaded()
left_out = [name for name in sys.modules if name.startswith(("odatapy.client", "odatapy.ext"))]
assert left_out == [], left_out
"""


def test_odatapy_is_imported_with_the_first_odata_request_alone() -> None:
    subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", IN_ORDER], cwd=ROOT, check=True, stdout=subprocess.PIPE
    )


def test_no_source_imports_a_part_of_odatapy_that_is_not_packed() -> None:
    missing = {name.replace("/", ".") for name in UNUSED_FOLDERS if name.startswith("odatapy/")}
    assert missing
    for source in (ROOT / "chalicelib").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith(tuple(missing)), source
