"""People who log in, over the in-memory stores: made for the tests of the directory."""

from typing import Any

from chalicelib.audit import Actor
from chalicelib.directory.authentication import Authenticator, LoginRefused
from chalicelib.directory.consents import Consents
from chalicelib.directory.sessions import Sessions
from chalicelib.directory.users import Users
from chalicelib.oauth.model import User
from tests.fakes.clock import FakeClock
from tests.fakes.stores import FakeStores

ADMINISTRATOR = Actor("app_console", "usr_admon", "domain\\admon", "192.0.2.1")
PASSWORD = "correct horse battery"
ADDRESS = "192.0.2.7"


class People:
    """The services of the directory, joined."""

    def __init__(self, stores: Any = None, clock: FakeClock | None = None) -> None:
        self.stores = stores or FakeStores()
        self.clock = clock or FakeClock()
        self.users = Users(self.stores.users, self.clock)
        self.authenticator = Authenticator(self.stores.users, self.stores.attempts, self.clock)
        self.sessions = Sessions(self.stores.sessions, self.clock)
        self.consents = Consents(self.stores.consents, self.clock)

    def add(self, name: str = "jdoe", password: str | None = PASSWORD, **values: Any) -> User:
        """A new user of the domain `domain`."""
        form = {"user_name": name, "user_domain": "domain", **values}
        if password is not None:
            form["password"] = password
        return self.users.create(form, ADMINISTRATOR).user

    def current(self, user: User) -> User:
        """The user as it is now."""
        return self.users.load(user.user_id).user

    def log_in(self, user: User, **values: Any) -> str:
        """The cookie of a new session."""
        arguments = {"source_ip": ADDRESS, "user_agent": "Browser/1.0", **values}
        return self.sessions.log_in(self.current(user), **arguments)[1]

    def authenticate(
        self,
        password: str = PASSWORD,
        *,
        domain: str = "domain",
        name: str = "jdoe",
        address: str = ADDRESS,
    ) -> User:
        return self.authenticator.authenticate(domain, name, password, address)

    def reason(self, password: str = PASSWORD, **values: str) -> str:
        """Why nobody is logged in, as the log has it; empty: somebody is."""
        try:
            self.authenticate(password, **values)
        except LoginRefused as refused:
            return refused.detail
        return ""
