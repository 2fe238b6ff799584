"""Is this the user's password: one answer and one time for every no (OWASP ASVS 5.0 §6.3).

Guessing is slowed by two counters, per user and per client address. Every attempt is counted
before its password is looked at, so that any number of parallel guesses passes one gate. The
counters stand in the way of new logins alone: sessions that exist go on.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from ipaddress import IPv6Address, ip_address
from secrets import token_hex

from chalicelib.audit import Actor, AuditEvent
from chalicelib.directory.attempts import AttemptStore, Counter
from chalicelib.directory.model import Account, fold
from chalicelib.directory.passwords import (
    WrongPassword,
    hash_password,
    is_outdated,
    verify_password,
)
from chalicelib.directory.stores import UserChanged, UserStore
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.errors import OAuthError
from chalicelib.oauth.ids import new_ulid
from chalicelib.oauth.model import User
from chalicelib.oauth.request_log import note
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.oauth.tokens import USER_PREFIX

# Ten slips of memory are many; an office may share one address.
USER_LIMIT = 10
ADDRESS_LIMIT = 50
WINDOW_SECONDS = 15 * 60

# No name of a user is longer; what is longer is looked up as a name that nobody has.
MAXIMUM_NAME_LENGTH = 200

# The ULID of a moment long past and no randomness: never given to anybody.
_NOBODY = USER_PREFIX + "0" * 26
# One subscriber has a whole network of IPv6 addresses (RFC 6177).
_IPV6_SUBSCRIBER_BITS = 64


class LoginRefused(OAuthError):
    """Nobody is logged in; every cause gives the same answer, `detail` is for the log."""

    error = "access_denied"
    status = 403

    def __init__(self, *, detail: str) -> None:
        super().__init__(
            "User name, domain or password is not right, or there were too many attempts:"
            " then wait 15 minutes.",
            detail=detail,
        )


class Authenticator:
    """Checks passwords."""

    def __init__(self, users: UserStore, attempts: AttemptStore, clock: Clock) -> None:
        self._users = users
        self._attempts = attempts
        self._clock = clock

    def authenticate(self, user_domain: str, user_name: str, password: str, source_ip: str) -> User:
        """The active user with this password, as read before the password was checked.

        An unknown, disabled or password-less user, a wrong password and too many attempts cost
        the same reads and the same hash. Raises LoginRefused, StoreUnavailable.
        """
        nobodys_hash = _nobodys_hash()
        domain, name = _lookup_name(user_domain), _lookup_name(user_name)
        counters = list(_counters(domain, name, source_ip, self._clock.now()))
        limited = self._count(counters)
        account = self._find(domain, name)
        user_id = _NOBODY if account is None else account.user.user_id
        # After the user, so that a password changed in between comes with an epoch passed.
        password_hash = self._users.load_password_hash(user_id)
        matches = _matches(password, password_hash or nobodys_hash)
        reason = _refusal(account, password_hash, limited=limited, matches=matches)
        if account is None or password_hash is None or reason:
            # Never the name that was typed: people type passwords into that field.
            user = {} if account is None else {"user_id": account.user.user_id}
            note(outcome=LoginRefused.error, reason=reason, **user)
            raise LoginRefused(detail=reason)
        note(user_id=user_id)
        self._give_back(counters)
        if is_outdated(password_hash):
            return self._rehash(account, password, source_ip)
        return account.user

    def _count(self, counters: list[Counter]) -> bool:
        """Count the attempt everywhere; whether it is one too many."""
        limits = (USER_LIMIT, ADDRESS_LIMIT)
        counts = [self._attempts.count(counter) for counter in counters]
        return any(count > limit for count, limit in zip(counts, limits, strict=True))

    def _find(self, user_domain: str, user_name: str) -> Account | None:
        account = self._users.find(user_domain, user_name)
        if account is None:
            # The second read that a user who exists costs.
            self._users.load(_NOBODY)
        return account

    def _give_back(self, counters: list[Counter]) -> None:
        """A right password is no guess; a fault here only leaves the counters higher."""
        try:
            for counter in counters:
                self._attempts.give_back(counter, token_hex(16))
        except StoreUnavailable:
            note(attempts="not given back")

    def _rehash(self, account: Account, password: str, source_ip: str) -> User:
        """Keep the password under the present parameters; lost, it is done at the next login."""
        user = replace(account.user, version=account.user.version + 1)
        actor = Actor(None, user.user_id, f"{user.user_domain}\\{user.user_name}", source_ip)
        now = self._clock.now()
        event = AuditEvent(new_ulid(), now, "user.password_rehashed", user.user_id, actor)
        after = replace(account, user=user)
        try:
            self._users.replace(account, after, event, password_hash=hash_password(password))
        except (UserChanged, StoreUnavailable):
            return account.user
        return user


@cache
def _nobodys_hash() -> str:
    """What a password is compared with where there is none; asked for at every login alike."""
    return hash_password(token_hex(16))


def _lookup_name(typed: str) -> str:
    """A name as it is compared; what cannot be a name becomes one that nobody has."""
    name = typed.strip()
    if len(name) > MAXIMUM_NAME_LENGTH or any("\ud800" <= one <= "\udfff" for one in name):
        return ""
    return fold(name)


def _counters(user_domain: str, user_name: str, source_ip: str, now: int) -> Iterator[Counter]:
    """Of the user, then of the address, in the window of this moment."""
    window_ends_at = (now // WINDOW_SECONDS + 1) * WINDOW_SECONDS
    user = f"{user_domain}\\{user_name}"
    for kind, value in (("user", user), ("address", _subscriber(source_ip))):
        digest = hashlib.sha256(value.encode()).hexdigest()
        yield Counter(f"{kind}#{digest}", window_ends_at)


def _subscriber(source_ip: str) -> str:
    """What one client can change at will is left out of its address."""
    try:
        address = ip_address(source_ip)
    except ValueError:
        return source_ip
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(int(address) >> _IPV6_SUBSCRIBER_BITS)


def _matches(password: str, password_hash: str) -> bool:
    try:
        verify_password(password, password_hash)
    except WrongPassword:
        return False
    return True


def _refusal(
    account: Account | None, password_hash: str | None, *, limited: bool, matches: bool
) -> str:
    """Why nobody is logged in, for the log; empty: somebody is."""
    if limited:
        return "too many attempts"
    if account is None:
        return "unknown user"
    if not account.user.enabled:
        return "user disabled"
    if password_hash is None:
        return "user without a password"
    return "" if matches else "wrong password"
