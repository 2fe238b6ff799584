"""Users through SCIM: what is kept, what is refused, and what happens to those who leave."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.oauth.model import Status
from tests.harness import World
from tests.scim import (
    ENTERPRISE,
    GRANTLINE,
    USER,
    USERS,
    Provisioner,
    administrators_client,
    error,
    operation,
)

ADA = "ada@contoso.com"


@pytest.fixture
def client() -> Provisioner:
    return Provisioner()


def account_of(client: Provisioner, user: Any) -> Any:
    return client.world.stores.users.load(user["id"])


def test_a_user_is_kept_as_it_was_sent(client: Provisioner) -> None:
    sent = {
        "externalId": "7f3a",
        "name": {"givenName": "Ada", "familyName": "Byron", "formatted": "Ada Byron"},
        "displayName": "Ada B.",
        "emails": [{"value": "Ada@contoso.com", "type": "work", "primary": True}],
        "phoneNumbers": [{"value": "tel:+1-555-0100", "type": "mobile"}],
        "addresses": [{"type": "work", "locality": "London"}],
        ENTERPRISE: {"department": "Engines", "employeeNumber": "1"},
    }
    made = client.create(ADA, **sent)
    assert {name: made[name] for name in sent} == sent
    assert made["userName"] == ADA
    assert made[GRANTLINE] == {"domain": "contoso.com"}
    assert made["meta"]["location"].endswith(f"/scim/v2/Users/{made['id']}")
    assert client.get(f"/Users/{made['id']}") == made
    account = account_of(client, made)
    assert (account.user.user_name, account.user.user_domain) == ("ada", "contoso.com")
    assert (account.email, account.given_name) == ("Ada@contoso.com", "Ada")


@pytest.mark.parametrize("sent", ["ada@contoso.com", "contoso.com\\ada", "Ada@Contoso.com"])
def test_a_user_name_carries_its_domain_and_is_returned_as_it_was_sent(
    client: Provisioner, sent: str
) -> None:
    made = client.create(sent)
    assert made["userName"] == sent
    for asked in (sent, "ada@contoso.com", "CONTOSO.COM\\\\ADA".replace("\\\\", "\\")):
        escaped = asked.replace("\\", "\\\\")
        assert [one["id"] for one in client.find(f'userName eq "{escaped}"')] == [made["id"]]
    assert client.get(f"{USERS}/ada@contoso.com")["id"] == made["id"]


def test_a_user_name_without_a_domain_needs_the_extension(client: Provisioner) -> None:
    refused = client.call("POST", "/Users", {"schemas": [USER], "userName": "ada"})
    assert error(refused) == (400, "invalidValue")
    made = client.create("ada", **{GRANTLINE: {"domain": "west"}})
    assert (made["userName"], made[GRANTLINE]) == ("ada@west", {"domain": "west"})
    contradiction = {GRANTLINE: {"domain": "west"}, "userName": "ada@east"}
    refused = client.call("POST", "/Users", {"schemas": [USER], **contradiction})
    assert error(refused) == (400, "invalidValue")


def test_what_changes_of_name_and_domain_decides(client: Provisioner) -> None:
    path = f"/Users/{client.create(ADA)['id']}"
    moved = client.patched(path, operation("replace", "userName", "ada@fabrikam.com"))
    assert moved[GRANTLINE] == {"domain": "fabrikam.com"}
    moved = client.patched(path, operation("replace", f"{GRANTLINE}:domain", "west"))
    assert moved["userName"] == "ada@west"
    moved = client.patched(path, operation("replace", "userName", "byron"))
    assert moved["userName"] == "byron@west"
    assert error(client.patch(path, operation("remove", f"{GRANTLINE}:domain")))[0] == 400


def test_a_deployment_may_have_a_default_domain() -> None:
    world = World()
    world.settings = replace(world.settings, scim_default_domain="contoso.com")
    world.process = world.open_process()
    client = Provisioner(world)
    made = client.create("ada")
    assert made["userName"] == "ada"
    assert GRANTLINE not in made
    assert client.find('userName eq "ada@contoso.com"')[0]["id"] == made["id"]
    taken = client.call("POST", "/Users", {"schemas": [USER], "userName": "ADA@contoso.com"})
    assert error(taken) == (409, "uniqueness")


@pytest.mark.checklist("53")
@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"userName": "a\u0000b@contoso.com"}, "userName"),
        ({"userName": "@contoso.com"}, "userName"),
        ({"userName": "a" * 101 + "@contoso.com"}, "userName"),
        ({"emails": [{"value": "no address"}]}, "emails"),
        ({"emails": [{"value": f"{n}@x.y"} for n in range(11)]}, "emails"),
        ({"name": {"givenName": "x" * 101}}, "givenName"),
        ({"externalId": "x" * 256}, "externalId"),
        ({"externalId": "x\u0007"}, "externalId"),
        ({"title": "x" * 17_000}, "attributes"),
    ],
)
def test_the_rules_of_the_form_hold_for_provisioning_too(
    client: Provisioner, values: dict[str, Any], named: str
) -> None:
    body = {"schemas": [USER], "userName": ADA, **values}
    refused = [client.call("POST", "/Users", body)]
    assert client.get("/Users")["totalResults"] == 0
    path = f"/Users/{client.create(ADA, externalId='x1')['id']}"
    before = client.world.database.snapshot()
    # A change is held to the same.
    refused += [
        client.call("PUT", path, body),
        client.patch(path, *(operation("replace", name, one) for name, one in values.items())),
        client.patch(path, operation("add", value=values)),
    ]
    for reply in refused:
        assert error(reply) == (400, "invalidValue")
        assert named in reply.body["detail"]
    assert client.world.database.snapshot() == before


@pytest.mark.checklist("54")
def test_an_external_id_is_nobodys_id(client: Provisioner) -> None:
    ada, eve = client.create(ADA), client.create("eve@contoso.com")
    for value in (ada["id"], ADA, "1"):
        client.patched(f"/Users/{eve['id']}", operation("replace", "externalId", value))
        assert [one["id"] for one in client.find(f'externalId eq "{value}"')] == [eve["id"]]
        assert [one["id"] for one in client.find(f'id eq "{ada["id"]}"')] == [ada["id"]]
        assert client.get(f"/Users/{ada['id']}") == client.get(f"/Users/{ADA}") == ada
    taken = client.patch(f"/Users/{eve['id']}", operation("replace", "id", ada["id"]))
    assert error(taken) == (400, "mutability")


@pytest.mark.checklist("54")
def test_nothing_of_a_body_sets_ids_roles_or_a_password(client: Provisioner) -> None:
    body = {
        "id": "usr_00000000000000000000000000",
        "roles": [{"value": "administrator", "primary": True}],
        "entitlements": [{"value": "admin"}],
        "groups": [{"value": "administrator"}],
        "password": "correct horse battery staple",
        "meta": {"version": 'W/"99"', "created": "2001-01-01T00:00:00Z"},
    }
    made = client.create(ADA, **body)
    assert made["id"] != body["id"]
    assert made["meta"]["version"] == 'W/"1"'
    assert not {"roles", "entitlements", "groups", "password"} & made.keys()
    path = f"/Users/{made['id']}"
    for name in ("roles", "password", "entitlements"):
        client.patch(path, operation("replace", name, body[name]))
    assert error(client.patch(path, operation("add", "groups", body["groups"])))[0] == 400
    account = account_of(client, made)
    assert account.user.roles == frozenset()
    assert client.world.stores.users.load_password_hash(made["id"]) is None
    assert "password" not in account.attributes


def test_user_names_and_external_ids_are_unique(client: Provisioner) -> None:
    client.create(ADA, externalId="x1")
    other = client.create("bob@contoso.com", externalId="X1")
    for values in ({"userName": "ADA@contoso.com"}, {"userName": "c@d.e", "externalId": "x1"}):
        reply = client.call("POST", "/Users", {"schemas": [USER], **values})
        assert error(reply) == (409, "uniqueness")
    renamed = client.patch(f"/Users/{other['id']}", operation("replace", "externalId", "x1"))
    assert error(renamed) == (409, "uniqueness")


def test_put_replaces_and_an_unsaid_active_stays(client: Provisioner) -> None:
    made = client.create(ADA, title="Countess", externalId="x1")
    path = f"/Users/{made['id']}"
    client.patched(path, operation("replace", "active", value=False))
    body = {"schemas": [USER], "userName": ADA, "displayName": "Ada"}
    put = client.call("PUT", path, body)
    assert (put.status, put.body["active"], put.body["displayName"]) == (200, False, "Ada")
    assert not {"title", "externalId"} & put.body.keys()
    assert client.find('externalId eq "x1"') == []


def test_versions_guard_changes_and_save_answers(client: Provisioner) -> None:
    made = client.create(ADA)
    path, version = f"/Users/{made['id']}", made["meta"]["version"]
    unchanged = client.call("GET", path, headers={"If-None-Match": version})
    assert (unchanged.status, unchanged.body) == (304, None)
    changed = client.call(
        "PATCH",
        path,
        {"Operations": [operation("replace", "title", "x")]},
        headers={"If-Match": version},
    )
    assert (changed.status, changed.headers["ETag"]) == (200, 'W/"2"')
    for method, body in (("PUT", {"userName": ADA, "title": "y"}), ("DELETE", None)):
        stale = client.call(method, path, body, headers={"If-Match": version})
        assert error(stale) == (412, None)
    assert client.get(path)["title"] == "x"


def test_a_change_that_changes_nothing_writes_nothing(client: Provisioner) -> None:
    made = client.create(ADA, title="x")
    before = client.world.database.snapshot()
    again = client.patched(f"/Users/{made['id']}", operation("replace", "title", "x"))
    assert again["meta"]["version"] == made["meta"]["version"]
    assert client.world.database.snapshot() == before


def test_inactive_is_disabled_and_still_listed(client: Provisioner) -> None:
    made = client.create(ADA)
    path = f"/Users/{made['id']}"
    assert client.patched(path, operation("replace", "active", value=False))["active"] is False
    user = account_of(client, made).user
    assert (user.status, user.token_epoch) == (Status.DISABLED, 1)
    assert [one["active"] for one in client.get("/Users")["Resources"]] == [False]
    assert client.patched(path, operation("replace", "active", value=True))["active"] is True
    user = account_of(client, made).user
    assert (user.status, user.token_epoch) == (Status.ENABLED, 1)
    assert client.create("bob@contoso.com", active=False)["active"] is False


@pytest.mark.checklist("50")
def test_a_deactivated_user_is_out_at_the_next_request(client: Provisioner) -> None:
    made = client.create(ADA)
    acting = client.world.add_client(user_id=made["id"])
    token = client.world.process.get_token(acting).token
    assert client.world.process.whoami(token).status == 200
    client.patched(f"/Users/{made['id']}", operation("replace", "active", value=False))
    assert client.world.process.whoami(token).status == 401


def test_a_deleted_user_is_gone_for_clients_and_kept_for_the_record(client: Provisioner) -> None:
    made = client.create(ADA, externalId="x1", emails=[{"value": ADA}])
    path = f"/Users/{made['id']}"
    token = client.world.process.get_token(client.world.add_client(user_id=made["id"])).token
    assert client.call("DELETE", path).status == 204
    assert client.world.process.whoami(token).status == 401
    for method, body in (("GET", None), ("PUT", {"userName": ADA}), ("DELETE", None)):
        assert error(client.call(method, path, body)) == (404, None)
    assert error(client.call("GET", f"/Users/{ADA}")) == (404, None)
    assert client.get("/Users")["totalResults"] == 0
    for expression in (
        f'userName eq "{ADA}"',
        'externalId eq "x1"',
        f'emails.value eq "{ADA}"',
        f'id eq "{made["id"]}"',
    ):
        assert client.find(expression) == []
    account = account_of(client, made)
    assert (account.user.status, account.user.token_epoch) == (Status.DISABLED, 1)
    assert account.deleted_at == client.world.clock.now()
    again = client.create(ADA, externalId="x1")
    assert again["id"] != made["id"]


def test_an_administrators_change_is_what_clients_read(client: Provisioner) -> None:
    made = client.create(
        ADA,
        name={"givenName": "Ada", "formatted": "Ada"},
        emails=[{"value": ADA, "type": "work"}, {"value": "h@x.y", "type": "home"}],
    )
    world = client.world
    user = world.add_user("admon", "administrator")
    scopes = frozenset({"admin"})
    admin = world.add_client(user_id=user.user_id, allowed_scopes=scopes)
    headers = {
        "Authorization": f"Bearer {world.process.get_token(admin).token}",
        "Content-Type": "application/json",
    }
    path = f"/admin/users/{made['id']}"
    body = '{"email": "ada@new.com", "family_name": "B"}'
    changed = world.process.call("PATCH", path, headers=headers, body=body)
    assert (changed.status, changed.body["external_id"]) == (200, None)
    read = client.get(f"/Users/{made['id']}")
    assert read["emails"][0] == {"value": "ada@new.com", "type": "work"}
    assert read["name"] == {"givenName": "Ada", "formatted": "Ada", "familyName": "B"}
    assert client.find(f'emails.value eq "{ADA}"') == []
    assert len(client.find('emails.value eq "ada@new.com"')) == 1
    client.call("DELETE", f"/Users/{made['id']}")
    listed = world.process.call("GET", "/admin/users", headers=headers, query={"deleted": ["true"]})
    assert [one["id"] for one in listed.body["items"]] == [made["id"]]
    for change in ("enable", "disable"):
        refused = world.process.call("POST", f"{path}/{change}", headers=headers)
        assert (refused.status, refused.body["error"]) == (409, "conflict")
    assert world.process.call("PATCH", path, headers=headers, body=body).status == 409


def test_a_user_whom_an_administrator_made_reads_as_any_other(client: Provisioner) -> None:
    user = client.world.add_user("jdoe")
    read = client.get(f"{USERS}/jdoe@domain")
    assert (read["id"], read["userName"], read["active"]) == (user.user_id, "jdoe@domain", True)


def test_a_change_that_loses_a_race_is_decided_anew(client: Provisioner) -> None:
    made = client.create(ADA)
    path, other = f"{USERS}/{made['id']}", Provisioner(client.world, client.token)
    send, races = client.world.database.send, iter(["one", "two"])

    def interfere(name: str, arguments: Any) -> Any:
        title = next(races, None) if name == "TransactWriteItems" else None
        if title is not None:
            client.world.database.send = send  # type: ignore[method-assign] - for the other
            other.patched(path, operation("replace", "title", title))
            client.world.database.send = interfere  # type: ignore[method-assign] - again
        return send(name, arguments)

    client.world.database.send = interfere  # type: ignore[method-assign] - a request in between
    read = client.patched(path, operation("replace", "displayName", "Ada"))
    assert (read["displayName"], read["title"]) == ("Ada", "two")


def test_parameters_that_nobody_knows_are_passed_over(client: Provisioner) -> None:
    client.create(ADA)
    flagged = client.get(USERS, aadOptscim062020="", filter=f'userName eq "{ADA}"')
    assert flagged["totalResults"] == 1


@pytest.mark.parametrize(
    "op",
    [{"op": "replace", "path": "active", "value": None}, {"op": "remove", "path": "active"}],
)
@pytest.mark.parametrize("active", [True, False])
def test_an_active_that_says_nothing_leaves_the_user_as_it_is(
    client: Provisioner, op: dict[str, Any], *, active: bool
) -> None:
    user_id = client.create("null@x", active=active)["id"]
    assert "active" not in client.patched(f"/Users/{user_id}", op)
    account = client.world.stores.users.load(user_id)
    assert account is not None
    assert account.user.enabled is active
    said = {"op": "replace", "path": "active", "value": active}
    assert client.patched(f"/Users/{user_id}", said)["active"] is active
    assert client.get(f"/Users/{user_id}")["active"] is active


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("kind", ["Users", ""])
def test_searches_find_by_an_active_that_was_taken_away_and_do_not_show_it(
    client: Provisioner, kind: str, *, active: bool
) -> None:
    user_id = client.create("taken@x", active=active)["id"]
    client.patched(f"/Users/{user_id}", operation("remove", "active"))
    said = f"active eq {str(active).lower()}"
    for expression in (said, f'userName eq "taken@x" and {said}', f'id eq "{user_id}" and {said}'):
        (found,) = client.get(f"/{kind}".rstrip("/"), filter=expression)["Resources"]
        assert found["id"] == user_id
        assert "active" not in found
    assert client.find(f"active eq {str(not active).lower()}") == []


def test_an_administrators_disabling_is_shown_where_active_was_taken_away(
    client: Provisioner,
) -> None:
    user_id = client.create("taken@x")["id"]
    client.patched(f"/Users/{user_id}", operation("remove", "active"))
    body = {"schemas": [USER], "userName": "taken@x", "title": "Dr"}
    assert "active" not in client.call("PUT", f"/Users/{user_id}", body).body
    headers = {"Authorization": f"Bearer {administrators_client(client.world).token}"}
    path = f"/admin/users/{user_id}/disable"
    assert client.world.process.call("POST", path, headers=headers).status == 200
    assert client.get(f"/Users/{user_id}")["active"] is False
