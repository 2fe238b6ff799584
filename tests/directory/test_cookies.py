"""How the browser's cookies are named, set, cleared and read back."""

import pytest

from chalicelib.directory.cookies import prelogin_cookie, session_cookie
from chalicelib.oauth.messages import Request

HTTPS = session_cookie("https://auth.example")
LOCAL = session_cookie("http://127.0.0.1:8000")


def request(*cookies: str) -> Request:
    return Request("GET", "/", headers={"cookie": cookies} if cookies else {})


@pytest.mark.checklist("15")
def test_over_https_a_cookie_is_bound_to_the_host() -> None:
    assert HTTPS.set("v") == ("__Host-grantline-session=v; Path=/; HttpOnly; SameSite=Lax; Secure")
    assert HTTPS.clear() == (
        "__Host-grantline-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure"
    )


def test_over_local_http_a_cookie_has_a_plain_name() -> None:
    assert LOCAL.set("v") == "grantline-session=v; Path=/; HttpOnly; SameSite=Lax"


def test_the_two_cookies_differ() -> None:
    assert prelogin_cookie("https://auth.example").name == "__Host-grantline-prelogin"
    assert prelogin_cookie("http://localhost:8000").name == "grantline-prelogin"


def test_a_cookie_is_read_among_others() -> None:
    sent = "a=b; __Host-grantline-session=v.w-x_1=; c"
    assert HTTPS.read(request(sent)) == "v.w-x_1="
    assert HTTPS.read(request("a=b", "__Host-grantline-session=v")) == "v"
    assert HTTPS.read(request("__Host-grantline-session=v; __Host-grantline-session=v")) == "v"


@pytest.mark.parametrize(
    "sent",
    [
        (),
        ("",),
        ("a=b",),
        ("grantline-session=v",),
        ("x__Host-grantline-session=v",),
        ("__HOST-GRANTLINE-SESSION=v",),
        ("__Host-grantline-session=v; __Host-grantline-session=w",),
        ("__Host-grantline-session=v", "__Host-grantline-session=w"),
        ("__Host-grantline-session=v; " + "a=b; " * 5000,),
        (";;;===;",),
    ],
)
def test_what_is_absent_foreign_or_doubtful_is_no_cookie(sent: tuple[str, ...]) -> None:
    assert HTTPS.read(request(*sent)) is None
