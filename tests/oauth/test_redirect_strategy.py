"""Which redirect URIs are an application's own."""

import pytest

from chalicelib.oauth.model import (
    Application,
    GrantType,
    LifeCycle,
    LifeCycleType,
    RedirectStrategy,
)
from chalicelib.oauth.redirect_strategy import hash_redirect_uri, is_registered

URI = "https://client.example/callback?a=b"


def application(strategy: RedirectStrategy | None, port: int | None = None) -> Application:
    return Application(
        client_id="app_01hzy3v7q8r9s0t1v2w3x4y5z6",
        name="Portal",
        grant_type=GrantType.AUTHORIZATION_CODE,
        allowed_scopes=frozenset({"api"}),
        life_cycle=LifeCycle(LifeCycleType.ABSOLUTE, 60),
        redirect_strategy=strategy,
        redirect_uri_hashes=frozenset({hash_redirect_uri(URI)}),
        localhost_port=port,
    )


@pytest.mark.checklist("1")
@pytest.mark.parametrize(
    "uri", [URI[:-1], URI + "c", URI.upper(), URI + "#x", URI.replace("/c", "//c"), "", "x" * 600]
)
def test_a_web_applications_uri_is_compared_as_it_is(uri: str) -> None:
    app = application(RedirectStrategy.WEB_APPLICATION)
    assert is_registered(app, URI)
    assert not is_registered(app, uri)


@pytest.mark.checklist("3")
@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:80/",
        "http://127.0.0.1/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:65536/",
        "http://127.0.0.1:1\u0662\u0663/",
        "http://127.0.0.1:8080",
        "http://127.0.0.1:8080/x",
        "http://127.0.0.1:8080/?x",
        "http://127.0.0.1:8080/\n",
        "http://127.0.0.1.evil:8080/",
        "https://localhost.evil:8080/",
        "http://127.0.0.2:8080/",
    ],
)
def test_of_a_loopback_uri_only_the_port_may_vary(uri: str) -> None:
    app = application(RedirectStrategy.MOBILE_LOCALHOST_PORT)
    assert is_registered(app, "http://127.0.0.1:8080/")
    assert is_registered(app, "http://[::1]:65535/")
    assert is_registered(app, "https://localhost:1/")
    assert not is_registered(app, uri)


def test_a_fixed_port_does_not_vary() -> None:
    app = application(RedirectStrategy.MOBILE_LOCALHOST_PORT, 8400)
    assert is_registered(app, "http://127.0.0.1:8400/")
    assert not is_registered(app, "http://127.0.0.1:8401/")


def test_without_a_strategy_there_is_no_redirect_uri() -> None:
    assert not is_registered(application(None), URI)
