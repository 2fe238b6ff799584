"""`/admin/applications` as a client sees it."""

import pytest

from chalicelib.oauth.tokens import digest
from chalicelib.registry.grant_types import bears_its_secret
from tests.certificates import pem
from tests.endpoints.administration import Administration, Reply, client_credentials
from tests.names import full_width

APPLICATIONS = "/admin/applications"


@pytest.fixture
def administration() -> Administration:
    return Administration()


def test_a_registered_application_answers_with_everything(administration: Administration) -> None:
    reply = administration.call("POST", APPLICATIONS, client_credentials(user_name="ADMON"))
    assert reply.status == 201
    body = reply.body
    assert reply.headers["ETag"] == '"1"'
    assert reply.headers["Location"] == f"{APPLICATIONS}/{body['client_id']}"
    (secret,) = body["secrets"]
    assert body == {
        "client_id": body["client_id"],
        "client_secret": body["client_secret"],
        "name": "Payroll",
        "grant_type": "client_credentials",
        "allowed_scopes": ["api"],
        "user_name": "admon",
        "user_domain": "domain",
        "website": None,
        "description": None,
        "redirect_strategy": None,
        "redirect_uris": [],
        "localhost_port": None,
        "token_lifetime_minutes": 60,
        "life_cycle_type": "absolute",
        "maximum_lifetime_minutes": None,
        "post_logout_redirect_uris": [],
        "public": False,
        "id_token_signed_response_alg": "RS256",
        "require_pkce": True,
        "consent": "required",
        "introspection": "own",
        "header_accepts_issuer_audience": False,
        "status": "enabled",
        "built_in": None,
        "version": 1,
        "created_at": "2027-01-15T08:00:00Z",
        "updated_at": "2027-01-15T08:00:00Z",
        "secrets": [
            {
                "secret_id": secret["secret_id"],
                "created_at": "2027-01-15T08:00:00Z",
                "ends_at": None,
                "bearer_revoked": False,
            }
        ],
        "certificate": None,
        "warnings": [
            {
                "code": "administrator_user",
                "message": "The application acts as an administrator.",
            }
        ],
    }


@pytest.mark.checklist("36")
def test_the_secret_is_in_one_answer_alone(administration: Administration) -> None:
    body = administration.register(grant_type="bearer_token", user_name=..., user_domain=...)
    secret, path = body["client_secret"], f"{APPLICATIONS}/{body['client_id']}"
    replies = [
        administration.call("GET", path),
        administration.call("PATCH", path, {"description": "x"}),
        administration.call("POST", f"{path}/disable"),
        administration.call("POST", f"{path}/enable"),
        administration.call("POST", f"{path}/revoke-tokens"),
        administration.call("GET", APPLICATIONS),
        administration.call("GET", f"{path}/audit"),
        administration.call("GET", "/admin/audit"),
        administration.call("DELETE", f"{path}/secrets/{body['secrets'][0]['secret_id']}"),
    ]
    for reply in replies:
        assert reply.status == 200
        assert "client_secret" not in reply.body
        assert secret not in str(reply.body)
        assert digest(secret) not in str(reply.body)
    rotated = administration.call("POST", f"{path}/secrets").body["client_secret"]
    assert rotated != secret


def test_every_wrong_field_is_answered_with_its_reason(administration: Administration) -> None:
    reply = administration.call("POST", APPLICATIONS, {"grant_type": "x", "client_id": "y"})
    assert reply.status == 400
    assert reply.body["error"] == "invalid_request"
    assert reply.body["error_description"] == "Some fields are not valid."
    assert set(reply.fields) == {"name", "grant_type", "allowed_scopes", "client_id"}


@pytest.mark.checklist("2")
def test_a_bad_redirect_uri_alone_has_the_code_of_rfc_7591(administration: Administration) -> None:
    values = {
        "name": "Web",
        "grant_type": "authorization_code",
        "allowed_scopes": ["login"],
        "redirect_strategy": "web_application",
        "redirect_uris": ["http://client.example/"],
    }
    reply = administration.call("POST", APPLICATIONS, values)
    assert (reply.status, reply.body["error"]) == (400, "invalid_redirect_uri")
    reply = administration.call("POST", APPLICATIONS, {**values, "name": ""})
    assert reply.body["error"] == "invalid_request"


@pytest.mark.checklist("56")
def test_a_taken_name_is_a_conflict(administration: Administration) -> None:
    administration.register()
    values = client_credentials(full_width("PAYROLL"))
    reply = administration.call("POST", APPLICATIONS, values)
    assert reply.status == 409
    assert reply.body["error"] == "invalid_request"
    assert set(reply.fields) == {"name"}


@pytest.mark.checklist("35")
def test_a_taken_certificate_is_a_conflict(administration: Administration) -> None:
    text = pem()
    for name, status in (("One", 201), ("Other", 409)):
        values = client_credentials(
            name, grant_type="client_certificate", allowed_scopes=..., certificate=text
        )
        reply = administration.call("POST", APPLICATIONS, values)
        assert reply.status == status
    assert set(reply.fields) == {"certificate"}


def test_what_is_read_can_be_sent_back(administration: Administration) -> None:
    """Every field of the form comes as a change may send it."""
    body = administration.register(life_cycle_type="sliding", website="https://c.example/")
    path = f"{APPLICATIONS}/{body['client_id']}"
    decided = {
        "client_id", "client_secret", "status", "version", "created_at", "updated_at", "secrets",
        "certificate", "warnings", "built_in",
    }  # fmt: skip
    change = {name: value for name, value in body.items() if name not in decided}
    reply = administration.call("PATCH", path, change)
    assert (reply.status, reply.body["version"]) == (200, 1)


def test_if_match_guards_a_change(administration: Administration) -> None:
    path = f"{APPLICATIONS}/{administration.register()['client_id']}"
    change = {"description": "x"}
    reply = administration.call("PATCH", path, change, headers={"If-Match": '"2"'})
    assert (reply.status, reply.body["error"]) == (412, "version_mismatch")
    reply = administration.call("PATCH", path, change, headers={"If-Match": '"1"'})
    assert (reply.status, reply.headers["ETag"]) == (200, '"2"')
    assert administration.call("POST", f"{path}/disable", headers={"If-Match": "*"}).status == 200
    for wrong in ("2", 'W/"2"', '"two"', '"1", "2"', "'2'"):
        reply = administration.call("DELETE", path, headers={"If-Match": wrong})
        assert (reply.status, reply.body["error"]) == (400, "invalid_request")
    assert administration.call("DELETE", path, headers={"If-Match": '"3"'}).status == 204
    assert administration.call("GET", path).status == 404


def test_applications_are_listed_by_name_in_pages(administration: Administration) -> None:
    for name in ("Payroll", "payments", "Time sheets"):
        administration.register(name=name)
    reply = administration.call("GET", APPLICATIONS, query={"limit": ["3"]})
    names = [item["name"] for item in reply.body["items"]]
    assert names == ["Console", "payments", "Payroll"]
    assert reply.body["count"] == 3
    assert "total" not in reply.body
    query = {"limit": ["3"], "cursor": [reply.body["next"]], "total": ["true"]}
    reply = administration.call("GET", APPLICATIONS, query=query)
    assert [item["name"] for item in reply.body["items"]] == ["Time sheets"]
    assert reply.body["next"] is None
    assert (reply.body["count"], reply.body["total"]) == (1, 4)
    reply = administration.call("GET", APPLICATIONS, query={"search": ["AY"]})
    assert [item["name"] for item in reply.body["items"]] == ["payments", "Payroll"]
    assert {item["user_name"] for item in reply.body["items"]} == {"admon"}


@pytest.mark.checklist("8", "61")
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": ["0"]}, "limit"),
        ({"limit": ["101"]}, "limit"),
        ({"limit": ["-1"]}, "limit"),
        ({"limit": ["1e2"]}, "limit"),
        ({"limit": ["٣"]}, "limit"),
        ({"limit": [""]}, "limit"),
        ({"limit": ["5", "5"]}, "limit"),
        ({"search": ["a", "b"]}, "search"),
        ({"search": ["x" * 101]}, "search"),
        ({"search": ["\ud800"]}, "search"),
        ({"cursor": ["x"]}, "cursor"),
        ({"cursor": [""]}, "cursor"),
        ({"cursor": ["x" * 1025]}, "cursor"),
        ({"total": ["yes"]}, "total"),
    ],
)
def test_a_wrong_parameter_is_refused(
    administration: Administration, query: dict[str, list[str]], field: str
) -> None:
    reply = administration.call("GET", APPLICATIONS, query=query)
    assert reply.status == 400
    assert set(reply.fields) == {field}


@pytest.mark.parametrize("client_id", ["x", "app_x", "usr_" + "0" * 26, "app_" + "0" * 26])
def test_an_unknown_application_is_not_found(
    administration: Administration, client_id: str
) -> None:
    path = f"{APPLICATIONS}/{client_id}"
    replies = [
        administration.call("GET", path),
        administration.call("PATCH", path, {}),
        administration.call("DELETE", path),
        *(
            administration.call("POST", f"{path}/{verb}")
            for verb in ("disable", "enable", "revoke-tokens", "secrets")
        ),
        administration.call("DELETE", f"{path}/secrets/{'0' * 26}"),
        administration.call("GET", f"{path}/certificate"),
        administration.call("PUT", f"{path}/certificate", {"certificate": pem()}),
    ]
    for reply in replies:
        assert (reply.status, reply.body["error"]) == (404, "not_found")


@pytest.mark.checklist("42")
@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"user_name": "jdoe"}, []),
        ({}, ["administrator_user"]),
        ({"token_lifetime_minutes": 0}, ["administrator_user", "never_ending_tokens"]),
        (
            {"life_cycle_type": "sliding", "maximum_lifetime_minutes": None},
            ["administrator_user", "no_maximum_lifetime"],
        ),
        ({"grant_type": "bearer_token", "user_name": ..., "user_domain": ...}, ["bearer_secret"]),
        (
            {
                "grant_type": "all",
                "user_name": "jdoe",
                "redirect_strategy": "web_application",
                "redirect_uris": ["https://c.example/"],
                "require_pkce": False,
            },
            ["bearer_secret", "pkce_not_required"],
        ),
        (
            {
                "grant_type": "client_certificate",
                "user_name": "jdoe",
                "allowed_scopes": ...,
                "certificate": pem(last_day=30),
                "header_accepts_issuer_audience": True,
            },
            ["certificate_ends_soon", "issuer_audience_in_header"],
        ),
    ],
)
def test_what_deserves_a_second_look_is_flagged(
    administration: Administration, changes: dict[str, object], codes: list[str]
) -> None:
    administration.add_user("jdoe")
    body = administration.register(**changes)
    assert [warning["code"] for warning in body["warnings"]] == codes
    listed = administration.call("GET", APPLICATIONS, query={"search": ["payroll"]})
    (item,) = listed.body["items"]
    assert item["warnings"] == body["warnings"]


def test_an_application_without_its_secret_is_flagged(administration: Administration) -> None:
    body = administration.register()
    path = f"{APPLICATIONS}/{body['client_id']}/secrets/{body['secrets'][0]['secret_id']}"
    reply = administration.call("DELETE", path)
    assert [warning["code"] for warning in reply.body["warnings"]] == [
        "administrator_user",
        "no_client_secret",
    ]
    assert not bears_its_secret(reply.body["grant_type"])


def test_an_ended_certificate_is_flagged(administration: Administration) -> None:
    administration.add_user("jdoe")
    values = {"grant_type": "client_certificate", "allowed_scopes": ..., "user_name": "jdoe"}
    body = administration.register(**values, certificate=pem(last_day=0.1))
    administration.clock.advance(8_640)
    administration.token = administration.token_of(
        administration.add_client("Console 2", ["admin"], "admon")
    )
    reply = administration.call("GET", f"{APPLICATIONS}/{body['client_id']}")
    assert [warning["code"] for warning in reply.body["warnings"]] == ["certificate_ended"]
    assert reply.body["certificate"]["days_left"] == 0


def test_a_list_is_narrowed_and_sorted(administration: Administration) -> None:
    for name, scope in (("Bravo", "api"), ("Alpha", "rpa")):
        form = client_credentials(name=name, allowed_scopes=[scope])
        assert administration.call("POST", APPLICATIONS, form).status == 201

    def names(**query: str) -> list[str]:
        asked = {name: [value] for name, value in query.items()}
        reply = administration.call("GET", APPLICATIONS, query=asked)
        assert reply.status == 200, reply.body
        return [one["name"] for one in reply.body["items"] if one["name"] in ("Alpha", "Bravo")]

    assert names() == names(sort="name", scope="") == ["Alpha", "Bravo"]
    assert names(sort="-name") == names(sort="created", status="enabled") == ["Bravo", "Alpha"]
    assert names(scope="rpa", grant_type="client_credentials") == ["Alpha"]
    assert names(status="disabled") == []
    for name in ("sort", "scope", "grant_type", "status"):
        reply = administration.call("GET", APPLICATIONS, query={name: ["nonsense"]})
        assert (reply.status, list(reply.body["fields"])) == (400, [name])


VALIDATE = f"{APPLICATIONS}/validate"


def written(administration: Administration) -> str:
    return repr(vars(administration.stores.memory))


def test_asking_whether_a_form_would_be_taken_writes_nothing(
    administration: Administration,
) -> None:
    certificate = pem()
    taken = client_credentials(
        "Taken", grant_type="client_certificate", allowed_scopes=..., certificate=certificate
    )
    assert administration.call("POST", APPLICATIONS, taken).status == 201
    before = written(administration)

    def ask(**changes: object) -> Reply:
        return administration.call(
            "POST", VALIDATE, client_credentials(**{"name": "Fine", **changes})
        )

    reply = ask()
    assert (reply.status, reply.body) == (204, None)
    assert set(ask(name="", allowed_scopes=[]).fields) == {"name", "allowed_scopes"}
    assert set(ask(user_name="nobody").fields) == {"user_name"}
    reply = administration.call("POST", VALIDATE, {**taken, "name": full_width("TAKEN")})
    assert reply.status == 409
    assert set(reply.fields) == {"name", "certificate"}
    assert written(administration) == before


def test_asking_whether_a_change_would_be_taken_writes_nothing(
    administration: Administration,
) -> None:
    administration.register(name="Other")
    path = f"{APPLICATIONS}/{administration.register()['client_id']}"
    before = written(administration)

    def ask(body: object, **headers: str) -> Reply:
        return administration.call("POST", f"{path}/validate", body, headers=headers)

    assert ask({"name": "PAYROLL"}).status == 204
    assert set(ask({"name": "other"}).fields) == {"name"}
    assert set(ask({"allowed_scopes": [], "website": "http://x"}).fields) == {
        "allowed_scopes", "website",
    }  # fmt: skip
    assert ask({}, **{"If-Match": '"9"'}).status == 412
    absent = f"{APPLICATIONS}/app_{'0' * 26}/validate"
    assert administration.call("POST", absent, {}).status == 404
    assert written(administration) == before
