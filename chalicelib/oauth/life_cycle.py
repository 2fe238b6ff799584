"""When a token ends: absolute, sliding, never. Times are whole epoch seconds."""

from chalicelib.oauth.model import Grant, GrantKind, LifeCycle, LifeCycleType

STEP_DIVISOR = 60
MAXIMUM_STEP_SECONDS = 60
# DynamoDB deletes up to days late and never early; a day keeps evidence of a grant's end.
RETENTION_SECONDS = 86_400
# Clock differences between the signer and us, for records that make a JWT single-use.
ASSERTION_RETENTION_SECONDS = 120


def first_end(life_cycle: LifeCycle, created_at: int, now: int) -> int | None:
    """The end of a token issued at `now` on a grant created at `created_at`; None: never.

    A sliding life is bounded by its maximum, counted from the grant's creation.
    """
    if life_cycle.lifetime_seconds is None:
        return None
    end = now + life_cycle.lifetime_seconds
    if life_cycle.kind is LifeCycleType.SLIDING and life_cycle.maximum_seconds is not None:
        end = min(end, created_at + life_cycle.maximum_seconds)
    return end


def step_seconds(lifetime_seconds: int) -> int:
    """How far a use must move the end before it is written: 1/60 of the lifetime, 1 to 60 s."""
    return max(1, min(MAXIMUM_STEP_SECONDS, lifetime_seconds // STEP_DIVISOR))


def extended_end(life_cycle: LifeCycle, created_at: int, ends_at: int, now: int) -> int | None:
    """The end that an accepted use at `now` writes, or None when there is nothing to write."""
    if life_cycle.kind is not LifeCycleType.SLIDING or life_cycle.lifetime_seconds is None:
        return None
    end = first_end(life_cycle, created_at, now)
    if end is None or end - ends_at < step_seconds(life_cycle.lifetime_seconds):
        return None
    return end


def is_live(ends_at: int | None, now: int) -> bool:
    """Whether an end is still ahead; the end itself is already over."""
    return ends_at is None or now < ends_at


def delete_at(grant: Grant) -> int | None:
    """The TTL attribute of a live grant: a day after its last end; None when anything is endless.

    A record that keeps a JWT single-use stays at least until that JWT is over.
    """
    if grant.kind is not GrantKind.ASSERTION and grant.life_cycle.lifetime_seconds is None:
        return None
    ends = [grant.created_at, grant.ends_at]
    ends += [token.ends_at for token in grant.access_tokens.values()]
    if grant.code is not None:
        ends.append(grant.code.ends_at)
    if grant.refresh_tokens is not None:
        ends.append(grant.refresh_tokens.ends_at)
    latest = max(end for end in ends if end is not None)
    return max(latest + RETENTION_SECONDS, _assertion_bound(grant))


def delete_revoked_at(grant: Grant, now: int) -> int:
    """The TTL attribute after revocation: a day from now, or the JWT's bound where later."""
    return max(now + RETENTION_SECONDS, _assertion_bound(grant))


def _assertion_bound(grant: Grant) -> int:
    if grant.assertion_ends_at is None:
        return 0
    return grant.assertion_ends_at + ASSERTION_RETENTION_SECONDS
