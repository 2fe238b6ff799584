"""Bodies, paths and methods as nobody should send them: a clear refusal, never a fault."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bench.cold_start import FORBIDDEN
from tests.harness import World
from tests.scim import ENTERPRISE, GRANTLINE, PATCH, USER, USERS, Provisioner, error, operation


@pytest.fixture(scope="module")
def client() -> Provisioner:
    one = Provisioner()
    one.create("ada@x")
    return one


@pytest.mark.checklist("61")
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("", "application/scim+json", 400),
        ("[]", "application/scim+json", 400),
        ("{", "application/scim+json", 400),
        ('{"a": 1, "a": 2}', "application/scim+json", 400),
        ("[" * 10_000, "application/json", 400),
        ('{"a":' * 100 + "1" + "}" * 100, "application/json", 400),
        ('{"userName": "\\ud800"}', "application/json", 400),
        ("x=1", "application/x-www-form-urlencoded", 415),
        ("{}", "application/scim+json; charset=utf-16", 415),
        ("{}", "text/plain", 415),
        ("{}", "application/json", 400),
        ('{"userName": 7}', "application/scim+json", 400),
        ('{"userName": ["a"], "emails": "x", "active": "perhaps"}', "application/scim+json", 400),
        ('{"userName": "a@b", "emails": [{"value": {"a": 1}}]}', "application/scim+json", 400),
    ],
)
def test_a_body_that_is_none_is_refused(
    client: Provisioner, body: str, content_type: str, status: int
) -> None:
    for method, path in (("POST", "/Users"), ("POST", "/Groups"), ("PUT", f"{USERS}/ada@x")):
        headers = {"Content-Type": content_type}
        assert error(client.call(method, path, body, headers=headers))[0] == status


@pytest.mark.checklist("61")
def test_a_body_over_64_kib_is_refused(client: Provisioner) -> None:
    body = json.dumps({"schemas": [USER], "userName": "a@b", "title": "x" * 66_000})
    assert error(client.call("POST", "/Users", body)) == (413, None)
    # Whoever asks for a page gets none here.
    html = client.call("POST", "/Users", body, headers={"Accept": "text/html"})
    assert error(html) == (413, None)


def test_a_fault_of_ours_has_the_shape_of_scim_and_tells_nothing() -> None:
    client = Provisioner()

    def fail(*_: object) -> None:
        raise ValueError("secret")

    with client.world.database.intercepted(fail):
        reply = client.call("GET", "/Users")
    assert error(reply) == (500, None)
    assert "secret" not in json.dumps(reply.body)


@pytest.mark.parametrize(
    "operations",
    [
        [],
        [{}],
        ["x"],
        [operation("move", "title", "x")],
        [operation("remove")],
        [operation("add", "title")],
        [operation("remove", "userName")],
        [operation("replace", "id", "x")],
        [operation("replace", "meta.version", "x")],
        [operation("replace", "active", "perhaps")],
        [operation("replace", "emails", "x")],
        [operation("replace", "emails[type eq", "x")],
        [operation("replace", 'emails[type ne "work"].value', "x@y")],
        [operation("replace", "name.givenName", {"a": 1})],
        [operation("replace", "title", "x")] * 101,
    ],
)
def test_operations_that_cannot_be_done_are_refused(
    client: Provisioner, operations: list[Any]
) -> None:
    before = client.world.database.snapshot()
    reply = client.call("PATCH", f"{USERS}/ada@x", {"schemas": [PATCH], "Operations": operations})
    assert error(reply)[0] == 400
    assert client.world.database.snapshot() == before


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", f"{USERS}/usr_00000000000000000000000000", 404),
        ("GET", "/Users/" + "x" * 2_000, 404),
        ("GET", "/Users/\ud800", 404),
        ("GET", "/Groups/grp_00000000000000000000000000", 404),
        ("GET", "/Schemas/nothing", 404),
        ("POST", "/ServiceProviderConfig", 405),
        ("DELETE", "/Users", 405),
        ("GET", "/Me", 501),
        ("PATCH", "/Me", 501),
        ("POST", "/Bulk", 501),
        ("PATCH", f"{USERS}/nobody@x", 404),
        ("DELETE", f"{USERS}/nobody@x", 404),
    ],
)
def test_paths_and_methods_that_are_not_served(
    client: Provisioner, method: str, path: str, status: int
) -> None:
    body = {"Operations": [operation("replace", "title", "x")]} if method == "PATCH" else None
    assert error(client.call(method, path, body))[0] == status


def test_what_is_served_says_so(client: Provisioner) -> None:
    config = client.get("/ServiceProviderConfig")
    supported = {
        name for name, one in config.items() if isinstance(one, dict) and one.get("supported")
    }
    assert supported == {"patch", "filter", "sort", "etag"}
    assert config["pagination"]["cursor"] is config["pagination"]["index"] is True
    types = client.get("/ResourceTypes")["Resources"]
    assert [one["name"] for one in types] == ["User", "Group"]
    assert len(types[0]["schemaExtensions"]) == 2
    schemas = {one["id"]: one for one in client.get("/Schemas")["Resources"]}
    attributes = {one["name"]: one for one in schemas[USER]["attributes"]}
    assert "password" not in attributes
    assert (attributes["userName"]["uniqueness"], attributes["userName"]["required"]) == (
        "server",
        True,
    )
    assert attributes["groups"]["mutability"] == "readOnly"
    assert client.get(f"/Schemas/{USER}")["id"] == USER


def test_refusals_of_the_guard_keep_status_and_challenge() -> None:
    client = Provisioner()
    reply = Provisioner(client.world, "nonsense").call("GET", "/Users")
    assert error(reply) == (401, None)
    assert 'error="invalid_token"' in reply.headers["WWW-Authenticate"]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("True"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["value", "type", "primary", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)
_KNOWN_PATHS = f"""userName active emails name name.givenName members x.y schemas groups emails[
    {ENTERPRISE}:manager {GRANTLINE} {GRANTLINE}:domain externalId"""
_PATHS = st.sampled_from(["", 'emails[type eq "work"].value', *_KNOWN_PATHS.split()]) | st.text(
    max_size=10
)
_OPERATIONS = st.lists(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "Replace", "remove"])},
        optional={"path": _PATHS, "value": _VALUES | st.dictionaries(_PATHS, _VALUES, max_size=3)},
    ),
    max_size=3,
)


@pytest.mark.checklist("61")
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(_OPERATIONS, st.dictionaries(_PATHS, _VALUES, max_size=4))
def test_no_body_is_a_fault_of_ours(
    client: Provisioner, operations: list[Any], values: dict[str, Any]
) -> None:
    user = client.find("userName pr")[0]
    group = client.get("/Groups/administrator")
    for path in (f"/Users/{user['id']}", f"/Groups/{group['id']}"):
        reply = client.call("PATCH", path, {"schemas": [PATCH], "Operations": operations})
        assert reply.status in (200, 400, 403, 409), (operations, reply.body)
    reply = client.call("POST", "/Users", {"schemas": [USER], "userName": "q@x", **values})
    assert reply.status in (201, 400, 409), (values, reply.body)


@pytest.mark.checklist("56")
@pytest.mark.parametrize(
    "values",
    [
        lambda n: {"userName": "ada@x" if n % 2 else "\uff21\uff24\uff21@X"},
        lambda n: {"userName": f"user{n}@x", "externalId": "x1"},
    ],
)
def test_of_32_parallel_creations_one_succeeds(values: Any) -> None:
    world = World()
    client, lock, send = Provisioner(world), Lock(), world.database.send

    def one_at_a_time(name: str, arguments: Any) -> Any:
        with lock:
            return send(name, arguments)

    world.database.send = one_at_a_time  # type: ignore[method-assign] - it has no threads
    with ThreadPoolExecutor(32) as pool:
        bodies = [{"schemas": [USER], **values(number)} for number in range(32)]
        replies = list(pool.map(lambda body: client.call("POST", "/Users", body), bodies))
    assert sorted(reply.status for reply in replies) == [201] + [409] * 31
    assert {error(one)[1] for one in replies if one.status == 409} == {"uniqueness"}
    assert client.get("/Users")["totalResults"] == 1


def test_the_token_path_imports_nothing_of_scim() -> None:
    assert {"scim2_models", "scim2_server", "pydantic"} <= FORBIDDEN


def test_a_value_of_another_type_is_refused_by_the_name_of_its_attribute(
    client: Provisioner,
) -> None:
    user_id = client.create()["id"]
    reply = client.patch(f"/Users/{user_id}", operation("replace", "active", "maybe"))
    assert error(reply) == (400, "invalidValue")
    assert reply.body["detail"] == "active has a value of another type"


@pytest.mark.parametrize("text", ['active eq "yes"', 'emails[primary eq "1"]', 'active Eq  ""'])
def test_a_truth_value_is_not_compared_with_a_text(client: Provisioner, text: str) -> None:
    assert error(client.call("GET", "/Users", filter=text)) == (400, "invalidFilter")


def test_a_text_may_hold_what_looks_like_a_term(client: Provisioner) -> None:
    client.create("term@x", title='active eq "yes"')
    assert len(client.find('title eq "active eq \\"yes\\""')) == 1


def test_a_body_that_is_no_json_and_one_of_another_type_are_told_apart(
    client: Provisioner,
) -> None:
    assert error(client.call("POST", "/Users", "{")) == (400, "invalidSyntax")
    reply = client.call("POST", "/Users", "{}", headers={"Content-Type": "text/plain"})
    assert reply.status == 415
    assert "application/scim+json" in reply.body["detail"]
