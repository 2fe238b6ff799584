"""What every reader of OData 4.0 asks for first, and how it is answered."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from chalicelib.directory.model import Account
from chalicelib.oauth.ids import new_user_id
from chalicelib.oauth.model import CertificateKey, GrantType, User
from chalicelib.registry.model import CertificateDetails
from tests.harness import Reply, World
from tests.odata import Caller, administrator

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
SETS = ["Users", "Domains", "Applications", "AuditEvents"]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def admin(world: World) -> Caller:
    return administrator(world)


def test_the_service_document_lists_the_entity_sets(admin: Caller) -> None:
    for path in ("", "/odata/data/"):
        reply = admin.get(path)
        assert reply.status == 200
        assert [entry["url"] for entry in reply.body["value"]] == SETS
        assert reply.body["@odata.context"] == f"{admin.world.settings.issuer}/odata/data/$metadata"


def test_the_model_is_xml_and_names_every_set_its_key_and_no_hash(admin: Caller) -> None:
    reply = admin.get("$metadata")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/xml")
    root = ET.fromstring(reply.body)  # noqa: S314 - our own answer
    assert [one.get("Name") for one in root.iter(f"{EDM}EntitySet")] == SETS
    keys = [one.get("Name") for one in root.iter(f"{EDM}PropertyRef")]
    assert keys == ["id", "name", "clientId", "id"]
    names = {str(one.get("Name")) for one in root.iter(f"{EDM}Property")}
    assert not {name for name in names if re.search("hash|password|epoch|nonce", name.lower())}


def test_every_set_is_read_whole_and_by_key(admin: Caller) -> None:
    for name, key in zip(SETS, ("id", "name", "clientId", "id"), strict=True):
        listed = admin.get(name)
        assert listed.status == 200, listed.body
        entity = listed.body["value"][0]
        read = admin.get(f"{name}('{entity[key]}')")
        context = read.body.pop("@odata.context")
        assert context.endswith(f"/odata/data/$metadata#{name}/$entity")
        assert read.body == entity
        assert admin.get(f"{name}({key}='{entity[key]}')").status == 200
        assert admin.refusal(f"{name}('nothing')") == (404, "NotFound")


def test_properties_are_read_by_their_path(admin: Caller) -> None:
    user = f"Users('{admin.client.application.user_id}')"
    assert admin.get(f"{user}/userName").body["value"] == "admon"
    raw = admin.get(f"{user}/userName/$value")
    assert (raw.body, raw.headers["Content-Type"]) == ("admon", "text/plain;charset=utf-8")
    assert admin.get(f"{user}/createdAt/$value").body == "2027-01-15T08:00:00Z"
    assert admin.get(f"{user}/roles").body["value"] == ["administrator"]
    assert admin.get(f"{user}/roles/$count").body == "1"
    assert admin.get(f"{user}/email").status == 204
    assert admin.get(f"{user}/email/$value").status == 204
    application = f"Applications('{admin.client.client_id}')"
    (secret,) = admin.get(f"{application}/secrets").body["value"]
    assert set(secret) == {"secretId", "createdAt", "endsAt", "bearerRevoked"}
    assert admin.get(f"{application}/secrets/$count").body == "1"
    assert admin.get(f"{application}/certificate").status == 204
    assert admin.get(f"{application}/certificate/subject").status == 204
    assert admin.get(f"{application}/public/$value").body == "false"
    assert admin.get("Users('nobody')/userName").status == 404
    assert admin.get(f"{user}/nothing").status == 404


@pytest.mark.parametrize("path", ["roles", "roles/$count", "secrets", "secrets/$count"])
@pytest.mark.parametrize(
    "options",
    [{"filter": "$it eq null"}, {"top": "0"}, {"skip": "1"}, {"orderby": "$it"}, {"count": "true"},
     {"search": "x"}],
)  # fmt: skip
def test_an_option_that_a_property_does_not_take_is_refused_not_ignored(
    admin: Caller, path: str, options: dict[str, str]
) -> None:
    application, user = admin.client.client_id, admin.client.application.user_id
    key = f"Users('{user}')" if path.startswith("roles") else f"Applications('{application}')"
    assert admin.get(f"{key}/{path}").status == 200
    # On a count, some are refused by the parser.
    refused = [(501, "NotImplemented"), *[(400, "InvalidQuery")] * path.endswith("$count")]
    assert admin.refusal(f"{key}/{path}", **options) in refused


def test_large_numbers_and_counts_are_texts_where_that_is_wanted(admin: Caller) -> None:
    headers = {"Accept": "application/json;IEEE754Compatible=true"}
    reply = admin.get("Users", count="true", select="version", headers=headers)
    assert reply.body["@odata.count"] == "1"
    assert reply.body["value"][0]["version"] == "1"
    assert admin.get("Users", count="true").body["@odata.count"] == 1


def test_a_certificate_is_described(world: World, admin: Caller) -> None:
    client = world.add_client(
        GrantType.CLIENT_CERTIFICATE, certificate=CertificateKey("ab" * 32, b"", 0, 1_900_000_000)
    )
    before = world.stores.applications.load(client.client_id)
    assert before is not None
    details = CertificateDetails(
        "cd" * 32, "application/pkix-cert", "CN=a", "CN=b", "7", "EC P-256"
    )
    application = replace(before.application, version=2)
    after = replace(before, application=application, certificate=details)
    event = world._event("certificate.replaced", client.client_id)
    world.stores.applications.replace(before, after, event)
    path = f"Applications('{client.client_id}')/certificate"
    described = admin.get(path).body
    assert (described["subject"], described["thumbprint"]) == ("CN=a", "ab" * 32)
    assert described["notAfter"] == "2030-03-17T17:46:40Z"
    assert admin.get(f"{path}/issuer/$value").body == "CN=b"
    found = admin.values("Applications", "clientId", filter="certificate/subject eq 'CN=a'")
    assert found == [client.client_id]
    lookup = f"clientId in ('{client.client_id}','app_nothing')"
    assert admin.values("Applications", "clientId", filter=lookup) == found


def test_an_answer_that_no_gateway_would_take_is_refused(world: World, admin: Caller) -> None:
    for number in range(900):
        user = User(new_user_id(), f"user-{number}", "domain")
        account = Account(user, world.clock.now(), world.clock.now())
        event = replace(world._event("user.created", user.user_id), changes={"text": "x" * 5_000})
        world.stores.users.create(account, None, event)
    everything = {"filter": "length(changes) gt 1000"}
    assert admin.refusal("AuditEvents", **everything) == (400, "AnswerTooLarge")
    assert admin.get("AuditEvents", select="id", **everything).status == 200
    assert admin.get("AuditEvents", top="100", **everything).status == 200


def test_the_amount_of_metadata_is_the_clients_choice(admin: Caller) -> None:
    def ask(accept: str) -> tuple[int, set[str]]:
        reply = admin.get("Domains", headers={"Accept": accept})
        return reply.status, set(reply.body)

    minimal = (200, {"@odata.context", "value"})
    assert ask("application/json;odata.metadata=minimal") == minimal
    assert ask("application/json") == minimal
    assert ask("*/*") == minimal
    assert ask("application/json;odata.metadata=none") == (200, {"value"})
    full = admin.get("Domains", headers={"Accept": "application/json;odata.metadata=full"}).body
    assert full["value"][0]["@odata.type"] == "#Grantline.Domain"
    assert full["value"][0]["@odata.id"].endswith("/odata/data/Domains('domain')")
    assert admin.get("Domains", format="json").status == 200
    assert admin.get("Domains", format="atom").status == 406
    assert ask("text/html") == (406, {"error"})


@pytest.mark.parametrize(
    "accept",
    [
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
        "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
        "*",
        "application/atom+xml, application/json;q=0.5",
        "application/json;odata=verbose, application/json;q=0.5",
        "application/json;odata.metadata=verbose;q=1, */*;q=0.1",
        "application/json;odata.metadata=minimal;ExponentialDecimals=true, application/json",
        'application/json; charset="UTF-8"; odata.metadata="minimal"',
    ],
)
def test_a_client_that_takes_json_as_well_gets_json(admin: Caller, accept: str) -> None:
    user = f"Users('{admin.client.application.user_id}')"
    for path in ("Users", user, f"{user}/userName", f"{user}/roles", "Applications"):
        reply = admin.get(path, headers={"Accept": accept})
        assert reply.status == 200, (path, reply.body)
        kind = str(reply.headers["Content-Type"])
        assert kind.startswith("application/json;odata.metadata=minimal")


@pytest.mark.parametrize(
    ("accept", "reason"),
    [
        ("application/xml", "None of the Accept types are supported"),
        ("application/json;odata=verbose", "Unsupported media type parameter 'odata'"),
        ("application/json;odata.metadata=all", "Illegal odata.metadata value 'all'"),
        ("application/json;charset=utf-16", "Unsupported charset"),
        ("application/json;q=0", "None of the Accept types are supported"),
        (",", "Illegal Accept header"),
    ],
)
def test_a_client_that_takes_no_json_is_told_why(admin: Caller, accept: str, reason: str) -> None:
    reply = admin.get("Users", headers={"Accept": accept})
    assert (reply.status, reply.body["error"]["code"]) == (406, "NotAcceptable")
    assert reason in reply.body["error"]["message"]


def test_there_is_exactly_one_version_header_and_the_clients_bound_is_honoured(
    admin: Caller,
) -> None:
    for asked in ({}, {"OData-MaxVersion": "4.0"}, {"OData-MaxVersion": "4.01"}):
        reply = admin.get("Users", headers=asked)
        named = [name for name in reply.headers if name.lower() == "odata-version"]
        assert (reply.status, [reply.headers[name] for name in named]) == (200, ["4.0"])
    for asked in ({"OData-MaxVersion": "3.0"}, {"OData-Version": "5.0"}, {"OData-MaxVersion": "x"}):
        assert admin.get("Users", headers=asked).status == 400


def test_what_is_selected_is_answered_beside_the_key(admin: Caller) -> None:
    (entity,) = admin.get("Users", select="userName").body["value"]
    assert set(entity) == {"id", "userName"}
    assert admin.refusal("Users", select="nothing")[0] == 400


def test_rows_are_ordered_by_any_property_texts_without_regard_to_case(
    world: World, admin: Caller
) -> None:
    for name in ("bea", "Anna", "carl", "Bob"):
        world.add_user(name)
    names = ["admon", "Anna", "bea", "Bob", "carl"]
    assert admin.values("Users", "userName") == names
    assert admin.values("Users", "userName", orderby="userName") == names
    assert admin.values("Users", "userName", orderby="userName desc") == names[::-1]
    by_length = admin.values("Users", "userName", orderby="length(userName) desc,userName desc")
    assert by_length == ["admon", "carl", "Anna", "Bob", "bea"]
    assert admin.values("Users", "userName", orderby="email,userName") == names


def test_search_finds_terms_in_any_text(world: World, admin: Caller) -> None:
    for name in ("bea", "Anna", "carl"):
        world.add_user(name)
    assert admin.values("Users", "userName", search="ANN OR bea") == ["Anna", "bea"]
    assert admin.values("Users", "userName", search="NOT enabled") == []
    assert admin.values("Users", "userName", search='"carl"') == ["carl"]


def test_the_metadata_service_describes_sets_and_properties(admin: Caller) -> None:
    root = "/odata/metadata"
    document = admin.get(root).body
    assert [entry["name"] for entry in document["value"]] == ["EntitySets", "Properties"]
    assert "EntitySets" in admin.get(f"{root}/$metadata").body
    assert admin.values(f"{root}/EntitySets", "name") == SETS
    keys = admin.values(f"{root}/Properties", "id", filter="key eq true")
    assert keys == ["Users.id", "Domains.name", "Applications.clientId", "AuditEvents.id"]
    assert admin.get(f"{root}/Properties('Users.userName')").body["type"] == "Edm.String"
    assert admin.get(f"{root}/EntitySets/$count").body == "4"


def test_nothing_can_be_written(admin: Caller) -> None:
    before = admin.world.database.snapshot()
    for path in ("Users", "Users('x')", "$metadata", ""):
        refused = admin.send("POST", path, body="{}")
        assert (refused.status, refused.headers["Allow"]) == (405, "GET")
    for method in ("PUT", "PATCH", "DELETE", "MERGE", "HEAD", "OPTIONS"):
        for path in ("Users('x')", "/odata/metadata", "/odata/query/entity"):
            refused = admin.send(method, path, body="{}")
            assert (refused.status, refused.headers["OData-Version"]) == (405, "4.0")
            assert "GET" in refused.headers["Allow"]
            assert refused.body["error"]["message"] == "The method is not allowed here."
    assert admin.world.database.snapshot() == before


@pytest.mark.checklist("61")
def test_what_fails_before_and_beneath_odata_has_its_shape(admin: Caller) -> None:
    def told(reply: Reply) -> tuple[int, str]:
        assert reply.headers["OData-Version"] == "4.0"
        assert reply.headers["Cache-Control"] == "no-store"
        return reply.status, reply.body["error"]["code"]

    for accept in ("application/json", "text/html,*/*"):
        large = admin.send("POST", "$batch", headers={"Accept": accept}, body=" " * 70_000)
        assert told(large) == (413, "invalid_request")

    def broken(operation: str, _: object, answer: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        return {} if operation == "Query" else answer()

    with admin.world.database.intercepted(broken):
        assert told(admin.get("Users")) == (500, "server_error")


def test_what_is_of_no_use_here_is_refused_by_its_name(admin: Caller) -> None:
    unsupported = (501, "NotImplemented")
    assert admin.refusal("Users", apply="aggregate($count as n)") == unsupported
    assert admin.refusal("Users", expand="domain") == unsupported
    assert admin.refusal("$all") == unsupported
    assert admin.refusal("$crossjoin(Users,Domains)") == unsupported
    assert admin.refusal("$entity", id="http://[") == unsupported
    assert admin.refusal("$async/x") == unsupported
    for function in (
        "matchesPattern(userName,'a')",
        "cast('1',Edm.Decimal) gt 1",
        "isof(Edm.String)",
    ):
        assert admin.refusal("Users", filter=function) == unsupported
    assert admin.refusal("Users", filter="$root/Users('x')/userName eq 'a'") == unsupported


def test_unknown_names_and_options_are_errors_in_odatas_shape(admin: Caller) -> None:
    assert admin.refusal("Nothing")[0] == 404
    assert admin.refusal("Users/userName")[0] == 400
    for options in ({"filter": "nothing eq 1"}, {"nothing": "1"}, {"top": "-1"}, {"count": "yes"}):
        assert admin.refusal("Users", **options)[0] == 400
    reply = admin.send("GET", "Users", query={"$top": ["1", "2"]})
    assert reply.status == 400


def test_refusals_at_the_door_have_odatas_shape_and_keep_their_headers(world: World) -> None:
    reply = Caller(world, administrator(world).client, "nonsense").get("Users")
    assert (reply.status, reply.body["error"]["code"]) == (401, "invalid_token")
    assert reply.headers["OData-Version"] == "4.0"
    assert 'error="invalid_token"' in reply.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "accept", ["application/json", "application/json;q=1,*/*;q=0.1", "*/*", ""]
)
def test_the_model_is_xml_unless_json_is_asked_for_by_name(admin: Caller, accept: str) -> None:
    reply = admin.get("$metadata", headers={"Accept": accept})
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("application/xml")
    named = admin.get("$metadata", headers={"Accept": accept}, format="json")
    assert named.headers["Content-Type"].startswith("application/json")


REFUSED = [
    ("Nothing", {}, (404, "NotFound")),
    ("Users", {"filter": "nothing eq 1"}, (400, "InvalidQuery")),
    ("Users", {"filter": "("}, (400, "InvalidQuery")),
    ("Users", {"format": "atom"}, (406, "NotAcceptable")),
    ("Users", {"expand": "x"}, (501, "NotImplemented")),
]


@pytest.mark.parametrize(("path", "options", "refusal"), REFUSED)
def test_codes_of_errors_are_names(
    admin: Caller, path: str, options: dict[str, str], refusal: tuple[int, str]
) -> None:
    assert admin.refusal(path, **options) == refusal


def test_a_comparison_of_unlike_things_is_explained(admin: Caller) -> None:
    message = admin.get("Users", filter="userName eq 7").body["error"]["message"]
    assert "cannot compare a text with a number" in message
    assert "single quotes" in message


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        ("Users(x)", {}, "for key 'id' is not a text. A text stands in single quotes,"),
        ("Users/Edm.String", {}, "Type 'Edm.String' was not found."),
        ("Users", {"filter": "null"}, "must be a boolean expression, not null."),
    ],
)
def test_types_are_named_as_people_do(
    admin: Caller, path: str, options: dict[str, str], message: str
) -> None:
    assert message in admin.get(path, **options).body["error"]["message"]


@pytest.mark.parametrize("name", ["filter", "Filter", "top", "skiptoken", "expand"])
def test_an_option_without_its_dollar_is_refused_not_ignored(admin: Caller, name: str) -> None:
    reply = admin.send("GET", "Users", query={name: ["1"]})
    assert (reply.status, reply.body["error"]["code"]) == (400, "InvalidQuery")
    assert f"${name}" in reply.body["error"]["message"]
    assert admin.send("GET", "Users", query={"cache": ["1"]}).status == 200
