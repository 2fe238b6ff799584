"""What Okta's SCIM 2.0 connector sends, in the order it sends it, after its documentation.

Okta replaces users with PUT, pages with startIndex and count, never deletes, and matches by
`userName`.
"""

from typing import Any

import pytest

from tests.scim import ENTERPRISE, GROUP, USER, Provisioner, error

LOGIN = "test.user@okta.local"
HEADERS = {
    "Accept": "application/scim+json",
    "Content-Type": "application/scim+json; charset=utf-8",
    "User-Agent": "Okta SCIM Client 1.0.0",
}


@pytest.fixture
def okta() -> Provisioner:
    return Provisioner()


def profile(login: str = LOGIN, **values: Any) -> dict[str, Any]:
    """The body of its POST and PUT."""
    return {
        "schemas": [USER],
        "userName": login,
        "name": {"givenName": "Test", "familyName": "User"},
        "emails": [{"primary": True, "value": login, "type": "work"}],
        "displayName": "Test User",
        "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7",
        "groups": [],
        "password": "1mz050nq",
        "active": True,
        **values,
    }


def create(okta: Provisioner, **values: Any) -> Any:
    made = okta.call("POST", "/Users", profile(**values), headers=HEADERS)
    assert made.status == 201, made.body
    return made.body


def test_connection_is_tested_with_a_page_of_two(okta: Provisioner) -> None:
    found = okta.get("/Users", startIndex="1", count="2")
    assert (found["totalResults"], found["startIndex"], found["itemsPerPage"]) == (0, 1, 0)
    for number in range(3):
        create(okta, login=f"user{number}@okta.local", externalId=f"e{number}")
    found = okta.get("/Users", startIndex="1", count="2")
    assert (found["totalResults"], found["itemsPerPage"], len(found["Resources"])) == (3, 2, 2)


def test_a_user_is_looked_for_created_and_read(okta: Provisioner) -> None:
    query = {"filter": f'userName eq "{LOGIN}"', "startIndex": "1", "count": "100"}
    assert okta.get("/Users", **query)["totalResults"] == 0
    made = create(okta)
    assert okta.get("/Users", **query)["Resources"] == [made]
    assert not {"password", "groups"} & made.keys()
    assert okta.get(f"/Users/{made['id']}") == made
    assert error(okta.call("POST", "/Users", profile())) == (409, "uniqueness")


def test_an_update_is_a_put_of_everything(okta: Provisioner) -> None:
    made = create(okta, **{ENTERPRISE: {"department": "One"}})
    changed = profile(
        id=made["id"],
        meta=made["meta"],
        name={"givenName": "Another", "middleName": "Excited", "familyName": "User"},
        **{ENTERPRISE: {"department": "Two"}},
    )
    put = okta.call("PUT", f"/Users/{made['id']}", changed)
    assert (put.status, put.body["name"]["middleName"]) == (200, "Excited")
    assert put.body[ENTERPRISE] == {"department": "Two"}
    assert put.body["meta"]["created"] == made["meta"]["created"]
    assert okta.get(f"/Users/{made['id']}") == put.body


def test_deactivation_and_reactivation_by_patch_and_by_put(okta: Provisioner) -> None:
    made = create(okta)
    path = f"/Users/{made['id']}"
    for active in (False, True):
        read = okta.patched(path, {"op": "replace", "value": {"active": active}})
        assert read["active"] is active
    for active in (False, True):
        put = okta.call("PUT", path, profile(id=made["id"], active=active))
        assert (put.status, put.body["active"]) == (200, active)
    assert okta.get("/Users", startIndex="1", count="100")["totalResults"] == 1


def test_a_password_that_is_synchronized_is_passed_over(okta: Provisioner) -> None:
    made = create(okta)
    path = f"/Users/{made['id']}"
    assert okta.patched(path, {"op": "replace", "value": {"password": "7829ft9uj"}}) == made
    assert okta.world.stores.users.load_password_hash(made["id"]) is None


def test_an_import_pages_through_everybody_the_inactive_too(okta: Provisioner) -> None:
    for number in range(25):
        create(okta, login=f"u{number:02}@x.y", externalId=f"e{number}", active=number % 2 == 0)
    seen: list[str] = []
    start = 1
    while True:
        page = okta.get("/Users", startIndex=str(start), count="10")
        seen += [one["userName"] for one in page["Resources"]]
        start += page["itemsPerPage"]
        if start > page["totalResults"]:
            break
    assert seen == [f"u{number:02}@x.y" for number in range(25)]


def test_groups_are_pushed(okta: Provisioner) -> None:
    one, two = create(okta), create(okta, login="two@okta.local", externalId="e2")
    found = okta.get("/Groups", startIndex="1", count="100")
    assert [group["id"] for group in found["Resources"]] == ["administrator"]
    body = {"schemas": [GROUP], "displayName": "Push", "members": []}
    made = okta.call("POST", "/Groups", body)
    assert made.status == 201
    path = f"/Groups/{made.body['id']}"
    member = {"value": one["id"], "display": LOGIN}
    read = okta.patched(
        path,
        {"op": "replace", "value": {"id": made.body["id"], "displayName": "Pushed"}},
        {"op": "add", "path": "members", "value": [member]},
    )
    assert (read["displayName"], read["members"][0]["value"]) == ("Pushed", one["id"])
    swap = okta.patched(
        path,
        {"op": "remove", "path": f'members[value eq "{one["id"]}"]'},
        {"op": "add", "path": "members", "value": [{"value": two["id"], "display": "Two"}]},
    )
    assert [entry["value"] for entry in swap["members"]] == [two["id"]]
    whole = {**body, "displayName": "Put", "members": [{"value": one["id"]}, {"value": two["id"]}]}
    put = okta.call("PUT", path, whole)
    assert (put.status, len(put.body["members"])) == (200, 2)
    read = okta.patched(path, {"op": "replace", "path": "members", "value": [member]})
    assert [entry["value"] for entry in read["members"]] == [one["id"]]
    assert okta.call("DELETE", path).status == 204
