"""What actors do with a person's grant in a schedule, and what must hold of every outcome."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from chalicelib.oauth.authorization_endpoint import AuthorizationEndpoint, Person
from chalicelib.oauth.authorization_request import validate_request, validate_target
from chalicelib.oauth.errors import OAuthError
from chalicelib.oauth.model import Application, GrantType, RedirectStrategy, User
from chalicelib.oauth.redirect_strategy import hash_redirect_uri
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.storage.connection import request_budget
from tests.faults.deployment import make_tables
from tests.faults.dynamodb import InMemoryDynamoDB, Snapshot
from tests.faults.history import Outcome, broken_rules
from tests.faults.paths import Path
from tests.faults.schedules import Schedule
from tests.faults.world import (
    ABSOLUTE,
    LEASE_SECONDS,
    NOW,
    SETTINGS,
    SYSTEM,
    Process,
    StillTime,
    TrueTime,
    form_request,
    register_application,
    register_user,
)
from tests.people import CHALLENGE, REDIRECT_URI, VERIFIER
from tests.signing import ISSUER

TOKENS = "test-tokens"
REPLAYS = ("the code was used before", "an old refresh token of the family")
DAY = 86_400

Tokens = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Start:
    """Where every schedule of a scenario begins: a grant, and what its client holds of it."""

    snapshot: Snapshot
    application: Application
    secret: str
    user: User
    code: str
    now: float
    # Every answer so far, the newest last.
    answers: tuple[Tokens, ...] = ()
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """One operation that ended; `started` and `finished` are ticks."""

    kind: str
    outcome: Outcome
    started: int
    finished: int
    detail: str
    tokens: Tokens | None


def start(rotations: int | None = None, *, revoked: bool = False) -> Start:
    """A code (None), or the tokens of its exchange after so many rotations."""
    database, clock = InMemoryDynamoDB(), StillTime()
    make_tables(database, SETTINGS.table_prefix)
    process = Process(clock, database.send)
    user = register_user(process, "person")
    application, secret = register_application(
        process,
        GrantType.AUTHORIZATION_CODE,
        life_cycle=ABSOLUTE,
        redirect_strategy=RedirectStrategy.WEB_APPLICATION,
        redirect_uri_hashes=frozenset({hash_redirect_uri(REDIRECT_URI)}),
    )
    process.consents.remember(user, application.client_id, frozenset({"api", "offline_access"}))
    code = _code(process, application, user)
    answers: list[Tokens] = []
    if rotations is not None:
        answers.append(_body(process.token(exchange_request(application, secret, code))))
        for _ in range(rotations):
            token = answers[-1]["refresh_token"]
            answers.append(_body(process.token(refresh_request(application, secret, token))))
    if revoked:
        process.revoke(
            form_request(application.client_id, secret, token=answers[-1]["access_token"])
        )
        clock.time += DAY + 1
    return Start(
        database.snapshot(),
        application,
        secret,
        user,
        code,
        clock.time + 5,
        tuple(answers),
        revoked,
    )


def _code(process: Process, application: Application, user: User) -> str:
    parameters = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": REDIRECT_URI,
        "scope": "api offline_access",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    request = validate_request(validate_target(application, parameters), parameters)
    endpoint = AuthorizationEndpoint(process.stores.grants, process.clock, ISSUER)
    answer = endpoint.issue_code(request, Person(user, "session", NOW, user.token_epoch))
    return answer.parameters["code"]


def _body(answer: Any) -> Tokens:
    body: Tokens = answer.body
    return body


def exchange_request(application: Application, secret: str, code: str) -> Any:
    return form_request(
        application.client_id,
        secret,
        grant_type="authorization_code",
        code=code,
        redirect_uri=REDIRECT_URI,
        code_verifier=VERIFIER,
    )


def refresh_request(application: Application, secret: str, token: str) -> Any:
    return form_request(
        application.client_id, secret, grant_type="refresh_token", refresh_token=token
    )


class PersonPlay:
    """One schedule: processes, operations, and what became of them."""

    def __init__(
        self,
        start: Start,
        path: Path,
        *,
        database: InMemoryDynamoDB,
        faults: int = 0,
        skews: tuple[float, ...] = (0, 0),
        with_ttl: bool = False,
    ) -> None:
        self.start = start
        self.acts: list[Act] = []
        self._broken: list[str] = []
        self._skewed = any(skews)
        self._database = database
        database.restore(start.snapshot)
        events = {"TTL deletes": self._delete_expired} if with_ttl else {}
        self.schedule = Schedule(
            path, database, start.now, faults=faults, events=events, observe=self._observe
        )
        self._seen = dict(database.tables[TOKENS].items)
        self._tick = 0
        self._processes = [self._process(skew) for skew in skews]

    def _process(self, skew: float = 0) -> Process:
        schedule = self.schedule
        return Process(TrueTime(lambda: schedule.now, schedule.sleep, skew), schedule.send)

    def perform(self, kind: str, process: Process, work: Callable[[], Any]) -> None:
        """Do it as one request and write down how it ended."""
        self._tick += 1
        started, outcome, detail, result = self._tick, Outcome.DONE, "", None
        self.schedule.starts = True
        try:
            with request_budget(process.clock):
                result = work()
        except StoreUnavailable as error:
            outcome, detail = Outcome.UNAVAILABLE, str(error)
        except OAuthError as error:
            outcome, detail = Outcome.REFUSED, error.detail
        self.schedule.finishes = True
        self._tick += 1
        body = getattr(result, "body", None)
        tokens = body if isinstance(body, dict) and "access_token" in body else None
        self.acts.append(Act(kind, outcome, started, self._tick, detail, tokens))

    def run(self, *operations: "Operation") -> None:
        """Let the operations race, then ask about every token, and judge."""
        for number, (operation, process) in enumerate(
            zip(operations, self._processes, strict=True)
        ):
            self.schedule.add(f"actor {number}", partial(operation, self, process))
        self.schedule.run()
        self.schedule.now += LEASE_SECONDS
        asking = self._process()
        for tokens in self.known():
            self.perform("use", asking, partial(asking.validator.validate, tokens["access_token"]))
        self._judge()

    def known(self) -> list[Tokens]:
        """Every answer that any client holds."""
        given = [act.tokens for act in self.acts if act.tokens is not None]
        return [*self.start.answers, *given]

    def _judge(self) -> None:
        """Raises AssertionError naming every promise that was broken."""
        broken = list(self._broken)
        broken += [
            f"one fault made {act.kind} unavailable: {act.detail}"
            for act in self.acts
            if act.outcome is Outcome.UNAVAILABLE
        ]
        if sum(act.outcome is Outcome.DONE for act in self._of("exchange")) > 1:
            broken.append("one code was exchanged twice")
        if not set(self._database.tables[TOKENS].items) <= set(self.start.snapshot[TOKENS]):
            broken.append("a row was created")
        broken += [
            "a refresh within its grace was taken for a replay"
            for act in self._of("refresh")
            if act.detail in REPLAYS and not self._skewed
        ]
        killers = [act for act in self.acts if self._kills(act)]
        ended = -1 if self.start.revoked else min((act.finished for act in killers), default=None)
        if ended is not None:
            broken += [
                f"{act.kind} was allowed after the grant ended"
                for act in self._of("use", "exchange", "refresh", "refresh old")
                if act.outcome is Outcome.DONE and act.started > ended
            ]
        elif not self._skewed:
            broken += self._locked_out()
        assert not broken, "; ".join(dict.fromkeys(broken))

    def _kills(self, act: Act) -> bool:
        if act.kind in {"exchange", "refresh", "refresh old"}:
            return act.outcome is Outcome.REFUSED and act.detail in REPLAYS
        killers = {"revoke", "disable user", "revoke tokens", "withdraw consent"}
        return act.kind in killers and act.outcome is Outcome.DONE

    def _locked_out(self) -> list[str]:
        """Nobody ended the grant, so everything asked of it succeeds, and refreshes agree."""
        broken = [
            f"{act.kind} was refused: {act.detail}"
            for act in self.acts
            if act.outcome is Outcome.REFUSED
        ]
        answers = {act.tokens["access_token"] for act in self._of("refresh") if act.tokens}
        if len(answers) > 1:
            broken.append("one refresh token gave two answers")
        return broken

    def _of(self, *kinds: str) -> list[Act]:
        return [act for act in self.acts if act.kind in kinds]

    def _delete_expired(self, schedule: Schedule) -> None:
        self._database.delete_expired(int(schedule.now))
        self._seen = dict(self._database.tables[TOKENS].items)

    def _observe(self, operation: str, _: Mapping[str, Any]) -> None:
        """Hold every change of a grant to the rules of records."""
        items = self._database.tables[TOKENS].items
        for key in {*items, *self._seen}:
            old, new = self._seen.get(key), items.get(key)
            if old is not new:
                self._broken += broken_rules(operation, old, new)
        self._seen = dict(items)


Operation = Callable[[PersonPlay, Process], None]


def exchange(play: PersonPlay, process: Process) -> None:
    begin = play.start
    request = exchange_request(begin.application, begin.secret, begin.code)
    play.perform("exchange", process, lambda: process.token(request))


def refresh(play: PersonPlay, process: Process) -> None:
    """With the newest refresh token."""
    _refresh(play, process, play.start.answers[-1], "refresh")


def refresh_old(play: PersonPlay, process: Process) -> None:
    """With the oldest one of the family."""
    _refresh(play, process, play.start.answers[0], "refresh old")


def _refresh(play: PersonPlay, process: Process, held: Tokens, kind: str) -> None:
    begin = play.start
    request = refresh_request(begin.application, begin.secret, held["refresh_token"])
    play.perform(kind, process, lambda: process.token(request))


def use(play: PersonPlay, process: Process) -> None:
    """Two uses of the newest access token in one process."""
    value = play.start.answers[-1]["access_token"]
    for _ in range(2):
        play.perform("use", process, lambda: process.validator.validate(value))


def revoke(play: PersonPlay, process: Process) -> None:
    begin = play.start
    request = form_request(
        begin.application.client_id, begin.secret, token=begin.answers[-1]["access_token"]
    )
    play.perform("revoke", process, lambda: process.revoke(request))


def revoke_by_refresh_token(play: PersonPlay, process: Process) -> None:
    """Any token of the grant ends it, a rotated one too."""
    begin = play.start
    request = form_request(
        begin.application.client_id, begin.secret, token=begin.answers[0]["refresh_token"]
    )
    play.perform("revoke", process, lambda: process.revoke(request))


def disable_user(play: PersonPlay, process: Process) -> None:
    user_id = play.start.user.user_id
    play.perform("disable user", process, lambda: process.users.disable(user_id, SYSTEM))


def revoke_tokens(play: PersonPlay, process: Process) -> None:
    client_id = play.start.application.client_id
    play.perform(
        "revoke tokens", process, lambda: process.applications.revoke_tokens(client_id, SYSTEM)
    )


def withdraw_consent(play: PersonPlay, process: Process) -> None:
    begin = play.start
    play.perform(
        "withdraw consent",
        process,
        lambda: process.consents.withdraw(begin.user.user_id, begin.application.client_id, SYSTEM),
    )
