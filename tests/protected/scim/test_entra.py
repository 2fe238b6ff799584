"""What Microsoft Entra ID's provisioning service sends, in the order it sends it.

After its documentation ("Develop and plan provisioning for a SCIM endpoint", "Known issues"): with
and without the flag `aadOptscim062020`, as tenants use both.
"""

import json
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.oauth.model import Status
from tests.scim import ENTERPRISE, GROUP, USER, Provisioner, error

UPN = "Test_User_dfeef4c5-5681-4387-b016-bdf221e82081@testuser.com"


@pytest.fixture
def entra() -> Provisioner:
    return Provisioner()


def create(entra: Provisioner, upn: str = UPN, **values: Any) -> Any:
    """Its POST, with `meta` and empty `roles` as it has them."""
    body = {
        "schemas": [USER, ENTERPRISE],
        "externalId": str(uuid4()),
        "userName": upn,
        "active": True,
        "emails": [{"primary": True, "type": "work", "value": upn}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "givenName familyName", "familyName": "F", "givenName": "G"},
        "roles": [],
        **values,
    }
    made = entra.call("POST", "/Users", body)
    assert made.status == 201, made.body
    return made.body


def test_connection_is_tested_with_a_user_who_is_not_there(entra: Provisioner) -> None:
    for attribute in ("userName", "externalId"):
        found = entra.get("/Users", filter=f'{attribute} eq "{uuid4()}"')
        assert found["totalResults"] == 0
        assert found["Resources"] == []
        assert found["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]
    query = {"excludedAttributes": "members", "filter": f'displayName eq "{uuid4()}"'}
    assert entra.get("/Groups", **query)["Resources"] == []


def test_the_schemas_are_discovered(entra: Provisioner) -> None:
    found = entra.get("/Schemas")
    assert found["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]
    assert {USER, GROUP, ENTERPRISE} <= {schema["id"] for schema in found["Resources"]}
    assert "null" not in json.dumps(found)


def test_a_user_is_created_with_nulls_and_with_a_schema_that_is_misspelt(
    entra: Provisioner,
) -> None:
    """As the documentation shows it; what is null stays away."""
    nulls = ("addresses", "phoneNumbers", "preferredLanguage", "title", "department", "manager")
    made = create(
        entra,
        schemas=[USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0User"],
        displayName="Joy Young",
        **dict.fromkeys(nulls),
    )
    assert made["displayName"] == "Joy Young"
    assert not {*nulls} & made.keys()


def test_values_are_kept_as_they_were_sent(entra: Provisioner) -> None:
    sent = {
        "phoneNumbers": [{"type": "work", "value": "+1 (555) 555-5555"}],
        "addresses": [{"type": "work", "country": "ML", "primary": True}],
        "title": " Dr. \u00c5 ",
    }
    made = create(entra, "Test_User@TestUser.com", **sent)
    assert {name: made[name] for name in sent} == sent
    assert made["userName"] == "Test_User@TestUser.com"


def test_a_user_is_looked_for_created_and_read(entra: Provisioner) -> None:
    assert entra.find(f'userName eq "{UPN}"') == []
    made = create(entra)
    found = entra.find(f'userName eq "{UPN}"')
    assert found == [made]
    assert made["userName"] == UPN
    assert found[0]["active"] is True
    assert entra.get(f"/Users/{made['id']}") == made
    again = entra.call("POST", "/Users", {"schemas": [USER], "userName": UPN})
    assert error(again) == (409, "uniqueness")


def test_a_user_is_matched_by_the_address_of_work(entra: Provisioner) -> None:
    made = create(entra, emails=[{"type": "work", "value": "m@x.y"}])
    create(entra, "other@testuser.com", emails=[{"type": "other", "value": "m@x.y"}])
    assert entra.find('emails[type eq "work"].value eq "m@x.y"') == [made]


@pytest.mark.parametrize(
    "operations",
    [
        [
            {"op": "Replace", "path": "displayName", "value": "Pvlo"},
            {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "t@x.y"},
            {"op": "Replace", "path": "name.givenName", "value": "Gtfd"},
            {"op": "Replace", "path": "name.familyName", "value": "Pkqf"},
            {"op": "Replace", "path": "externalId", "value": "Eqpj"},
            {"op": "Replace", "path": f"{ENTERPRISE}:employeeNumber", "value": "7"},
            {"op": "Add", "path": "nickName", "value": "Babs"},
        ],
        [
            {"op": "replace", "path": 'emails[type eq "work"].value', "value": "t@x.y"},
            {
                "op": "replace",
                "value": {
                    "displayName": "Pvlo",
                    "name.givenName": "Gtfd",
                    "name.familyName": "Pkqf",
                    "externalId": "Eqpj",
                    f"{ENTERPRISE}:employeeNumber": "7",
                },
            },
            {"op": "add", "path": "nickName", "value": "Babs"},
        ],
    ],
    ids=["without the flag", "with the flag"],
)
def test_several_attributes_change_at_once(entra: Provisioner, operations: list[Any]) -> None:
    path = f"/Users/{create(entra)['id']}"
    read = entra.patched(path, *operations)
    assert (read["name"]["givenName"], read["name"]["familyName"]) == ("Gtfd", "Pkqf")
    assert (read["displayName"], read["externalId"], read["nickName"]) == ("Pvlo", "Eqpj", "Babs")
    assert read["emails"] == [{"value": "t@x.y", "type": "work", "primary": True}]
    assert read[ENTERPRISE] == {"employeeNumber": "7"}
    assert entra.find('externalId eq "Eqpj"') == [read]


@pytest.mark.parametrize("value", ["False", "false", False])
def test_soft_delete_and_restore(entra: Provisioner, value: object) -> None:
    path = f"/Users/{create(entra)['id']}"
    off = entra.patched(path, {"op": "Replace", "path": "active", "value": value})
    assert off["active"] is False
    assert entra.find(f'userName eq "{UPN}"')[0]["active"] is False
    on = entra.patched(path, {"op": "Replace", "path": "active", "value": "True"})
    assert on["active"] is True


def test_a_value_without_a_path_has_dotted_names_and_paths(entra: Provisioner) -> None:
    path = f"/Users/{create(entra, emails=[])['id']}"
    value = {
        "displayName": "New",
        "active": "False",
        "name.givenName": "Ginny",
        "name.familyName": "W",
        'emails[type eq "work"].value': "ginny@testuser.com",
        'phoneNumbers[type eq "mobile"].value': "555",
        f"{ENTERPRISE}:department": "Sales",
        f"{ENTERPRISE}:manager": "",
        "notOurs": "dropped",
    }
    read = entra.patched(path, {"op": "replace", "value": value})
    assert (read["displayName"], read["active"], read["name"]["givenName"]) == (
        "New",
        False,
        "Ginny",
    )
    assert read["emails"] == [{"value": "ginny@testuser.com", "type": "work"}]
    assert read["phoneNumbers"] == [{"value": "555", "type": "mobile"}]
    assert read[ENTERPRISE] == {"department": "Sales"}


def test_values_of_a_type_are_created_when_absent_and_changed_when_there(
    entra: Provisioner,
) -> None:
    path = f"/Users/{create(entra, emails=[])['id']}"
    for op, value in (("Add", "one@testuser.com"), ("Replace", "two@testuser.com")):
        read = entra.patched(
            path,
            {"op": op, "path": 'emails[type eq "work"].value', "value": value},
            {"op": op, "path": 'phoneNumbers[type eq "mobile"].value', "value": value},
            {"op": op, "path": 'addresses[type eq "work"].formatted', "value": value},
            {"op": op, "path": 'emails[type eq "work"].primary', "value": "True"},
        )
        assert read["emails"] == [{"value": value, "type": "work", "primary": True}]
        assert read["phoneNumbers"] == [{"value": value, "type": "mobile"}]
        assert read["addresses"] == [{"formatted": value, "type": "work"}]
    assert [
        one["id"] for one in entra.find('emails[type eq "work" and value eq "two@testuser.com"]')
    ]
    read = entra.patched(
        path, {"op": "Replace", "path": 'emails[primary eq "True"].value', "value": "three@x.y"}
    )
    assert read["emails"][0]["value"] == "three@x.y"
    assert entra.find('emails.value eq "two@testuser.com"') == []


def test_a_manager_comes_as_text_list_or_object_and_goes(entra: Provisioner) -> None:
    boss = create(entra, "boss@testuser.com")["id"]
    path = f"/Users/{create(entra)['id']}"
    manager = f"{ENTERPRISE}:manager"
    # The documentation's own example names no schema.
    entra.patched(path, {"op": "Add", "path": "manager", "value": [{"$ref": "x", "value": boss}]})
    read = entra.get(
        "/Users", filter=f'id eq "{path[7:]}" and manager eq "{boss}"', attributes="id"
    )
    assert [one["id"] for one in read["Resources"]] == [path[7:]]
    assert "manager" not in entra.patched(path, {"op": "Remove", "path": "manager"})
    for value in (boss, [{"value": boss}], {"value": boss}, [{"$ref": "x", "value": boss}], [boss]):
        read = entra.patched(path, {"op": "Add", "path": manager, "value": value})
        assert read[ENTERPRISE]["manager"]["value"] == boss
        assert read[ENTERPRISE]["manager"]["$ref"].endswith(f"/Users/{boss}")
        gone = entra.patched(path, {"op": "Remove", "path": manager})
        assert "manager" not in gone.get(ENTERPRISE, {})
    entra.patched(path, {"op": "Replace", "path": manager, "value": boss})
    for empty in ("", None):
        gone = entra.patched(path, {"op": "Replace", "path": manager, "value": empty})
        assert "manager" not in gone.get(ENTERPRISE, {})
    made = create(entra, "c@testuser.com", **{ENTERPRISE: {"manager": boss, "department": "D"}})
    assert made[ENTERPRISE]["manager"]["value"] == boss
    assert entra.find(f'id eq "{made["id"]}" and {manager} eq "{boss}"') == [made]


def test_an_attribute_goes_with_its_old_value_beside_it(entra: Provisioner) -> None:
    boss = create(entra, "boss@testuser.com")["id"]
    made = create(
        entra,
        title="Seeker",
        phoneNumbers=[{"type": "mobile", "value": "555"}],
        **{ENTERPRISE: {"manager": boss, "department": "D"}},
    )
    read = entra.patched(
        f"/Users/{made['id']}",
        {"op": "Remove", "path": "title", "value": "Seeker"},
        {"op": "Remove", "path": "name.givenName", "value": "of old"},
        {"op": "Remove", "path": 'phoneNumbers[type eq "mobile"]', "value": "555"},
        {"op": "Remove", "path": 'emails[type eq "work"].value', "value": "x@testuser.com"},
        {"op": "Remove", "path": f"{ENTERPRISE}:manager", "value": [{"value": boss}]},
    )
    assert not {"title", "phoneNumbers", "emails"} & read.keys()
    assert "givenName" not in read["name"]
    assert read[ENTERPRISE] == {"department": "D"}
    assert entra.get(f"/Users/{made['id']}") == read


def test_a_changed_principal_name_moves_the_user(entra: Provisioner) -> None:
    made = create(entra)
    moved = entra.patched(
        f"/Users/{made['id']}",
        {"op": "Replace", "path": "userName", "value": "ginny@fabrikam.com"},
    )
    assert (moved["id"], moved["userName"]) == (made["id"], "ginny@fabrikam.com")
    assert entra.find(f'userName eq "{UPN}"') == []
    assert entra.find('userName eq "ginny@fabrikam.com"') == [moved]


def test_a_guests_principal_name_is_taken(entra: Provisioner) -> None:
    guest = "ada_gmail.com#EXT#@testuser.onmicrosoft.com"
    made = create(entra, guest)
    assert made["userName"] == guest
    assert entra.find(f'userName eq "{guest}"') == [made]


def test_a_hard_delete_is_a_404_from_then_on(entra: Provisioner) -> None:
    made = create(entra)
    assert entra.call("DELETE", f"/Users/{made['id']}").status == 204
    assert error(entra.call("GET", f"/Users/{made['id']}")) == (404, None)
    assert error(entra.call("DELETE", f"/Users/{made['id']}")) == (404, None)
    kept = entra.world.stores.users.load(made["id"])
    assert kept is not None
    assert kept.user.status is Status.DISABLED
    assert create(entra)["id"] != made["id"]


def test_groups_are_created_read_without_members_and_changed(entra: Provisioner) -> None:
    name = "8d4c7e2b-group"
    where = {"filter": f'displayName eq "{name}"', "excludedAttributes": "members"}
    assert entra.get("/Groups", **where)["totalResults"] == 0
    body = {
        "schemas": [
            GROUP,
            "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
        ],
        "externalId": str(uuid4()),
        "displayName": name,
        "meta": {"resourceType": "Group"},
    }
    made = entra.call("POST", "/Groups", body)
    assert made.status == 201, made.body
    path = f"/Groups/{made.body['id']}"
    assert entra.get("/Groups", **where)["Resources"][0]["id"] == made.body["id"]
    assert "members" not in entra.get(path, excludedAttributes="members")
    renamed = entra.patched(path, {"op": "Replace", "path": "displayName", "value": "renamed"})
    assert renamed["displayName"] == "renamed"
    one, two = create(entra, "one@x.y")["id"], create(entra, "two@x.y")["id"]
    for user in (one, two):
        member = [{"$ref": None, "value": user}]
        entra.patched(path, {"op": "Add", "path": "members", "value": member})
        query = f'id eq "{made.body["id"]}" and members eq "{user}"'
        assert len(entra.find(query, "Groups")) == 1
    left = entra.patched(
        path, {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": one}]}
    )
    assert [member["value"] for member in left["members"]] == [two]
    left = entra.patched(path, {"op": "Remove", "path": f'members[value eq "{two}"]'})
    assert "members" not in left
    assert entra.call("DELETE", path).status == 204


def test_renames_without_a_path(entra: Provisioner) -> None:
    made = entra.create_group("Before")
    read = entra.patched(
        f"/Groups/{made['id']}",
        {"op": "replace", "value": {"id": made["id"], "displayName": "After"}},
    )
    assert read["displayName"] == "After"
