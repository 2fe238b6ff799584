"""`python -m infra.first_administrator`: sets a new deployment up, with its first administrator.

The operator's own AWS credentials write it, by the same services and rules as the endpoints; the
password comes from a prompt, or from the first line of standard input.
"""

import argparse
import getpass
import sys
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.administration.refusals import FieldsRefused
from chalicelib.audit import Actor
from chalicelib.oauth.clock import SystemClock
from chalicelib.oauth.errors import OAuthError
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.registry.bootstrap import Bootstrap
from chalicelib.settings import Settings
from chalicelib.storage.stores import open_stores


def settings_of(stack: Mapping[str, Any]) -> Settings:
    """Where a deployed stack, as CloudFormation describes it, keeps its records."""
    parameters = {entry["ParameterKey"]: entry["ParameterValue"] for entry in stack["Parameters"]}
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in stack["Outputs"]}
    return Settings(
        issuer=outputs["Issuer"],
        table_prefix=parameters["TablePrefix"],
        certificate_bucket=outputs["CertificateBucketName"],
        audit_retention_days=int(parameters["AuditRetentionDays"]),
    )


def main(arguments: list[str]) -> int:
    """Set up, and say where to log in."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.first_administrator", description=__doc__
    )
    parser.add_argument("--stack", default="grantline", help="the name of the CloudFormation stack")
    parser.add_argument("--user-domain", required=True)
    parser.add_argument("--user-name", required=True)
    options = parser.parse_args(arguments)
    try:
        return _write(options)
    except (BotoCoreError, ClientError, StoreUnavailable) as error:
        print(f"AWS does not answer as it should: {error}", file=sys.stderr)
    except FieldsRefused as refusal:
        print(f"Nothing was written: {refusal.fields}", file=sys.stderr)
    except OAuthError as refusal:
        print(f"Nothing was written: {refusal.description}", file=sys.stderr)
    return 1


def _write(options: argparse.Namespace) -> int:
    session = boto3.session.Session()
    operator = session.client("sts").get_caller_identity()["Arn"]
    described = session.client("cloudformation").describe_stacks(StackName=options.stack)
    clock, settings = SystemClock(), settings_of(described["Stacks"][0])
    stores = open_stores(settings, clock)
    actor = Actor(client_id=None, user_id=None, user_name=operator, source_ip="")
    form = {
        "user_domain": options.user_domain,
        "user_name": options.user_name,
        "password": _password(),
    }
    bootstrap = Bootstrap(stores.first_records, stores.applications, clock)
    account = bootstrap.run(form, settings.issuer, actor)
    print(f"administrator  {account.user.user_domain}\\{account.user.user_name}")
    print(f"console        {settings.issuer}/console")
    return 0


def _password() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Password of the first administrator: ")
    return sys.stdin.readline().rstrip("\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
