"""The verifier, and the examples around it as the documentation has them, on the local server."""

import asyncio
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import chalicelib.verifier
from chalicelib.verifier import InsufficientScope, InvalidToken, TokenVerifier
from tests.flows.clients import Administrator, get_token, post_form
from tests.flows.server import ROOT, Server

PAGE = ROOT / "docs" / "protect-your-api.md"


def example(number: int, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """What an example of the page defines, with the file copied under the name it is given."""
    monkeypatch.setitem(sys.modules, "grantline_verifier", chalicelib.verifier)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    defined: dict[str, Any] = {}
    exec(blocks[number], defined)  # noqa: S102 - the page is our own
    protected: Callable[..., Any] = defined["protected"]
    return protected


@pytest.fixture
def service(server: Server) -> dict[str, Any]:
    """A resource server, registered as the page says."""
    return Administrator(server).register(
        grant_type="bearer_token", allowed_scopes=["login"], introspection="any"
    )


@pytest.fixture
def verifier(server: Server, service: dict[str, Any]) -> TokenVerifier:
    return TokenVerifier(server.issuer, service["client_id"], service["client_secret"])


@pytest.fixture
def token(server: Server) -> str:
    application = server.credentials["applications"]["all"]
    value: str = get_token(server, application, scope="api")["access_token"]
    return value


def test_a_token_is_verified_until_it_is_revoked(
    server: Server, verifier: TokenVerifier, token: str
) -> None:
    application = server.credentials["applications"]["all"]
    caller = verifier.verify(token, "api")
    assert caller.client_id == application["client_id"]
    assert caller.claims["username"] == "domain\\jdoe"
    with pytest.raises(InsufficientScope):
        verifier.verify(token, "rpa")
    auth = (application["client_id"], application["client_secret"])
    assert post_form(server, "/revoke", data={"token": token}, auth=auth).status_code == 200
    with pytest.raises(InvalidToken):
        verifier.verify(token, "api")


def test_the_wsgi_example_lets_in_who_holds_the_scope(
    verifier: TokenVerifier, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [environ["grantline.caller"].client_id.encode()]

    def call(scope: str, **environ: str) -> tuple[str, dict[str, str], bytes]:
        met: list[Any] = []
        content = protected(app, verifier, scope)(environ, lambda *answer: met.extend(answer))
        return met[0], dict(met[1]), b"".join(content)

    protected = example(0, monkeypatch)
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    assert call("api", **bearer)[0] == "200 OK"
    status, headers, _ = call("rpa", **bearer)
    assert status.startswith("403")
    assert 'scope="rpa"' in headers["WWW-Authenticate"]
    assert call("api")[0].startswith("401")


def test_the_asgi_example_lets_in_who_holds_the_scope(
    verifier: TokenVerifier, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def app(connection: Any, _: Any, send: Any) -> None:
        assert connection["state"]["caller"].scopes == {"api"}
        await send({"type": "http.response.start", "status": 200, "headers": []})

    def call(scope: str, *headers: tuple[bytes, bytes], kind: str = "http") -> dict[str, Any]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        connection = {"type": kind, "headers": list(headers)}

        def run() -> None:
            asyncio.run(protected(app, verifier, scope)(connection, None, send))

        # In a thread of its own: in this one a browser's driver may have left a loop running.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(run).result()
        message: dict[str, Any] = sent[0]
        return message

    protected = example(1, monkeypatch)
    bearer = (b"authorization", f"Bearer {token}".encode())
    assert call("api", bearer)["status"] == 200
    assert call("rpa", bearer)["status"] == 403
    assert call("api", bearer, bearer)["status"] == 401
    refused = call("api")
    assert refused["status"] == 401
    # ASGI takes names of headers in lower case.
    assert all(name == name.lower() for name, _ in refused["headers"])
    assert call("api", bearer, kind="websocket")["status"] == 200
    assert call("api", kind="websocket") == {"type": "websocket.close", "code": 1008}
