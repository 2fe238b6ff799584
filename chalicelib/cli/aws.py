"""Looking at a deployment from within AWS, with the operator's own credentials."""

from collections.abc import Iterator

from chalicelib.cli.failures import ExitCode, Failure
from chalicelib.cli.findings import Finding, Verdict
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.storage.stack import Stack, describe_stack, inspect


def open_stack(name: str) -> Stack:
    """The stack of this name. Raises Failure."""
    try:
        return describe_stack(name)
    except StoreUnavailable as error:
        raise Failure(ExitCode.UNAVAILABLE, f"AWS does not answer as it should: {error}") from None


def inspect_stack(name: str, issuer: str) -> Iterator[Finding]:
    """What stands behind a deployment. Raises Failure where the stack cannot be found."""
    settings = open_stack(name).settings
    right = settings.issuer == issuer
    detail = f"stack {name}: serves {settings.issuer}" + ("" if right else f", not {issuer}")
    yield Finding("AWS", Verdict.OK if right else Verdict.PROBLEM, detail)
    for seen in inspect(settings):
        verdict = Verdict.OK if seen.problem is None else Verdict.PROBLEM
        yield Finding("AWS", verdict, f"{seen.what}: {seen.problem or 'as it should be'}")
