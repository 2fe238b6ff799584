"""A client as the test plans of the OpenID Foundation have it: it believes nothing unverified."""

from typing import Any
from urllib.parse import parse_qsl

import jwt

from chalicelib.oauth.id_token import access_token_hash
from tests.harness import Client, Reply, World
from tests.pages.browser import AUTHORIZE, CALLBACK, Browser, add_web_client, describe
from tests.signing import ISSUER

TOKEN = "/oauth2/server/token"
USERINFO = "/oauth2/server/userinfo"
GOODBYE = "https://client.example/goodbye"


class RelyingParty:
    """The client of the plans: confidential, without PKCE, answered by one response mode."""

    def __init__(self, world: World, mode: str | None) -> None:
        client = add_web_client(world, allowed_scopes=frozenset({"login"}), require_pkce=False)
        self.client = describe(world, client, post_logout_redirect_uris=(GOODBYE,))
        self.browser = Browser(world)
        self._world = world
        self._mode = mode

    def request(self, **changes: str | None) -> dict[str, str]:
        parameters: dict[str, str | None] = {
            "client_id": self.client.client_id,
            "redirect_uri": CALLBACK,
            "scope": "openid",
            "state": "state-1",
            "nonce": "nonce-1",
            "response_type": "code",
            "response_mode": self._mode,
            **changes,
        }
        return {name: value for name, value in parameters.items() if value is not None}

    def ask(self, **changes: str | None) -> Reply:
        return self.browser.get(AUTHORIZE, **self.request(**changes))

    def answer(self, reply: Reply) -> dict[str, str]:
        """What reaches the callback, by the mode that was asked for and no other."""
        if self._mode is None:
            assert reply.status == 303, reply.body
            uri, _, query = reply.headers["Location"].partition("?")
            assert uri == CALLBACK
            pairs = parse_qsl(query, strict_parsing=True)
            assert len(dict(pairs)) == len(pairs)
            return dict(pairs)
        form = self.browser.page.form
        assert (reply.status, form.action, form.attributes["method"]) == (200, CALLBACK, "post")
        return dict(form.fields)

    def finish(self, asked: Reply) -> dict[str, str]:
        """Log in, say yes where it is asked, and come back."""
        assert asked.status == 200
        assert self.browser.page.has("password")
        reply = self.browser.follow(self.browser.log_in())
        if self.browser.page.has("allow"):
            reply = self.browser.submit(decision="allow")
        return self.accepted(reply)

    def accepted(self, reply: Reply) -> dict[str, str]:
        answer = self.answer(reply)
        assert set(answer) == {"code", "state", "iss"}
        assert (answer["state"], answer["iss"]) == ("state-1", ISSUER)
        return answer

    def refused(self, reply: Reply) -> str:
        answer = self.answer(reply)
        assert set(answer) == {"error", "error_description", "state", "iss"}
        assert (answer["state"], answer["iss"]) == ("state-1", ISSUER)
        return answer["error"]

    def log_in(self, **changes: str | None) -> dict[str, Any]:
        """From the request to verified claims: the tokens, and `claims` beside them."""
        return self.tokens(self.finish(self.ask(**changes)), changes.get("nonce", "nonce-1"))

    def tokens(self, answer: dict[str, str], nonce: str | None = "nonce-1") -> dict[str, Any]:
        reply = self.exchange(answer["code"])
        assert reply.status == 200, reply.body
        body: dict[str, Any] = reply.body
        assert body["token_type"].lower() == "bearer"
        return body | {"claims": self.claims(body, nonce)}

    def exchange(self, code: str, client: Client | None = None, **form: str) -> Reply:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **form}
        headers = {} if "client_secret" in form else (client or self.client).basic
        return self._world.process.post_form(TOKEN, form, headers)

    def refresh(self, token: str, client: Client | None = None) -> Reply:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return self._world.process.post_form(TOKEN, form, (client or self.client).basic)

    def claims(self, tokens: dict[str, Any], nonce: str | None) -> dict[str, Any]:
        """The ID token as a library verifies it, and what OpenID Connect Core §3.1.3.7 adds."""
        header = jwt.get_unverified_header(tokens["id_token"])
        keys = self._world.process.call("GET", "/oauth2/server/jwks").body["keys"]
        (key,) = [one for one in keys if one["kid"] == header["kid"]]
        now = self._world.clock.now()
        claims: dict[str, Any] = jwt.decode(
            tokens["id_token"],
            jwt.PyJWK(key),
            algorithms=["RS256"],
            audience=self.client.client_id,
            issuer=ISSUER,
            options={
                "require": ["iss", "sub", "aud", "exp", "iat"],
                # The clock of the deployment is the test's, and looked at below.
                "verify_exp": False,
                "verify_iat": False,
            },
        )
        assert now - 5 <= claims["iat"] <= now < claims["exp"]
        assert claims.get("nonce") == nonce
        assert claims["at_hash"] == access_token_hash(tokens["access_token"])
        return claims

    def userinfo(self, tokens: dict[str, Any]) -> Reply:
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        return self._world.process.call("GET", USERINFO, headers=bearer)

    def is_logged_in(self) -> bool:
        reply = self.ask(prompt="none")
        return "code" in self.answer(reply)
