"""`grantline doctor`: does a deployment have everything it needs."""

import time
from collections import Counter
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Annotated

import typer
from requests import Response

from chalicelib.cli.commands.applications import PATH as APPLICATIONS
from chalicelib.cli.context import AsJson, connect, connect_openly
from chalicelib.cli.deployment import Anonymous, Deployment, raise_for_refusal
from chalicelib.cli.failures import ExitCode, Failure
from chalicelib.cli.findings import Finding, Verdict
from chalicelib.cli.output import counted, say, show_records

DISCOVERY = "/.well-known/oauth-authorization-server"
# Signed JWTs may be from 10 s ahead; beyond a minute they are refused (checklist 30).
CLOCK_WARNING_SECONDS = 5
CLOCK_PROBLEM_SECONDS = 10
COLUMNS = {"CHECK": "check", "VERDICT": "verdict", "DETAIL": "detail"}


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="doctor")(doctor)


def doctor(
    context: typer.Context,
    stack: Annotated[
        str | None,
        typer.Option(help="Look at this CloudFormation stack too, with your AWS credentials."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a deployment: discovery, health, keys, clock, ends of certificates and secrets.

    With --stack also its tables, time to live, backups, bucket, key and bus.

    Exits with 7 if something is wrong.
    """
    deployment = connect_openly(context)
    findings = [
        finding for name, check in CHECKS.items() for finding in _guarded(name, check(deployment))
    ]
    findings += _applications(context)
    if stack is not None:
        # Brings boto3, which nothing else here needs.
        from chalicelib.cli.aws import inspect_stack  # noqa: PLC0415 - see above

        findings += _guarded("AWS", inspect_stack(stack, deployment.issuer))
    show_records([finding.record() for finding in findings], COLUMNS, as_json=as_json)
    counts = Counter(finding.verdict for finding in findings)
    problems = counts[Verdict.PROBLEM]
    if problems:
        raise Failure(ExitCode.PROBLEMS_FOUND, f"{problems} of {len(findings)} checks failed.")
    others = [f"{counts[Verdict.WARNING]} to look at"] if counts[Verdict.WARNING] else []
    others += [f"{counts[Verdict.SKIPPED]} skipped"] if counts[Verdict.SKIPPED] else []
    say(f"{', '.join([f'{len(findings)} checks, no problem', *others])}.")


def _guarded(name: str, check: Iterator[Finding]) -> Iterator[Finding]:
    """A check that cannot be made is a problem, and the next one is made all the same."""
    try:
        yield from check
    except Failure as failure:
        yield Finding(name, Verdict.PROBLEM, failure.message)


def _get(deployment: Deployment, path: str) -> Response:
    return raise_for_refusal(deployment.send("GET", path, Anonymous()))


def _discovery(deployment: Deployment) -> Iterator[Finding]:
    for path in (DISCOVERY, "/.well-known/openid-configuration"):
        issuer = _field(_get(deployment, path), "issuer")
        right = issuer == deployment.issuer
        detail = f"{path} names {issuer}" + ("" if right else f", not {deployment.issuer}")
        yield Finding("discovery", Verdict.OK if right else Verdict.PROBLEM, detail)


def _health(deployment: Deployment) -> Iterator[Finding]:
    status = _field(_get(deployment, "/healthz"), "status")
    verdict = Verdict.OK if status == "ok" else Verdict.PROBLEM
    yield Finding("health", verdict, f"tables: {status}")


def _signing_keys(deployment: Deployment) -> Iterator[Finding]:
    keys = _field(_get(deployment, "/oauth2/server/jwks"), "keys")
    number = len(keys) if isinstance(keys, list) else 0
    verdict = Verdict.OK if number else Verdict.PROBLEM
    yield Finding("signing keys", verdict, f"{number} published")


def _clock(deployment: Deployment) -> Iterator[Finding]:
    before = time.time()
    told = _get(deployment, "/healthz").headers.get("Date", "")
    after = time.time()
    try:
        server = parsedate_to_datetime(told).timestamp()
    except ValueError:
        yield Finding("clock", Verdict.SKIPPED, "the answer has no Date")
        return
    # The header counts whole seconds.
    apart = max(0.0, before - server - 1, server - after)
    verdict = Verdict.OK
    if apart > CLOCK_WARNING_SECONDS:
        verdict = Verdict.WARNING if apart <= CLOCK_PROBLEM_SECONDS else Verdict.PROBLEM
    yield Finding("clock", verdict, f"{apart:.0f} s apart from this machine's")


def _applications(context: typer.Context) -> Iterator[Finding]:
    """What the registry itself warns of, such as ends that come near."""
    name = "registrations"
    try:
        deployment = connect(context)
        number = 0
        for item in counted(deployment.pages(APPLICATIONS), "Looking at registrations"):
            number += 1
            for warning in item["warnings"]:
                yield Finding(name, Verdict.WARNING, f"{item['name']}: {warning['message']}")
    except Failure as failure:
        if failure.code is ExitCode.NOT_ALLOWED:
            yield Finding(name, Verdict.SKIPPED, f"not logged in as administrator: {failure}")
        else:
            yield Finding(name, Verdict.PROBLEM, failure.message)
        return
    yield Finding(name, Verdict.OK, f"{number} looked at")


def _field(answer: Response, name: str) -> object:
    try:
        body = answer.json()
    except ValueError:
        body = None
    return body.get(name) if isinstance(body, dict) else None


CHECKS = {
    "discovery": _discovery,
    "health": _health,
    "signing keys": _signing_keys,
    "clock": _clock,
}
