"""What actors do in a schedule: the starting states, the operations, the play itself.

A play restores one starting state, lets its actors move as the path says, then asks every
process about every credential.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from chalicelib.administration.refusals import Conflict, NotFound
from chalicelib.oauth.client_authentication import ASSERTION_TYPE
from chalicelib.oauth.errors import OAuthError
from chalicelib.oauth.grants.jwt_bearer import GRANT_TYPE as JWT_BEARER
from chalicelib.oauth.messages import Response
from chalicelib.oauth.model import Application, GrantType, LifeCycle, LifeCycleType
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.oauth.tokens import parse
from chalicelib.storage.connection import request_budget
from tests.faults.deployment import make_tables
from tests.faults.dynamodb import InMemoryDynamoDB, Snapshot
from tests.faults.history import Act, Credential, History, Outcome, broken_rules
from tests.faults.paths import Path
from tests.faults.schedules import Schedule
from tests.faults.world import (
    ABSOLUTE,
    LEASE_SECONDS,
    NOW,
    SETTINGS,
    SLIDING,
    SYSTEM,
    Process,
    StillTime,
    TrueTime,
    form_request,
    register_application,
    register_user,
)
from tests.signing import certificate_key, claims, private_key, sign

TOKENS = "test-tokens"


@dataclass(frozen=True, slots=True)
class Start:
    """The state that every schedule of a scenario begins with."""

    snapshot: Snapshot
    application: Application
    secret: str
    token: str
    now: float
    revoked: bool = False


def start_with_secrets(age_seconds: int = 0) -> Start:
    """A sliding application of grant type `all`; its token was issued `age_seconds` ago."""
    database, process, clock = _empty()
    user = register_user(process)
    application, secret = register_application(
        process, GrantType.ALL, user=user, life_cycle=SLIDING
    )
    answer = process.token(
        form_request(application.client_id, secret, grant_type="client_credentials")
    )
    token = access_token(answer)
    return Start(database.snapshot(), application, secret, token, clock.time + age_seconds)


def start_with_revoked_token() -> Start:
    """As TTL may have removed it: revoked a day ago, its own end still weeks ahead."""
    database, process, clock = _empty()
    weeks = LifeCycle(LifeCycleType.SLIDING, lifetime_seconds=30 * 86_400)
    application, secret = register_application(
        process, GrantType.ALL, user=register_user(process), life_cycle=weeks
    )
    client_id = application.client_id
    answer = process.token(form_request(client_id, secret, grant_type="client_credentials"))
    token = access_token(answer)
    process.revoke(form_request(client_id, secret, token=token))
    now = clock.time + 86_400 + 1
    return Start(database.snapshot(), application, secret, token, now, revoked=True)


def start_with_certificate() -> Start:
    """A client-certificate application with a token that ends one lifetime after its issue."""
    database, process, clock = _empty()
    user = register_user(process)
    application, _ = register_application(
        process,
        GrantType.CLIENT_CERTIFICATE,
        user=user,
        life_cycle=ABSOLUTE,
        certificate=certificate_key(private_key("ES256"), NOW),
    )
    assertion = signed(application.client_id, "earlier", NOW)
    value = access_token(process.token(form_request(grant_type=JWT_BEARER, assertion=assertion)))
    return Start(database.snapshot(), application, "", value, clock.time)


def access_token(answer: Response) -> str:
    """The token of a successful answer."""
    assert isinstance(answer.body, dict)
    return str(answer.body["access_token"])


def _empty() -> tuple[InMemoryDynamoDB, Process, StillTime]:
    database = InMemoryDynamoDB()
    make_tables(database, SETTINGS.table_prefix)
    clock = StillTime()
    return database, Process(clock, database.send), clock


def signed(client_id: str, jti: str, now: float) -> str:
    """A JWT for the token endpoint."""
    # Long enough ago, and long enough valid, for clocks a minute off.
    times = {"iat": int(now) - 100, "exp": int(now) + 100}
    return sign(claims(client_id, int(now), jti=jti, **times), private_key("ES256"))


class Play:
    """One schedule of a scenario: processes, operations, and the history that they leave."""

    def __init__(
        self,
        start: Start,
        path: Path,
        *,
        database: InMemoryDynamoDB,
        faults: int = 0,
        skews: tuple[float, float] = (0, 0),
        passing_seconds: float = 0,
        with_ttl: bool = False,
    ) -> None:
        self.start = start
        self.database = database
        database.restore(start.snapshot)
        events: dict[str, Callable[[Schedule], None]] = {}
        if passing_seconds:
            events["time passes"] = partial(_pass, passing_seconds)
        if with_ttl:
            events["TTL deletes"] = self.delete_expired
        self.schedule = Schedule(
            path, database, start.now, faults=faults, events=events, observe=self._observe
        )
        self._seen = dict(database.tables[TOKENS].items)
        self._tick = 0
        self.history = History(start.application, skewed=any(skews))
        self.history.credentials.append(Credential(start.token))
        if start.revoked:
            self.history.acts.append(Act("revoke", Outcome.DONE, -1, 0, 0, 0, "", start.token))
        self.secrets: list[str] = []
        if start.secret:
            self.know_secret(start.secret)
        self.first, self.second = self.process(skews[0]), self.process(skews[1])

    def process(self, skew: float = 0) -> Process:
        """Another process, without any lease."""
        schedule = self.schedule
        return Process(TrueTime(lambda: schedule.now, schedule.sleep, skew), schedule.send)

    def know_secret(self, value: str, asked: int = 0) -> None:
        """A secret that was shown; it is a bearer credential as well."""
        self.secrets.append(value)
        credential = Credential(value, is_secret=True, asked=asked, born=self._tick)
        self.history.credentials.append(credential)

    def perform(
        self, kind: str, process: Process, work: Callable[[], Any], credential: str = ""
    ) -> Any:
        """Do it as one request and write down how it ended; the result, or None."""
        started, started_at = self._next_tick(), self.schedule.now
        self.schedule.starts = True
        outcome, detail, result = Outcome.DONE, "", None
        try:
            with request_budget(process.clock):
                result = work()
        except StoreUnavailable as error:
            outcome, detail = Outcome.UNAVAILABLE, str(error)
        except (OAuthError, Conflict, NotFound) as error:
            outcome, detail = Outcome.REFUSED, error.detail
        self.schedule.finishes = True
        act = Act(
            kind,
            outcome,
            started,
            self._next_tick(),
            started_at,
            self.schedule.now,
            detail,
            credential,
        )
        self.history.acts.append(act)
        return result

    def run(self, first: "Operation", second: "Operation") -> None:
        """Let two operations race, then ask everybody about everything, and validate."""
        self.schedule.add("first", lambda: first(self, self.first))
        self.schedule.add("second", lambda: second(self, self.second))
        self.schedule.run()
        for process in (self.first, self.second, self.process()):
            self._ask_about_everything(process)
        # Leases are over, and a look that was allowed once per lease time is allowed again.
        self.schedule.now += LEASE_SECONDS
        later = self.process()
        self._ask_about_everything(later)
        known = len(self.history.credentials)
        for secret in self.secrets:
            issue(self, later, secret)
        for credential in self.history.credentials[known:]:
            validate(self, later, credential.value)
        self.history.validate(self._grants_made())

    def _ask_about_everything(self, process: Process) -> None:
        for credential in list(self.history.credentials):
            validate(self, process, credential.value)

    def _next_tick(self) -> int:
        self._tick += 1
        return self._tick

    def _grants_made(self) -> int:
        """Grants of access tokens that were not there at the start."""
        before = self.start.snapshot[TOKENS]
        return sum(
            key not in before and item["kind"]["S"] != "bearer_secret"
            for key, item in self.database.tables[TOKENS].items.items()
        )

    def delete_expired(self, schedule: Schedule) -> None:
        """TTL deletes all that it may: an event of the world."""
        self.database.delete_expired(int(schedule.now))
        self._seen = dict(self.database.tables[TOKENS].items)

    def _observe(self, operation: str, _: Mapping[str, Any]) -> None:
        """Hold every change of a grant to the rules of records."""
        items = self.database.tables[TOKENS].items
        if items == self._seen:
            return
        for key in {*items, *self._seen}:
            old, new = self._seen.get(key), items.get(key)
            if old is not new:
                self.history.broken += broken_rules(operation, old, new)
        self._seen = dict(items)


def _pass(seconds: float, schedule: Schedule) -> None:
    schedule.now += seconds


Operation = Callable[[Play, Process], None]


def issue(play: Play, process: Process, secret: str = "") -> None:
    """A token by client credentials."""
    secret = secret or play.start.secret
    request = form_request(
        play.start.application.client_id, secret, grant_type="client_credentials"
    )
    asked = play._tick + 1
    answer = play.perform("issue", process, lambda: process.token(request), secret)
    _know_token(play, answer, asked)


def issue_by_jwt(play: Play, process: Process) -> None:
    """A token by the one JWT of this play, in the jwt-bearer grant."""
    assertion = play_assertion(play)
    request = form_request(grant_type=JWT_BEARER, assertion=assertion)
    asked = play._tick + 1
    answer = play.perform("issue jwt", process, lambda: process.token(request), "jwt")
    _know_token(play, answer, asked)


def issue_by_client_assertion(play: Play, process: Process) -> None:
    """A token by the same JWT as client assertion."""
    request = form_request(
        grant_type="client_credentials",
        client_assertion=play_assertion(play),
        client_assertion_type=ASSERTION_TYPE,
    )
    asked = play._tick + 1
    answer = play.perform("issue jwt", process, lambda: process.token(request), "jwt")
    _know_token(play, answer, asked)


def play_assertion(play: Play) -> str:
    """The one JWT that the operations of a play compete for."""
    return signed(play.start.application.client_id, "contested", play.start.now)


def _know_token(play: Play, answer: Any, asked: int) -> None:
    if answer is not None:
        token = access_token(answer)
        play.history.credentials.append(Credential(token, asked=asked, born=play._tick))


def validate(play: Play, process: Process, credential: str = "") -> None:
    """A use of a credential, which extends a sliding life."""
    value = credential or play.start.token
    play.perform("validate", process, lambda: process.validator.validate(value), value)


def validate_twice(play: Play, process: Process) -> None:
    """Two uses in one process: the second finds what the first has leased."""
    validate(play, process)
    validate(play, process)


def validate_secret(play: Play, process: Process) -> None:
    """Two uses of the secret itself as bearer token."""
    validate(play, process, play.start.secret)
    validate(play, process, play.start.secret)


def revoke(play: Play, process: Process) -> None:
    """Revocation of the token (RFC 7009)."""
    request = form_request(
        play.start.application.client_id, play.start.secret, token=play.start.token
    )
    play.perform("revoke", process, lambda: process.revoke(request), play.start.token)


def disable_and_enable(play: Play, process: Process) -> None:
    """The application is disabled and, after the answer, enabled again."""
    client_id = play.start.application.client_id
    disable(play, process)
    play.perform("enable", process, lambda: process.applications.enable(client_id, SYSTEM))


def disable(play: Play, process: Process) -> None:
    """The application is disabled, and stays so."""
    client_id = play.start.application.client_id
    play.perform("disable", process, lambda: process.applications.disable(client_id, SYSTEM))


def disable_user(play: Play, process: Process) -> None:
    """The user that the application acts as is disabled."""
    user_id = play.start.application.user_id or ""
    play.perform("disable user", process, lambda: process.users.disable(user_id, SYSTEM))


def delete(play: Play, process: Process) -> None:
    """The application is removed."""
    client_id = play.start.application.client_id
    play.perform("delete", process, lambda: process.applications.delete(client_id, SYSTEM))


def rotate(play: Play, process: Process) -> None:
    """A second secret, the first one living on for an hour."""
    client_id = play.start.application.client_id
    asked = play._tick + 1
    rotated = play.perform(
        "rotate", process, lambda: process.secrets.rotate(client_id, 3600, SYSTEM)
    )
    if rotated is not None:
        play.know_secret(rotated.secret.value, asked)


def cut(play: Play, process: Process) -> None:
    """The emergency cut of the first secret."""
    client_id, secret_id = play.start.application.client_id, parse(play.start.secret).grant_id
    play.perform(
        "cut",
        process,
        lambda: process.secrets.cut(client_id, secret_id, SYSTEM),
        play.start.secret,
    )


def revoke_tokens(play: Play, process: Process) -> None:
    """Every token of the application is void."""
    client_id = play.start.application.client_id
    play.perform(
        "revoke tokens", process, lambda: process.applications.revoke_tokens(client_id, SYSTEM)
    )
