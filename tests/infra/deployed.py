"""What tests of a deployed function share: the AWS it may reach within its role, and its log."""

import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chalicelib.settings import Settings
from chalicelib.storage.resources import create_resources
from tests.infra.aws import CREDENTIALS, Aws, serving_aws
from tests.infra.iam import Policy
from tests.infra.runtime import Function, running

Template = dict[str, Any]

on_lambdas_platform = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="the package holds binaries of Lambda's platform",
)


@dataclass(frozen=True, slots=True)
class Deployment:
    """A running function, its log, the AWS behind it, and what was seeded there."""

    function: Function
    log: Path
    aws: Aws
    credentials: Mapping[str, Any] = field(default_factory=dict)

    def assert_policy_fits(self) -> None:
        """Nothing was denied, and nothing is allowed that was never needed."""
        assert self.aws.denied == set()
        unused = self.aws.policy.unused(self.aws.used)
        # The log is written by Lambda, not by the code.
        assert {need for need in unused if not need[0].startswith("logs:")} == set()


def policy_document_of(template: Template, role: str) -> Template:
    """The one policy of a role, as the template has it."""
    (policy,) = template["Resources"][role]["Properties"]["Policies"]
    document: Template = policy["PolicyDocument"]
    return document


@contextmanager
def resources(settings: Settings, policy: Policy) -> Iterator[Aws]:
    """AWS with the deployment's resources: for this process, and within `policy` for another."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        with serving_aws(policy) as aws:
            create_resources(settings)
            yield aws


@contextmanager
def deployed(
    package: Path, folder: Path, environ: Mapping[str, str], aws: Aws, handler: str
) -> Iterator[Deployment]:
    """The function, with `environ` and where it finds `aws` in its environment, and no more."""
    reached = CREDENTIALS | {"AWS_ENDPOINT_URL": aws.url}
    with running(package, folder, {**environ, **reached}, handler) as function:
        yield Deployment(function, folder / "function.log", aws)
