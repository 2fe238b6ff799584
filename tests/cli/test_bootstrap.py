"""The way in to a new deployment."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from chalicelib.audit import Actor
from chalicelib.cli.main import main
from chalicelib.directory.passwords import verify_password
from chalicelib.directory.provisioning import Person, Provisioning
from chalicelib.oauth.clock import SystemClock
from chalicelib.registry.bootstrap import Bootstrap
from chalicelib.registry.built_in import CONSOLE_CLIENT_ID
from chalicelib.storage.stores import Stores, open_stores
from tests.cli.terminal import Shell, clean_environ
from tests.infra.aws import CREDENTIALS, serving_aws
from tests.infra.iam import ANYTHING
from tests.tables import Aws

STACK = "first"
ISSUER = "https://login.corp.example"
PASSWORD = "a-password-of-length"
OPERATOR = Actor(None, None, None, "")


@pytest.fixture
def stores(aws: Aws) -> Iterator[Stores]:
    """The stores of a stack that is deployed and not yet set up."""
    settings = aws.settings()
    template = {
        "Parameters": {
            "TablePrefix": {"Type": "String", "Default": settings.table_prefix},
            "AuditRetentionDays": {"Type": "Number", "Default": 30},
        },
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {
            "CertificateBucketName": {"Value": settings.certificate_bucket},
            "EventBusArn": {"Value": f"arn:aws:events:::event-bus/{settings.event_bus}"},
            "Issuer": {"Value": ISSUER},
        },
    }
    stacks = boto3.client("cloudformation")
    stacks.create_stack(StackName=STACK, TemplateBody=json.dumps(template))
    yield open_stores(settings, SystemClock())
    stacks.delete_stack(StackName=STACK)


@pytest.fixture(autouse=True)
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))


def run(name: str) -> int:
    return main(["bootstrap", "--stack", STACK, f"{name}@corp"])


def test_an_impossible_user_is_refused(stores: Stores, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("x" * 1000) == 1
    assert "user_name" in capsys.readouterr().err
    assert stores.users.find("corp", "x" * 1000) is None
    assert stores.applications.load(CONSOLE_CLIENT_ID) is None


def test_it_sets_up_once_and_says_who_did(
    stores: Stores, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("ada") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["console"] == f"{ISSUER}/console"
    assert PASSWORD not in printed.out + printed.err
    account = stores.users.find("corp", "ada")
    assert account is not None
    assert account.user.roles == {"administrator"}
    (event, *_) = stores.audit.list_events(CONSOLE_CLIENT_ID, None, 10).items
    assert str(event.actor.user_name).startswith("arn:aws:")

    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    assert run("eve") == 5
    failed = capsys.readouterr()
    assert failed.out == ""
    assert "set up before" in failed.err
    assert stores.users.find("corp", "eve") is None


@pytest.fixture(name="operator")
def operator_fixture(stores: Stores, tmp_path: Path) -> Iterator[Shell]:  # noqa: ARG001 - behind the stack
    """Somebody with AWS credentials and no login."""
    with serving_aws(ANYTHING) as served:
        reached = {**CREDENTIALS, "AWS_ENDPOINT_URL": served.url}
        yield Shell(clean_environ(tmp_path, **reached))


def test_the_command_sets_up_once_and_asks_nothing_in_vain(operator: Shell, stores: Stores) -> None:
    command = ("bootstrap", "--stack", STACK)
    typed = {"New password: ": PASSWORD, "Again: ": PASSWORD}
    done = operator.run_on_terminal(*command, "ada@corp", "--email", "a@corp.example", typed=typed)
    assert (done.code, PASSWORD in done.out) == (0, False), done.out
    assert f"grantline login {ISSUER}" in done.out
    account = stores.users.find("corp", "ada")
    assert account is not None
    assert account.user.roles == {"administrator"}

    refused = operator.run_on_terminal(*command, "eve@corp")
    assert (refused.code, "set up before" in refused.out) == (5, True), refused.out
    assert "password" not in refused.out
    assert stores.users.find("corp", "eve") is None


def test_whoever_can_write_the_tables_lets_an_administrator_in_again(
    stores: Stores, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def recover(name: str, password: str) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        return main(["recover", "--stack", STACK, f"{name}@corp"])

    assert run("ada") == 0
    ada = stores.users.find("corp", "ada")
    assert ada is not None
    provisioning = Provisioning(stores.users, SystemClock())
    provisioning.replace(ada.user.user_id, Person("ada", "corp", active=False), OPERATOR)
    capsys.readouterr()
    assert recover("ada", "short") == 1
    assert "password" in capsys.readouterr().err
    assert recover("Ada", "another password") == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["user_id"] == ada.user.user_id
    assert "another password" not in printed.out + printed.err
    back = stores.users.find("corp", "ada")
    assert back is not None
    assert (back.user.enabled, back.user.roles) == (True, {"administrator"})
    assert back.user.token_epoch > ada.user.token_epoch
    password_hash = stores.users.load_password_hash(ada.user.user_id)
    assert password_hash is not None
    verify_password("another password", password_hash)
    (event, *_) = stores.audit.list_events(ada.user.user_id, None, 10).items
    assert event.action == "user.recovered"
    assert str(event.actor.user_name).startswith("arn:aws:")

    # Deleted, the name is free: somebody else then, with the same name.
    provisioning.delete(ada.user.user_id, OPERATOR)
    assert recover("ada", "a third password") == 0
    new = stores.users.find("corp", "ada")
    assert new is not None
    assert new.user.user_id != ada.user.user_id
    assert (new.user.enabled, new.user.roles) == (True, {"administrator"})


def test_a_stack_that_is_not_there_is_told_in_one_line(
    stores: Stores,  # noqa: ARG001 - the emulator that has no such stack
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["bootstrap", "--stack", "none", "ada@corp"]) == 6
    failed = capsys.readouterr()
    assert failed.out == ""
    assert len(failed.err.splitlines()) == 1


def test_the_console_follows_the_issuer(
    stores: Stores,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("ada") == 0
    before = stores.applications.load(CONSOLE_CLIENT_ID)
    assert before is not None
    bootstrap = Bootstrap(stores.first_records, stores.applications, SystemClock())
    bootstrap.follow_issuer("https://before.example", OPERATOR)
    assert main(["follow-issuer", "--stack", STACK]) == 0
    assert "moved" in capsys.readouterr().err
    after = stores.applications.load(CONSOLE_CLIENT_ID)
    assert after is not None
    assert after.redirect_uris == before.redirect_uris
    assert main(["follow-issuer", "--stack", STACK]) == 0
    assert "already" in capsys.readouterr().err
