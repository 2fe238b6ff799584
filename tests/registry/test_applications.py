"""Changing, disabling and deleting applications, and what that does to what they hold."""

from collections.abc import Callable
from dataclasses import replace
from threading import Thread
from typing import Any

import pytest

from chalicelib.administration.refusals import Conflict, FieldsTaken, NotFound, VersionMismatch
from chalicelib.oauth.model import Application, LifeCycle, LifeCycleType, Status
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.registry.model import Registration
from chalicelib.registry.stores import ApplicationChanged
from tests.certificates import pem, rsa_key
from tests.fakes.clock import START
from tests.names import full_width
from tests.registry.registrar import ACTOR, Registrar, form


@pytest.fixture
def registrar() -> Registrar:
    return Registrar()


def test_everything_of_a_registration_is_written_with_its_event(registrar: Registrar) -> None:
    registered = registrar.register(form("all"))
    application = registered.registration.application
    (secret,) = application.secrets
    memory = registrar.stores.memory
    assert memory.registrations == {application.client_id: registered.registration}
    grant = memory.grants[application.client_id, secret.secret_id]
    assert (grant.subject, grant.created_at, grant.ends_at) == (None, START, START + 3600)
    (event,) = [e for e in memory.events.values() if e.target == application.client_id]
    assert (event.action, event.actor, event.at) == ("application.created", ACTOR, START)
    assert event.changes["name"] == "Payroll"


@pytest.mark.checklist("36", "57")
def test_the_secret_is_in_no_record_event_or_repr(registrar: Registrar) -> None:
    registered = registrar.register(form("bearer_token"))
    value = registered.client_secret
    assert value is not None
    assert value not in repr(registered)
    assert value not in repr(registrar.stores.memory)


@pytest.mark.checklist("51")
def test_a_client_id_can_never_be_a_user_id(registrar: Registrar) -> None:
    application = registrar.register(form()).registration.application
    assert application.client_id.startswith("app_")
    assert registrar.jdoe.user.user_id.startswith("usr_")


def test_nothing_is_registered_when_the_file_cannot_be_kept(
    registrar: Registrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = form("client_certificate")

    def fail(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(registrar.stores.certificate_files, "save", fail)
    with pytest.raises(StoreUnavailable):
        registrar.register(values)
    assert registrar.stores.memory.registrations == {}


@pytest.mark.parametrize("name", ["Payroll", "PAYROLL", full_width("payroll"), " payroll "])
def test_a_name_is_taken_whatever_its_case_and_width(registrar: Registrar, name: str) -> None:
    registrar.register(form())
    with pytest.raises(FieldsTaken) as caught:
        registrar.register(form(name=name))
    assert set(caught.value.fields) == {"name"}


@pytest.mark.checklist("56")
def test_of_32_parallel_creations_of_equal_names_one_holds(registrar: Registrar) -> None:
    outcomes: list[str] = []

    def register(name: str) -> None:
        try:
            registrar.register(form(name=name))
            outcomes.append("registered")
        except FieldsTaken:
            outcomes.append("taken")

    names = ["Straße", "STRASSE", "strasse", full_width("strasse")]
    threads = [Thread(target=register, args=(names[n % 4],)) for n in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["registered"] + ["taken"] * 31
    assert len(registrar.stores.memory.registrations) == 1


@pytest.mark.checklist("35")
def test_one_certificate_is_held_by_one_application(registrar: Registrar) -> None:
    text = pem()
    registrar.register(form("client_certificate", certificate=text))
    with pytest.raises(FieldsTaken) as caught:
        registrar.register(form("client_certificate", name="Other", certificate=text))
    assert set(caught.value.fields) == {"certificate"}


def test_a_change_leaves_the_rest_as_it_is(registrar: Registrar) -> None:
    before = registrar.register(form(website="https://client.example/")).registration
    registrar.clock.advance(5)
    after = registrar.applications.update(
        before.application.client_id, {"description": "Pays"}, ACTOR
    )
    assert after == replace(
        before,
        application=replace(before.application, version=2),
        description="Pays",
        updated_at=START + 5,
    )
    event = max(registrar.stores.memory.events.values(), key=lambda event: event.event_id)
    assert (event.action, event.changes) == ("application.updated", {"description": "Pays"})


def test_a_change_of_nothing_writes_nothing(registrar: Registrar) -> None:
    client_id = registrar.register(form()).registration.application.client_id
    assert registrar.update(client_id, name="Payroll").version == 1
    assert registrar.update(client_id).version == 1


CHANGES_THAT_BREAK_A_RULE: list[tuple[str, dict[str, Any], str]] = [
    ("client_credentials", {"name": ""}, "name"),
    ("client_credentials", {"name": None}, "name"),
    ("client_credentials", {"grant_type": None}, "grant_type"),
    ("client_credentials", {"grant_type": ["all"]}, "grant_type"),
    ("client_credentials", {"allowed_scopes": []}, "allowed_scopes"),
    ("client_credentials", {"allowed_scopes": ["admin"]}, "allowed_scopes"),
    ("client_credentials", {"user_name": "nobody"}, "user_name"),
    ("client_credentials", {"user_name": None}, "user_name"),
    ("client_credentials", {"website": "http://client.example/"}, "website"),
    ("client_credentials", {"grant_type": "client_certificate"}, "certificate"),
    ("client_credentials", {"grant_type": "authorization_code"}, "redirect_strategy"),
    ("client_credentials", {"redirect_uris": ["https://c.example/"]}, "redirect_uris"),
    ("client_credentials", {"client_id": "app_other"}, "client_id"),
    ("client_credentials", {"status": "disabled"}, "status"),
    ("client_credentials", {"version": 7}, "version"),
    ("authorization_code", {"redirect_uris": ["http://c.example/"]}, "redirect_uris"),
    ("authorization_code", {"redirect_uris": None}, "redirect_uris"),
    ("authorization_code", {"token_lifetime_minutes": 0}, "token_lifetime_minutes"),
    ("client_certificate", {"allowed_scopes": ["api"]}, "allowed_scopes"),
    ("client_certificate", {"certificate": pem(rsa_key(1024))}, "certificate"),
    ("bearer_token", {"allowed_scopes": ["admin"]}, "allowed_scopes"),
    ("bearer_token", {"user_name": "jdoe"}, "user_name"),
    ("bearer_token", {"maximum_lifetime_minutes": 90}, "maximum_lifetime_minutes"),
    ("all", {"require_pkce": False}, "require_pkce"),
]


@pytest.mark.checklist("53")
@pytest.mark.parametrize(("grant_type", "body", "field"), CHANGES_THAT_BREAK_A_RULE)
def test_a_change_cannot_break_a_rule_of_creation(
    registrar: Registrar, grant_type: str, body: dict[str, Any], field: str
) -> None:
    before = registrar.register(form(grant_type)).registration
    client_id = before.application.client_id
    assert field in registrar.update_refusals(client_id, **body)
    assert registrar.applications.load(client_id) == before


@pytest.mark.checklist("53")
def test_what_has_become_wrong_must_be_put_right_by_the_next_change(registrar: Registrar) -> None:
    plain = registrar.register(form()).registration.application.client_id
    certified = registrar.register(
        form("client_certificate", name="Robot", certificate=pem(last_day=10), user_name="admon")
    ).registration.application.client_id
    registrar.users.disable(registrar.jdoe.user.user_id, ACTOR)
    assert set(registrar.update_refusals(plain, description="x")) == {"user_name"}
    assert registrar.update(plain, user_name="admon").version == 2
    registrar.clock.advance(10 * 86_400)
    assert set(registrar.update_refusals(certified, description="x")) == {"certificate"}
    assert registrar.update(certified, certificate=pem()).version == 2


def test_a_new_grant_type_drops_what_it_does_not_use(registrar: Registrar) -> None:
    web = {
        "redirect_strategy": "web_application",
        "redirect_uris": ["https://client.example/"],
        "localhost_port": None,
    }
    registered = registrar.register(form("all", consent="preapproved", **web))
    client_id = registered.registration.application.client_id
    application = registrar.update(client_id, grant_type="bearer_token")
    registration = registrar.applications.load(client_id)
    assert (application.user_id, application.redirect_strategy) == (None, None)
    assert (registration.redirect_uris, application.consent) == ((), "required")


def test_the_maximum_follows_the_life_cycle(registrar: Registrar) -> None:
    client_id = registrar.register(form()).registration.application.client_id
    sliding = registrar.update(client_id, life_cycle_type="sliding").life_cycle
    assert sliding == LifeCycle(LifeCycleType.SLIDING, 3600, 90 * 86_400)
    unbounded = registrar.update(client_id, maximum_lifetime_minutes=None).life_cycle
    assert unbounded.maximum_seconds is None
    assert registrar.update(client_id, description="x").life_cycle == unbounded
    refused = registrar.update_refusals(
        client_id, maximum_lifetime_minutes=60, token_lifetime_minutes=61
    )
    assert set(refused) == {"maximum_lifetime_minutes"}
    endless = registrar.update(client_id, token_lifetime_minutes=None).life_cycle
    assert endless == LifeCycle(LifeCycleType.SLIDING, None)
    ending = registrar.update(client_id, token_lifetime_minutes=5).life_cycle
    assert ending == LifeCycle(LifeCycleType.SLIDING, 300, 90 * 86_400)
    absolute = registrar.update(client_id, life_cycle_type="absolute").life_cycle
    assert absolute == LifeCycle(LifeCycleType.ABSOLUTE, 300)


REDUCTIONS: list[tuple[str, dict[str, Any]]] = [
    ("client_credentials", {"allowed_scopes": ["rpa"]}),
    ("client_credentials", {"user_name": "admon"}),
    ("client_credentials", {"grant_type": "bearer_token"}),
    ("client_certificate", {"certificate": pem(rsa_key())}),
    ("client_certificate", {"grant_type": "client_credentials", "allowed_scopes": ["api"]}),
]


@pytest.mark.checklist("35", "50")
@pytest.mark.parametrize(("grant_type", "body"), REDUCTIONS)
def test_a_change_that_reduces_rights_ends_tokens(
    registrar: Registrar, grant_type: str, body: dict[str, Any]
) -> None:
    client_id = registrar.register(form(grant_type)).registration.application.client_id
    application = registrar.update(client_id, **body)
    assert application.token_epoch == 1
    certified = grant_type == "client_certificate"
    assert application.assertions_valid_from == (START + 10 if certified else 0)


@pytest.mark.parametrize(
    "body",
    [
        {"allowed_scopes": ["api", "rpa"]},
        {"name": "Other"},
        {"description": "x"},
        {"token_lifetime_minutes": 5},
        {"introspection": "any"},
    ],
)
def test_other_changes_leave_tokens_alone(registrar: Registrar, body: dict[str, Any]) -> None:
    client_id = registrar.register(form()).registration.application.client_id
    assert registrar.update(client_id, **body).token_epoch == 0


def test_losing_the_bearer_grant_ends_the_bearer_use_of_secrets_for_good(
    registrar: Registrar,
) -> None:
    client_id = registrar.register(form("all")).registration.application.client_id
    (secret,) = registrar.update(client_id, grant_type="client_credentials").secrets
    assert secret.bearer_revoked
    body = {"grant_type": "all", "redirect_strategy": "mobile_localhost_port"}
    (secret,) = registrar.update(client_id, **body).secrets
    assert secret.bearer_revoked, "a secret whose bearer use ended never gets it back"


def test_a_grant_type_without_secrets_ends_them(registrar: Registrar) -> None:
    before = registrar.register(form("all")).registration.application
    body = {"grant_type": "client_certificate", "certificate": pem(), "allowed_scopes": None}
    assert registrar.update(before.client_id, **body).secrets == ()
    grant = registrar.stores.memory.grants[before.client_id, before.secrets[0].secret_id]
    assert grant.revoked_at == START


@pytest.mark.checklist("50")
@pytest.mark.parametrize("grant_type", ["client_credentials", "client_certificate"])
def test_disabling_ends_tokens_and_enabling_revives_none(
    registrar: Registrar, grant_type: str
) -> None:
    before = registrar.register(form(grant_type)).registration.application
    disabled = registrar.applications.disable(before.client_id, ACTOR).application
    assert (disabled.status, disabled.token_epoch) == (Status.DISABLED, 1)
    certified = grant_type == "client_certificate"
    assert disabled.assertions_valid_from == (START + 10 if certified else 0)
    assert disabled.secrets == before.secrets
    enabled = registrar.applications.enable(before.client_id, ACTOR).application
    assert enabled == replace(disabled, status=Status.ENABLED, version=3)
    assert registrar.applications.enable(before.client_id, ACTOR).application == enabled


def test_disabling_twice_writes_twice(registrar: Registrar) -> None:
    client_id = registrar.register(form()).registration.application.client_id
    registrar.applications.disable(client_id, ACTOR)
    assert registrar.applications.disable(client_id, ACTOR).application.token_epoch == 2


@pytest.mark.checklist("42")
def test_revoking_tokens_ends_tokens_and_the_bearer_use_of_secrets(registrar: Registrar) -> None:
    values = form("bearer_token", token_lifetime_minutes=0)
    client_id = registrar.register(values).registration.application.client_id
    application = registrar.applications.revoke_tokens(client_id, ACTOR).application
    assert application.token_epoch == 1
    assert [secret.bearer_revoked for secret in application.secrets] == [True]
    robot = registrar.register(form("client_certificate", name="Robot"))
    client_id = robot.registration.application.client_id
    application = registrar.applications.revoke_tokens(client_id, ACTOR).application
    assert application.assertions_valid_from == START + 10


def test_the_moment_from_which_assertions_hold_never_goes_back(registrar: Registrar) -> None:
    robot = registrar.register(form("client_certificate")).registration.application.client_id
    registrar.applications.revoke_tokens(robot, ACTOR)
    registrar.clock.advance(-60)
    application = registrar.applications.revoke_tokens(robot, ACTOR).application
    assert application.assertions_valid_from == START + 10


def test_a_deleted_application_is_gone_and_its_name_free(registrar: Registrar) -> None:
    client_id = registrar.register(form()).registration.application.client_id
    registrar.applications.delete(client_id, ACTOR)
    with pytest.raises(NotFound):
        registrar.applications.load(client_id)
    with pytest.raises(NotFound):
        registrar.applications.delete(client_id, ACTOR)
    assert registrar.register(form()).registration.application.client_id != client_id
    actions = [e.action for e in registrar.stores.memory.events.values() if e.target == client_id]
    assert actions == ["application.created", "application.deleted"]


Operation = Callable[[Registrar, str, int | None], object]
OPERATIONS: list[Operation] = [
    lambda r, client_id, version: r.applications.update(
        client_id, {"description": "x"}, ACTOR, version
    ),
    lambda r, client_id, version: r.applications.disable(client_id, ACTOR, version),
    lambda r, client_id, version: r.applications.enable(client_id, ACTOR, version),
    lambda r, client_id, version: r.applications.revoke_tokens(client_id, ACTOR, version),
    lambda r, client_id, version: r.applications.delete(client_id, ACTOR, version),
    lambda r, client_id, version: r.secrets.rotate(client_id, 60, ACTOR, version),
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_another_version_changes_nothing(registrar: Registrar, operation: Operation) -> None:
    before = registrar.register(form()).registration
    client_id = before.application.client_id
    with pytest.raises(VersionMismatch):
        operation(registrar, client_id, 2)
    assert registrar.applications.load(client_id) == before
    operation(registrar, client_id, 1)


class Races:
    """A store that loses the first races, because somebody else changes the description."""

    def __init__(self, registrar: Registrar, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
        self._memory = registrar.stores.memory
        self._replace = registrar.stores.applications.replace
        self._left = count
        monkeypatch.setattr(registrar.stores.applications, "replace", self.replace)

    def replace(self, before: Registration, *arguments: Any, **named: Any) -> None:
        if self._left:
            self._left -= 1
            application = before.application
            raced = replace(application, version=application.version + 1)
            rival = replace(before, application=raced, description=f"rival {self._left}")
            self._memory.registrations[application.client_id] = rival
            raise ApplicationChanged
        self._replace(before, *arguments, **named)


def test_a_lost_race_is_decided_anew(registrar: Registrar, monkeypatch: pytest.MonkeyPatch) -> None:
    client_id = registrar.register(form()).registration.application.client_id
    Races(registrar, monkeypatch, 2)
    after = registrar.applications.update(client_id, {"website": "https://c.example/"}, ACTOR)
    assert (after.description, after.website) == ("rival 0", "https://c.example/")
    assert after.application.version == 4


def test_after_three_lost_races_the_caller_decides(
    registrar: Registrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    client_id = registrar.register(form()).registration.application.client_id
    Races(registrar, monkeypatch, 3)
    with pytest.raises(Conflict):
        registrar.applications.disable(client_id, ACTOR)


def test_a_race_lost_under_if_match_is_a_mismatch(
    registrar: Registrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    client_id = registrar.register(form()).registration.application.client_id
    Races(registrar, monkeypatch, 1)
    with pytest.raises(VersionMismatch):
        registrar.applications.disable(client_id, ACTOR, 1)


def test_the_record_of_the_token_path_stays_small(registrar: Registrar) -> None:
    """What the design bounds at 4 KB, at its largest; storage measures the item itself."""
    values = form("client_certificate", name="\U0001f600" * 100, certificate=pem(rsa_key(4096)))
    application: Application = registrar.register(values).registration.application
    assert application.certificate is not None
    assert len(application.certificate.public_key) < 1_100
    assert len(application.name.encode()) <= 400
