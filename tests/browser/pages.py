"""Walks through the pages of the running server in Chromium, and watches what it must not do."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page

VERIFIER = "v" * 64
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
HERE = Path(__file__).parent
SCREENSHOTS = HERE.parents[1] / "build" / "screenshots"
AXE = HERE / "node" / "node_modules" / "axe-core" / "axe.min.js"
CLIENT = "https://client.example"
LOOPBACK = ("http://127.0.0.1:", "http://[::1]:", "https://localhost:")

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1200, "height": 800}

LOOKS = [
    pytest.param({"viewport": size, "color_scheme": scheme}, id=name)
    for name, size, scheme in (
        ("desktop-light", DESKTOP, "light"),
        ("desktop-dark", DESKTOP, "dark"),
        ("phone-light", PHONE, "light"),
        ("phone-dark", PHONE, "dark"),
    )
]
# As pages are where no script of theirs runs; axe-core is one itself, so scripts are on.
PLAIN_LOOKS = [
    pytest.param({"viewport": size, "our_scripts": False}, id=name)
    for name, size in (("desktop-plain", DESKTOP), ("phone-plain", PHONE))
]


class Place(Protocol):
    """A running server, its users and applications."""

    @property
    def issuer(self) -> str: ...
    @property
    def credentials(self) -> dict[str, Any]: ...
    def url(self, path: str) -> str: ...


class Visit:
    """One person in one browser window."""

    def __init__(self, server: Place, page: Page) -> None:
        self.server = server
        self.page = page
        self.violations: list[str] = []
        self.foreign: list[str] = []
        page.on("console", lambda message: self._hear(message.text))
        page.on("pageerror", lambda error: self.violations.append(str(error)))
        page.on("request", lambda request: self._see(request.url))

    def authorize(self, application: str = "authorization_code", **changes: str) -> None:
        """Open the authorization endpoint as an application would."""
        app = self.server.credentials["applications"][application]
        parameters = {
            "response_type": "code",
            "client_id": app["client_id"],
            "redirect_uri": app["redirect_uri"],
            "scope": "openid profile api",
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        self.page.goto(self.server.url(f"/oauth2/server/authorize?{urlencode(parameters)}"))

    def log_in(self, **changes: str) -> None:
        """Fill the login form by its names and send it."""
        person = {**self.server.credentials["user"], **changes}
        for name in ("user_name", "user_domain", "password"):
            self.page.fill(f"[name={name}]", person[name])
        self.page.click("#log_in")

    def decide(self, decision: str) -> None:
        """Press a button of the consent page."""
        self.page.click(f"button[name=decision][value={decision}]")

    @property
    def answer(self) -> dict[str, str]:
        """The parameters with which the browser came back to the client."""
        self.page.wait_for_url(f"{CLIENT}/**")
        query = parse_qs(urlsplit(self.page.url).query)
        return {name: values[0] for name, values in query.items()}

    def keep(self, name: str) -> None:
        """A screenshot, kept with the run."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    def assert_accessible(self) -> None:
        """axe-core finds nothing serious or critical on the page as it stands."""
        if not AXE.exists():
            pytest.skip("the JavaScript packages are not installed")
        # A page that is still on its way has no document to look at.
        self.page.wait_for_load_state("load")
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: dict[str, Any] = self.page.evaluate("async () => await axe.run(document)")
        serious = [
            (each["id"], [node["html"] for node in each["nodes"]])
            for each in found["violations"]
            if each["impact"] in ("serious", "critical")
        ]
        assert serious == [], json.dumps(serious, indent=1)

    def assert_fits(self) -> None:
        """Nothing is wider than the window, and no table than its frame."""
        width = self.page.evaluate("document.documentElement.scrollWidth")
        assert width <= self.page.evaluate("window.innerWidth")
        beyond = "found => found.filter(one => one.scrollWidth > one.clientWidth).length"
        assert self.page.locator(".scroller").evaluate_all(beyond) == 0

    def assert_quiet(self) -> None:
        """No policy was violated and nobody but the server and the client was asked."""
        assert self.violations == []
        assert self.foreign == []

    def _hear(self, text: str) -> None:
        if "Content Security Policy" in text or "Refused to" in text:
            self.violations.append(text)

    def _see(self, url: str) -> None:
        if not url.startswith((self.server.issuer, CLIENT, *LOOPBACK)):
            self.foreign.append(url)


@contextmanager
def visiting(browser: Browser, server: Place, **context: Any) -> Iterator[Visit]:
    """A fresh window with cookies of its own; what it must not do is asserted at the end.

    With `our_scripts` False, those of the pages are not let through.
    """
    our_scripts = context.pop("our_scripts", True)
    window = browser.new_context(ignore_https_errors=True, **{"viewport": DESKTOP, **context})
    if not our_scripts:
        window.route("**/static/*.js", lambda route: route.abort())
    visit = Visit(server, window.new_page())
    try:
        yield visit
        visit.assert_quiet()
    finally:
        window.close()
