"""Redirect URIs of a web application."""

import pytest

from chalicelib.registry.redirect_uris import validate_https_uri, validate_redirect_uris


@pytest.mark.parametrize(
    "uri",
    [
        "https://client.example/callback",
        "https://client.example",
        "https://client.example:8443/a/b?c=d&e=%20",
        "https://xn--bcher-kva.example/",
        "https://192.0.2.1/",
        "https://[2001:db8::1]:444/",
        "https://localhost/",
        "https://client.example/.well-known/x",
        "https://client.example/a@b",
        "https://" + "a" * 63 + ".example/",
        "https://client.example/" + "x" * 477,
    ],
)
def test_absolute_https_uris_are_taken_as_they_are(uri: str) -> None:
    assert validate_https_uri(uri) == uri


@pytest.mark.checklist("2")
@pytest.mark.parametrize(
    "uri",
    [
        "",
        "client.example/callback",
        "/callback",
        "//client.example/",
        "http://client.example/",
        "http://localhost/",
        "HTTPS://client.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "myapp://callback",
        "https:client.example",
        "https:///callback",
        "https://",
        "https://?x",
        "https://client.example/#",
        "https://client.example/#fragment",
        "https://*.example/",
        "https://client.example/*",
        "https://user@client.example/",
        "https://user:password@client.example/",
        "https://@client.example/",
        "https://client.example@evil.example/",
        "https://client.example\\@evil.example/",
        "https://client.example\\.evil.example/",
        "https://client.example/ x",
        " https://client.example/",
        "https://client.example/\r\nLocation: x",
        "https://client.example/\x00",
        "https://bücher.example/",
        "https://client.example/é",
        "https://client.example:0/",
        "https://client.example:99999/",
        "https://client.example:port/",
        "https://client.example:/",
        "https://client.example:080/",
        "https://-client.example/",
        "https://client-.example/",
        "https://client..example/",
        "https://client_1.example/",
        "https://cli%65nt.example/",
        "https://[::1/",
        "https://[evil]/",
        "https://[::1].evil.example/",
        "https://client.example/%zz",
        "https://client.example/%2",
        "https://client.example/a/../b",
        "https://client.example/..;/b",
        "https://client.example/%2e%2E/b",
        "https://client.example/.",
        "https://client.example/" + "x" * 478,
        'https://client.example/"><script>',
        "https://client.example/{x}",
    ],
)
def test_everything_else_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match=r"^must"):
        validate_https_uri(uri)


def test_one_to_twenty_different_uris_are_taken() -> None:
    uris = [f"https://client.example/{number}" for number in range(20)]
    assert validate_redirect_uris(uris) == tuple(uris)


@pytest.mark.parametrize(
    ("uris", "reason"),
    [
        ([], "is required"),
        ([f"https://client.example/{number}" for number in range(21)], "at most 20"),
        (["https://client.example/"] * 2, "twice"),
        (
            ["http://client.example/", "https://client.example/", "https://client.example/#a"],
            "^URI 1 must begin with https://; URI 3 must have no fragment$",
        ),
    ],
)
def test_a_wrong_list_is_refused_with_its_reason(uris: list[str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        validate_redirect_uris(uris)
