"""`python -m infra.first_administrator`: the first user and application of a new deployment.

Every registration endpoint asks for an administrator's token, so somebody has to be the first. The
operator's own AWS credentials write it, by the same services and rules as the endpoints.
"""

import argparse
import sys
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.administration.refusals import FieldsRefused
from chalicelib.audit import Actor
from chalicelib.directory.users import Users
from chalicelib.oauth.clock import Clock, SystemClock
from chalicelib.oauth.scope import ADMINISTRATOR
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.registry.applications import Applications, Registered
from chalicelib.settings import Settings
from chalicelib.storage.stores import Stores, open_stores

APPLICATION_NAME = "First administration"
TOKEN_LIFETIME_MINUTES = 60


def settings_of(stack: Mapping[str, Any]) -> Settings:
    """Where a deployed stack, as CloudFormation describes it, keeps its records."""
    parameters = {entry["ParameterKey"]: entry["ParameterValue"] for entry in stack["Parameters"]}
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in stack["Outputs"]}
    return Settings(
        table_prefix=parameters["TablePrefix"],
        certificate_bucket=outputs["CertificateBucketName"],
        audit_retention_days=int(parameters["AuditRetentionDays"]),
    )


def register(
    stores: Stores, clock: Clock, user_domain: str, user_name: str, actor: Actor
) -> Registered:
    """An administrator, and an application with the scope `admin` that acts as them.

    A second try after a failure finds the user of the first. Raises FieldsRefused.
    """
    name = {"user_domain": user_domain, "user_name": user_name}
    if stores.users.find(user_domain, user_name) is None:
        Users(stores.users, clock).create({**name, "roles": [ADMINISTRATOR]}, actor)
    applications = Applications(stores.applications, stores.users, stores.certificate_files, clock)
    form = {
        **name,
        "name": APPLICATION_NAME,
        "grant_type": "client_credentials",
        "allowed_scopes": ["admin"],
        "token_lifetime_minutes": TOKEN_LIFETIME_MINUTES,
    }
    return applications.register(form, actor)


def main(arguments: list[str]) -> int:
    """Register, and print the client's id and, this once, its secret."""
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
        return 1


def _write(options: argparse.Namespace) -> int:
    session = boto3.session.Session()
    operator = session.client("sts").get_caller_identity()["Arn"]
    described = session.client("cloudformation").describe_stacks(StackName=options.stack)
    clock = SystemClock()
    stores = open_stores(settings_of(described["Stacks"][0]), clock)
    actor = Actor(client_id=None, user_id=None, user_name=operator, source_ip="")
    try:
        registered = register(stores, clock, options.user_domain, options.user_name, actor)
    except FieldsRefused as refusal:
        print(f"Nothing was registered: {refusal.fields}", file=sys.stderr)
        return 1
    print(f"client_id      {registered.registration.application.client_id}")
    print(f"client_secret  {registered.client_secret}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
