"""The authorization endpoint (RFC 6749 §3.1): from a valid request to login, consent or a code.

Pages and cookies are not known here: whoever serves them hands in who is logged in and what
was consented to, and gets back what to do next.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex

from chalicelib.oauth import scope
from chalicelib.oauth.authorization_errors import (
    AuthorizationRefused,
    ConsentRequired,
    LoginRequired,
    ScopeRefused,
)
from chalicelib.oauth.authorization_request import AuthorizationRequest, Target
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.ids import new_ulid
from chalicelib.oauth.model import Code, Consent, Grant, GrantKind, Login, User
from chalicelib.oauth.redirect_strategy import hash_redirect_uri
from chalicelib.oauth.request_log import note
from chalicelib.oauth.stores import GrantStore
from chalicelib.oauth.tokens import TokenKind, digest, mint, new_secret
from chalicelib.oauth.validation import person_rights

CODE_LIFETIME_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Person:
    """Who is logged in, by which session, with the epoch that the session was made at."""

    user: User
    session_id: str
    authenticated_at: int
    user_epoch: int


@dataclass(frozen=True, slots=True)
class NeedsLogin:
    """Show the login page."""

    request: AuthorizationRequest


@dataclass(frozen=True, slots=True)
class NeedsConsent:
    """Ask the person for these scopes."""

    request: AuthorizationRequest
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """Send these parameters to the redirect URI, by the target's response mode."""

    target: Target
    parameters: Mapping[str, str]


Step = NeedsLogin | NeedsConsent | Answer


class AuthorizationEndpoint:
    """Decides on requests and issues codes."""

    def __init__(self, store: GrantStore, clock: Clock, issuer: str) -> None:
        self._store = store
        self._clock = clock
        self._issuer = issuer

    def proceed(
        self,
        request: AuthorizationRequest,
        person: Person | None,
        consented: frozenset[str],
    ) -> Step:
        """What comes next for a person who consented to these scopes before.

        `prompt=login` and `consent` ask whoever is there; drop them from the request once it
        was done. Raises AuthorizationRefused, StoreUnavailable.
        """
        if person is None or self._must_log_in(request, person):
            if "none" in request.prompt:
                raise LoginRequired("Nobody is logged in.")
            return NeedsLogin(request)
        scopes = self._granted(request, person)
        if self._must_ask(request, scopes, consented):
            if "none" in request.prompt:
                raise ConsentRequired("The person has to be asked.")
            return NeedsConsent(request, scopes)
        return self.issue_code(request, person)

    def issue_code(self, request: AuthorizationRequest, person: Person) -> Answer:
        """The answer with a code; consent was given or is not needed.

        Raises AuthorizationRefused, StoreUnavailable.
        """
        now, application = self._clock.now(), request.application
        grant_id, nonce = new_ulid(), token_hex(16)
        subject = person.user.user_id
        code = mint(TokenKind.CODE, application.client_id, subject, grant_id, new_secret())
        target = request.target
        self._store.create(
            Grant(
                client_id=application.client_id,
                grant_id=grant_id,
                kind=GrantKind.AUTHORIZATION_CODE,
                created_at=now,
                creation_nonce=nonce,
                nonce=nonce,
                subject=subject,
                scopes=self._granted(request, person),
                application_epoch=application.token_epoch,
                user_epoch=person.user_epoch,
                consent_epoch=person.user.consent_epoch(application.client_id),
                life_cycle=application.life_cycle,
                code=Code(
                    hash=digest(code),
                    ends_at=now + CODE_LIFETIME_SECONDS,
                    redirect_uri_hash=(
                        hash_redirect_uri(target.redirect_uri) if target.named else None
                    ),
                    code_challenge=request.code_challenge,
                ),
                login=Login(person.authenticated_at, person.session_id, request.nonce),
            )
        )
        note(grant_id=grant_id, subject=subject)
        return self._answer(target, {"code": code})

    def refuse(self, target: Target, refusal: AuthorizationRefused) -> Answer:
        """The error answer of RFC 6749 §4.1.2.1, with `iss` (RFC 9207) as every answer."""
        note(outcome=refusal.error, reason=refusal.description)
        return self._answer(
            target, {"error": refusal.error, "error_description": refusal.description}
        )

    def _answer(self, target: Target, parameters: dict[str, str]) -> Answer:
        if target.state is not None:
            parameters["state"] = target.state
        parameters["iss"] = self._issuer
        return Answer(target, parameters)

    def _must_log_in(self, request: AuthorizationRequest, person: Person) -> bool:
        if request.prompt & {"login", "select_account"}:
            return True
        if request.max_age is None:
            return False
        # Zero asks for a login now, whatever happened within this second.
        age = self._clock.now() - person.authenticated_at
        return request.max_age == 0 or age > request.max_age

    @staticmethod
    def _must_ask(
        request: AuthorizationRequest, scopes: frozenset[str], consented: frozenset[str]
    ) -> bool:
        """Whether the person has to say yes now.

        Whoever answers at a public client's redirect URI has proved nothing, so a consent is
        not remembered for it (RFC 8252 §8.6, checklist 17).
        """
        application = request.application
        if "consent" in request.prompt or application.public:
            return True
        return application.consent is not Consent.PREAPPROVED and not scopes <= consented

    @staticmethod
    def _granted(request: AuthorizationRequest, person: Person) -> frozenset[str]:
        """What was asked for, within the person's rights (checklist 49)."""
        scopes = person_rights(request.scopes, request.application, person.user)
        if not scopes or (scope.OPENID in request.scopes and scope.OPENID not in scopes):
            raise ScopeRefused("The person may not give what is asked for.")
        return scopes
