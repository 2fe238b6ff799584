"""The OpenAPI document: valid, complete, and true of what the endpoints answer."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from chalicelib.directory.consents import Consents
from chalicelib.directory.sessions import Sessions
from chalicelib.endpoints.admin import ROUTES
from chalicelib.endpoints.openapi import describe
from chalicelib.endpoints.openapi_operations import OPERATIONS
from chalicelib.local.wsgi import Gateway
from chalicelib.oauth.model import GrantType
from chalicelib.protected.odata.stored_queries import StoredQuery
from tests.endpoints.administration import Administration
from tests.harness import World
from tests.registry.registrar import form
from tests.signing import ISSUER

# Everything but the document itself, which takes no input.
ADMINISTRATIVE = [
    (method, path)
    for path, methods in ROUTES.items()
    for method, name in methods.items()
    if not OPERATIONS[name].public
]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]


def test_the_document_is_valid() -> None:
    validate(describe(ISSUER))


def test_every_route_is_described_and_nothing_else() -> None:
    paths = describe(ISSUER)["paths"]
    described = {
        path: {method.upper() for method in operations if method != "parameters"}
        for path, operations in paths.items()
    }
    assert described == {path: set(methods) for path, methods in ROUTES.items()}
    names = [name for methods in ROUTES.values() for name in methods.values()]
    assert sorted(names) == sorted(OPERATIONS)
    assert sorted(names) == sorted(Administration().endpoints)


def test_the_document_is_served_to_anybody() -> None:
    reply = Administration().call("GET", "/admin/openapi.json", headers={"Authorization": ""})
    assert reply.status == 200
    assert reply.body == describe(ISSUER)
    assert reply.body["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_a_change_may_name_any_part_of_the_form() -> None:
    schemas = describe(ISSUER)["components"]["schemas"]
    registration, change = schemas["RegistrationForm"], schemas["ApplicationChange"]
    assert set(change["properties"]) == set(registration["properties"])
    assert "required" not in change


@pytest.mark.parametrize("grant_type", list(GrantType))
def test_every_kind_of_application_is_answered_as_described(grant_type: GrantType) -> None:
    administration = Administration()
    administration.add_user("jdoe")
    reply = administration.call("POST", "/admin/applications", form(grant_type.value))
    assert reply.status == 201
    path = f"/admin/applications/{reply.body['client_id']}"
    assert_described(reply.body, "ApplicationWithSecretView")
    assert_described(administration.call("GET", path).body, "ApplicationView")
    assert_described(administration.call("GET", "/admin/audit").body, "AuditListView")
    listed = administration.call("GET", "/admin/applications", query={"total": ["true"]})
    assert_described(listed.body, "ApplicationListView")
    if grant_type is GrantType.CLIENT_CERTIFICATE:
        certificate = administration.call("GET", f"{path}/certificate")
        assert_described(certificate.body, "CertificateView")


def assert_described(body: object, schema: str) -> None:
    document = describe(ISSUER)
    reference = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
    Draft202012Validator(reference).validate(body)


@dataclass(frozen=True)
class Api:
    """The document as the app serves it, the app behind it, and an administrator's token."""

    world: World
    schema: Any
    token: str

    def existing(self, names: Collection[str]) -> dict[str, str]:
        """Ids of records made for one request, under the names that its path has."""
        client = self.world.add_client(GrantType.BEARER_TOKEN)
        user = self.world.add_user(f"user {client.client_id}")
        stores, clock = self.world.stores, self.world.clock
        session, _ = Sessions(stores.sessions, clock).log_in(user, "192.0.2.1", "Browser/1.0")
        scopes = frozenset({"api"})
        Consents(stores.consents, clock).remember(user, client.client_id, scopes)
        now = clock.now()
        query = StoredQuery(f"query-{client.client_id}", "Users", now, now)
        stores.queries.create(query, self.world._event("query.created", "query"))
        ids = {
            "query_name": query.name,
            "session_id": session.session_id,
            "client_id": client.client_id,
            "user_id": user.user_id,
            "secret_id": client.application.secrets[0].secret_id,
        }
        return {name: ids[name] for name in names}


@pytest.fixture(scope="module")
def api() -> Api:
    world = World()
    user = world.add_user("admon", "administrator")
    client = world.add_client(allowed_scopes=frozenset({"admin"}), user_id=user.user_id)
    schema = schemathesis.openapi.from_wsgi("/admin/openapi.json", Gateway(world.process.app))
    rejection = schema.config.checks.negative_data_rejection
    rejection.expected_statuses = ["400", "404", "412", "413", "415"]
    return Api(world, schema, world.process.get_token(client).token)


@pytest.mark.checklist("61")
@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("method", "path"), ADMINISTRATIVE)
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_endpoints_answer_as_described(
    api: Api, method: str, path: str, mode: GenerationMode, data: st.DataObject
) -> None:
    """The same few examples of each operation every time; half the valid ones name a record."""
    case: Case[Any] = data.draw(api.schema[path][method].as_strategy(generation_mode=mode))
    if mode is GenerationMode.POSITIVE and data.draw(st.booleans()):
        case.path_parameters.update(api.existing(case.path_parameters))
    response = case.call(headers={"Authorization": f"Bearer {api.token}"})
    case.validate_response(response, checks=CHECKS)
