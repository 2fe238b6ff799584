"""Which AWS the server talks to: moto in this process, or the endpoints that the environment names.

Import this module before anything that makes a boto client: moto hooks into botocore when it
is imported.
"""

from collections.abc import MutableMapping

from moto import mock_aws

from chalicelib.local.transactions import speed_up_transactions

SERVICES = ("dynamodb", "events", "kms", "s3")

Environ = MutableMapping[str, str]


def use_moto(environ: Environ) -> tuple[str, ...]:
    """Serve from this process every service that has no endpoint of its own; returns them.

    `AWS_ENDPOINT_URL` names an endpoint for all, `AWS_ENDPOINT_URL_DYNAMODB` and the like for
    one, as botocore reads them.
    """
    mocked = tuple(service for service in SERVICES if not _endpoint(environ, service))
    if mocked == SERVICES:
        # Nothing leaves this process, so nothing that reaches a real account is looked at.
        environ.pop("AWS_PROFILE", None)
        environ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
    if not any(environ.get(name) for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID")):
        # Neither moto nor an emulator looks at them, but a request is signed with some.
        environ.update(dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "local"))
    if not any(environ.get(name) for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION")):
        environ["AWS_DEFAULT_REGION"] = "us-east-1"
    if not mocked:
        return mocked
    speed_up_transactions()
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
