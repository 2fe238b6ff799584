"""Whoever asks sees what is theirs; an administrator sees all."""

import pytest

from chalicelib.oauth.model import GrantType, Status, User
from tests.harness import World
from tests.odata import Caller, administrator, caller


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def jane(world: World) -> User:
    return world.add_user("jane")


def seen(who: Caller) -> dict[str, list[str]]:
    keys = {"Users": "id", "Domains": "name", "Applications": "clientId", "AuditEvents": "id"}
    return {name: who.values(name, key) for name, key in keys.items()}


def test_an_ordinary_user_sees_themselves_their_domain_and_the_application_they_use(
    world: World, jane: User
) -> None:
    world.add_user("other")
    who = caller(world, jane)
    assert seen(who) == {
        "Users": [jane.user_id],
        "Domains": ["domain"],
        "Applications": [who.client.client_id],
        "AuditEvents": [],
    }


def test_an_application_that_acts_as_itself_sees_its_own_registration_alone(
    world: World, jane: User
) -> None:
    who = caller(world, None)
    nothing: list[str] = []
    assert seen(who) == {
        "Users": nothing,
        "Domains": nothing,
        "Applications": [who.client.client_id],
        "AuditEvents": nothing,
    }
    assert who.get(f"Users('{jane.user_id}')").status == 404


def test_an_administrator_sees_all(world: World, jane: User) -> None:
    ordinary = caller(world, jane)
    everything = seen(administrator(world))
    assert jane.user_id in everything["Users"]
    assert ordinary.client.client_id in everything["Applications"]
    assert len(everything["AuditEvents"]) == 4


@pytest.mark.checklist("52", "54")
def test_what_may_not_be_seen_does_not_exist(world: World, jane: User) -> None:
    admin = administrator(world)
    who = caller(world, jane)
    hidden = [
        f"Users('{admin.client.application.user_id}')",
        f"Applications('{admin.client.client_id}')",
        f"AuditEvents('{admin.values('AuditEvents', 'id')[0]}')",
    ]
    for path in hidden:
        assert admin.get(path).status == 200
        assert who.refusal(path) == (404, "NotFound")
        assert who.refusal(path.replace("('", "('x")) == (404, "NotFound")
    key = admin.client.application.user_id
    for filter_ in (f"id eq '{key}'", "userName eq 'admon' and domain eq 'domain'", "true"):
        assert key not in who.values("Users", "id", filter=filter_)
        assert who.get("Users/$count", filter=filter_).body in ("0", "1")
    assert who.get("Users/$count").body == "1"
    assert who.get("AuditEvents/$count").body == "0"
    assert who.values("Users", "id", search="admon") == []
    assert admin.values("Domains", "userCount") == [2]
    assert who.values("Domains", "userCount") == [1]
    assert who.get("Domains('DOMAIN')/userCount/$value").body == "1"
    assert who.values("Domains", "name", filter="userCount gt 1") == []


@pytest.mark.checklist("49", "50")
def test_a_demotion_bites_at_the_next_request_and_a_disabled_user_is_out(world: World) -> None:
    admin = world.add_user("admon", "administrator")
    world.add_user("other")
    who = caller(world, admin)
    assert len(who.values("Users", "id")) == 2
    demoted = world.change_user(admin, roles=frozenset())
    assert who.values("Users", "id") == [admin.user_id]
    world.change_user(demoted, status=Status.DISABLED)
    assert who.get("Users").status == 401


def test_the_secret_of_an_application_for_everything_acts_as_its_user(world: World) -> None:
    admin = world.add_user("admon", "administrator")
    client = world.add_client(GrantType.ALL, user_id=admin.user_id)
    who = Caller(world, client, client.secret)
    assert who.values("Users", "userName") == ["admon"]
    assert len(who.values("AuditEvents", "id")) == 2


def test_a_domain_of_others_is_not_seen(world: World, jane: User) -> None:
    assert caller(world, jane).refusal("Domains('elsewhere')") == (404, "NotFound")


@pytest.mark.checklist("36")
def test_no_secret_and_no_hash_is_in_any_answer(world: World) -> None:
    who = administrator(world)
    stored = who.client.application.secrets[0]
    for name in ("Users", "Domains", "Applications", "AuditEvents"):
        text = str(who.get(name).body)
        assert stored.hash not in text
        assert who.client.secret not in text
        assert who.token not in text
