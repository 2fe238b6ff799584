"""`make checklist`: which lines of the security checklist no test names.

A test names its lines with `@pytest.mark.checklist("18")`. The lines below say in short what
each number asks for.
"""

import sys
from contextlib import redirect_stdout
from io import StringIO

import pytest

LINES = {
    1: "redirect URI compared as an exact string",
    2: "unsafe redirect URIs refused at registration",
    3: "localhost strategy: only the port varies",
    4: "no redirect before client and URI are validated",
    5: "unregistered response types, modes and grants refused",
    6: "PKCE required, S256 only",
    7: "verifier missing, wrong or unasked for",
    8: "a parameter sent twice",
    9: "`iss` in authorization responses",
    10: "303 after a POST of credentials",
    11: "security headers on every page",
    12: "no CORS at authorize",
    13: "names and state escaped in pages",
    14: "CSRF tokens on every form",
    15: "sessions: fixation, cookie attributes, logout",
    16: "nothing swapped between GET and POST of the login",
    17: "consent asked again of a public client",
    18: "32 parallel exchanges of one code",
    19: "a replayed code kills its tokens",
    20: "a code is used within 60 s",
    21: "a code belongs to one client and redirect URI",
    22: "an identifier of another kind",
    23: "secrets compared as hashes, in constant time",
    24: "two credentials, or a weaker method",
    25: "`alg` none, HS*, or one that does not fit the key",
    26: "header parameters that name or carry keys",
    27: "audiences: lists, other servers, header and token endpoint apart",
    28: "`iss`, `sub` and client_id are one",
    29: "`exp`, `iat`, `jti` present, five minutes at most",
    30: "clock skew of 8 s accepted, over 60 s refused",
    31: "a `jti` is used once",
    32: "hostile JSON refused at once",
    33: "weak or unfit certificates, at upload and at use",
    34: "hostile certificate files, bounded work",
    35: "a certificate removed, or on two applications",
    36: "hashes alone in the store and the logs",
    37: "256 bits from the operating system",
    38: "rotation overlaps, an emergency cut is immediate",
    39: "an ended row that still exists",
    40: "a sliding token's maximum lifetime",
    41: "extending what is absent, revoked or ended creates nothing",
    42: "never-ending tokens flagged, listed, revocable",
    43: "a refresh repeated within and after its grace",
    44: "a refresh with more scope, or by another client",
    45: "revoke against refresh and extend",
    46: "revoke while storage fails",
    47: "another client revokes or introspects",
    48: "ID tokens and access tokens kept apart",
    49: "rights evaluated at use",
    50: "disabled users and applications, changed passwords",
    51: "client ids and user ids cannot be confused",
    52: "every route with every kind of caller",
    53: "an update keeps the rules of creation",
    54: "a body cannot set identity",
    55: "hostile filters",
    56: "32 parallel creations of equal names",
    57: "no secret, header or line break in the logs",
    58: "unknown, wrong and disabled users look the same",
    59: "parallel guesses are slowed",
    60: "spoofed Host and X-Forwarded-*",
    61: "wrong verb, content type, charset, size",
    62: "passwords: long ones whole, common ones refused",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a number that the checklist does not have."""
    for item in items:
        unknown = numbers_of(item) - {str(number) for number in LINES}
        if unknown:
            raise pytest.UsageError(f"{item.nodeid}: no line {', '.join(sorted(unknown))}")


def numbers_of(item: pytest.Item) -> set[str]:
    """The lines that a test names."""
    return {str(number) for mark in item.iter_markers("checklist") for number in mark.args}


class _Named:
    """Gathers the lines that the collected tests name."""

    def __init__(self) -> None:
        self.numbers: set[str] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            self.numbers |= numbers_of(item)


def main() -> int:
    """Print the lines without a test; the exit status is that of the collection."""
    named, output = _Named(), StringIO()
    with redirect_stdout(output):
        status = pytest.main(["--collect-only", "-p", "tests.plugins.checklist"], plugins=[named])
    if status != pytest.ExitCode.OK:
        sys.stderr.write(output.getvalue())
        return status
    missing = [number for number in LINES if str(number) not in named.numbers]
    lines = [
        f"{len(LINES) - len(missing)} of {len(LINES)} lines have a test; without one:",
        *(f"{number:3} {LINES[number]}" for number in missing),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
