"""Registering, reading and changing applications over the endpoints."""

import pytest

from tests.endpoints.administration import Administration, client_credentials


@pytest.fixture
def administration() -> Administration:
    return Administration()


def test_a_registered_application_answers_with_everything(administration: Administration) -> None:
    reply = administration.call("POST", "/admin/applications", client_credentials())
    assert reply.status == 201
    body = reply.body
    assert body["client_id"].startswith("app_")
    assert body["client_secret"].startswith("gls_")
    assert reply.headers["ETag"] == '"1"'
    assert reply.headers["Location"] == f"/admin/applications/{body['client_id']}"
    read = administration.call("GET", reply.headers["Location"])
    assert read.status == 200
    del body["client_secret"]
    assert read.body == body
