"""Secrets, certificates and trial tokens of one application."""

import json

from chalicelib.administration.refusals import FieldsRefused, FieldsTaken
from chalicelib.endpoints.admin_requests import client_id_of
from chalicelib.endpoints.console.application_screen import ApplicationScreen, path_of
from chalicelib.endpoints.console.desk import Desk
from chalicelib.endpoints.console.posted import read_posted
from chalicelib.endpoints.console.register_screen import made_page
from chalicelib.endpoints.console.typed import certificate_bytes, read_typed
from chalicelib.endpoints.console.visitors import Visitor
from chalicelib.oauth.errors import InvalidRequest
from chalicelib.oauth.introspection import describe
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.tokens import parse
from chalicelib.oauth.validation import TokenValidator
from chalicelib.pages.console import words
from chalicelib.pages.console.application import ApplicationPage, Fact, TrialPage
from chalicelib.registry.certificates import PEM_TYPE, CertificateRefused, read_text
from chalicelib.registry.client_certificates import ClientCertificates
from chalicelib.registry.secrets import ClientSecrets
from chalicelib.registry.trial_tokens import TRIAL_SECONDS, TrialTokens


class CredentialsScreen:
    """What is made here is shown in the answer to its POST, and nowhere again."""

    def __init__(
        self,
        *,
        desk: Desk,
        screen: ApplicationScreen,
        secrets: ClientSecrets,
        certificates: ClientCertificates,
        trials: TrialTokens,
        validator: TokenValidator,
        issuer: str,
    ) -> None:
        self._desk = desk
        self._screen = screen
        self._secrets = secrets
        self._certificates = certificates
        self._trials = trials
        self._validator = validator
        self._issuer = issuer

    def rotate(self, request: Request, visitor: Visitor) -> Response:
        """A new secret; the present one ends after the overlap. Raises NotFound, Conflict."""
        client_id = client_id_of(request)
        fields = self._desk.take(request, visitor, "secrets", client_id)
        overlap = fields.get("overlap", "")
        if overlap not in ApplicationPage.OVERLAPS:
            raise InvalidRequest("The overlap is none of those offered.")
        rotated = self._secrets.rotate(client_id, int(overlap), visitor.actor)
        page = made_page(
            rotated.registration,
            rotated.secret.value,
            self._issuer,
            frame=self._desk.frame(request, visitor),
            heading="New secret",
        )
        return self._desk.show(page, 201)

    def download_certificate(self, request: Request, _: Visitor) -> Response:
        """The file as it was uploaded. Raises NotFound."""
        client_id = client_id_of(request)
        file = self._certificates.load_file(client_id)
        extension = "pem" if file.details.media_type == PEM_TYPE else "cer"
        headers = {
            "Content-Type": file.details.media_type,
            "Content-Disposition": f'attachment; filename="{client_id}.{extension}"',
        }
        return Response(200, file.content, headers)

    def replace_certificate(self, request: Request, visitor: Visitor) -> Response:
        """Put another certificate in its place. Raises NotFound, Conflict."""
        client_id = client_id_of(request)
        posted = read_posted(request)
        self._desk.accept(posted.fields, visitor, "certificate", client_id)
        text = read_typed(posted).texts.get("certificate", "")
        try:
            content = certificate_bytes(text) if "-----BEGIN" in text else read_text(text)
            self._certificates.replace(client_id, content, visitor.actor)
        except CertificateRefused as error:
            return self._refuse(request, visitor, FieldsRefused({"certificate": str(error)}))
        except (FieldsRefused, FieldsTaken) as refusal:
            return self._refuse(request, visitor, refusal)
        return self._desk.done(path_of(client_id), "certificate")

    def issue_trial(self, request: Request, visitor: Visitor) -> Response:
        """A trial token, taken apart and introspected. Raises NotFound, Conflict."""
        client_id = client_id_of(request)
        self._desk.take(request, visitor, "trial", client_id)
        trial = self._trials.issue(client_id, visitor.actor)
        token = parse(trial.access_token)
        access = self._validator.validate(trial.access_token, use=False)
        page = TrialPage(
            path=path_of(client_id),
            name=trial.registration.application.name,
            minutes=TRIAL_SECONDS // 60,
            ends_at=access.ends_at,
            access_token=trial.access_token,
            parts=(
                Fact("Kind", (f"{token.kind.value}_ (access token)",)),
                Fact("Application", (token.client_id,)),
                Fact("Acts as", (access.user_label or "Itself", token.subject or "")),
                Fact("Grant", (token.grant_id,)),
                Fact(
                    "Opens", tuple(words.SCOPES.get(name, name) for name in sorted(access.scopes))
                ),
                Fact("The rest", ("256 random bits and a checksum; stored as a hash",)),
            ),
            introspection=json.dumps(describe(access, self._issuer), indent=2),
            whoami_url=f"{self._issuer}/oauth2/server/whoami",
            frame=self._desk.frame(request, visitor),
        )
        return self._desk.show(page, 201)

    def _refuse(self, request: Request, visitor: Visitor, refusal: FieldsRefused) -> Response:
        registration = self._certificates.load(client_id_of(request))
        return self._screen.show_registration(request, visitor, registration, refusal)
