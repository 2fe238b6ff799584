"""One application at the console: changed, given new credentials, tried, stopped and deleted."""

import json
from dataclasses import replace

import pytest
from cryptography.x509 import BasicConstraints

from chalicelib.oauth.model import Application, GrantType, Status
from chalicelib.registry.built_in import CONSOLE_CLIENT_ID
from chalicelib.registry.model import Registration
from tests import certificates
from tests.console.administrators import Console
from tests.console.forms import GRANTS, pem, typed
from tests.console.test_register import register
from tests.harness import Reply, World


class Shown:
    """An application that was registered through the console, on its page."""

    def __init__(self, world: World, console: Console, grant_type: str, **changes: str) -> None:
        assert register(console, typed(grant_type, **changes)).status == 201
        self.world, self.console = world, console
        self.client_id = console.page.by_id("client_id").text
        secret = "client_secret"
        self.secret = console.page.by_id(secret).text if console.page.has(secret) else ""
        self.path = f"/console/applications/{self.client_id}"
        self.open()

    def open(self, below: str = "") -> Reply:
        return self.console.get(self.path + below)

    @property
    def stored(self) -> Registration:
        registration = self.world.stores.applications.load(self.client_id)
        assert registration is not None
        return registration

    @property
    def application(self) -> Application:
        return self.stored.application

    def send(self, action: str, /, **changes: str) -> Reply:
        """The form whose action ends so, as the page shows it."""
        form = next(one for one in self.console.page.forms if one.action.endswith(action))
        return self.console.post(form.action, {**form.fields, **changes})

    def actions(self) -> list[str]:
        events = self.world.stores.audit.list_events(self.client_id, None, 50).items
        return [event.action for event in events]


@pytest.fixture
def shown(world: World, console: Console) -> Shown:
    return Shown(world, console, "client_credentials")


@pytest.mark.parametrize("grant_type", GRANTS)
def test_its_page_tells_what_was_registered(
    world: World, console: Console, grant_type: str
) -> None:
    one = Shown(world, console, grant_type, description="Line one\r\nLine two")
    text = console.page.text
    assert one.client_id in text
    assert "Line one" in text
    assert console.page.by_id("name").text == f"My {grant_type}"
    assert ("domain\\jdoe" in text) is ("user_name" in GRANTS[grant_type])
    assert console.page.has("download_certificate") is (grant_type == "client_certificate")
    assert console.page.has("rotate") is (grant_type != "client_certificate")
    if one.secret:
        assert one.secret not in text


def test_it_is_edited_as_it_stands(shown: Shown) -> None:
    shown.open("/edit")
    fields = shown.console.page.form_of(user_name="jdoe").fields
    assert fields["name"] == "My client_credentials"
    assert fields["scope_api"] == "on"
    assert "scope_rpa" not in fields
    reply = shown.send("/edit", name="Renamed", scope_rpa="on", description="Why")
    assert reply.headers["Location"].endswith("?done=saved")
    shown.console.follow(reply)
    assert shown.console.page.by_id("notice").text == "Saved."
    assert shown.application.name == "Renamed"
    assert shown.application.allowed_scopes == {"api", "rpa"}


def test_what_is_emptied_is_taken_away(shown: Shown) -> None:
    shown.open("/edit")
    shown.send("/edit", description="Something", website="https://client.example/")
    shown.open("/edit")
    shown.send("/edit", description="", website="")
    assert shown.stored.description is None
    assert shown.stored.website is None


@pytest.mark.parametrize("grant_type", GRANTS)
def test_saving_it_unchanged_changes_nothing(
    world: World, console: Console, grant_type: str
) -> None:
    one = Shown(world, console, grant_type)
    before = one.stored
    one.open("/edit")
    assert one.send("/edit").status == 303, console.page.text
    assert one.stored == before


def test_a_change_of_grant_type_drops_what_it_does_not_use(shown: Shown) -> None:
    shown.open("/edit")
    changes = {"grant_type": "bearer_token", "user_name": "", "user_domain": ""}
    assert shown.send("/edit", **changes).status == 303
    assert shown.application.grant_type is GrantType.BEARER_TOKEN
    assert shown.application.user_id is None


@pytest.mark.checklist("53")
def test_a_change_keeps_the_rules_of_creation(shown: Shown) -> None:
    shown.open("/edit")
    reply = shown.send("/edit", user_name="nobody", token_lifetime_minutes="-1")
    assert reply.status == 400
    assert shown.console.page.has("user_name_error")
    assert shown.console.page.has("token_lifetime_minutes_error")
    assert shown.console.page.form_of(user_name="nobody").fields["csrf_token"]


@pytest.mark.checklist("54")
def test_a_change_sets_nothing_but_its_fields(shown: Shown) -> None:
    shown.open("/edit")
    before = shown.application
    more = {"client_id": "app_x", "built_in": "console", "status": "disabled", "secrets": "x"}
    ids = {"user_id": "usr_x", "token_epoch": "7", "client_secret": "x"}
    assert shown.send("/edit", name="Mine", **more, **ids).status == 303
    assert shown.application == replace(before, name="Mine", version=before.version + 1)


def test_a_change_of_another_is_not_overwritten_unseen(shown: Shown) -> None:
    shown.open("/edit")
    form = shown.console.page.form_of(user_name="jdoe").fields
    shown.send("/edit", name="By another")
    reply = shown.console.post(f"{shown.path}/edit", {**form, "name": "Mine"})
    assert reply.status == 403
    shown.open("/edit")
    first = shown.console.page.form_of(user_name="jdoe").fields
    shown.open("/edit")
    shown.send("/edit", name="Quicker")
    reply = shown.console.post(f"{shown.path}/edit", {**first, "name": "Mine"})
    assert reply.status == 412
    assert "Somebody changed this application" in shown.console.page.text
    again = shown.console.page.form_of(name="Mine").fields
    assert shown.application.name == "Quicker"
    assert shown.console.post(f"{shown.path}/edit", again).status == 303
    assert shown.application.name == "Mine"


@pytest.mark.checklist("16")
def test_a_form_of_one_application_does_not_serve_another(
    world: World, console: Console, shown: Shown
) -> None:
    other = world.add_client()
    shown.open("/disable")
    fields = console.page.forms[-1].fields
    reply = console.post(f"/console/applications/{other.client_id}/disable", fields)
    assert reply.status == 403
    registration = world.stores.applications.load(other.client_id)
    assert registration is not None
    assert registration.application.enabled


def test_a_new_secret_is_shown_once_and_the_old_one_ends(shown: Shown) -> None:
    reply = shown.send("/secrets", overlap="86400")
    assert reply.status == 201
    secret = shown.console.page.by_id("client_secret").text
    assert secret.startswith("gls_")
    assert secret != shown.secret
    shown.open()
    assert secret not in shown.console.page.text
    old, new = shown.application.secrets
    assert old.ends_at is not None
    assert new.ends_at is None
    assert not shown.console.page.has("rotate")


@pytest.mark.parametrize("overlap", ["", "-1", "99999999999", "x"])
def test_no_other_overlap_is_taken(shown: Shown, overlap: str) -> None:
    assert shown.send("/secrets", overlap=overlap).status == 400
    assert len(shown.application.secrets) == 1


@pytest.mark.checklist("38")
def test_a_secret_is_cut_after_a_question(shown: Shown) -> None:
    (secret,) = shown.application.secrets
    shown.open(f"/secrets/{secret.secret_id}/cut")
    reply = shown.send("/cut")
    shown.console.follow(reply)
    assert shown.console.page.has("notice")
    assert shown.application.secrets == ()
    assert shown.console.page.has("no_secrets")
    assert shown.open(f"/secrets/{'0' * 26}/cut").status == 200
    assert shown.send("/cut").status == 404


def test_tokens_are_revoked_after_a_question(shown: Shown) -> None:
    shown.open("/revoke-tokens")
    shown.console.follow(shown.send("/revoke-tokens"))
    assert shown.application.token_epoch == 1


def test_it_is_disabled_enabled_and_deleted_by_its_name(shown: Shown) -> None:
    assert shown.open("/delete").status == 409
    shown.open("/disable")
    shown.console.follow(shown.send("/disable"))
    assert shown.application.status is Status.DISABLED
    assert shown.console.page.has("delete")
    shown.console.follow(shown.send("/enable"))
    assert shown.application.status is Status.ENABLED
    shown.open("/disable")
    shown.send("/disable")
    shown.open("/delete")
    for wrong in ("", "my client_credentials", "x"):
        assert shown.send("/delete", typed=wrong).status == 400
        assert shown.console.page.has("typed_error")
    reply = shown.send("/delete", typed="My client_credentials")
    assert reply.headers["Location"] == "/console/applications?done=deleted"
    assert shown.world.stores.applications.load(shown.client_id) is None
    assert shown.open().status == 404


def test_an_enabled_application_is_not_deleted_by_an_old_form(shown: Shown) -> None:
    shown.open("/disable")
    shown.send("/disable")
    shown.open("/delete")
    form = shown.console.page.forms[-1].fields
    shown.open()
    shown.send("/enable")
    reply = shown.console.post(f"{shown.path}/delete", {**form, "typed": "My client_credentials"})
    assert reply.status == 409
    assert shown.application.enabled


def test_its_certificate_is_downloaded_and_replaced(world: World, console: Console) -> None:
    first = pem("First")
    one = Shown(world, console, "client_certificate", certificate=first)
    reply = one.open("/certificate")
    assert reply.body == first.encode()
    assert "attachment" in reply.headers["Content-Disposition"]
    one.open()
    assert "CN=First" in console.page.text
    assert one.send("/certificate", certificate="nonsense").status == 400
    assert console.page.has("certificate_error")
    reply = one.send("/certificate", certificate=pem("Second"))
    console.follow(reply)
    assert "CN=Second" in console.page.text
    assert one.application.token_epoch == 1
    other = Shown(world, console, "client_certificate", name="Other")
    assert other.send("/certificate", certificate=first).status == 303
    one.open()
    assert one.send("/certificate", certificate=first).status == 409


@pytest.mark.checklist("53", "33", "34")
@pytest.mark.parametrize(
    "unfit",
    [
        certificates.pem(last_day=-0.5),
        certificates.pem(first_day=1),
        certificates.pem(certificates.rsa_key(1024)),
        certificates.pem(extensions=[(BasicConstraints(ca=True, path_length=None), True)]),
        certificates.pem() * 2,
        "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n",
    ],
)
def test_no_certificate_is_replaced_by_an_unfit_one(
    world: World, console: Console, unfit: str
) -> None:
    one = Shown(world, console, "client_certificate")
    before = one.stored
    reply = one.send("/certificate", certificate=unfit)
    assert (reply.status, one.stored) == (400, before)
    assert "PRIVATE KEY" not in reply.body


@pytest.mark.parametrize(
    "grant_type", ["client_credentials", "bearer_token", "client_certificate", "all"]
)
def test_a_trial_token_is_what_the_application_would_get(
    world: World, console: Console, grant_type: str
) -> None:
    one = Shown(world, console, grant_type, token_lifetime_minutes="600")
    assert one.send("/trial").status == 201
    token = console.page.by_id("access_token").text
    told = json.loads(console.page.by_id("introspection").text)
    whoami = world.process.whoami(token).body
    assert told["active"] is True
    assert told["scope"] == whoami["scope"] != ""
    assert told["exp"] == world.clock.now() + 300
    assert told.get("username", "Itself") in console.page.text
    assert "ends in 5 minutes, on 15 January 2027, 08:" in console.page.text
    assert one.actions()[0] == "token.issued_for_trial"
    world.clock.sleep(301)
    assert world.process.whoami(token).status == 401


def test_a_trial_token_ends_with_everything_else(shown: Shown) -> None:
    shown.send("/trial")
    token = shown.console.page.by_id("access_token").text
    shown.open("/revoke-tokens")
    shown.send("/revoke-tokens")
    assert shown.world.process.whoami(token).status == 401


def test_where_no_trial_is_honest_none_is_issued(world: World, console: Console) -> None:
    one = Shown(world, console, "authorization_code")
    assert console.page.has("no_trial")
    for client_id in (one.client_id, CONSOLE_CLIENT_ID):
        path = f"/console/applications/{client_id}"
        console.get(path)
        assert not [form for form in console.page.forms if form.action.endswith("/trial")]
    disabled = Shown(world, console, "client_credentials", name="Disabled")
    form = next(one for one in console.page.forms if one.action.endswith("/trial"))
    disabled.open("/disable")
    disabled.send("/disable")
    assert console.post(form.action, form.fields).status == 409
    assert "token.issued_for_trial" not in disabled.actions()


def test_its_changes_are_shown_and_lead_to_the_audit_trail(shown: Shown) -> None:
    for number in range(6):
        shown.open("/edit")
        shown.send("/edit", name=f"Name {number}")
    shown.open()
    assert shown.console.page.text.count("Application changed") == 5
    shown.console.get(shown.console.page.by_id("audit")["href"])
    assert shown.console.page.text.count("Application changed") >= 6
    assert "Application registered" in shown.console.page.text


def test_the_path_of_a_form_opens_the_page_that_holds_it(shown: Shown) -> None:
    for below in ("/enable", "/secrets", "/trial"):
        assert shown.open(below).headers["Location"] == shown.path


class TestBuiltIn:
    """The console's own application: its lifetime, and nothing else."""

    path = f"/console/applications/{CONSOLE_CLIENT_ID}"

    def test_only_its_lifetime_is_in_the_form(self, world: World, console: Console) -> None:
        console.get(f"{self.path}/edit")
        form = console.page.forms[-1]
        assert {"name", "grant_type", "scope_api"}.isdisjoint(form.fields)
        changes = {"token_lifetime_minutes": "30", "name": "Mine", "scope_api": "on"}
        assert console.post(form.action, {**form.fields, **changes}).status == 303
        registration = world.stores.applications.load(CONSOLE_CLIENT_ID)
        assert registration is not None
        assert registration.application.name == "Grantline console"
        assert registration.application.life_cycle.lifetime_seconds == 1800
        console.get(f"{self.path}/edit")
        form = console.page.forms[-1]
        reply = console.post(form.action, {**form.fields, "token_lifetime_minutes": ""})
        assert reply.status == 400

    @pytest.mark.parametrize("act", ["disable", "delete", "secrets"])
    def test_nothing_else_is_done_to_it(self, world: World, console: Console, act: str) -> None:
        before = world.stores.applications.load(CONSOLE_CLIENT_ID)
        console.get(self.path)
        assert not [form for form in console.page.forms if form.action.endswith(act)]
        assert not console.page.has(act)
        if act != "secrets":
            console.get(f"{self.path}/{act}")
            form = console.page.forms[-1]
            typed_name = {"typed": "Grantline console"}
            assert console.post(form.action, {**form.fields, **typed_name}).status == 409
        assert world.stores.applications.load(CONSOLE_CLIENT_ID) == before


@pytest.mark.parametrize(
    "client_id", ["app_" + "0" * 26, "x", "usr_" + "0" * 26, "app_%00", "..", "<script>"]
)
def test_what_is_not_there_is_told_on_a_page(console: Console, client_id: str) -> None:
    for below in ("", "/edit", "/disable", "/certificate"):
        reply = console.get(f"/console/applications/{client_id}{below}")
        assert reply.status == 404
        assert "<script>" not in reply.body


@pytest.mark.parametrize("client_id", ["x%0d%0aSet-Cookie", "a" * 90, "app_x;Domain=evil", "~"])
def test_a_strange_path_is_not_gone_back_to_after_the_login(world: World, client_id: str) -> None:
    browser = Console(world)
    (line,) = browser.get(f"/console/applications/{client_id}").headers["Set-Cookie"]
    assert line.split(";")[0].endswith("~/console?")
