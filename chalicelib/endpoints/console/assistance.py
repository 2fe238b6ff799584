"""What the scripts of the form ask for while one types: users, and what a certificate says."""

from chalicelib.administration.refusals import FieldsRefused
from chalicelib.directory.users import Users
from chalicelib.endpoints.admin_requests import search_of
from chalicelib.endpoints.console.desk import CSRF_FIELD, Desk
from chalicelib.endpoints.console.form_screen import PREVIEW_FORM, facts_of, read_uploaded
from chalicelib.endpoints.console.visitors import Visitor
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.parameters import parse_form
from chalicelib.oauth.scope import ADMINISTRATOR
from chalicelib.pages.display import date_text
from chalicelib.registry.certificates import CertificateRefused

SUGGESTIONS = 8


class Assistance:
    """Two questions that change nothing."""

    def __init__(self, desk: Desk, users: Users, clock: Clock) -> None:
        self._desk = desk
        self._users = users
        self._clock = clock

    def suggest_users(self, request: Request, _: Visitor) -> Response:
        """Active users whose name starts with `search`. Raises FieldsRefused."""
        page = self._users.list_users(search_of(request), None, None, SUGGESTIONS)
        users = [
            {
                "user_name": account.user.user_name,
                "user_domain": account.user.user_domain,
                "name": " ".join(filter(None, (account.given_name, account.family_name))),
                "is_administrator": ADMINISTRATOR in account.user.roles,
            }
            for account in page.items
            if account.user.enabled
        ]
        return Response(200, {"users": users})

    def describe_certificate(self, request: Request, visitor: Visitor) -> Response:
        """What a certificate says, or why it would be refused.

        Its token serves as long as the form is open, as nothing is changed.
        Raises FormRefused, FieldsRefused.
        """
        fields = parse_form(request)
        self._desk.forms.verify(visitor.session, PREVIEW_FORM, fields.get(CSRF_FIELD))
        now = self._clock.now()
        try:
            facts = facts_of(read_uploaded(fields.get("certificate", ""), now), now)
        except CertificateRefused as error:
            raise FieldsRefused({"certificate": str(error)}) from None
        validity = f"{date_text(facts.not_before)} to {date_text(facts.not_after)}"
        return Response(
            200,
            {
                "facts": {
                    "Subject": facts.subject,
                    "Issued by": facts.issuer,
                    "Thumbprint (SHA-256)": facts.thumbprint,
                    "Key": facts.key,
                    "Valid": f"{validity}: {facts.days_left} days left",
                }
            },
        )
