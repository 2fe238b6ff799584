from pathlib import Path

import pytest

from chalicelib.local.credentials import Credentials
from chalicelib.local.seed import ADMINISTRATOR_NAME, DOMAIN, USER_NAME, seed
from chalicelib.oauth.model import GrantType
from chalicelib.oauth.redirect_strategy import is_registered
from chalicelib.oauth.scope import ADMINISTRATOR
from chalicelib.storage.stores import Stores
from tests.fakes.clock import FakeClock

ISSUER = "http://127.0.0.1:8000"


@pytest.fixture(name="seeded")
def seeded_fixture(tables: Stores, clock: FakeClock, tmp_path: Path) -> Credentials:
    return seed(tables, clock, ISSUER, tmp_path)


def test_one_application_for_each_grant_type_of_its_own(
    tables: Stores, seeded: Credentials
) -> None:
    applications = dict(seeded["applications"])
    public = tables.applications.load(applications.pop("public")["client_id"])
    assert public is not None
    assert public.application.public
    assert public.application.localhost_port is None
    assert set(applications) == {grant_type.value for grant_type in GrantType}
    for grant_type, application in applications.items():
        registration = tables.applications.load(application["client_id"])
        assert registration is not None
        assert registration.application.grant_type is GrantType(grant_type)
    assert seeded["applications"]["public"]["client_secret"] is None
    assert seeded["applications"]["client_certificate"]["client_secret"] is None


def test_only_the_administrator_has_the_role(tables: Stores, seeded: Credentials) -> None:
    assert seeded["administrator"]["user_name"] == ADMINISTRATOR_NAME
    administrator = tables.users.find(DOMAIN, ADMINISTRATOR_NAME)
    user = tables.users.find(DOMAIN, USER_NAME)
    assert administrator is not None
    assert user is not None
    assert administrator.user.roles == {ADMINISTRATOR}
    assert user.user.roles == frozenset()


def test_redirect_uris_are_registered(tables: Stores, seeded: Credentials) -> None:
    for name in ("all", "authorization_code", "public"):
        application = seeded["applications"][name]
        registration = tables.applications.load(application["client_id"])
        assert registration is not None
        assert is_registered(registration.application, application["redirect_uri"])


def test_users_have_names_and_addresses(tables: Stores, seeded: Credentials) -> None:
    for name in ("administrator", "user"):
        account = tables.users.find(DOMAIN, seeded[name]["user_name"])
        assert account is not None
        assert account.email == seeded[name]["email"]
        assert account.given_name == seeded[name]["given_name"]
        assert account.family_name == seeded[name]["family_name"]


def test_what_is_seeded_is_in_the_audit(tables: Stores, seeded: Credentials) -> None:
    client_id = seeded["admin_application"]["client_id"]
    events = tables.audit.list_events(client_id, None, 10).items
    assert [event.action for event in events] == ["application.created"]
    assert events[0].actor.client_id is None


def test_seeding_again_replaces_what_storage_kept(
    tables: Stores, clock: FakeClock, seeded: Credentials, tmp_path: Path
) -> None:
    before = tables.users.find(DOMAIN, ADMINISTRATOR_NAME)
    old_hash = None if before is None else tables.users.load_password_hash(before.user.user_id)
    again = seed(tables, clock, ISSUER, tmp_path)
    after = tables.users.find(DOMAIN, ADMINISTRATOR_NAME)
    assert before is not None
    assert after is not None
    assert after.user.user_id == before.user.user_id
    assert after.user.roles == {ADMINISTRATOR}
    assert tables.users.load_password_hash(after.user.user_id) != old_hash
    old, new = seeded["admin_application"], again["admin_application"]
    assert tables.applications.load(old["client_id"]) is None
    assert tables.applications.load(new["client_id"]) is not None
    assert set(again["applications"]) == set(seeded["applications"])
