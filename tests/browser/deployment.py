"""A deployment served to Chromium whose clock is the test's to turn."""

from typing import Any

from tests.browser.pages import CLIENT
from tests.harness import Client, World
from tests.pages.browser import PASSWORD


class Deployment:
    """A served world with one person and one web application."""

    def __init__(self, world: World, client: Client) -> None:
        self.world = world
        self.issuer = world.settings.issuer
        web = {"client_id": client.client_id, "redirect_uri": f"{CLIENT}/callback"}
        user = {"user_name": "jdoe", "user_domain": "domain", "password": PASSWORD}
        self.credentials: dict[str, Any] = {
            "user": user,
            "applications": {"authorization_code": web},
        }

    def url(self, path: str) -> str:
        return self.issuer + path
