"""The registration form on screen: shown, taken back, and shown again with nothing lost."""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.administration.refusals import FieldsRefused
from chalicelib.endpoints.console.desk import Desk
from chalicelib.endpoints.console.typed import (
    NO_MAXIMUM,
    SCOPE_PREFIX,
    TypedForm,
    certificate_bytes,
)
from chalicelib.endpoints.console.visitors import Visitor
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.errors import OAuthError
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.model import LifeCycleType
from chalicelib.pages.console.application_form import (
    ApplicationFormPage,
    CertificateFacts,
    field_errors,
)
from chalicelib.pages.console.frame import Act
from chalicelib.registry.certificates import (
    CertificateRefused,
    UploadedCertificate,
    read_certificate,
    read_text,
)

PREVIEW_FORM = "certificate preview"
SECONDS_A_DAY = 86_400

DEFAULT_TEXTS = {"token_lifetime_minutes": "60", "life_cycle_type": "absolute"}


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the form is for: its heading and button, where it goes, and what its token binds."""

    heading: str
    button: str
    path: str
    back_path: str
    form: str
    bound: tuple[str, ...] = ()
    is_new: bool = True
    lifetime_alone: bool = False
    holds_certificate: bool = False


class FormScreen:
    """Renders the form."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock

    def show(
        self,
        request: Request,
        visitor: Visitor,
        purpose: Purpose,
        texts: Mapping[str, str],
        refusal: OAuthError | None = None,
    ) -> Response:
        """The form with what stands in it and, after a refusal, what is wrong."""
        errors = field_errors(refusal.fields) if isinstance(refusal, FieldsRefused) else ()
        page = ApplicationFormPage(
            heading=purpose.heading,
            act=Act(
                purpose.path,
                self._desk.token(visitor, purpose.form, *purpose.bound),
                tuple(zip(("version",), purpose.bound[1:], strict=False)),
            ),
            texts=texts,
            button=purpose.button,
            back_path=purpose.back_path,
            errors=errors,
            problem="" if refusal is None or errors else refusal.description,
            certificate=self._certificate(texts),
            preview_token=self._desk.token(visitor, PREVIEW_FORM),
            is_new=purpose.is_new,
            lifetime_alone=purpose.lifetime_alone,
            holds_certificate=purpose.holds_certificate,
            frame=self._desk.frame(request, visitor),
        )
        return self._desk.show(page, 200 if refusal is None else refusal.status)

    def again(
        self,
        request: Request,
        visitor: Visitor,
        purpose: Purpose,
        typed: TypedForm,
        refusal: OAuthError,
    ) -> Response:
        """As `show`, with what was typed."""
        return self.show(request, visitor, purpose, _without_private_key(typed.texts), refusal)

    def _certificate(self, texts: Mapping[str, str]) -> CertificateFacts | None:
        """What the certificate in the form says, where it is one that would be taken."""
        text, now = texts.get("certificate", ""), self._clock.now()
        try:
            return facts_of(read_uploaded(text, now), now) if text else None
        except CertificateRefused:
            return None


def read_uploaded(text: str, now: int) -> UploadedCertificate:
    """A pasted certificate. Raises CertificateRefused."""
    content = read_text(text)
    return read_certificate(certificate_bytes(text) if b"-----BEGIN" in content else content, now)


def facts_of(uploaded: UploadedCertificate, now: int) -> CertificateFacts:
    """What a person looks at before trusting a certificate."""
    key, details = uploaded.key, uploaded.details
    return CertificateFacts(
        subject=details.subject,
        issuer=details.issuer,
        thumbprint=key.thumbprint,
        key=details.key_description,
        not_before=key.not_before,
        not_after=key.not_after,
        days_left=max(0, (key.not_after - now) // SECONDS_A_DAY),
    )


def texts_of(values: Mapping[str, object]) -> dict[str, str]:
    """A registration's values as they stand in the controls of the form."""
    texts: dict[str, str] = {}
    for name, value in values.items():
        if name == "allowed_scopes" and isinstance(value, list):
            texts |= {f"{SCOPE_PREFIX}{scope}": "on" for scope in value}
        elif isinstance(value, list):
            texts[name] = "\n".join(value)
        elif isinstance(value, bool):
            texts[name] = "true" if value else "false"
        elif value is not None:
            texts[name] = str(value)
    endless = values.get("maximum_lifetime_minutes") is None
    if endless and values.get("life_cycle_type") == LifeCycleType.SLIDING:
        texts[NO_MAXIMUM] = "on"
    return texts


def _without_private_key(texts: Mapping[str, str]) -> Mapping[str, str]:
    """What should never have been sent does not come back into a page."""
    if "PRIVATE KEY" not in texts.get("certificate", ""):
        return texts
    return {name: text for name, text in texts.items() if name != "certificate"}
