"""The authorization endpoint: what is checked, in which order, and where each answer goes."""

from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
from botocore.exceptions import ClientError

from chalicelib.oauth.model import Consent, GrantType, Status
from tests.harness import Client, Reply, World
from tests.pages.browser import (
    AUTHORIZE,
    CALLBACK,
    SESSION,
    Browser,
    add_web_client,
    answer_of,
    asking,
    exchange,
)
from tests.signing import ISSUER

# What may never be taken for the registered URI.
OTHER_URIS = [
    "https://client.example/callback/",
    "https://client.example/callback/extra",
    "https://client.example/callbac",
    "https://client.example/Callback",
    "HTTPS://client.example/callback",
    "https://CLIENT.example/callback",
    "https://client.example:443/callback",
    "https://client.example/callback?",
    "https://client.example/callback?x=1",
    "https://client.example/callback#",
    "https://client.example/callback#fragment",
    "https://client.example/%63allback",
    "https://client.example/callback%2f",
    "https://client.example/..;/callback",
    "https://client.example/x/../callback",
    "https://client.example@evil.example/callback",
    "https://evil.example@client.example/callback",
    "https://a@b@client.example/callback",
    "https://client.example\\@evil.example/callback",
    "https://client.example\\.evil.example/callback",
    "https://client.example.evil.example/callback",
    "//client.example/callback",
    "http://client.example/callback",
    " https://client.example/callback",
    "https://client.example/callback\r\nSet-Cookie: a=b",
    "javascript:alert(1)",
    "https://client.example/callback" + "x" * 600,
]


def assert_is_our_own_error(reply: Reply) -> None:
    assert reply.status == 400
    assert "Location" not in reply.headers
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.checklist("1")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("uri", OTHER_URIS)
def test_another_redirect_uri_stays_on_our_own_page(
    browser: Browser, client: Client, uri: str, method: str
) -> None:
    request = asking(client, redirect_uri=uri)
    reply = (
        browser.get(AUTHORIZE, **request) if method == "GET" else browser.post(AUTHORIZE, request)
    )
    assert_is_our_own_error(reply)
    assert "not registered" in browser.page.text


@pytest.mark.checklist("1", "57")
@pytest.mark.parametrize(
    ("uri", "logged"),
    [
        ("https://client.example/callback/", "https://client.example/callback/"),
        ("https://client.example/other?code=x#y", "https://client.example/other"),
        ("https://me:word@client.example/cb", "https://client.example/cb"),
        ("https://client.example/\r\n{\u202e}", "https://client.example/?"),
        ("https://client.example/" + "x" * 600, "https://client.example/" + "x" * 477),
        ("nonsense@home", "nonsense@home"),
    ],
)
def test_the_log_line_alone_says_which_redirect_uri_was_not_registered(
    browser: Browser, client: Client, caplog: pytest.LogCaptureFixture, uri: str, logged: str
) -> None:
    with caplog.at_level("INFO", logger="grantline"):
        browser.authorize(client, redirect_uri=uri)
    line = vars(caplog.records[-1])
    assert (line["client_id"], line["redirect_uri"]) == (client.client_id, logged)
    assert logged not in browser.page.text


@pytest.mark.checklist("1")
@pytest.mark.parametrize("client_id", ["", "app_" + "0" * 26, "nonsense", "usr_" + "0" * 26])
def test_an_unknown_client_stays_on_our_own_page(
    browser: Browser, client: Client, client_id: str
) -> None:
    assert_is_our_own_error(browser.authorize(client, client_id=client_id))


def test_a_disabled_application_stays_on_our_own_page(world: World, client: Client) -> None:
    client = world.change(client, status=Status.DISABLED)
    assert_is_our_own_error(Browser(world).authorize(client))


def test_an_application_of_another_grant_logs_nobody_in(world: World, client: Client) -> None:
    """Though it has a redirect URI, from the time when it did."""
    client = world.change(client, grant_type=GrantType.CLIENT_CREDENTIALS)
    browser = Browser(world)
    assert_is_our_own_error(browser.authorize(client))
    assert "does not log people in" in browser.page.text


def test_a_redirect_uri_of_a_web_application_has_to_be_named(
    browser: Browser, client: Client
) -> None:
    assert_is_our_own_error(browser.authorize(client, redirect_uri=None))


@pytest.mark.checklist("4")
@pytest.mark.parametrize(
    "wrong",
    [{"scope": "nonsense"}, {"response_type": "token"}, {"prompt": "none"}, {"response_type": ""}],
)
def test_no_error_is_sent_to_an_unregistered_uri(
    browser: Browser, client: Client, wrong: dict[str, str]
) -> None:
    assert_is_our_own_error(
        browser.authorize(client, redirect_uri="https://evil.example/", **wrong)
    )


WRONG: list[tuple[dict[str, str | None], str]] = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "id_token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_type": "none"}, "unsupported_response_type"),
    ({"scope": "nonsense"}, "invalid_scope"),
    ({"scope": "admin"}, "invalid_scope"),
    ({"scope": "openid"}, "invalid_scope"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "create"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"nonce": "n" * 256}, "invalid_request"),
    ({"request": "eyJ.eyJ."}, "request_not_supported"),
    ({"request_uri": "https://client.example/r"}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"prompt": "none"}, "login_required"),
]
WRONG_PKCE: list[dict[str, str | None]] = [
    {"code_challenge": None, "code_challenge_method": None},
    {"code_challenge": None},
    {"code_challenge_method": "plain"},
    {"code_challenge_method": None},
    {"code_challenge": "short"},
    {"code_challenge": "*" * 43},
    {"code_challenge": "a" * 44},
]


@pytest.mark.checklist("5", "9")
@pytest.mark.parametrize(("wrong", "error"), WRONG)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_other_error_goes_to_the_client(
    browser: Browser, client: Client, wrong: dict[str, str | None], error: str, method: str
) -> None:
    request = asking(client, **wrong)
    reply = (
        browser.get(AUTHORIZE, **request) if method == "GET" else browser.post(AUTHORIZE, request)
    )
    if method == "POST" and error == "login_required":
        reply = browser.follow(reply)
    assert reply.headers["Location"].startswith(CALLBACK + "?")
    answer = answer_of(reply)
    assert (answer["error"], answer["state"], answer["iss"]) == (error, "state-1", ISSUER)


@pytest.mark.checklist("6")
@pytest.mark.parametrize("wrong", WRONG_PKCE)
def test_a_request_without_a_sound_challenge_is_refused(
    browser: Browser, client: Client, wrong: dict[str, str | None]
) -> None:
    assert answer_of(browser.authorize(client, **wrong))["error"] == "invalid_request"


@pytest.mark.checklist("6")
@pytest.mark.parametrize(
    ("fields", "method"),
    [
        # Whoever has no secret proves itself by PKCE alone, whatever was registered.
        ({"public": True}, None),
        # A method says that there was a challenge, which somebody took away.
        ({}, "S256"),
    ],
)
def test_without_a_duty_to_use_pkce_half_of_it_is_refused_and_a_public_client_has_it_all_the_same(
    world: World, browser: Browser, fields: dict[str, bool], method: str | None
) -> None:
    client = add_web_client(world, require_pkce=False, **fields)
    pkce = {"code_challenge": None, "code_challenge_method": method}
    assert answer_of(browser.authorize(client, **pkce))["error"] == "invalid_request"


@pytest.mark.checklist("5")
@pytest.mark.parametrize("mode", ["fragment", "web_message", "jwt", "title"])
def test_an_unregistered_response_mode_stays_on_our_own_page(
    browser: Browser, client: Client, mode: str
) -> None:
    assert_is_our_own_error(browser.authorize(client, response_mode=mode))


@pytest.mark.checklist("8")
@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "scope", "state", "unknown"])
def test_a_parameter_twice_in_the_query_is_refused(world: World, client: Client, name: str) -> None:
    query = {key: [value] for key, value in asking(client).items()}
    query[name] = [*query.get(name, ["x"]), "x"]
    reply = world.process.call("GET", AUTHORIZE, query=query)
    assert_is_our_own_error(reply)
    assert "invalid_request" in reply.body


@pytest.mark.checklist("8")
def test_a_parameter_twice_in_the_body_or_in_both_is_refused(
    world: World, browser: Browser
) -> None:
    assert_is_our_own_error(browser.post_raw(AUTHORIZE, "state=1&state=1"))
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    body, query = "state=1", {"state": ["1"]}
    reply = world.process.call("POST", AUTHORIZE, headers=kind, body=body, query=query)
    assert_is_our_own_error(reply)


@pytest.mark.checklist("61")
def test_too_many_or_too_long_parameters_are_refused(browser: Browser, client: Client) -> None:
    many = {f"p{number}": "x" for number in range(60)}
    assert_is_our_own_error(browser.authorize(client, **many))
    assert_is_our_own_error(browser.authorize(client, state="x" * 2049))
    assert_is_our_own_error(browser.authorize(client, unknown="x" * 20_000))
    assert browser.post_raw(AUTHORIZE, "state=%ff").status == 400
    reply = browser.post(AUTHORIZE, {"a": "b"}, **{"Content-Type": "application/json"})
    assert reply.status == 400


def test_a_valid_post_becomes_a_get_which_brings_its_cookie_along(
    browser: Browser, client: Client
) -> None:
    reply = browser.post(AUTHORIZE, asking(client, login_hint="domain\\jdoe"))
    assert "Set-Cookie" not in reply.headers
    browser.follow(reply)
    assert browser.page.by_id("user_name")["value"] == "jdoe"
    assert answer_of(browser.follow(browser.log_in()) and browser.submit(decision="allow"))["code"]


@pytest.mark.checklist("12")
def test_another_origin_gets_no_cors_headers(world: World, client: Client) -> None:
    query = {key: [value] for key, value in asking(client).items()}
    for method in ("GET", "OPTIONS"):
        origin = {"Origin": "https://evil.example"}
        reply = world.process.call(method, AUTHORIZE, headers=origin, query=query)
        assert not [name for name in reply.headers if name.lower().startswith("access-control")]


@pytest.mark.checklist("9")
def test_the_code_of_the_whole_journey_is_good_for_a_token(
    world: World, browser: Browser, client: Client
) -> None:
    browser.arrive(client)
    answer = answer_of(browser.submit(decision="allow"))
    assert set(answer) == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("state-1", ISSUER)
    token = exchange(world, client, answer["code"]).token
    assert world.process.whoami(token).body["user_name"] == "jdoe"


def test_without_a_state_none_comes_back(browser: Browser, client: Client) -> None:
    browser.arrive(client, state=None)
    assert set(answer_of(browser.submit(decision="allow"))) == {"code", "iss"}


def test_the_query_of_a_redirect_uri_stays(world: World, browser: Browser) -> None:
    uri = "https://client.example/callback?tenant=a%20b"
    client = add_web_client(world, uri, consent=Consent.PREAPPROVED)
    reply = browser.arrive(client, redirect_uri=uri)
    assert reply.headers["Location"].startswith(uri + "&code=glc_")


@pytest.mark.checklist("13")
@pytest.mark.parametrize(
    "state", ["a&code=evil", "</title><script>", "x\r\nSet-Cookie: a=b", "\u202eevil", "#%00"]
)
def test_a_state_comes_back_as_it_was_and_breaks_nothing(
    world: World, browser: Browser, state: str
) -> None:
    client = add_web_client(world, consent=Consent.PREAPPROVED)
    reply = browser.arrive(client, state=state)
    assert answer_of(reply)["state"] == state
    assert reply.headers["Location"].isascii()
    assert reply.headers["Location"].isprintable()


def test_form_post_sends_the_answer_in_a_form(world: World, browser: Browser) -> None:
    client = add_web_client(world, consent=Consent.PREAPPROVED)
    reply = browser.arrive(client, response_mode="form_post", state='"><script>\u202e')
    form = browser.page.form
    assert (reply.status, form.action, form.attributes["method"]) == (200, CALLBACK, "post")
    assert set(form.fields) == {"code", "state", "iss"}
    assert (form.fields["state"], form.fields["iss"]) == ('"><script>\u202e', ISSUER)
    assert browser.page.by_id("continue").tag == "button"
    policy = reply.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "form-action 'self' https://client.example;" in policy
    assert exchange(world, client, form.fields["code"]).status == 200


def test_form_post_carries_errors_as_well(browser: Browser, client: Client) -> None:
    assert browser.authorize(client, response_mode="form_post", prompt="none").status == 200
    assert browser.page.form.fields["error"] == "login_required"


def test_no_scope_asks_for_what_the_application_has(browser: Browser, client: Client) -> None:
    browser.authorize(client)
    shown = browser.page.by_id("scopes").text
    assert "read and change business data in your name" in shown
    assert "read business data for queries and reports" in shown
    assert "while you are not using it" not in shown


def test_a_storage_failure_is_a_page_that_says_when_to_return(
    world: World, browser: Browser, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(operation: str, _: object) -> None:
        raise ClientError({"Error": {"Code": "InternalServerError"}}, operation)

    monkeypatch.setattr(world.database, "send", fail)
    reply = browser.authorize(client)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "2")
    assert "temporarily_unavailable" in browser.page.text
    again = urlsplit(browser.page.by_id("retry")["href"])
    assert (again.netloc, again.path) == ("", AUTHORIZE)
    assert dict(parse_qsl(again.query)) == asking(client)
    browser.cookies[SESSION] = f"{'0' * 26}.{'A' * 43}"
    assert browser.get("/account", done="\ud800").status == 503


def test_a_page_without_a_way_of_ours_sends_people_back_to_the_application(
    browser: Browser, client: Client
) -> None:
    browser.authorize(client, redirect_uri="https://client.example/other")
    assert not browser.page.has("retry")
    assert "Go back to the application" in browser.page.by_id("way_back").text


def request_object(**claims: str) -> str:
    """One that is unsigned; whoever reads more of it than the mode and the state is misled."""
    return jwt.encode(claims, "", "none")


def test_a_request_object_is_refused_by_the_mode_and_with_the_state_in_it(
    browser: Browser, client: Client
) -> None:
    told = request_object(
        response_mode="form_post", state="inside", redirect_uri="https://evil.example/"
    )
    browser.authorize(client, request=told, state=None)
    form = browser.page.form
    assert (form.action, form.fields["error"]) == (CALLBACK, "request_not_supported")
    assert form.fields["state"] == "inside"


def test_what_stands_beside_a_request_object_comes_first(browser: Browser, client: Client) -> None:
    told = request_object(response_mode="form_post", state="inside")
    answer = answer_of(browser.authorize(client, request=told, response_mode="query"))
    assert (answer["error"], answer["state"]) == ("request_not_supported", "state-1")


@pytest.mark.checklist("5", "61")
@pytest.mark.parametrize("told", [{"response_mode": "fragment"}, {"state": "s" * 2049}])
def test_a_request_object_asks_for_no_more_than_a_request(
    browser: Browser, client: Client, told: dict[str, str]
) -> None:
    assert_is_our_own_error(browser.authorize(client, request=request_object(**told), state=None))
