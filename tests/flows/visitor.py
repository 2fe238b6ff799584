"""A browser without a script: follows pages, fills forms by name, stops at clients."""

from collections.abc import Mapping
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

TIMEOUT_SECONDS = 10
_LIMIT = 10


class _Forms(HTMLParser):
    """The forms of a page: where they go, what they hold."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.title = ""
        self._in_title = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((values.get("action", ""), {}))
        elif tag == "input" and self.forms and "name" in values:
            self.forms[-1][1][values["name"]] = values.get("value", "")
        self._in_title = tag == "title"

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data

    def handle_endtag(self, tag: str) -> None:
        self._in_title = self._in_title and tag != "title"


class Visitor:
    """One browser: its cookies, and the page it is on."""

    def __init__(self, *issuers: str) -> None:
        self._issuers = issuers
        self._session = requests.Session()
        self.url = ""
        self.html = ""
        self.status = 0

    def open(self, url: str) -> None:
        """Follow redirects up to the first page, or up to the first URL of somebody else."""
        self._show(self._session.get(url, allow_redirects=False, timeout=TIMEOUT_SECONDS))

    def submit(self, fields: Mapping[str, str]) -> None:
        """Send the page's form with these fields filled in."""
        action, held = _Forms(self.html).forms[0]
        self.send(action, {**held, **fields})

    def send(self, action: str, fields: Mapping[str, str]) -> None:
        """Send a form of the page, whichever it is."""
        self._show(
            self._session.post(
                urljoin(self.url, action),
                data=fields,
                allow_redirects=False,
                timeout=TIMEOUT_SECONDS,
            )
        )

    def log_in(self, person: Mapping[str, str]) -> None:
        """Fill the login form."""
        self.submit({name: person[name] for name in ("user_name", "user_domain", "password")})

    @property
    def title(self) -> str:
        return _Forms(self.html).title

    @property
    def form(self) -> tuple[str, dict[str, str]]:
        """Where the page's form goes, and what it holds."""
        return _Forms(self.html).forms[0]

    @property
    def answer(self) -> dict[str, str]:
        """The parameters of the URL at which it stopped."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.url).query).items()}

    def _show(self, response: requests.Response) -> None:
        for _ in range(_LIMIT):
            self.url, self.html, self.status = response.url, response.text, response.status_code
            if response.status_code not in (302, 303):
                return
            target = urljoin(response.url, response.headers["Location"])
            if not target.startswith(self._issuers):
                self.url, self.html = target, ""
                return
            response = self._session.get(target, allow_redirects=False, timeout=TIMEOUT_SECONDS)
        raise AssertionError("it redirects for ever")
