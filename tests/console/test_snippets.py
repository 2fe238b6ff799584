"""Snippets say what was registered, and run nothing of it."""

import ast
import json
import subprocess

import pytest

from chalicelib.oauth.model import (
    Application,
    GrantType,
    LifeCycle,
    LifeCycleType,
    RedirectStrategy,
)
from chalicelib.pages.console.snippets import snippets_of
from chalicelib.registry.model import Registration

ISSUER = "https://login.example"
CLIENT_ID = "app_" + "0" * 26
HOSTILE = (
    "https://x.example/$(touch$IFS/tmp/pwned)?q=@CREDENTIAL@",
    "https://x.example/';touch$IFS/tmp/pwned;'",
    "https://x.example/`id`&id;id|id",
    "https://a.example/$cb?y=$env:PATH&z=$(Get-Date)",
    "https://x.example/@SCOPE@@ISSUER@",
)


def texts(uri: str) -> dict[str, str]:
    application = Application(
        client_id=CLIENT_ID,
        name="Shop",
        grant_type=GrantType.AUTHORIZATION_CODE,
        allowed_scopes=frozenset({"login"}),
        life_cycle=LifeCycle(LifeCycleType.ABSOLUTE, 3600),
        redirect_strategy=RedirectStrategy.WEB_APPLICATION,
    )
    registration = Registration(application, 0, 0, redirect_uris=(uri,))
    return {snippet.language: snippet.text for snippet in snippets_of(registration, ISSUER)}


def after(text: str, start: str) -> str:
    """The rest of the line that begins so."""
    (line,) = [line.strip() for line in text.splitlines() if line.strip().startswith(start)]
    return line.removeprefix(start)


@pytest.mark.parametrize("uri", HOSTILE)
@pytest.mark.checklist("13")
def test_a_shell_is_given_the_uri_and_runs_none_of_it(uri: str) -> None:
    literal = after(texts(uri)["curl"], "--data-urlencode redirect_uri=").removesuffix(" \\")
    done = subprocess.run(  # noqa: S603 - what is shown is tried
        ["bash", "-c", f"printf %s {literal}"],  # noqa: S607 - the system's own shell
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    assert done.stdout == uri


@pytest.mark.parametrize("uri", HOSTILE)
@pytest.mark.checklist("13")
def test_the_uri_is_one_literal_of_each_language(uri: str) -> None:
    found = texts(uri)
    assert ast.literal_eval(after(found["Python"], "redirect_uri=").removesuffix(",")) == uri
    assert json.loads(after(found["JavaScript"], "redirect_uri: ").removesuffix(",")) == uri
    quoted = after(found["PowerShell"], "redirect_uri = ")
    assert quoted.startswith("'" + uri.replace("'", "''") + "'; client_id")
    # What looks like a place to put the credential is none.
    for text in found.values():
        assert text.count("GRANTLINE_CLIENT_SECRET") <= 1
