"""Plain lists come in pages; what they cost depends on the page, not on the table."""

import base64
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.directory.model import Account
from chalicelib.oauth.ids import new_user_id
from chalicelib.oauth.model import GrantType, Status, User
from chalicelib.protected.odata import reading
from chalicelib.storage import name_lists
from tests.faults.costs import Cost, measure
from tests.harness import World
from tests.odata import Caller, administrator, caller

USERS = 450


def name_of(number: int) -> str:
    return f"user-{number:04}"


def furnish() -> Caller:
    """An administrator of a deployment with users."""
    world = World()
    for number in range(USERS):
        world.add_user(name_of(number))
    return administrator(world)


@pytest.fixture(scope="module")
def admin() -> Caller:
    """Shared: a test that writes furnishes its own."""
    return furnish()


def cost(who: Caller, path: str, status: int = 200, **options: str) -> Cost:
    query = {f"${name}": [value] for name, value in options.items()} or None
    headers = {"Authorization": f"Bearer {who.token}"}
    full = f"/odata/data/{path}"
    who.get(path, **options)
    return measure(
        who.world,
        who.world.process,
        lambda process: process.call("GET", full, headers=headers, query=query),
        status,
    )


def test_every_page_leads_to_the_next_and_nothing_is_missed_or_doubled(admin: Caller) -> None:
    assert len(admin.get("Users").body["value"]) == 100
    names = admin.values("Users", "userName")
    assert names == ["admon", *map(name_of, range(USERS))]


def test_a_smaller_or_larger_page_can_be_preferred_within_bounds(admin: Caller) -> None:
    for asked, given in ((7, 7), (300, 300), (100_000, USERS + 1)):
        headers = {"Prefer": f"odata.maxpagesize={asked}, respond-async"}
        reply = admin.get("Users", headers=headers)
        assert len(reply.body["value"]) == given
        applied = f"odata.maxpagesize={min(asked, 500)}"
        assert reply.headers["Preference-Applied"] == applied


def test_top_ends_the_list_across_pages_and_skip_begins_it_later(admin: Caller) -> None:
    assert admin.values("Users", "userName", top="3") == ["admon", name_of(0), name_of(1)]
    assert "@odata.nextLink" not in admin.get("Users", top="100").body
    assert len(admin.values("Users", "id", top="250")) == 250
    assert admin.values("Users", "userName", top="2", skip="301") == [name_of(300), name_of(301)]
    assert len(admin.values("Users", "id", skip="101")) == USERS - 100
    assert admin.values("Users", "id", top="0") == []
    assert admin.values("Users", "id", skip="900") == []
    assert admin.refusal("Users", skip="901") == (400, "RowLimitExceeded")


def test_counts_are_those_of_all_rows_whatever_the_page(admin: Caller) -> None:
    assert admin.get("Users/$count").body == str(USERS + 1)
    reply = admin.get("Users", count="true", top="5")
    assert (reply.body["@odata.count"], len(reply.body["value"])) == (USERS + 1, 5)
    begins = "startswith(userName,'user-01')"
    reply = admin.get("Users", count="true", top="5", filter=begins)
    assert (reply.body["@odata.count"], len(reply.body["value"])) == (100, 5)
    assert admin.get("Users/$count", filter=begins).body == "100"
    first = admin.get("Users", count="true")
    assert "@odata.count" not in admin.follow(first.body["@odata.nextLink"]).body


def test_a_page_keeps_filter_selection_and_order(admin: Caller) -> None:
    reply = admin.get(
        "Users",
        filter="startswith(userName,'user-') and domain eq 'domain'",
        select="userName",
        orderby="userName",
    )
    following = admin.follow(reply.body["@odata.nextLink"])
    assert [one["userName"] for one in following.body["value"]] == list(
        map(name_of, range(100, 200))
    )
    assert set(following.body["value"][0]) == {"id", "userName"}


def test_a_continuation_is_bound_to_its_question_and_to_who_asked(admin: Caller) -> None:
    world = admin.world
    link = admin.get("Users").body["@odata.nextLink"]
    token = parse_qs(urlsplit(link).query)["$skiptoken"][0]
    refused = (400, "InvalidQuery")
    assert admin.get("Users", skiptoken=token).status == 200
    assert admin.refusal("Users", skiptoken=token, filter="startswith(userName,'user')") == refused
    assert admin.refusal("Users", skiptoken=token, orderby="userName") == refused
    assert admin.refusal("AuditEvents", skiptoken=token) == refused
    user = admin.client.application.user_id
    assert user is not None
    account = world.stores.users.load(user)
    assert account is not None
    assert caller(world, account.user).refusal("Users", skiptoken=token) == refused


@pytest.mark.checklist("55")
@pytest.mark.parametrize("forged", ["", "x", "é", "A" * 5000, "====", "W10", "-_-_"])
def test_a_forged_continuation_is_refused(admin: Caller, forged: str) -> None:
    assert admin.refusal("Users", skiptoken=forged)[0] == 400


@pytest.mark.checklist("55")
def test_no_byte_of_a_continuation_can_be_changed(admin: Caller) -> None:
    link = admin.get("Users", top="150").body["@odata.nextLink"]
    token = parse_qs(urlsplit(link).query)["$skiptoken"][0]
    content = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    for position in range(0, len(content), 7):
        changed = bytearray(content)
        changed[position] ^= 1
        forged = base64.urlsafe_b64encode(changed).rstrip(b"=").decode()
        assert admin.refusal("Users", skiptoken=forged)[0] == 400


def test_any_process_continues_what_another_began(admin: Caller) -> None:
    link = admin.get("Users").body["@odata.nextLink"]
    other = admin.world.open_process()
    parts = urlsplit(link)
    headers = {"Authorization": f"Bearer {admin.token}"}
    reply = other.call("GET", parts.path, headers=headers, query=parse_qs(parts.query))
    assert reply.status == 200
    assert name_of(199) not in reply.body[:100]
    assert name_of(120) in reply.body


def test_without_its_key_nothing_is_continued(admin: Caller) -> None:
    process = admin.world.open_process()
    headers = {"Authorization": f"Bearer {admin.token}"}
    admin.world.protector.unavailable = True
    try:
        assert process.call("GET", "/odata/data/Domains", headers=headers).status == 200
        reply = process.call("GET", "/odata/data/Users", headers=headers)
    finally:
        admin.world.protector.unavailable = False
    assert (reply.status, reply.headers["Retry-After"]) == (503, "2")
    assert reply.headers["OData-Version"] == "4.0"


def test_lookups_cost_a_lookup(admin: Caller) -> None:
    """Beside one batch that validates the token: grant, application and user, 3 units."""
    key = admin.values("Users", "id", filter="userName eq 'user-0007' and domain eq 'domain'")[0]
    by_key = cost(admin, f"Users('{key}')")
    assert (len(by_key.calls), by_key.reads) == (2, 5)
    by_id = cost(admin, "Users", filter=f"id eq '{key}'")
    assert (len(by_id.calls), by_id.reads) == (2, 5)
    by_name = cost(admin, "Users", filter="userName eq 'user-0007' and domain eq 'domain'")
    assert (len(by_name.calls), by_name.reads) == (3, 6)
    namesakes = cost(admin, "Users", filter="userName eq 'user-0007'")
    assert (len(namesakes.calls), namesakes.reads) == (3, 5.5)
    # Hundreds of names begin like this one, which nobody has.
    nobody = cost(admin, "Users", filter="userName eq 'user-0'")
    assert (len(nobody.calls), nobody.reads <= 12) == (3, True)


def test_a_page_costs_the_same_wherever_it_is(admin: Caller) -> None:
    first = cost(admin, "Users")
    beginning = cost(admin, "Users", filter="startswith(userName,'user-03')")
    assert (len(first.calls), len(beginning.calls)) == (4, 4)
    assert first.reads <= 3 + 200 + 5
    assert beginning.reads <= 3 + 200 + 5


def test_what_no_index_answers_is_evaluated_under_a_limit(admin: Caller) -> None:
    names = admin.values("Users", "userName", filter="endswith(userName,'7') or length(email) gt 3")
    assert names == [name_of(number) for number in range(7, USERS, 10)]


@pytest.mark.checklist("55")
def test_over_the_limit_there_is_an_error_and_never_a_part_of_the_answer() -> None:
    world = World()
    for number in range(1_000):
        world.add_user(name_of(number))
    admin = administrator(world)
    over = (400, "RowLimitExceeded")
    assert admin.refusal("Users", filter="endswith(userName,'7')") == over
    assert admin.refusal("Users", orderby="email") == over
    assert admin.refusal("Users", search="user") == over
    assert admin.refusal("Users/$count", filter="endswith(userName,'7')") == over
    assert (
        "nextLink" in admin.get("Users", filter="endswith(userName,'7')").body["error"]["message"]
    )
    narrowed = "startswith(userName,'user-00') and endswith(userName,'7')"
    assert len(admin.values("Users", "id", filter=narrowed)) == 10
    assert len(admin.values("Users", "id")) == 1_001
    assert admin.values("Users", "userName", skip="900", top="2") == ["user-0899", "user-0900"]
    assert len(admin.values("Users", "id", skip="900")) == 101
    large = admin.get("Users", skip="700", headers={"Prefer": "odata.maxpagesize=500"})
    assert len(large.body["value"]) == 300
    assert admin.get("Users/$count").body == "1001"


def test_a_user_of_several_domains_is_found_by_name() -> None:
    world = World()
    world.add_user("sam")
    world.add_user("samuel")
    add_elsewhere(world, "Sam")
    who = administrator(world)
    assert who.values("Users", "userName", filter="userName eq 'sam'") == ["sam"]
    assert who.values("Users", "userName", filter="tolower(userName) eq 'sam'") == ["sam", "Sam"]
    assert who.values("Users", "domain", filter="userName eq 'Sam'") == ["elsewhere"]
    assert who.values("Users", "userName", filter="domain eq 'elsewhere'") == ["Sam"]
    assert who.values("Domains", "userCount", orderby="name") == [3, 1]
    assert who.values("Domains", "name", filter="startswith(name,'else')") == ["elsewhere"]
    assert who.values("Domains", "name", filter="name in ('domain','nowhere')") == ["domain"]
    twice = "name in ('domain','Domain','DOMAIN')"
    assert who.values("Domains", "name", filter=twice) == ["domain"]
    assert who.get("Domains/$count", filter=twice).body == "1"


def add_elsewhere(world: World, name: str) -> User:
    user = User(new_user_id(), name, "elsewhere")
    account = Account(user, world.clock.now(), world.clock.now())
    world.stores.users.create(account, None, world._event("user.created", user.user_id))
    return user


def test_events_are_found_by_target_and_by_time_newest_first() -> None:
    world = World()
    jane = world.add_user("jane")
    world.clock.sleep(40 * 86_400)
    world.change_user(jane, token_epoch=1)
    who = administrator(world)
    mine = f"target eq '{jane.user_id}'"
    assert who.values("AuditEvents", "action", filter=mine) == ["user.updated", "user.created"]
    recent = "at ge 2027-02-01T00:00:00Z"
    found = who.values("AuditEvents", "action", filter=recent)
    assert found == ["application.created", "user.created", "user.updated"]
    assert who.values("AuditEvents", "action", filter=f"not ({recent})")[0] == "user.created"
    older = f"{mine} and at lt 2027-02-01T00:00:00Z"
    assert who.values("AuditEvents", "action", filter=older) == ["user.created"]
    newest = who.values("AuditEvents", "at", orderby="at desc")
    assert newest == sorted(newest, reverse=True)
    assert who.values("AuditEvents", "at", orderby="at") == newest[::-1]
    key = who.values("AuditEvents", "id")[0]
    assert who.values("AuditEvents", "id", filter=f"id eq '{key}'") == [key]
    assert who.values("AuditEvents", "id", filter="at gt 9999-01-01T00:00:00Z") == []
    assert who.values("AuditEvents", "id", filter="at lt 0001-01-01T00:00:00Z") == []


def test_a_list_is_read_from_its_end_as_well(admin: Caller) -> None:
    backwards = admin.values("Users", "userName", orderby="userName desc")
    assert backwards == ["admon", *map(name_of, range(USERS))][::-1]
    assert "@odata.nextLink" in admin.get("Users", orderby="userName desc").body


def test_users_are_found_by_address_and_external_id_and_the_deleted_not_at_all() -> None:
    world = World()
    who = administrator(world)
    for number in range(3):
        user = User(new_user_id(), name_of(number), "domain")
        account = Account(
            user,
            world.clock.now(),
            world.clock.now(),
            email="Shared@example.com" if number else "shared@example.com",
            external_id=f"external-{number}",
        )
        world.stores.users.create(account, None, world._event("user.created", user.user_id))
    shared = "email eq 'Shared@example.com'"
    assert who.values("Users", "userName", filter=shared) == [name_of(1), name_of(2)]
    one = "externalId eq 'external-1'"
    assert who.values("Users", "userName", filter=one) == [name_of(1)]
    assert cost(who, "Users", filter=one).reads == 6
    two = "externalId in ('external-1','external-2','external-9')"
    assert who.values("Users", "userName", filter=two) == [name_of(1), name_of(2)]

    (key,) = who.values("Users", "id", filter=one)
    before = world.stores.users.load(key)
    assert before is not None
    gone = replace(before.user, status=Status.DISABLED, version=before.user.version + 1)
    after = replace(before, user=gone, deleted_at=world.clock.now(), external_id=None)
    world.stores.users.delete(before, after, world._event("user.deleted", key))
    assert who.refusal(f"Users('{key}')") == (404, "NotFound")
    for filter_ in (one, f"id eq '{key}'", shared.replace("S", "s", 1), "true", "userName ne ''"):
        assert key not in who.values("Users", "id", filter=filter_)
    assert who.get("Users/$count").body == "3"


def test_applications_are_chosen_and_ordered_by_their_index() -> None:
    world = World()
    who = administrator(world)
    for number in range(120):
        status = Status.DISABLED if number % 2 else Status.ENABLED
        world.add_client(GrantType.BEARER_TOKEN, name=f"robot {number:03}", status=status)
    disabled = "status eq 'disabled' and grantType eq 'bearer_token'"
    names = who.values("Applications", "name", filter=disabled, orderby="name desc")
    assert names == [f"robot {number:03}" for number in range(119, 0, -2)]
    assert who.values("Applications", "name", filter="status eq 'broken'") == []
    newest = who.get("Applications", orderby="clientId desc", top="101")
    listed = [one["clientId"] for one in newest.body["value"]]
    assert listed == sorted(listed, reverse=True)
    assert "@odata.nextLink" in newest.body
    assert len(who.values("Applications", "name", filter="startswith(name,'robot 01')")) == 10
    assert who.values("Applications", "name", filter="startswith(name,'bot')") == []
    assert who.get("Applications/$count").body == "121"
    assert who.get("Applications/$count", filter=disabled).body == "60"


def test_an_application_is_looked_up_by_its_name_and_walked_to_by_its_beginning() -> None:
    world = World()
    who = administrator(world)
    for number in range(120):
        world.add_client(GrantType.BEARER_TOKEN, name=f"robot {number:03}")
    one = "name eq 'robot 017'"
    assert who.values("Applications", "name", filter=one) == ["robot 017"]
    assert who.values("Applications", "name", filter="name eq 'robot'") == []
    assert who.values("Applications", "name", filter=f"{one} and status eq 'disabled'") == []
    two = "name in ('Robot 017','robot 017','robot 018')"
    assert who.values("Applications", "name", filter=two) == ["robot 017", "robot 018"]
    looked_up = cost(who, "Applications", filter=one)
    assert (len(looked_up.calls), looked_up.reads) == (3, 6)
    begun = cost(who, "Applications", filter="startswith(name,'robot 01')")
    assert (len(begun.calls), begun.reads < 30) == (3, True)


def test_what_would_be_over_the_limit_is_refused_before_it_is_paid_for() -> None:
    world = World()
    for number in range(1_000):
        world.add_user(name_of(number))
    who = administrator(world)
    refused = cost(who, "Users", 400, filter="endswith(userName,'7')")
    assert (len(refused.calls), refused.reads) == (2, 3.5)


@pytest.mark.checklist("55")
def test_index_entries_that_are_passed_over_are_bounded_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading.RowBudget.__init__, "__defaults__", (reading.ROW_LIMIT, 2))
    monkeypatch.setattr(name_lists, "MAXIMUM_NAMES_A_PAGE", 100)
    admin = furnish()
    add_elsewhere(admin.world, "zoe")
    over = (400, "RowLimitExceeded")
    assert admin.refusal("Users", filter="domain eq 'elsewhere' and length(email) gt 3") == over
    assert admin.refusal("Users/$count", filter="domain eq 'elsewhere'") == over
    near = "domain eq 'elsewhere' and startswith(userName,'z') and length(userName) gt 2"
    assert admin.values("Users", "userName", filter=near) == ["zoe"]


@pytest.mark.parametrize("beginning", ["", "startswith(userName,'user') and "])
@pytest.mark.parametrize("rest", ["", " and contains(email,'x')"])
def test_a_domain_without_users_walks_along_nothing(
    admin: Caller, beginning: str, rest: str
) -> None:
    empty = cost(admin, "Users", filter=f"{beginning}domain eq 'nowhere'{rest}")
    assert len(empty.calls) <= 3
    reply = admin.get("Users", filter=f"{beginning}domain eq 'nowhere'{rest}")
    assert (reply.body["value"], "@odata.nextLink" in reply.body) == ([], False)


def test_a_name_of_many_domains_is_read_in_few_pages() -> None:
    world = World()
    for number in range(150):
        user = User(new_user_id(), "sam", f"domain-{number:03}")
        account = Account(user, world.clock.now(), world.clock.now())
        world.stores.users.create(account, None, world._event("user.created", user.user_id))
    who = administrator(world)
    filter_ = "userName eq 'sam' and endswith(domain,'9')"
    assert len(who.values("Users", "domain", filter=filter_)) == 15
    assert len(cost(who, "Users", filter=filter_).calls) <= 7
