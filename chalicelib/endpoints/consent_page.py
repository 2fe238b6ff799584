"""`POST /consent`: what the person answered on the consent page."""

from dataclasses import dataclass

from chalicelib.directory.consents import Consents
from chalicelib.directory.csrf import FormRefused
from chalicelib.directory.sessions import Visit
from chalicelib.endpoints import page_requests
from chalicelib.endpoints.authorize_page import (
    CONSENT_FORM,
    Asked,
    AuthorizationSteps,
    person,
)
from chalicelib.endpoints.front import Front
from chalicelib.endpoints.page_answers import AUTHORIZE_PATH
from chalicelib.oauth import scope
from chalicelib.oauth.authorization_endpoint import AuthorizationEndpoint, NeedsConsent, Step
from chalicelib.oauth.authorization_errors import AccessDenied, AuthorizationRefused
from chalicelib.oauth.authorization_request import validate_target
from chalicelib.oauth.errors import InvalidRequest
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.parameters import parse_form

ALLOW = "allow"
DENY = "deny"


@dataclass(frozen=True, slots=True)
class ConsentForm:
    """What the form holds; `scope` is what the page showed."""

    decision: str
    scope: str
    csrf_token: str
    request: str

    @classmethod
    def read(cls, request: Request) -> "ConsentForm":
        """Raises InvalidRequest."""
        form = parse_form(request)
        return cls(**{name: form.get(name, "") for name in cls.__dataclass_fields__})


class ConsentEndpoint:
    """Takes a consent form; whoever is asked is logged in."""

    def __init__(
        self,
        endpoint: AuthorizationEndpoint,
        consents: Consents,
        steps: AuthorizationSteps,
        front: Front,
    ) -> None:
        self._endpoint = endpoint
        self._consents = consents
        self._steps = steps
        self._front = front

    def __call__(self, request: Request) -> Response:
        """The checks, in order: the form is ours and of this session, the request, the answer."""
        form = ConsentForm.read(request)
        session_value = self._front.session_value(request) or ""
        bound = (form.request, form.scope)
        try:
            self._front.forms.verify(
                request, form.csrf_token, CONSENT_FORM, *bound, session=session_value
            )
        except FormRefused as error:
            return self._steps.refuse_form(error, form.request)
        parameters = page_requests.unpack(form.request)
        visit = self._front.sessions.visit(session_value, parameters.get("client_id"))
        if visit.signed_in is None:
            # The session ended while the page was open: the request begins anew, at its login.
            return self._front.answers.to_path(AUTHORIZE_PATH, form.request)
        target = validate_target(visit.application, parameters)
        cookies = [self._front.forms.renew()]
        try:
            asked = self._steps.validate(target, parameters)
            step = self._decide(request, asked, visit, form)
        except AuthorizationRefused as refusal:
            return self._steps.refuse(target, refusal, cookies)
        return self._steps.show(
            request, asked, step, visit.signed_in, session_value, cookies=cookies
        )

    def _decide(self, request: Request, asked: Asked, visit: Visit, form: ConsentForm) -> Step:
        """The answer; or the page again, where what it would say has changed meanwhile.

        Raises AuthorizationRefused, InvalidRequest.
        """
        if form.decision == DENY:
            raise AccessDenied("The person did not allow it.")
        if form.decision != ALLOW:
            raise InvalidRequest("The decision must be allow or deny.")
        somebody = person(visit)
        step = self._endpoint.proceed(asked.request, somebody, frozenset())
        if somebody is None or not isinstance(step, NeedsConsent):
            return step
        if scope.render(step.scopes) != form.scope:
            return step
        # A public client is asked for each time all the same (RFC 8252 §8.6, checklist 17); what
        # is remembered for it is there for the person to see and to withdraw.
        client_id = asked.request.application.client_id
        self._consents.remember(somebody.user, client_id, step.scopes, request.source_ip)
        return self._endpoint.issue_code(asked.request, somebody)
