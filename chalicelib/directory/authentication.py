"""Is this the user's password: one answer and one time for every no (OWASP ASVS 5.0 §6.3).

Guessing is slowed by atomic counters. Every attempt is counted before its password is looked at, so
that any number of parallel guesses passes one gate: first by its address, in all and at this
user, then, where that lets it pass, by the user from anywhere. So one guesser locks out its own
address alone, and many together reach the higher limit of the user. The counters stand in the way
of new logins; sessions that exist go on.
"""

import hashlib
from dataclasses import dataclass, replace
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

# Ten slips of memory are many; an office may share one address. The user's own limit is for
# guesses from many addresses: 100 in 15 minutes find no password that the rules allow.
USER_LIMIT = 10
ADDRESS_LIMIT = 50
USER_LIMIT_EVERYWHERE = 100
WINDOW_SECONDS = 15 * 60

# No name of a user is longer; what is longer is looked up as a name that nobody has.
MAXIMUM_NAME_LENGTH = 200

# The ULID of a moment long past and no randomness: never given to anybody.
_NOBODY = USER_PREFIX + "0" * 26
# One subscriber may have a whole network of IPv6 addresses, up to a /48 (RFC 6177).
_IPV6_SUBSCRIBER_BITS = 80


class LoginRefused(OAuthError):
    """Nobody is logged in; every cause gives the same answer, `detail` is for the log."""

    error = "access_denied"
    status = 403

    def __init__(self, *, detail: str) -> None:
        super().__init__(
            "User name, domain or password is not right. After too many attempts, wait 15 minutes.",
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
        attempt = _Attempt(f"{domain}\\{name}", _subscriber(source_ip), self._clock.now())
        limited = self._count(attempt)
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
        self._give_back(attempt)
        if is_outdated(password_hash):
            return self._rehash(account, password, source_ip)
        return account.user

    def _count(self, attempt: "_Attempt") -> bool:
        """Count the attempt; whether it is one too many."""
        here = self._attempts.count(attempt.of_address)
        if here.attempts > ADDRESS_LIMIT or here.of_part > USER_LIMIT:
            # Nobody else's limit is touched. The call that is made instead costs the same.
            self._attempts.count(attempt.refused)
            return True
        return self._attempts.count(attempt.of_user).attempts > USER_LIMIT_EVERYWHERE

    def _find(self, user_domain: str, user_name: str) -> Account | None:
        account = self._users.find(user_domain, user_name)
        if account is None:
            # The second read that a user who exists costs.
            self._users.load(_NOBODY)
        return account

    def _give_back(self, attempt: "_Attempt") -> None:
        """A right password is no guess; a fault here only leaves the counters higher."""
        try:
            for counter in (attempt.of_address, attempt.of_user):
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


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Whom an attempt names, from where, and the counters of its window."""

    user: str
    address: str
    now: int

    @property
    def of_address(self) -> Counter:
        """All from this address, and of these the ones at this user."""
        return self._counter("address", self.address, ADDRESS_LIMIT, _hash(self.user))

    @property
    def of_user(self) -> Counter:
        """Those at this user, from everywhere."""
        return self._counter("user", self.user, USER_LIMIT_EVERYWHERE)

    @property
    def refused(self) -> Counter:
        """Counts for nothing."""
        return self._counter("refused", self.address, 1)

    def _counter(self, kind: str, value: str, most: int, part: str | None = None) -> Counter:
        window_ends_at = (self.now // WINDOW_SECONDS + 1) * WINDOW_SECONDS
        return Counter(f"{kind}#{_hash(value)}", window_ends_at, most, part)


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


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
