import pytest

from chalicelib.local import aws


class Started:
    """Stands where moto would be started, and remembers how."""

    def __init__(self) -> None:
        self.configurations: list[dict[str, dict[str, object]]] = []

    def __call__(self, config: dict[str, dict[str, object]]) -> "Started":
        self.configurations.append(config)
        return self

    def start(self) -> None:
        """Nothing: the environment is what these tests look at."""


@pytest.fixture(name="started")
def started_fixture(monkeypatch: pytest.MonkeyPatch) -> Started:
    started = Started()
    monkeypatch.setattr(aws, "mock_aws", started)
    return started


def test_without_an_endpoint_everything_stays_in_the_process(started: Started) -> None:
    environ = {"AWS_PROFILE": "production"}
    assert aws.use_moto(environ) == ("dynamodb", "events", "kms", "s3")
    assert len(started.configurations) == 1
    assert "AWS_PROFILE" not in environ
    assert environ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] == "true"
    assert environ["AWS_DEFAULT_REGION"]
    assert environ["AWS_ACCESS_KEY_ID"]


def test_what_the_environment_says_is_kept(started: Started) -> None:
    environ = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "mine"}
    aws.use_moto(environ)
    assert environ["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert environ["AWS_ACCESS_KEY_ID"] == "mine"
    assert "AWS_DEFAULT_REGION" in environ
    region = {"AWS_REGION": "eu-west-2"}
    aws.use_moto(region)
    assert "AWS_DEFAULT_REGION" not in region
    assert len(started.configurations) == 2


def test_one_endpoint_for_all_leaves_moto_out(started: Started) -> None:
    environ = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
    assert aws.use_moto(environ) == ()
    assert started.configurations == []
    assert environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    # An emulator takes any credentials, but there must be some.
    assert environ["AWS_ACCESS_KEY_ID"]
    assert environ["AWS_DEFAULT_REGION"]


def test_an_endpoint_of_one_service_leaves_the_others_in_the_process(started: Started) -> None:
    environ = {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:8001", "AWS_PROFILE": "x"}
    assert aws.use_moto(environ) == ("events", "kms", "s3")
    assert started.configurations[0]["core"]["passthrough"] == {
        "services": ["dynamodb"],
        "urls": [],
    }
    assert environ["AWS_PROFILE"] == "x"
    assert "AWS_ACCESS_KEY_ID" not in environ
    assert "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" not in environ
