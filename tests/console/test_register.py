"""Registering through the console: every grant, every refusal, nothing typed is lost."""

import json
import re
from base64 import b64encode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from chalicelib.registry.model import Registration
from tests.console.administrators import Console
from tests.console.forms import GRANTS, pem, typed
from tests.harness import Reply, World

REGISTER = "/console/register"
BOUNDARY = "----boundary"
PART = b'------boundary\r\nContent-Disposition: form-data; name="a"\r\n\r\n'


def register(console: Console, form: dict[str, str], **extra: str) -> Reply:
    """Open the form, type, send."""
    assert console.get(REGISTER).status == 200
    token = console.page.form_of(name="").fields["csrf_token"]
    return console.post(REGISTER, {"csrf_token": token, **form, **extra})


def send_file(console: Console, form: dict[str, str], content: bytes) -> Reply:
    """As a browser without scripts sends a form with a file."""
    console.get(REGISTER)
    fields = {"csrf_token": console.page.form_of(name="").fields["csrf_token"], **form}
    lines = b""
    for name, value in fields.items():
        lines += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        lines += value.encode() + b"\r\n"
    lines += (
        (
            f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
            'name="certificate_file"; filename="robot.cer"\r\n'
            "Content-Type: application/pkix-cert\r\n\r\n"
        ).encode()
        + content
        + f"\r\n--{BOUNDARY}--\r\n".encode()
    )
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return console.send(REGISTER, lines, kind)


def registered(world: World, console: Console) -> Registration:
    """What the page says was registered, as it is stored."""
    found = world.stores.applications.load(console.page.by_id("client_id").text)
    assert found is not None
    return found


@pytest.mark.parametrize("grant_type", GRANTS)
def test_each_grant_type_is_registered_and_its_secret_shown_once(
    world: World, console: Console, grant_type: str
) -> None:
    reply = register(console, typed(grant_type))
    assert reply.status == 201, console.page.text
    assert reply.headers["Cache-Control"] == "no-store"
    registration = registered(world, console)
    assert registration.application.grant_type == grant_type
    has_secret = grant_type != "client_certificate"
    assert console.page.has("client_secret") is has_secret
    download = json.loads(console.page.by_id("as_json").text)
    assert download["client_id"] == registration.application.client_id
    if has_secret:
        secret = console.page.by_id("client_secret").text
        assert download["client_secret"] == secret
        console.get(console.page.by_id("to_application")["href"])
        assert secret not in console.page.text
    (event, *_) = world.stores.audit.list_events(registration.application.client_id, None, 10).items
    assert event.actor.user_name == "domain\\admon"
    assert event.actor.client_id == "app_0000000000000000000console"


@pytest.mark.parametrize("grant_type", ["client_credentials", "bearer_token", "all"])
def test_what_the_page_shows_gets_a_token(world: World, console: Console, grant_type: str) -> None:
    register(console, typed(grant_type))
    pair = f"{console.page.by_id('client_id').text}:{console.page.by_id('client_secret').text}"
    basic = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
    form = {"grant_type": "client_credentials"}
    reply = world.process.post_form("/oauth2/server/token", form, basic)
    assert world.process.whoami(reply.token).body["grant"].startswith(("client_c", "bearer"))


def test_every_wrong_field_is_told_at_once_and_nothing_typed_is_lost(console: Console) -> None:
    form = typed(
        "all",
        name="",
        user_name="nobody",
        redirect_uris="http://client.example/",
        token_lifetime_minutes="soon",
        description="Line one\r\nLine two",
        website="ftp://x",
    )
    reply = register(console, form)
    assert reply.status == 400
    wrong = ["name", "website", "user_name", "redirect_uris", "token_lifetime_minutes"]
    assert [link["href"] for link in console.page.all("a") if link["href"][0] == "#"][1:] == [
        f"#{name}" for name in wrong
    ]
    for name in wrong:
        control = console.page.by_id(name)
        assert control["aria-invalid"] == "true"
        assert f"{name}_error" in control["aria-describedby"]
        assert console.page.has(f"{name}_error")
    assert "Redirect URIs: URI 1 must begin with https://." in console.page.text
    kept = console.page.form_of(user_name="nobody").fields
    for name, value in form.items():
        if value:
            assert kept[name] == value.replace("\r\n", "\n")
    assert "redirect_strategy" in kept


def test_too_many_lines_are_refused_in_plain_words(console: Console) -> None:
    uris = "\n".join(f"https://client.example/{number}" for number in range(40))
    assert register(console, typed("all", redirect_uris=uris)).status == 400
    told = console.page.by_id("redirect_uris_error").text
    assert told == "Redirect URIs must have at most 20 items."


def test_a_corrected_form_is_taken(world: World, console: Console) -> None:
    register(console, typed(name=""))
    form = console.page.form_of(user_name="jdoe").fields
    assert console.post(REGISTER, {**form, "name": "Corrected"}).status == 201
    assert registered(world, console).application.name == "Corrected"


@pytest.mark.checklist("14")
def test_a_form_is_taken_once_and_its_text_survives(world: World, console: Console) -> None:
    console.get(REGISTER)
    token = console.page.form_of(name="").fields["csrf_token"]
    form = {"csrf_token": token, **typed()}
    assert console.post(REGISTER, form).status == 201
    before = world.database.snapshot()
    reply = console.post(REGISTER, {**form, "name": "Another"})
    assert reply.status == 403
    assert console.page.has("problem")
    after = world.database.snapshot()
    assert {name: rows for name, rows in after.items() if "tokens" not in name} == {
        name: rows for name, rows in before.items() if "tokens" not in name
    }
    fields = console.page.form_of(name="Another").fields
    assert console.post(REGISTER, fields).status == 201


def test_other_tabs_stay_open(console: Console) -> None:
    forms = []
    for name in ("One", "Two"):
        console.get(REGISTER)
        forms.append({**console.page.form_of(name="").fields, **typed(name=name)})
    assert [console.post(REGISTER, form).status for form in forms] == [201, 201]


def test_a_form_shown_long_ago_is_out_of_date(world: World, console: Console) -> None:
    console.get(REGISTER)
    fields = console.page.form_of(name="").fields
    for _ in range(23):
        world.clock.sleep(30 * 60)
        console.get("/console/applications")
    world.clock.sleep(30 * 60)
    reply = console.post(REGISTER, {**fields, **typed()})
    assert reply.status in (401, 403)


@pytest.mark.parametrize("grant_type", GRANTS)
def test_without_a_script_what_others_use_is_explained(console: Console, grant_type: str) -> None:
    """Every field is there and may be filled in; the server tells which are not used."""
    every = {name: value for form in GRANTS.values() for name, value in form.items()}
    reply = register(console, {**every, **typed(grant_type, name="Everything")})
    if grant_type == "all":
        assert reply.status == 201
        return
    assert reply.status == 400
    assert "is not used by this grant type" in console.page.text or "alone" in console.page.text


def test_an_empty_lifetime_never_ends_and_a_sliding_one_has_a_maximum(
    world: World, console: Console
) -> None:
    register(console, typed(name="Endless", token_lifetime_minutes=""))
    assert registered(world, console).application.life_cycle.lifetime_seconds is None
    register(console, typed(name="Sliding", life_cycle_type="sliding"))
    assert registered(world, console).application.life_cycle.maximum_seconds == 90 * 86_400
    register(console, typed(name="Unbound", life_cycle_type="sliding", no_maximum="on"))
    assert registered(world, console).application.life_cycle.maximum_seconds is None
    register(
        console,
        typed(name="Bound", life_cycle_type="sliding", maximum_lifetime_minutes="120"),
    )
    assert registered(world, console).application.life_cycle.maximum_seconds == 7200


def test_what_deserves_a_second_look_is_told_where_it_was_made(console: Console) -> None:
    register(console, typed(name="Calm"))
    assert not console.page.has("warnings")
    register(console, typed(name="Endless", user_name="admon", token_lifetime_minutes="0"))
    assert "The application acts as an administrator." in console.page.by_id("warnings").text
    assert "Its tokens never end" in console.page.by_id("warnings").text


@pytest.mark.parametrize("kind", ["pem", "der"])
def test_a_certificate_comes_as_a_file(world: World, console: Console, kind: str) -> None:
    text = pem()
    content = text.encode()
    if kind == "der":
        content = x509.load_pem_x509_certificate(content).public_bytes(Encoding.DER)
    form = typed("client_certificate")
    del form["certificate"]
    assert send_file(console, form, content).status == 201, console.page.text
    assert registered(world, console).application.certificate is not None


def test_a_certificate_stays_in_the_form_when_another_field_is_wrong(console: Console) -> None:
    form = typed("client_certificate", name="")
    del form["certificate"]
    content = x509.load_pem_x509_certificate(pem("Robot").encode()).public_bytes(Encoding.DER)
    assert send_file(console, form, content).status == 400
    assert console.page.by_id("certificate_subject").text == "CN=Robot"
    kept = console.page.form_of(user_name="jdoe").fields
    assert kept["certificate"].startswith("-----BEGIN CERTIFICATE-----")
    assert console.post(REGISTER, {**kept, "name": "Now it has one"}).status == 201


def test_a_text_that_is_too_long_is_refused_at_its_field_and_kept(console: Console) -> None:
    form = typed("client_certificate", certificate="x" * 30_000)
    assert send_file(console, form, b"").status == 400
    assert console.page.has("certificate_error")
    kept = console.page.form_of(user_name="jdoe").fields
    assert (kept["name"], kept["certificate"]) == (form["name"], form["certificate"])
    # As a browser sends it that has no script and no file.
    assert register(console, form).status == 400
    assert console.page.has("certificate_error")


@pytest.mark.checklist("34")
@pytest.mark.parametrize(
    "content",
    [
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        b"\x30\x03\x02\x01\x00",
        b"\x00\xff" * 100,
        b"x" * 17_000,
    ],
)
def test_what_is_no_certificate_is_refused_at_its_field(console: Console, content: bytes) -> None:
    form = typed("client_certificate")
    del form["certificate"]
    reply = send_file(console, form, content)
    assert reply.status == 400
    assert console.page.has("certificate_error")
    assert "PRIVATE KEY" not in reply.body


@pytest.mark.checklist("61")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x",
        b"------boundary\r\n\r\n",
        b"------boundary\r\nContent-Disposition: form-data\r\n\r\nx\r\n------boundary--",
        PART + b"\xff\r\n------boundary--",
        (PART + b"1\r\n") * 60 + b"------boundary--",
        (PART + b"1\r\n") * 2 + b"------boundary--",
    ],
)
def test_a_malformed_form_is_refused(console: Console, body: bytes) -> None:
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    assert console.send(REGISTER, body, kind).status in (400, 403)
    for other in ("application/json", "multipart/form-data", "text/plain"):
        assert console.send(REGISTER, b"name=x", {"Content-Type": other}).status == 400


@pytest.mark.checklist("54")
def test_fields_of_no_form_have_no_effect(world: World, console: Console) -> None:
    extra = {"client_id": "app_x", "built_in": "console", "status": "disabled", "secrets": "x"}
    assert register(console, typed(), **extra).status == 201
    application = registered(world, console).application
    assert application.built_in is None
    assert application.enabled
    assert application.client_id != "app_x"


@pytest.mark.checklist("13")
def test_what_was_typed_is_escaped(console: Console) -> None:
    nasty = "</textarea><script>alert(1)</script>\u202e"
    reply = register(console, typed(name=nasty, description=nasty, website=nasty))
    assert reply.status == 400
    assert "<script>alert" not in reply.body


def test_users_are_suggested_while_one_types(world: World, console: Console) -> None:
    world.add_user("jane")
    reply = console.get("/console/users/suggestions", search="J")
    assert [user["user_name"] for user in reply.body["users"]] == ["jane", "jdoe"]
    reply = console.get("/console/users/suggestions", search="admo")
    assert reply.body["users"][0]["is_administrator"] is True
    assert console.get("/console/users/suggestions", search="x" * 101).status == 400


def test_a_certificate_is_described_before_anything_is_sent(console: Console) -> None:
    console.get(REGISTER)
    token = console.page.by_id("application_form")["data-preview-token"]
    for _ in range(2):
        form = {"csrf_token": token, "certificate": pem("Robot")}
        reply = console.post("/console/certificates", form)
        assert reply.status == 200
        assert reply.body["facts"]["Subject"] == "CN=Robot"
    wrong = {"csrf_token": token, "certificate": "x"}
    reply = console.post("/console/certificates", wrong, Accept="*/*")
    assert (reply.status, list(reply.body["fields"])) == (400, ["certificate"])
    reply = console.post("/console/certificates", {"csrf_token": token})
    assert reply.status == 400


@pytest.mark.parametrize("grant_type", GRANTS)
def test_snippets_are_for_this_very_application(
    world: World, console: Console, grant_type: str
) -> None:
    register(console, typed(grant_type))
    client_id = console.page.by_id("client_id").text
    snippets = [one.text for one in console.page.all("pre") if one["id"].startswith("snippet_")]
    assert len(snippets) >= 5
    for text in snippets:
        assert client_id in text or "Bearer $GRANTLINE_CLIENT_SECRET" in text
        assert world.settings.issuer in text
        assert not re.search(r"@[A-Z_]+@", text)
        assert "gls_" not in text
