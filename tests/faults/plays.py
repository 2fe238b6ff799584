"""What actors do in a schedule, what became of it, and what must hold of every history.

A play restores one starting state, lets its actors move as the path says, then asks every
process about every credential. `History.validate` holds the result to the promises of the design.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Any

from chalicelib.administration.refusals import Conflict, NotFound
from chalicelib.oauth.client_authentication import ASSERTION_TYPE
from chalicelib.oauth.errors import OAuthError
from chalicelib.oauth.grants.jwt_bearer import GRANT_TYPE as JWT_BEARER
from chalicelib.oauth.model import Application, GrantType, LifeCycle, LifeCycleType
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.oauth.tokens import parse
from chalicelib.storage.connection import request_budget
from tests.faults.deployment import make_tables
from tests.faults.dynamodb import InMemoryDynamoDB, Snapshot
from tests.faults.schedules import Path, Schedule
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


class Outcome(Enum):
    """How an operation ended."""

    DONE = "done"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Credential:
    """An access token or a bearer secret; `asked` and `born` are ticks, 0: before the play."""

    value: str
    is_secret: bool = False
    asked: int = 0
    born: int = 0


@dataclass(frozen=True, slots=True)
class Act:
    """One operation that ended; `started` and `finished` are ticks, times are true seconds."""

    kind: str
    outcome: Outcome
    started: int
    finished: int
    started_at: float
    finished_at: float
    detail: str = ""
    credential: str = ""


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
    token = answer.body["access_token"]  # type: ignore[index] - a dict on success
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
    token = answer.body["access_token"]  # type: ignore[index] - a dict on success
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
    token = process.token(form_request(grant_type=JWT_BEARER, assertion=assertion)).body
    value = token["access_token"]  # type: ignore[index] - a dict on success
    return Start(database.snapshot(), application, "", value, clock.time)


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


@dataclass
class History:
    """Everything that happened in one play, in the order of its ticks."""

    application: Application
    skewed: bool
    acts: list[Act] = field(default_factory=list)
    credentials: list[Credential] = field(default_factory=list)
    cut_secrets: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)

    def validate(self, grants_made: int) -> None:
        """Raises AssertionError naming every promise that was broken."""
        broken = list(self.broken)
        broken += self._unavailable()
        issued = [act for act in self._of("issue", "issue jwt") if act.outcome is Outcome.DONE]
        if grants_made != len(issued):
            broken.append(f"{len(issued)} tokens were issued and {grants_made} grants made")
        broken += self._double_use()
        for credential in self.credentials:
            uses = [act for act in self._of("validate") if act.credential == credential.value]
            broken += self._living_dead(credential, uses)
            broken += self._risen(credential, uses)
            broken += self._locked_out(credential, uses)
        broken += self._refused_issues()
        assert not broken, "; ".join(dict.fromkeys(broken))

    def _of(self, *kinds: str) -> list[Act]:
        return [act for act in self.acts if act.kind in kinds]

    def _unavailable(self) -> Iterator[str]:
        for act in self.acts:
            if act.outcome is Outcome.UNAVAILABLE:
                yield f"one fault made {act.kind} unavailable: {act.detail}"

    def _double_use(self) -> Iterator[str]:
        once = [act for act in self._of("issue jwt") if act.outcome is Outcome.DONE]
        if len({act.credential for act in once}) < len(once):
            yield "one jti gave two tokens"

    def _living_dead(self, credential: Credential, uses: list[Act]) -> Iterator[str]:
        """Nothing is live after an acknowledged revocation, disable, cut or revoke-tokens."""
        for killer in self._killers_of(credential):
            if killer.outcome is not Outcome.DONE:
                continue
            for use in uses:
                accepted = use.outcome is Outcome.DONE
                if (
                    accepted
                    and use.started > killer.finished
                    and self._lasts(killer, credential, use)
                ):
                    yield f"{_name(credential)} lives after {killer.kind} was acknowledged"

    def _killers_of(self, credential: Credential) -> list[Act]:
        """Operations that end a credential or, where they overlap its issue, may end it."""
        kinds = ["disable", "revoke tokens"]
        killers = self._of(*kinds)
        if credential.is_secret:
            killers += [act for act in self._of("cut") if act.credential == credential.value]
            return killers
        killers += self._of("cut")
        return killers + [act for act in self._of("revoke") if act.credential == credential.value]

    def _lasts(self, killer: Act, credential: Credential, use: Act) -> bool:
        """Whether the killer must still bite at this use."""
        if killer.kind == "disable":
            enabled_again = any(act.started < use.finished for act in self._of("enable"))
            if not enabled_again:
                return True
            if credential.is_secret:
                return False
        return credential.born <= killer.started

    def _risen(self, credential: Credential, uses: list[Act]) -> Iterator[str]:
        """Once refused, always refused."""
        for refused in uses:
            if refused.outcome is not Outcome.REFUSED or self._may_pass(credential, refused):
                continue
            for use in uses:
                if use.outcome is Outcome.DONE and use.started > refused.finished:
                    yield f"{_name(credential)} rose again after: {refused.detail}"

    def _may_pass(self, credential: Credential, refused: Act) -> bool:
        """Refusals that are no end: a disabled application, a clock that is ahead."""
        if refused.detail in {"token ended", "bearer use ended"}:
            return self.skewed
        if refused.detail == "application disabled":
            disabled = self._of("disable")
            return credential.is_secret or any(credential.born > act.started for act in disabled)
        return False

    def _locked_out(self, credential: Credential, uses: list[Act]) -> Iterator[str]:
        """What nobody touched is accepted; after enabling, new tokens are."""
        for use in uses:
            if use.outcome is not Outcome.REFUSED or self._ended(use):
                continue
            killers = [act for act in self._killers_of(credential) if act.started < use.finished]
            if all(self._is_over(killer, credential, use) for killer in killers):
                yield f"{_name(credential)} is locked out: {use.detail}"

    def _is_over(self, killer: Act, credential: Credential, use: Act) -> bool:
        """Whether a disable was taken back, a lease time ago, before the credential was asked for.

        A fresh look at a record is allowed once per lease time, so a refusal may be that old.
        """
        if killer.kind != "disable":
            return False
        return any(
            act.outcome is Outcome.DONE
            and use.started_at >= act.finished_at + LEASE_SECONDS
            and (credential.is_secret or credential.asked > act.finished)
            for act in self._of("enable")
        )

    def _ended(self, use: Act) -> bool:
        return self.skewed and use.detail in {"token ended", "bearer use ended"}

    def _refused_issues(self) -> Iterator[str]:
        for issue in self._of("issue", "issue jwt"):
            if issue.outcome is not Outcome.REFUSED:
                continue
            rivals = [
                act
                for act in self._of("issue jwt")
                if act is not issue and act.credential == issue.credential
            ]
            killers = self._of("disable") + [
                act for act in self._of("cut") if act.credential == issue.credential
            ]
            credential = Credential(issue.credential, is_secret=True)
            unfinished = [
                act
                for act in killers + rivals
                if act.started < issue.finished and not self._is_over(act, credential, issue)
            ]
            if not unfinished:
                yield f"{issue.kind} was refused: {issue.detail}"


def _name(credential: Credential) -> str:
    return "the bearer secret" if credential.is_secret else "the token"


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


def broken_rules(
    operation: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> Iterator[str]:
    """What is wrong with the change of one grant's item."""
    if new is None:
        yield f"{operation} deleted a grant"
    elif old is None:
        if operation == "UpdateItem":
            yield "an update created a grant"
    elif new["creation_nonce"] == old["creation_nonce"]:
        yield from _broken_steps(old, new)
    elif "revoked_at" not in new:
        yield "a grant was put in the place of another"


def _broken_steps(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with one step of a grant's life."""
    if int(new["version"]["N"]) != int(old["version"]["N"]) + 1:
        yield "a grant changed and its version did not"
    if "revoked_at" in old and new.get("revoked_at") != old["revoked_at"]:
        yield "a revocation was taken back"
    revoked_now = "revoked_at" in new and "revoked_at" not in old
    if not revoked_now and _number(new, "expires_at") < _number(old, "expires_at"):
        yield "the TTL moved back"
    if _number(new, "ends_at") < _number(old, "ends_at"):
        yield "an end moved back"
    for token_hash, token in old["access_tokens"]["M"].items():
        after = new["access_tokens"]["M"].get(token_hash)
        if after is None or _number(after["M"], "ends_at") < _number(token["M"], "ends_at"):
            yield "the end of a token moved back"


def _number(item: Mapping[str, Any], name: str) -> float:
    return int(item[name]["N"]) if name in item else float("inf")


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
        token = answer.body["access_token"]
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
