"""May this credential call this API: the same checks as the guard's, in one round trip."""

from dataclasses import dataclass

from chalicelib.oauth.errors import InsufficientScope, InvalidToken, MissingToken
from chalicelib.oauth.request_log import note
from chalicelib.oauth.validation import Access, TokenValidator
from chalicelib.protected.authorizers.questions import Question
from chalicelib.protected.authorizers.requirements import Requirements


@dataclass(frozen=True, slots=True)
class Decision:
    """Let in, when there is no `refusal`. `access` is there for every valid credential."""

    access: Access | None
    refusal: InvalidToken | InsufficientScope | None = None
    denied_fields: tuple[str, ...] = ()


class Authorizer:
    """Decides for the APIs of one deployment's account."""

    def __init__(self, validator: TokenValidator, requirements: Requirements) -> None:
        self._validator = validator
        self._requirements = requirements

    def decide(self, question: Question) -> Decision:
        """The decision; a use of the credential, so that a sliding life is extended.

        Raises StoreUnavailable: then nobody is let in.
        """
        decision = self._decide(question)
        if decision.refusal is not None:
            note(outcome=decision.refusal.error, reason=decision.refusal.detail)
        return decision

    def _decide(self, question: Question) -> Decision:
        if question.credential is None:
            return Decision(None, MissingToken(detail=question.credential_fault))
        try:
            access = self._validator.validate(question.credential)
        except InvalidToken as refusal:
            return Decision(None, refusal)
        if access.of_console:
            return Decision(None, InvalidToken(detail="a token of the console"))
        required = question.scopes
        if required is None:
            required = self._requirements.scopes_of(question.api_id)
        elif not required:
            # Whoever sets the variable wants a scope; to take it for "any token" would fail open.
            return Decision(access, InsufficientScope("of the stage variable, which names none"))
        if required and access.scopes.isdisjoint(required):
            return Decision(access, InsufficientScope(" ".join(sorted(required))))
        denied = self._requirements.denied_fields(question.api_id, access.scopes)
        return Decision(access, denied_fields=tuple(denied))
