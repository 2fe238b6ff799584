"""A browser of its own for each person in a test: cookies, forms, no redirect followed unasked."""

from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from chalicelib.directory.passwords import hash_password
from chalicelib.oauth.model import GrantType, RedirectStrategy, User
from chalicelib.oauth.redirect_strategy import hash_redirect_uri
from tests.harness import Client, Reply, World
from tests.pages.documents import Document

CALLBACK = "https://client.example/callback"
PASSWORD = "correct horse battery"
PASSWORD_HASH = hash_password(PASSWORD)
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()

SESSION = "__Host-grantline-session"
FORM = "__Host-grantline-prelogin"
AUTHORIZE = "/oauth2/server/authorize"
LOGOUT = "/oauth2/server/logout"


def add_person(world: World, name: str = "jdoe", *roles: str) -> User:
    """A user who can log in."""
    user = world.add_user(name, *roles)
    before = world.stores.users.load(user.user_id)
    assert before is not None
    after = replace(before, user=replace(user, version=user.version + 1))
    event = world._event("user.password_set", user.user_id)
    world.stores.users.replace(before, after, event, password_hash=PASSWORD_HASH)
    return after.user


def add_web_client(world: World, *uris: str, website: str | None = None, **fields: Any) -> Client:
    """A web application with these redirect URIs."""
    hashes = frozenset(hash_redirect_uri(uri) for uri in uris or (CALLBACK,))
    client = world.add_client(
        fields.pop("grant_type", GrantType.AUTHORIZATION_CODE),
        redirect_strategy=RedirectStrategy.WEB_APPLICATION,
        redirect_uri_hashes=hashes,
        **fields,
    )
    return describe(world, client, website=website) if website else client


def describe(world: World, client: Client, **fields: Any) -> Client:
    """Write what only the registration holds."""
    before = world.stores.applications.load(client.client_id)
    assert before is not None
    application = replace(before.application, version=before.application.version + 1)
    after = replace(before, application=application, **fields)
    event = world._event("application.updated", client.client_id)
    world.stores.applications.replace(before, after, event)
    return replace(client, application=application)


def asking(client: Client, **parameters: str | None) -> dict[str, str]:
    """A whole authorization request; a parameter given as None is left out."""
    request: dict[str, str | None] = {
        "client_id": client.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "state": "state-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **parameters,
    }
    return {name: value for name, value in request.items() if value is not None}


def answer_of(reply: Reply) -> dict[str, str]:
    """The parameters in the Location of a redirect."""
    assert reply.status == 303, reply.body
    pairs = parse_qsl(urlsplit(reply.headers["Location"]).query, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


class Browser:
    """Keeps cookies; `page` is the document of the last answer that was one."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.cookies: dict[str, str] = {}
        self.page = Document("<title></title>")

    def get(self, url: str, **query: str) -> Reply:
        parts = urlsplit(url)
        found = parse_qs(parts.query, keep_blank_values=True)
        found |= {name: [value] for name, value in query.items()}
        return self._keep(
            self._world.process.call("GET", parts.path, headers=self._headers(), query=found)
        )

    def post(self, path: str, form: dict[str, str], **headers: str) -> Reply:
        return self._keep(self._world.process.post_form(path, form, self._headers() | headers))

    def post_raw(self, path: str, body: str) -> Reply:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._keep(
            self._world.process.call("POST", path, headers=self._headers() | kind, body=body)
        )

    def submit(self, **typed: str) -> Reply:
        """The form of the page, with what the person typed or pressed."""
        return self.post(self.page.form.action, self.page.form.fields | typed)

    def authorize(self, client: Client, **parameters: str | None) -> Reply:
        return self.get(AUTHORIZE, **asking(client, **parameters))

    def log_in(self, name: str = "jdoe", password: str = PASSWORD) -> Reply:
        return self.submit(user_name=name, user_domain="domain", password=password)

    def follow(self, reply: Reply) -> Reply:
        """Where a redirect leads, as long as it leads to us."""
        assert reply.status == 303, reply.body
        location = reply.headers["Location"]
        assert location.startswith("/"), location
        return self.get(location)

    def arrive(self, client: Client, name: str = "jdoe", **parameters: str | None) -> Reply:
        """From the request through the login; the consent page or an answer."""
        self.authorize(client, **parameters)
        return self.follow(self.log_in(name))

    def _headers(self) -> dict[str, str]:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"User-Agent": "Browser/1.0", "Accept": "text/html,*/*;q=0.8"} | (
            {"Cookie": cookie} if cookie else {}
        )

    def _keep(self, reply: Reply) -> Reply:
        for line in reply.headers.get("Set-Cookie", []):
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
            if "Max-Age=0" in rest:
                del self.cookies[name]
        if str(reply.headers.get("Content-Type", "")).startswith("text/html"):
            self.page = Document(reply.body)
        return reply


def exchange(world: World, client: Client, code: str, **form: str) -> Reply:
    """The code at the token endpoint, with everything that fits it."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        **form,
    }
    return world.process.post_form("/oauth2/server/token", form, client.basic)
