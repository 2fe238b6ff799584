"""Administrators at the console of a deployment in memory."""

from chalicelib.audit import Actor
from chalicelib.registry.bootstrap import Bootstrap
from tests.harness import Reply, World
from tests.pages.browser import PASSWORD, Browser

ADMINISTRATOR = {"user_name": "admon", "user_domain": "domain", "password": PASSWORD}
SYSTEM = Actor(None, None, None, "127.0.0.1")


def set_up(world: World) -> None:
    """The first administrator and the built-in applications."""
    bootstrap = Bootstrap(world.stores.first_records, world.stores.applications, world.clock)
    bootstrap.run(ADMINISTRATOR, world.settings.issuer, SYSTEM)


class Console(Browser):
    """A browser of somebody who works at the console."""

    def enter(self, path: str = "/console", name: str = "admon") -> Reply:
        """From a page of the console through the login, back to that page."""
        self.follow(self.get(path))
        return self.arrive_at(self.log_in(name))

    def arrive_at(self, reply: Reply) -> Reply:
        """Where a chain of redirects within the deployment ends."""
        while reply.status == 303:
            location = reply.headers["Location"].removeprefix(self._world.settings.issuer)
            reply = self.get(location)
        return reply

    @property
    def headers(self) -> dict[str, str]:
        """What this browser sends with each request."""
        return self._headers()

    def send(self, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        """A body as it is."""
        return self._keep(
            self._world.process.call("POST", path, headers=self._headers() | headers, body=body)
        )
