"""A person's own change of password (OWASP ASVS 5.0 §6.2.2, §6.2.3)."""

from dataclasses import dataclass, replace

from chalicelib.administration.refusals import Conflict, FieldsRefused
from chalicelib.audit import Actor, AuditEvent
from chalicelib.directory.authentication import Authenticator, LoginRefused
from chalicelib.directory.model import without_tokens
from chalicelib.directory.passwords import PasswordRefused, hash_password, validate_password
from chalicelib.directory.stores import UserChanged, UserStore
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.ids import new_ulid
from chalicelib.oauth.model import User

_TRIES = 3
# One answer for every cause, as at login.
_OLD_REFUSED = "is not right. After too many attempts, wait 15 minutes"


@dataclass(frozen=True, slots=True, repr=False)
class PasswordChange:
    """What the person typed, by the names of the form's fields."""

    password: str
    new_password: str
    repeat_password: str


class OwnPasswords:
    """Changes passwords for those who know the old one."""

    def __init__(self, store: UserStore, authenticator: Authenticator, clock: Clock) -> None:
        self._store = store
        self._authenticator = authenticator
        self._clock = clock

    def change(self, user: User, typed: PasswordChange, source_ip: str) -> User:
        """The user with the new password; whatever was issued until now is void, sessions too.

        The old password is looked at as at a login, with its counters and its time, and only
        once the new one fits. Raises FieldsRefused, Conflict, StoreUnavailable.
        """
        refused = _refused(typed)
        if refused:
            raise FieldsRefused(refused)
        known = self._authenticate(user, typed.password, source_ip)
        password_hash = hash_password(validate_password(typed.new_password))
        actor = Actor(None, user.user_id, f"{user.user_domain}\\{user.user_name}", source_ip)
        for _ in range(_TRIES):
            before = self._store.load(user.user_id)
            if before is None or before.user.token_epoch != known.token_epoch:
                # Reset or disabled since the old password was looked at.
                break
            now = self._clock.now()
            changed = without_tokens(before.user)
            after = replace(
                before, user=replace(changed, version=before.user.version + 1), updated_at=now
            )
            event = AuditEvent(new_ulid(), now, "user.password_changed", user.user_id, actor)
            try:
                self._store.replace(before, after, event, password_hash=password_hash)
            except UserChanged:
                continue
            return after.user
        raise Conflict("Your account was changed meanwhile; log in and try again.")

    def _authenticate(self, user: User, password: str, source_ip: str) -> User:
        """Whose password it is, as read before it was looked at. Raises FieldsRefused."""
        try:
            known = self._authenticator.authenticate(
                user.user_domain, user.user_name, password, source_ip
            )
        except LoginRefused:
            raise FieldsRefused({"password": _OLD_REFUSED}) from None
        if known.user_id != user.user_id:
            # Renamed, and the name given to another, within this moment.
            raise FieldsRefused({"password": _OLD_REFUSED})
        return known


def _refused(typed: PasswordChange) -> dict[str, str]:
    """The fields that break a rule which needs no look at what is kept, each with its reason."""
    refused = {}
    try:
        validate_password(typed.new_password)
    except PasswordRefused as error:
        refused["new_password"] = str(error)
    else:
        if typed.new_password == typed.password:
            refused["new_password"] = "must be another one than the present"
    if typed.repeat_password != typed.new_password:
        refused["repeat_password"] = "is not the same as the new password"
    return refused
