"""What the console shows after registering, run as it is: each grant, each language at hand."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.certificates import PrivateKey, ec_key, pem, rsa_key
from tests.console.forms import GRANTS
from tests.flows.clients import whoami
from tests.flows.server import ROOT, Server
from tests.flows.visitor import Visitor
from tests.harness import START
from tests.pages.documents import Document

NODE = ROOT / "tests" / "browser" / "node"
SECRET = "GRANTLINE_CLIENT_SECRET"
KEY_FILE = "GRANTLINE_PRIVATE_KEY_FILE"
TOKEN = re.compile(r"gla_[A-Za-z0-9._-]+")
LANGUAGES = ("curl", "Python", "JavaScript")
# openssl writes EC signatures in another form than JWTs hold them, so there is no curl for them.
CURVES = ("P-256", "P-384", "P-521")
TIMEOUT_SECONDS = 60


class Registered:
    """The page after registering, and what its reader keeps in the environment."""

    def __init__(self, server: Server, form: Mapping[str, str], **environ: str) -> None:
        visitor = Visitor(server.issuer)
        visitor.open(server.url("/console/register"))
        visitor.log_in(server.credentials["administrator"])
        (empty,) = [one for one in Document(visitor.html).forms if "name" in one.fields]
        typed = {**empty.fields, "name": f"Snippet {uuid4()}", **form}
        visitor.send(empty.action, typed)
        assert visitor.status == 201, Document(visitor.html).text
        self._page = Document(visitor.html)
        secret = {SECRET: self.text("client_secret")} if self._page.has("client_secret") else {}
        self._environ = {"PATH": os.environ["PATH"], **secret, **environ}

    def text(self, name: str) -> str:
        """What stands in the element of this id."""
        return self._page.by_id(name).text

    def start(self, language: str) -> "subprocess.Popen[str]":
        """The first program in this language."""
        summaries = [one.text for one in self._page.all("summary")]
        programs = [one.text for one in self._page.all("pre") if one["id"].startswith("snippet_")]
        places = [text.partition(":")[0] for text in summaries if ": " in text]
        program = programs[places.index(language)]
        return subprocess.Popen(  # noqa: S603 - what is shown is tried
            [*_interpreter(language), program],
            cwd=NODE,
            env=self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, language: str) -> str:
        """The access token that the program ends with."""
        with self.start(language) as process:
            return _token(process, "")


def _interpreter(language: str) -> list[str]:
    if language == "curl":
        return ["/bin/bash", "-c"]
    if language == "Python":
        return [sys.executable, "-c"]
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    return [node, "--input-type=module", "-e"]


def _token(process: "subprocess.Popen[str]", answer: str) -> str:
    out, errors = process.communicate(answer, timeout=TIMEOUT_SECONDS)
    assert process.returncode == 0, errors
    found = TOKEN.search(out)
    assert found is not None, out
    return found.group()


def pair_in(folder: Path, key: PrivateKey) -> tuple[str, str]:
    """A certificate of today as text, and where its key lies."""
    file = folder / "client.key"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    today = (time.time() - START) / 86_400
    return pem(key, first_day=today - 1, last_day=today + 90), str(file)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("grant_type", ["client_credentials", "bearer_token", "all"])
def test_a_secret_gets_a_token(server: Server, grant_type: str, language: str) -> None:
    app = Registered(server, {"grant_type": grant_type, **GRANTS[grant_type]})
    me = whoami(server, app.run(language)).json()
    assert me["client_id"] == app.text("client_id")


@pytest.mark.parametrize(
    ("language", "kind"),
    [(language, "RSA") for language in LANGUAGES]
    + [(language, curve) for language in ("Python", "JavaScript") for curve in CURVES],
)
def test_a_signed_jwt_gets_a_token(
    server: Server, tmp_path: Path, language: str, kind: str
) -> None:
    certificate, key_file = pair_in(tmp_path, rsa_key() if kind == "RSA" else ec_key(kind))
    form = {**GRANTS["client_certificate"], "certificate": certificate}
    app = Registered(server, {"grant_type": "client_certificate", **form}, **{KEY_FILE: key_file})
    me = whoami(server, app.run(language)).json()
    assert (me["client_id"], me["scope"]) == (app.text("client_id"), "odata_query")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("public", ["false", "true"])
def test_a_person_is_logged_in(server: Server, public: str, language: str) -> None:
    if language == "JavaScript" and not (NODE / "node_modules").is_dir():
        pytest.skip("openid-client is installed for the browser tests: tests/browser/node")
    form = {"grant_type": "authorization_code", **GRANTS["authorization_code"], "public": public}
    app = Registered(server, form)
    with app.start(language) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        person = Visitor(server.issuer)
        person.open(url)
        person.log_in(server.credentials["user"])
        person.submit({"decision": "allow"})
        # Our curl snippet asks for the code, the others for the whole URL.
        answer = person.answer["code"] if language == "curl" else person.url
        token = _token(process, answer + "\n")
    me = whoami(server, token).json()
    assert (me["client_id"], me["user_name"]) == (app.text("client_id"), "jdoe")
