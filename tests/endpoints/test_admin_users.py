"""`/admin/users` and `/admin/audit` as a client sees them."""

from typing import Any

import pytest

from tests.endpoints.administration import Administration

USERS = "/admin/users"


@pytest.fixture
def administration() -> Administration:
    return Administration()


def create(administration: Administration, name: str = "jdoe", **values: Any) -> dict[str, Any]:
    body = {"user_name": name, "user_domain": "domain", **values}
    reply = administration.call("POST", USERS, body)
    assert reply.status == 201, reply.body
    return dict(reply.body)


def test_a_created_user_answers_with_everything(administration: Administration) -> None:
    values = {"password": "correct horse", "email": "j@example.com", "roles": ["administrator"]}
    reply = administration.call(
        "POST", USERS, {"user_name": "jdoe", "user_domain": "domain", **values}
    )
    assert reply.status == 201
    assert reply.headers["Location"] == f"{USERS}/{reply.body['id']}"
    assert reply.body == {
        "id": reply.body["id"],
        "user_name": "jdoe",
        "user_domain": "domain",
        "email": "j@example.com",
        "given_name": None,
        "family_name": None,
        "roles": ["administrator"],
        "status": "enabled",
        "version": 1,
        "created_at": "2027-01-15T08:00:00Z",
        "updated_at": "2027-01-15T08:00:00Z",
        "groups": [],
        "external_id": None,
        "deleted_at": None,
    }
    assert administration.call("GET", reply.headers["Location"]).body == reply.body


def test_a_user_is_changed_disabled_and_enabled(administration: Administration) -> None:
    path = f"{USERS}/{create(administration)['id']}"
    reply = administration.call("PATCH", path, {"given_name": "Jo"}, headers={"If-Match": '"1"'})
    assert (reply.status, reply.headers["ETag"], reply.body["given_name"]) == (200, '"2"', "Jo")
    reply = administration.call("POST", f"{path}/disable")
    assert (reply.status, reply.body["status"]) == (200, "disabled")
    reply = administration.call("POST", f"{path}/enable")
    assert (reply.status, reply.body["status"]) == (200, "enabled")
    reply = administration.call("POST", f"{path}/disable", headers={"If-Match": '"9"'})
    assert reply.status == 412


def test_nobody_disables_the_own_account_or_takes_the_own_role(
    administration: Administration,
) -> None:
    path = f"{USERS}/{administration.administrator}"
    reply = administration.call("POST", f"{path}/disable")
    assert (reply.status, reply.body["error"]) == (409, "conflict")
    assert "another administrator" in reply.body["error_description"]
    reply = administration.call("PATCH", path, {"roles": []})
    assert (reply.status, reply.body["error"]) == (409, "conflict")
    assert "another administrator" in reply.fields["roles"]
    reply = administration.call("PATCH", path, {"given_name": "Ada", "roles": ["administrator"]})
    assert (reply.status, reply.body["status"]) == (200, "enabled")
    assert reply.body["roles"] == ["administrator"]


def test_another_administrator_may_take_both(administration: Administration) -> None:
    path = f"{USERS}/{create(administration, 'other', roles=['administrator'])['id']}"
    assert administration.call("PATCH", path, {"roles": []}).body["roles"] == []
    assert administration.call("POST", f"{path}/disable").body["status"] == "disabled"


@pytest.mark.checklist("62")
def test_a_password_is_set_and_never_shown(administration: Administration) -> None:
    path = f"{USERS}/{create(administration)['id']}/password"
    reply = administration.call("POST", path, {"password": "correct horse"})
    assert (reply.status, reply.body["version"]) == (200, 2)
    assert "password" not in reply.body
    audit = administration.call("GET", "/admin/audit").body
    assert audit["items"][0]["action"] == "user.password_set"
    assert "horse" not in str(audit)
    reply = administration.call("POST", path, {"password": "password1"})
    assert reply.status == 400
    assert reply.fields == {"password": "is one of the commonest passwords"}


def test_a_wrong_or_taken_name_is_told(administration: Administration) -> None:
    reply = administration.call("POST", USERS, {"user_domain": "a@b"})
    assert reply.status == 400
    assert set(reply.fields) == {"user_name", "user_domain"}
    reply = administration.call("POST", USERS, {"user_name": "ADMON", "user_domain": "Domain"})
    assert reply.status == 409
    assert set(reply.fields) == {"user_name"}


def test_users_are_suggested_by_the_beginning_of_their_name(
    administration: Administration,
) -> None:
    for name in ("jdoe", "Jane", "bob"):
        create(administration, name)
    create(administration, "jack", user_domain="other")

    def names(**query: str) -> list[str]:
        values = {name: [value] for name, value in query.items()}
        reply = administration.call("GET", USERS, query=values)
        assert reply.status == 200
        assert reply.body["count"] == len(reply.body["items"])
        return [item["user_name"] for item in reply.body["items"]]

    assert names() == ["admon", "bob", "jack", "Jane", "jdoe"]
    assert names(search="J") == ["jack", "Jane", "jdoe"]
    assert names(search="ja", user_domain="DOMAIN") == ["Jane"]
    assert names(search="oe") == []
    page = administration.call("GET", USERS, query={"limit": ["2"]}).body
    assert names(limit="9", cursor=page["next"]) == ["jack", "Jane", "jdoe"]


@pytest.mark.parametrize(
    "query",
    [
        {"user_domain": ["a", "b"]},
        {"user_domain": ["x" * 101]},
        {"cursor": ["x"]},
        {"limit": ["0"]},
    ],
)
def test_a_wrong_parameter_is_refused(
    administration: Administration, query: dict[str, list[str]]
) -> None:
    reply = administration.call("GET", USERS, query=query)
    assert reply.status == 400
    assert set(reply.fields) == set(query)


@pytest.mark.parametrize("user_id", ["x", "usr_x", "app_" + "0" * 26, "usr_" + "0" * 26])
def test_an_unknown_user_is_not_found(administration: Administration, user_id: str) -> None:
    path = f"{USERS}/{user_id}"
    replies = [
        administration.call("GET", path),
        administration.call("PATCH", path, {}),
        administration.call("POST", f"{path}/disable"),
        administration.call("POST", f"{path}/enable"),
        administration.call("POST", f"{path}/password", {"password": "correct horse"}),
    ]
    for reply in replies:
        assert (reply.status, reply.body["error"]) == (404, "not_found")


def test_the_audit_trail_says_who_did_what(administration: Administration) -> None:
    client_id = administration.register()["client_id"]
    administration.call("PATCH", f"/admin/applications/{client_id}", {"description": "x"})
    reply = administration.call("GET", f"/admin/applications/{client_id}/audit")
    assert [item["action"] for item in reply.body["items"]] == [
        "application.updated",
        "application.created",
    ]
    event = reply.body["items"][0]
    actor = event["actor"]
    assert actor["client_id"].startswith("app_")
    assert actor["user_id"] == administration.administrator
    assert (actor["user_name"], actor["source_ip"]) == ("domain\\admon", "192.0.2.7")
    assert (event["target"], event["changes"]) == (client_id, {"description": "x"})
    assert event["at"] == "2027-01-15T08:00:00Z"
    query = {"limit": ["1"], "cursor": [administration.call(
        "GET", "/admin/audit", query={"limit": ["1"]}
    ).body["next"]]}  # fmt: skip
    page = administration.call("GET", "/admin/audit", query=query)
    assert [item["action"] for item in page.body["items"]] == ["application.created"]
    reply = administration.call("GET", "/admin/audit", query={"cursor": ["x"]})
    assert set(reply.fields) == {"cursor"}
