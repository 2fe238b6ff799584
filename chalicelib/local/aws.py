"""Which AWS the server talks to: moto in this process, or the endpoints that the environment names.

Import this module before anything that makes a boto client: moto hooks into botocore when it
is imported.
"""

from collections.abc import MutableMapping

from moto import mock_aws

SERVICES = ("dynamodb", "kms", "s3")

Environ = MutableMapping[str, str]


def use_moto(environ: Environ) -> tuple[str, ...]:
    """Serve from this process every service that has no endpoint of its own; returns them.

    `AWS_ENDPOINT_URL` names an endpoint for all, `AWS_ENDPOINT_URL_DYNAMODB` and the like for
    one, as botocore reads them.
    """
    mocked = tuple(service for service in SERVICES if not _endpoint(environ, service))
    if not mocked:
        return mocked
    if mocked == SERVICES:
        # Nothing leaves this process, so nothing that reaches a real account is looked at.
        environ.pop("AWS_PROFILE", None)
        environ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
    environ.setdefault("AWS_ACCESS_KEY_ID", "local")
    environ.setdefault("AWS_SECRET_ACCESS_KEY", "local")
    if not environ.get("AWS_REGION"):
        environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    elsewhere = [service for service in SERVICES if service not in mocked]
    mock_aws(
        config={
            "core": {
                "mock_credentials": False,
                "reset_boto3_session": True,
                "service_whitelist": None,
                "passthrough": {"services": elsewhere, "urls": []},
            }
        }
    ).start()
    return mocked


def _endpoint(environ: Environ, service: str) -> str | None:
    return environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or environ.get("AWS_ENDPOINT_URL")
