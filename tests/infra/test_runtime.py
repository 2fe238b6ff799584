"""The package under AWS's own runtime client, within its own policy, over moto."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest

from chalicelib.audit import Actor, AuditEvent
from chalicelib.directory.model import Account
from chalicelib.local.certificate import generate
from chalicelib.local.seed import seed
from chalicelib.oauth.authorization_endpoint import AuthorizationEndpoint, Person
from chalicelib.oauth.authorization_request import validate_request, validate_target
from chalicelib.oauth.clock import SystemClock
from chalicelib.oauth.ids import new_ulid, new_user_id
from chalicelib.oauth.model import User
from chalicelib.settings import Settings
from chalicelib.storage.stores import open_stores
from tests.infra.deployed import (
    Deployment,
    Template,
    deployed,
    on_lambdas_platform,
    policy_document_of,
    resources,
)
from tests.infra.events import EventMaker, http_event, rest_event
from tests.infra.iam import policy_of
from tests.infra.runtime import Function
from tests.people import CHALLENGE, REDIRECT_URI, VERIFIER

pytestmark = on_lambdas_platform

ISSUER = "https://issuer.example"
SETTINGS = Settings(
    issuer=ISSUER,
    table_prefix="packaged-",
    certificate_bucket="packaged-certificates-123456789012",
    event_bus="packaged-events",
    lease_seconds=0,
)
ENVIRON = {
    "GRANTLINE_ISSUER": SETTINGS.issuer,
    "GRANTLINE_TABLE_PREFIX": SETTINGS.table_prefix,
    "GRANTLINE_CERTIFICATE_BUCKET": SETTINGS.certificate_bucket,
    "GRANTLINE_EVENT_BUS": SETTINGS.event_bus,
    "GRANTLINE_LEASE_SECONDS": "0",
}
APPLICATION = "/admin/applications/{client_id}"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(slots=True)
class Client:
    """Calls the function as one kind of API Gateway does."""

    function: Function
    make_event: EventMaker
    token: str | None = None
    basic: tuple[str, str] | None = None
    parameters: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, resource: str, **content: Any) -> Answer:
        """`json` or `form` is the body; `accept` what is wanted back."""
        headers = {"Accept": content.get("accept", "application/json")}
        body = None
        if "json" in content:
            headers["Content-Type"] = "application/json"
            body = json.dumps(content["json"])
        if "form" in content:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(content["form"])
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.basic is not None:
            pair = base64.b64encode(":".join(self.basic).encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        event = self.make_event(
            method,
            resource,
            headers=headers,
            body=body,
            path_parameters=self.parameters,
            query=content.get("query"),
        )
        if "query" in content:
            event["queryStringParameters"] = content["query"]
            event["multiValueQueryStringParameters"] = {
                name: [value] for name, value in content["query"].items()
            }
        result = self.function.invoke(event)
        text = result["body"]
        parsed = json.loads(text) if text and text.startswith(("{", "[")) else text
        return Answer(result["statusCode"], result["headers"], parsed)

    def at(self, **parameters: str) -> "Client":
        """The same, with these in the path."""
        return Client(self.function, self.make_event, self.token, self.basic, parameters)


def client_of(
    deployment: Deployment, make_event: EventMaker, application: Mapping[str, str], **form: str
) -> Client:
    """A client that holds a fresh token of `application`."""
    pair = (application["client_id"], application["client_secret"])
    anonymous = Client(deployment.function, make_event, basic=pair)
    form = {"grant_type": "client_credentials"} | form
    answer = anonymous.call("POST", "/oauth2/server/token", form=form)
    assert answer.status == 200, answer
    return Client(deployment.function, make_event, token=answer.body["access_token"])


def administrator(deployment: Deployment, make_event: EventMaker) -> Client:
    application = deployment.credentials["admin_application"]
    return client_of(deployment, make_event, application, scope="admin")


@pytest.fixture(scope="module")
def policy_document(template: Template) -> Template:
    return policy_document_of(template, "ApiHandlerRole")


@pytest.fixture(scope="module")
def names(template: Template) -> dict[str, str]:
    """What the logical ids stand for here; the policy may name nothing else."""
    resources = template["Resources"]
    tables = {
        name: "table/"
        + resource["Properties"]["TableName"]["Fn::Sub"].replace(
            "${TablePrefix}", SETTINGS.table_prefix
        )
        for name, resource in resources.items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }
    assert resources["CertificateBucket"]["Type"] == "AWS::S3::Bucket"
    assert resources["EncryptionKey"]["Type"] == "AWS::KMS::Key"
    return tables | {
        "CertificateBucket": SETTINGS.certificate_bucket,
        "EncryptionKey": SETTINGS.key_id,
        "EventBus": SETTINGS.event_bus,
        "FunctionLog": "log",
    }


@pytest.fixture(scope="module")
def files(unpacked: Path) -> frozenset[Path]:
    """What is in the package before anything of it ran."""
    return frozenset(unpacked.rglob("*"))


@pytest.fixture(scope="module")
def deployment(
    unpacked: Path,
    policy_document: Template,
    names: dict[str, str],
    files: frozenset[Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Deployment]:
    del files  # taken before anything runs
    folder = tmp_path_factory.mktemp("runtime")
    with resources(SETTINGS, policy_of(policy_document, names)) as aws:
        clock = SystemClock()
        credentials = seed(open_stores(SETTINGS, clock), clock, ISSUER, folder)
        with deployed(unpacked, folder, ENVIRON, aws, "app.app") as deployment:
            yield replace(deployment, credentials=credentials)


EACH_GATEWAY = pytest.mark.parametrize("make_event", [http_event, rest_event])


@EACH_GATEWAY
def test_register_token_introspect(deployment: Deployment, make_event: EventMaker) -> None:
    admin = administrator(deployment, make_event)
    user = deployment.credentials["user"]
    form = {
        "name": f"Invoice robot of {make_event.__name__}",
        "grant_type": "client_credentials",
        "allowed_scopes": ["api", "rpa"],
        "user_name": user["user_name"],
        "user_domain": user["user_domain"],
        "token_lifetime_minutes": 5,
    }
    assert admin.call("GET", "/admin/applications", query={"sort": "-created"}).status == 200
    registered = admin.call("POST", "/admin/applications", json=form)
    assert registered.status == 201, registered
    client = client_of(deployment, make_event, registered.body, scope="api")

    asked = Client(
        deployment.function,
        make_event,
        basic=(registered.body["client_id"], registered.body["client_secret"]),
    ).call("POST", "/oauth2/server/introspect", form={"token": client.token})

    assert asked.status == 200, asked
    assert asked.body["active"] is True
    assert asked.body["client_id"] == registered.body["client_id"]
    assert asked.body["scope"] == "api"
    assert asked.body["iss"] == ISSUER


@EACH_GATEWAY
def test_odata_is_read_page_by_page(deployment: Deployment, make_event: EventMaker) -> None:
    """Without the parts of odatapy that are not packed, and with the key of continuations."""
    application = deployment.credentials["admin_application"]
    admin = client_of(deployment, make_event, application, scope="api")
    root, below = "/odata/data", "/odata/data/{proxy+}"
    document = admin.call("GET", root)
    assert document.status == 200, document
    assert "Users" in [entry["name"] for entry in document.body["value"]]
    model = admin.at(**{"proxy+": "$metadata"}).call("GET", below, accept="application/xml")
    assert model.status == 200, model
    users = admin.at(**{"proxy+": "Users"})
    assert users.call("GET", below, query={"$filter": "userName eq 'jdoe'"}).body["value"]
    key = users.call("GET", below, query={"$top": "1"}).body["value"][0]["id"]
    assert admin.at(**{"proxy+": f"Users('{key}')"}).call("GET", below).body["id"] == key
    clock = SystemClock()
    store = open_stores(SETTINGS, clock).users
    for number in range(101):
        user = User(new_user_id(), f"{make_event.__name__}-{number}", "paged")
        account = Account(user, clock.now(), clock.now())
        actor = Actor(None, None, None, "127.0.0.1")
        event = AuditEvent(new_ulid(), clock.now(), "user.created", user.user_id, actor)
        store.create(account, None, event)
    page = users.call("GET", below)
    token = parse_qs(urlsplit(page.body["@odata.nextLink"]).query)["$skiptoken"][0]
    assert users.call("GET", below, query={"$skiptoken": token}).status == 200
    assert deployment.aws.denied == set()


@EACH_GATEWAY
def test_the_tables_answer(deployment: Deployment, make_event: EventMaker) -> None:
    answer = Client(deployment.function, make_event).call("GET", "/healthz")
    assert (answer.status, answer.body) == (200, {"status": "ok"})


@EACH_GATEWAY
def test_a_wrong_secret_is_refused(deployment: Deployment, make_event: EventMaker) -> None:
    client_id = deployment.credentials["admin_application"]["client_id"]
    client = Client(deployment.function, make_event, basic=(client_id, "wrong"))
    form = {"grant_type": "client_credentials"}
    answer = client.call("POST", "/oauth2/server/token", form=form)
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")


def test_the_function_needs_all_that_its_policy_allows_and_nothing_more(
    deployment: Deployment,
) -> None:
    admin = administrator(deployment, http_event)
    register_and_look_after_applications(admin)
    look_after_users(admin)
    receive_a_callback(deployment, admin)
    log_in(deployment, admin)
    client = client_of(deployment, http_event, deployment.credentials["applications"]["all"])
    application = deployment.credentials["applications"]["all"]
    client.basic = (application["client_id"], application["client_secret"])
    assert client.call("POST", "/oauth2/server/revoke", form={"token": client.token}).status == 200
    assert Client(deployment.function, http_event).call("GET", "/healthz").status == 200

    deployment.assert_policy_fits()


def register_and_look_after_applications(admin: Client) -> None:
    pem = generate("Policy", SystemClock().now()).certificate.decode()
    form = {
        "name": "Certified",
        "grant_type": "client_certificate",
        "certificate": pem,
        "user_name": "jdoe",
        "user_domain": "domain",
    }
    registered = admin.call("POST", "/admin/applications", json=form)
    assert registered.status == 201, registered
    mine = admin.at(client_id=registered.body["client_id"])
    kind = "application/pkix-cert"
    assert mine.call("GET", f"{APPLICATION}/certificate", accept=kind).status == 200
    assert mine.call("PATCH", APPLICATION, json={"name": "Renamed"}).status == 200
    assert mine.call("GET", f"{APPLICATION}/audit").status == 200
    assert admin.call("GET", "/admin/applications").status == 200
    assert admin.call("GET", "/admin/applications", query={"sort": "-created"}).status == 200
    assert admin.call("GET", "/admin/audit").status == 200


def look_after_users(admin: Client) -> None:
    form = {"user_name": "first", "user_domain": "domain"}
    created = admin.call("POST", "/admin/users", json=form)
    assert created.status == 201, created
    mine = admin.at(user_id=created.body["id"])
    assert mine.call("PATCH", "/admin/users/{user_id}", json={"user_name": "second"}).status == 200
    assert admin.call("GET", "/admin/users").status == 200


def receive_a_callback(deployment: Deployment, admin: Client) -> None:
    application = deployment.credentials["applications"]["all"]
    robot = client_of(deployment, http_event, application, scope="rpa")
    body = {"deploymentId": "packaged", "status": "RUN_COMPLETED"}
    received = robot.call("POST", "/api/rpa/automation/callback", json=body)
    assert received.status == 200, received
    listed = admin.call("GET", "/admin/rpa/callbacks")
    assert [item["status"] for item in listed.body["items"]] == ["published"]
    assert admin.call("GET", "/admin/rpa/callbacks", query={"status": "pending"}).status == 200


def log_in(deployment: Deployment, admin: Client) -> None:
    """A person's code, made here, is exchanged there for an ID token; anybody reads the keys."""
    form = {
        "name": "Shop",
        "grant_type": "authorization_code",
        "allowed_scopes": ["login"],
        "redirect_strategy": "web_application",
        "redirect_uris": [REDIRECT_URI],
    }
    registered = admin.call("POST", "/admin/applications", json=form)
    assert registered.status == 201, registered
    client_id, secret = registered.body["client_id"], registered.body["client_secret"]
    clock = SystemClock()
    stores = open_stores(SETTINGS, clock)
    registration, account = stores.applications.load(client_id), stores.users.find("domain", "jdoe")
    assert registration is not None
    assert account is not None
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": REDIRECT_URI,
        "scope": "openid",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    request = validate_request(validate_target(registration.application, asked), asked)
    person = Person(account.user, "session-1", clock.now(), account.user.token_epoch)
    code = AuthorizationEndpoint(stores.grants, clock, ISSUER).issue_code(request, person)

    client = Client(deployment.function, http_event, basic=(client_id, secret))
    exchange = {
        "grant_type": "authorization_code",
        "code": code.parameters["code"],
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }
    answer = client.call("POST", "/oauth2/server/token", form=exchange)
    assert answer.status == 200, answer
    jwks = Client(deployment.function, http_event).call("GET", "/oauth2/server/jwks").body
    token = answer.body["id_token"]
    kid = jwt.get_unverified_header(token)["kid"]
    (key,) = [jwt.PyJWK(each) for each in jwks["keys"] if each["kid"] == kid]
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=client_id, issuer=ISSUER)
    assert claims["sub"] == account.user.user_id


def test_it_writes_nothing_beside_itself_because_all_of_it_is_compiled(
    deployment: Deployment, unpacked: Path, files: frozenset[Path]
) -> None:
    """A module without bytecode would leave some in this folder; Lambda's is read-only."""
    administrator(deployment, http_event)
    assert frozenset(unpacked.rglob("*")) == files


def test_it_logs_each_request_once_and_no_secret(deployment: Deployment) -> None:
    before = len(deployment.log.read_text().splitlines())
    admin = administrator(deployment, http_event)
    lines = deployment.log.read_text().splitlines()
    assert len(lines) == before + 1
    assert json.loads(lines[-1])["level"] == "INFO"
    assert deployment.credentials["admin_application"]["client_secret"] not in "\n".join(lines)
    assert str(admin.token) not in "\n".join(lines)
