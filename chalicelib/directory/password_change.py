"""A user's own change of password (OWASP ASVS 5.0 §6.2.3)."""

from chalicelib.audit import Actor
from chalicelib.directory.authentication import Authenticator, LoginRefused
from chalicelib.directory.users import Users
from chalicelib.oauth.model import User


class PasswordChange:
    """Changes passwords for whoever knows the present one."""

    def __init__(self, authenticator: Authenticator, users: Users) -> None:
        self._authenticator = authenticator
        self._users = users

    def change_password(self, user: User, old: str, new: str, source_ip: str) -> User:
        """The user with the new password; every session and token from before is void.

        The present password is asked for under the same counters as a login. The browser that
        asked has to be logged in again, with the user that is returned.
        Raises LoginRefused, FieldsRefused, VersionMismatch when the user was changed meanwhile,
        StoreUnavailable.
        """
        present = self._authenticator.authenticate(user.user_domain, user.user_name, old, source_ip)
        if present.user_id != user.user_id:
            raise LoginRefused(detail="the name has become another user's")
        label = f"{present.user_domain}\\{present.user_name}"
        actor = Actor(None, present.user_id, label, source_ip)
        body = {"password": new}
        return self._users.set_password(
            present.user_id, body, actor, if_version=present.version
        ).user
