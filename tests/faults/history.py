"""What became of a play, and what must hold of every history (design, "Tables")."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from chalicelib.oauth.model import Application
from tests.faults.world import LEASE_SECONDS

# After these nothing of the application is accepted, unless it is enabled again.
ENDS_ALL = ("disable", "disable user", "delete")


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


@dataclass
class History:
    """Everything that happened in one play, in the order of its ticks."""

    application: Application
    skewed: bool
    acts: list[Act] = field(default_factory=list)
    credentials: list[Credential] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def validate(self, grants_made: int) -> None:
        """Raises AssertionError naming every promise that was broken."""
        broken = list(self.broken)
        broken += self._unavailable()
        issued = [act for act in self._of("issue", "issue jwt") if act.outcome is Outcome.DONE]
        if grants_made != len(issued):
            broken.append(f"{len(issued)} tokens were issued and {grants_made} grants made")
        broken += self._double_use()
        broken += self._late_redemption()
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

    def _late_redemption(self) -> Iterator[str]:
        """A JWT from before an acknowledged end is not redeemed; its own time tells, so clocks do.

        It was signed before the play.
        """
        for killer in self._of(*ENDS_ALL, "revoke tokens"):
            for act in self._of("issue jwt"):
                redeemed = act.outcome is Outcome.DONE and act.started > killer.finished
                if killer.outcome is Outcome.DONE and redeemed and not self.skewed:
                    yield f"a JWT was redeemed after {killer.kind} was acknowledged"

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
        killers = self._of(*ENDS_ALL, "revoke tokens")
        if credential.is_secret:
            killers += [act for act in self._of("cut") if act.credential == credential.value]
            return killers
        killers += self._of("cut")
        return killers + [act for act in self._of("revoke") if act.credential == credential.value]

    def _lasts(self, killer: Act, credential: Credential, use: Act) -> bool:
        """Whether the killer must still bite at this use."""
        if killer.kind in {"disable user", "delete"}:
            return True
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
            killers = self._of(*ENDS_ALL) + [
                act for act in self._of("cut") if act.credential == issue.credential
            ]
            # A JWT that was signed before does not come back with the application.
            of_jwt = issue.kind == "issue jwt"
            killers += self._of("revoke tokens") if of_jwt else []
            credential = Credential(issue.credential, is_secret=not of_jwt)
            unfinished = [
                act
                for act in killers + rivals
                if act.started < issue.finished and not self._is_over(act, credential, issue)
            ]
            if not unfinished:
                yield f"{issue.kind} was refused: {issue.detail}"


def _name(credential: Credential) -> str:
    return "the bearer secret" if credential.is_secret else "the token"


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
