"""`$batch` of reads, in both formats; a batch gains nothing over its requests one by one."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.harness import Reply, World
from tests.odata import Caller, administrator, caller

JSON = {"Content-Type": "application/json"}
MULTIPART = {"Content-Type": "multipart/mixed;boundary=b"}


@pytest.fixture(scope="module")
def admin() -> Caller:
    world = World()
    world.add_user("anna")
    return administrator(world)


def part(url: str, method: str = "GET", **members: Any) -> dict[str, Any]:
    return {"id": "1", "method": method, "url": url, **members}


def send_json(who: Caller, *parts: Any) -> Reply:
    return who.send("POST", "$batch", headers=JSON, body=json.dumps({"requests": parts}))


def multipart(*requests: str) -> str:
    head = "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    return "".join(f"{head}{request}\r\n\r\n\r\n" for request in requests) + "--b--\r\n"


def test_reads_are_answered_in_their_order(admin: Caller) -> None:
    root = f"{admin.world.settings.issuer}/odata/data"
    reply = send_json(
        admin,
        part("Users?$filter=userName eq 'anna'&$select=userName"),
        part(f"{root}/Users/$count", id="2"),
        part("/odata/data/Users?%24top=1", id="3", headers={"Accept": "application/json"}),
        part("Users('nobody')", id="4"),
    )
    assert reply.status == 200
    answers = reply.body["responses"]
    assert [answer["id"] for answer in answers] == ["1", "2", "3", "4"]
    assert [answer["status"] for answer in answers] == [200, 200, 200, 404]
    assert answers[0]["body"]["value"][0]["userName"] == "anna"
    assert str(answers[1]["body"]) == "2"


@pytest.mark.parametrize(
    ("service", "path", "count"),
    [("metadata", "EntitySets", "4"), ("query", "Domains", "1"), ("data", "Domains", "1")],
)
def test_every_service_takes_batches(admin: Caller, service: str, path: str, count: str) -> None:
    body = json.dumps({"requests": [part(f"{path}/$count")]})
    reply = admin.send("POST", f"/odata/{service}/$batch", headers=JSON, body=body)
    assert [answer["body"] for answer in reply.body["responses"]] == [count]


def test_multipart_is_answered_as_multipart(admin: Caller) -> None:
    body = multipart(
        "GET Users?$filter=userName%20eq%20'anna' HTTP/1.1\r\nAccept: application/json",
        "GET Users?$filter=userName eq 'anna'&$select=userName HTTP/1.1",
        "GET Users('no%20body') HTTP/1.1",
    )
    reply = admin.send("POST", "$batch", headers=MULTIPART, body=body)
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("multipart/mixed; boundary=")
    assert reply.headers["OData-Version"] == "4.0"
    assert reply.body.count("HTTP/1.1 200") == 2
    assert reply.body.count("HTTP/1.1 404") == 1
    assert '"userName":"anna"' in reply.body


def test_an_error_ends_a_batch_unless_the_client_wants_the_rest(admin: Caller) -> None:
    parts = [part("Nothing"), part("Domains", id="2")]
    body = json.dumps({"requests": parts})
    assert len(admin.send("POST", "$batch", headers=JSON, body=body).body["responses"]) == 1
    preferring = {**JSON, "Prefer": "odata.continue-on-error"}
    assert len(admin.send("POST", "$batch", headers=preferring, body=body).body["responses"]) == 2


def test_what_writes_is_refused(admin: Caller) -> None:
    before = admin.world.database.snapshot()
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        reply = send_json(admin, part("Users('x')", method))
        assert reply.body["responses"][0]["status"] == 405
        reply = admin.send(
            "POST", "$batch", headers=MULTIPART, body=multipart(f"{method} Users HTTP/1.1")
        )
        assert "HTTP/1.1 405" in reply.body
    changes = (
        "--b\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n--c\r\n"
        "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        "DELETE Users('x') HTTP/1.1\r\n\r\n\r\n--c--\r\n--b--\r\n"
    )
    assert admin.send("POST", "$batch", headers=MULTIPART, body=changes).status == 400
    assert admin.world.database.snapshot() == before


@pytest.mark.checklist("55")
def test_size_and_nesting_are_bounded(admin: Caller) -> None:
    assert (
        len(send_json(admin, *[part("Domains", id=str(n)) for n in range(20)]).body["responses"])
        == 20
    )
    assert send_json(admin, *[part("Domains")] * 21).status == 400
    many = multipart(*["GET Domains HTTP/1.1"] * 21)
    assert admin.send("POST", "$batch", headers=MULTIPART, body=many).status == 400
    assert send_json(admin, part("$batch", "POST")).status == 400
    nested = multipart("POST $batch HTTP/1.1")
    assert admin.send("POST", "$batch", headers=MULTIPART, body=nested).status == 400
    large = admin.send("POST", "$batch", headers=JSON, body=" " * 70_000)
    assert large.status == 413
    foreign = send_json(admin, part("Users?$filter=%FF"))
    assert foreign.body["responses"][0]["status"] == 400
    deep = send_json(admin, part("Users?$filter=" + "(" * 100 + "true" + ")" * 100))
    assert deep.body["responses"][0]["status"] == 400


SPELLINGS = ("%24batch", "/%24batch/", "%24%62atch", "%2524batch", "$batch?x=1", "%24batch?x=1")


@pytest.mark.checklist("55")
@pytest.mark.parametrize("path", SPELLINGS)
def test_a_batch_holds_no_batch_however_its_path_is_written(admin: Caller, path: str) -> None:
    inner = json.dumps({"requests": [part("Users", id=str(n)) for n in range(20)]})
    line = f"POST {path} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{inner}"
    reply = admin.send("POST", "$batch", headers=MULTIPART, body=multipart(*[line] * 3))
    assert reply.status in (200, 400)
    assert "@odata.context" not in str(reply.body)
    reply = send_json(admin, part(path, "POST"))
    assert reply.status == 400 or reply.body["responses"][0]["status"] in (400, 405)


@pytest.mark.parametrize("space", [" ", "\t", "\u00a0", "\u3000", "\x0b"])
def test_a_change_set_is_refused_however_its_type_is_written(admin: Caller, space: str) -> None:
    inner = "Content-Type: application/http\r\n\r\nDELETE Users('x') HTTP/1.1\r\n\r\n"
    body = (
        f"--b\r\nContent-Type: multipart{space}/{space}mixed;boundary=c\r\n\r\n"
        f"--c\r\n{inner}\r\n--c--\r\n--b--\r\n"
    )
    assert admin.send("POST", "$batch", headers=MULTIPART, body=body.encode()).status == 400
    kind = {"Content-Type": f"multipart{space}/mixed;boundary=b"}
    plain = multipart("GET Users HTTP/1.1")
    assert admin.send("POST", "$batch", headers=kind, body=plain).status == 415


@pytest.mark.checklist("61")
@pytest.mark.parametrize(
    "members",
    [
        {"method": "\ud800"}, {"url": "\ud800"}, {"id": "\ud800"}, {"dependsOn": ["\ud800"]},
        {"dependsOn": "\udfff"}, {"headers": {"Accept": "\ud800"}}, {"headers": {"\ud800": "a"}},
        {"\ud800": 1},
    ],
)  # fmt: skip
def test_half_a_character_in_a_batch_is_refused(admin: Caller, members: dict[str, Any]) -> None:
    assert send_json(admin, {**part("Users"), **members}).status == 400


@pytest.mark.checklist("61")
def test_half_a_character_in_the_boundary_is_refused(admin: Caller) -> None:
    kind = {"Content-Type": "multipart/mixed;boundary=\ud800"}
    body = multipart("GET Users HTTP/1.1")
    assert admin.send("POST", "$batch", headers=kind, body=body).status == 400


def test_the_row_limit_holds_for_the_whole_batch() -> None:
    world = World()
    for number in range(400):
        world.add_user(f"user-{number}")
    who = administrator(world)
    filtered = "Users?$filter=endswith(userName,'7')"
    answers = send_json(who, *[part(filtered, id=str(n)) for n in range(3)]).body["responses"]
    assert [answer["status"] for answer in answers] == [200, 200, 400]
    assert answers[2]["body"]["error"]["code"] == "RowLimitExceeded"


@pytest.mark.checklist("52")
def test_a_batch_shows_no_more_than_its_requests() -> None:
    world = World()
    admin, who = administrator(world), caller(world, world.add_user("jane"))
    other = admin.client.application.user_id
    reply = send_json(
        who, part("Users"), part("AuditEvents", id="2"), part(f"Users('{other}')", id="3")
    )
    listed, events, hidden = reply.body["responses"]
    assert [user["userName"] for user in listed["body"]["value"]] == ["jane"]
    assert events["body"]["value"] == []
    assert hidden["status"] == 404


MALFORMED: list[Any] = [
    "", "x", "{}", "[]", "null", '{"requests":{}}', '{"requests":[1]}', '{"requests":[{}]}',
    '{"requests":[{"id":1,"method":"GET","url":"Users"}]}',
    '{"requests":[{"method":"GET","url":"Users"}]}',
    '{"requests":[{"id":"1","method":"GET","url":"Users"},{"id":"1","method":"GET","url":"Users"}]}',
    '{"requests":[{"id":"1","method":["GET"],"url":"Users"}]}',
    '{"requests":[{"id":"1","method":"FETCH","url":"Users"}]}',
    '{"requests":[{"id":"1","method":"GET","url":"http://["}]}',
    '{"requests":[{"id":"1","method":"GET","url":"Users","headers":[]}]}',
    '{"requests":[{"id":"1","method":"GET","url":"Users","headers":{"Accept":1}}]}',
    '{"requests":[{"id":"1","method":"GET","url":"Users","dependsOn":["2"]}]}',
    '{"requests":[{"id":"1","method":"GET","url":"Users","dependsOn":{"2":1}}]}',
    '{"requests":[{"id":"1","method":"GET","url":"Users","atomicityGroup":"g"}]}',
    '{"requests":[{"id":"1","method":"GET","url":"Users","body":{}}]}',
    '{"requests":[],"requests":[]}', "[" * 10_000, '{"requests":[NaN]}',
]  # fmt: skip


@pytest.mark.checklist("32", "61")
@pytest.mark.parametrize("body", MALFORMED)
def test_a_malformed_batch_is_refused(admin: Caller, body: str) -> None:
    assert admin.send("POST", "$batch", headers=JSON, body=body).status == 400
    assert admin.send("POST", "$batch", headers=MULTIPART, body=body).status == 400


def test_a_batch_of_another_type_is_refused(admin: Caller) -> None:
    for kind in (
        "text/plain",
        "multipart/mixed",
        "multipart/mixed;boundary=",
        "application/xml",
        "",
    ):
        reply = admin.send("POST", "$batch", headers={"Content-Type": kind}, body="--b--")
        assert reply.status in (400, 415), kind
    for kind in ("application/json;charset=utf-16", 'multipart/mixed; charset="latin1";boundary=b'):
        reply = admin.send("POST", "$batch", headers={"Content-Type": kind}, body='{"requests":[]}')
        assert reply.status == 415
    assert admin.send("GET", "$batch").status == 405
    assert admin.send("POST", "$batch", headers=MULTIPART, body=b"--b\xff\r\n\xff").status == 400


@pytest.mark.checklist("61")
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    pieces=st.lists(
        st.sampled_from(
            ["--b", "--b--", "\r\n", "\n", "Content-Type: application/http", "GET Users HTTP/1.1",
             "Content-Type: multipart/mixed;boundary=c", "--c", "Content-ID: 1", ":", "GET", "\x00",
             "Content-Transfer-Encoding: base64", "GET http://[ HTTP/1.1", "é", " "]
        ),
        max_size=25,
    )
)  # fmt: skip
def test_no_batch_fails_the_server(admin: Caller, pieces: list[str]) -> None:
    reply = admin.send("POST", "$batch", headers=MULTIPART, body="".join(pieces))
    assert reply.status < 500
