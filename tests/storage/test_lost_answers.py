"""A write that happened and whose answer was lost is the caller's success, once."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from chalicelib.oauth.model import Status
from chalicelib.oauth.stores import GrantExists, Reading, StoreUnavailable
from chalicelib.registry.stores import ApplicationChanged, NameTaken
from chalicelib.storage.certificate_files import CertificateBucket
from chalicelib.storage.stores import Stores, open_stores
from tests.fakes.clock import START, FakeClock
from tests.storage.samples import TOKEN, account, application, event, grant, registration, user
from tests.tables import Aws, LockedConnection

WRITES = ("PutItem", "UpdateItem", "TransactWriteItems")


class LosingConnection(LockedConnection):
    """Really sends every write, and loses the answer of the first attempt at each."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self._lose_next = True

    def _send(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        answer = super()._send(operation_name, operation_kwargs)
        if operation_name in WRITES:
            self._lose_next, lost = not self._lose_next, self._lose_next
            if lost:
                raise ReadTimeoutError(endpoint_url="https://dynamodb")
        return answer


@pytest.fixture
def connection(clock: FakeClock) -> LosingConnection:
    return LosingConnection(clock)


@pytest.fixture
def losing(aws: Aws, clock: FakeClock, connection: LosingConnection) -> Stores:
    return open_stores(aws.settings(lease_seconds=0.0), clock, connection)


def test_a_grant_is_created_once(losing: Stores, connection: LosingConnection) -> None:
    one = grant()
    losing.grants.create(one)
    assert connection.operations == ["PutItem", "PutItem"]
    with pytest.raises(GrantExists):
        losing.grants.create(replace(one, creation_nonce="another"))


def test_an_extension_and_a_revocation_are_done_once(losing: Stores) -> None:
    one = grant()
    key = (one.client_id, one.grant_id)
    losing.grants.create(one)
    losing.grants.extend(one, TOKEN, START + 700, START + 100, "n")
    losing.grants.revoke(key, START + 110, "r")
    stored = losing.grants.read(Reading(grants=frozenset({key}))).grants[key]
    assert (stored.version, stored.revoked_at) == (3, START + 110)


def test_an_application_is_registered_changed_and_deleted_once(losing: Stores) -> None:
    app = application(name="Name")
    before = registration(app)
    losing.applications.create(before, [], event(app.client_id))
    after = replace(
        before, application=replace(app, name="Other", status=Status.DISABLED, version=2)
    )
    losing.applications.replace(before, after, event(app.client_id))
    assert losing.applications.load(app.client_id) == after
    losing.applications.delete(after, event(app.client_id))
    assert losing.applications.load(app.client_id) is None
    assert len(losing.audit.list_events(app.client_id, None, 10).items) == 3


def test_a_refusal_stays_a_refusal(losing: Stores) -> None:
    app = application(name="Name")
    before = registration(app)
    losing.applications.create(before, [], event(app.client_id))
    with pytest.raises(NameTaken):
        losing.applications.create(registration(application(name="NAME")), [], event("app_x"))
    with pytest.raises(ApplicationChanged):
        losing.applications.replace(
            replace(before, application=replace(app, version=7)), before, event(app.client_id)
        )


def test_a_success_is_known_even_after_somebody_elses_later_change(
    aws: Aws, clock: FakeClock
) -> None:
    """The answer is lost, another administrator changes the application, then we try again."""
    settings = aws.settings(lease_seconds=0.0)
    other = open_stores(settings, clock, LockedConnection(clock))
    app = application()
    before = registration(app)
    other.applications.create(before, [], event(app.client_id))
    ours = replace(before, application=replace(app, version=2, token_epoch=1))
    theirs = replace(before, application=replace(app, version=3, token_epoch=2))

    class Interrupted(LosingConnection):
        def _send(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
            try:
                return super()._send(operation_name, operation_kwargs)
            except ReadTimeoutError:
                other.applications.replace(ours, theirs, event(app.client_id))
                raise

    here = open_stores(settings, clock, Interrupted(clock))
    here.applications.replace(before, ours, event(app.client_id))
    assert here.applications.load(app.client_id) == theirs


def test_a_user_is_created_and_changed_once(losing: Stores) -> None:
    person = user()
    before = account(person)
    losing.users.create(before, "hash", event(person.user_id))
    after = replace(before, user=replace(person, token_epoch=1, version=2))
    losing.users.replace(before, after, event(person.user_id), password_hash="new")
    assert losing.users.load(person.user_id) == after
    assert losing.users.load_password_hash(person.user_id) == "new"


class BrokenBucket:
    """An S3 client that only times out."""

    def put_object(self, **_: object) -> None:
        raise ReadTimeoutError(endpoint_url="https://s3")

    get_object = put_object


def test_a_bucket_that_does_not_answer_is_unavailable(clock: FakeClock) -> None:
    files = CertificateBucket(clock, "bucket", client_factory=BrokenBucket)
    with pytest.raises(StoreUnavailable):
        files.save("00" * 32, b"", "text/plain")
    with pytest.raises(StoreUnavailable):
        files.load("00" * 32)


def test_a_file_that_is_not_the_one_uploaded_is_unavailable(tables: Stores) -> None:
    tables.certificate_files.save("00" * 32, b"something else", "text/plain")
    with pytest.raises(StoreUnavailable):
        tables.certificate_files.load("00" * 32)
