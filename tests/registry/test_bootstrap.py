"""Setting a deployment up: all of it, once, and what stays as it was made."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.administration.refusals import Conflict, FieldsRefused, FieldsTaken
from chalicelib.audit import Actor
from chalicelib.directory.users import Users
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.model import BuiltIn, Consent, LifeCycle, LifeCycleType
from chalicelib.oauth.redirect_strategy import is_registered
from chalicelib.registry.applications import Applications
from chalicelib.registry.bootstrap import AlreadyBootstrapped, Bootstrap
from chalicelib.registry.built_in import COMMAND_LINE_CLIENT_ID, CONSOLE_CLIENT_ID
from chalicelib.registry.secrets import ClientSecrets
from chalicelib.storage.stores import Stores
from tests.fakes.clock import FakeClock
from tests.fakes.stores import AnyStores, FakeStores

ISSUER = "https://login.example"
OPERATOR = Actor(None, None, "arn:aws:iam::1:user/ada", "")
ADA = {"user_name": "ada", "user_domain": "corp", "password": "a-password-of-length"}


@pytest.fixture(params=["fakes", "tables"])
def stores(request: pytest.FixtureRequest) -> AnyStores:
    found: AnyStores = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def bootstrap(stores: AnyStores, clock: FakeClock) -> Bootstrap:
    return Bootstrap(stores.first_records, stores.applications, clock)


def applications_of(stores: AnyStores, clock: Clock) -> Applications:
    return Applications(stores.applications, stores.users, stores.certificate_files, clock)


def test_it_makes_both_applications_and_an_administrator(
    stores: AnyStores, bootstrap: Bootstrap
) -> None:
    account = bootstrap.run(ADA, ISSUER, OPERATOR)
    assert account.user.roles == {"administrator"}
    assert stores.users.load_password_hash(account.user.user_id) is not None
    console = stores.applications.load(CONSOLE_CLIENT_ID)
    command_line = stores.applications.load(COMMAND_LINE_CLIENT_ID)
    assert console is not None
    assert command_line is not None
    assert console.application.built_in is BuiltIn.CONSOLE
    assert console.application.secrets == ()
    assert not console.application.public
    assert is_registered(console.application, f"{ISSUER}/console/callback")
    assert command_line.application.built_in is BuiltIn.COMMAND_LINE
    assert command_line.application.public
    assert command_line.application.consent is Consent.REQUIRED
    for target in (CONSOLE_CLIENT_ID, COMMAND_LINE_CLIENT_ID, account.user.user_id):
        (event,) = stores.audit.list_events(target, None, 10).items
        assert event.actor == OPERATOR
        assert "password" not in str(event.changes)


def test_a_second_run_is_refused_and_changes_nothing(
    stores: AnyStores, bootstrap: Bootstrap
) -> None:
    bootstrap.run(ADA, ISSUER, OPERATOR)
    with pytest.raises(AlreadyBootstrapped):
        bootstrap.run({**ADA, "user_name": "eve"}, "https://evil.example", OPERATOR)
    assert stores.users.find("corp", "eve") is None
    console = stores.applications.load(CONSOLE_CLIENT_ID)
    assert console is not None
    assert console.redirect_uris == (f"{ISSUER}/console/callback",)


def test_a_race_is_decided_by_the_transaction(
    tables: Stores, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap = Bootstrap(tables.first_records, tables.applications, clock)
    bootstrap.run(ADA, ISSUER, OPERATOR)
    # As the loser of a race sees it: nothing is there yet.
    monkeypatch.setattr(type(tables.applications), "load", lambda *_: None)
    with pytest.raises(AlreadyBootstrapped):
        bootstrap.run({**ADA, "user_name": "eve"}, ISSUER, OPERATOR)
    assert tables.users.find("corp", "eve") is None


def test_a_wrong_form_or_a_taken_name_makes_nothing(
    stores: AnyStores, bootstrap: Bootstrap, clock: FakeClock
) -> None:
    with pytest.raises(FieldsRefused) as refused:
        bootstrap.run({**ADA, "password": "short"}, ISSUER, OPERATOR)
    assert refused.value.fields.keys() == {"password"}
    Users(stores.users, clock).create({**ADA, "user_name": "ADA"}, OPERATOR)
    with pytest.raises(FieldsTaken):
        bootstrap.run(ADA, ISSUER, OPERATOR)
    assert stores.applications.load(CONSOLE_CLIENT_ID) is None
    assert stores.applications.load(COMMAND_LINE_CLIENT_ID) is None


def test_the_callback_follows_the_issuer(stores: AnyStores, bootstrap: Bootstrap) -> None:
    with pytest.raises(Conflict):
        bootstrap.follow_issuer(ISSUER, OPERATOR)
    bootstrap.run(ADA, ISSUER, OPERATOR)
    assert not bootstrap.follow_issuer(ISSUER, OPERATOR)
    assert bootstrap.follow_issuer("https://other.example", OPERATOR)
    console = stores.applications.load(CONSOLE_CLIENT_ID)
    assert console is not None
    assert is_registered(console.application, "https://other.example/console/callback")
    assert not is_registered(console.application, f"{ISSUER}/console/callback")


CHANGES: dict[str, Callable[[Applications, ClientSecrets, str], object]] = {
    "disable": lambda applications, _, client_id: applications.disable(client_id, OPERATOR),
    "delete": lambda applications, _, client_id: applications.delete(client_id, OPERATOR),
    "secret": lambda _, secrets, client_id: secrets.rotate(client_id, 0, OPERATOR),
    "rename": lambda applications, _, client_id: applications.update(
        client_id, {"name": "Mine"}, OPERATOR
    ),
    "redirect": lambda applications, _, client_id: applications.update(
        client_id, {"redirect_uris": ["https://evil.example/"]}, OPERATOR
    ),
    "both": lambda applications, _, client_id: applications.update(
        client_id, {"token_lifetime_minutes": 5, "allowed_scopes": ["api", "admin"]}, OPERATOR
    ),
}


@pytest.mark.checklist("53")
@pytest.mark.parametrize("client_id", [CONSOLE_CLIENT_ID, COMMAND_LINE_CLIENT_ID])
@pytest.mark.parametrize("name", CHANGES)
def test_a_built_in_application_stays_as_it_is(
    fakes: FakeStores, clock: FakeClock, name: str, client_id: str
) -> None:
    Bootstrap(fakes.first_records, fakes.applications, clock).run(ADA, ISSUER, OPERATOR)
    before = fakes.applications.load(client_id)
    applications = applications_of(fakes, clock)
    with pytest.raises(Conflict):
        CHANGES[name](applications, ClientSecrets(fakes.applications, clock), client_id)
    with pytest.raises(Conflict):
        applications.validate_update(client_id, {"name": "Other"})
    assert fakes.applications.load(client_id) == before


def test_its_lifetime_can_be_changed_within_the_rules(fakes: FakeStores, clock: FakeClock) -> None:
    # A callback on http, as locally, is no obstacle: nothing else is looked at.
    issuer = "http://127.0.0.1:8000"
    Bootstrap(fakes.first_records, fakes.applications, clock).run(ADA, issuer, OPERATOR)
    applications = applications_of(fakes, clock)

    def change(**body: Any) -> LifeCycle:
        after = applications.update(CONSOLE_CLIENT_ID, body, OPERATOR)
        return after.application.life_cycle

    assert change(token_lifetime_minutes=30) == LifeCycle(LifeCycleType.SLIDING, 1800, 43_200)
    assert change(life_cycle_type="absolute") == LifeCycle(LifeCycleType.ABSOLUTE, 1800)
    for endless in (None, 0, ""):
        with pytest.raises(FieldsRefused):
            change(token_lifetime_minutes=endless)
    with pytest.raises(FieldsRefused):
        change(token_lifetime_minutes=10**9)


def test_its_tokens_can_be_revoked(fakes: FakeStores, clock: FakeClock) -> None:
    Bootstrap(fakes.first_records, fakes.applications, clock).run(ADA, ISSUER, OPERATOR)
    after = applications_of(fakes, clock).revoke_tokens(CONSOLE_CLIENT_ID, OPERATOR)
    assert after.application.token_epoch == 1
