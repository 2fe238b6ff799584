"""`/admin/applications/{client_id}/secrets` and `…/certificate`."""

from chalicelib.administration.bodies import JSON_TYPE, media_type, read_json_object
from chalicelib.administration.fields import read_fields
from chalicelib.administration.refusals import FieldsRefused, NotFound, UnsupportedMediaType
from chalicelib.endpoints.admin_presenter import Presenter
from chalicelib.endpoints.admin_requests import (
    Gate,
    answer,
    client_id_of,
    if_version_of,
    secret_id_of,
)
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.stores import RecordReader
from chalicelib.registry.certificates import DER_TYPE, PEM_TYPE, CertificateRefused, read_text
from chalicelib.registry.client_certificates import ClientCertificates
from chalicelib.registry.form import CERTIFICATE_STAND_INS, CertificateForm, RotationForm
from chalicelib.registry.model import Registration
from chalicelib.registry.secrets import ClientSecrets
from chalicelib.registry.views import certificate_view

# What browsers and tools call a certificate's file when they upload it.
UPLOAD_TYPES = (PEM_TYPE, DER_TYPE, "application/x-x509-ca-cert", "application/octet-stream")
_EXTENSIONS = {PEM_TYPE: "pem", DER_TYPE: "cer"}


class CredentialEndpoints:
    """One method an endpoint; each admits the caller before it reads anything else."""

    def __init__(
        self,
        gate: Gate,
        secrets: ClientSecrets,
        certificates: ClientCertificates,
        reader: RecordReader,
        clock: Clock,
    ) -> None:
        self._gate = gate
        self._secrets = secrets
        self._certificates = certificates
        self._presenter = Presenter(reader, clock)
        self._clock = clock

    def rotate_secret(self, request: Request) -> Response:
        """A new secret, shown this once; the present one ends after the overlap."""
        actor = self._gate.admit(request)
        client_id, version = client_id_of(request), if_version_of(request)
        form, refused = read_fields(RotationForm, read_json_object(request, may_be_empty=True), {})
        if refused:
            raise FieldsRefused(refused)
        rotated = self._secrets.rotate(client_id, form.overlap_seconds, actor, version)
        user = self._presenter.user_of(rotated.registration)
        return self._presenter.answer_with_secret(rotated.registration, user, rotated.secret.value)

    def cut_secret(self, request: Request) -> Response:
        """End a secret now."""
        actor = self._gate.admit(request)
        client_id, secret_id = client_id_of(request), secret_id_of(request)
        version = if_version_of(request)
        return self._presenter.answer(self._secrets.cut(client_id, secret_id, actor, version))

    def read_certificate(self, request: Request) -> Response:
        """The certificate's details, or, to an Accept that asks for it, the file as uploaded."""
        self._gate.admit(request)
        client_id = client_id_of(request)
        if not _wants_file(request):
            return self._describe(self._certificates.load(client_id))
        file = self._certificates.load_file(client_id)
        name = f"{client_id}.{_EXTENSIONS[file.details.media_type]}"
        headers = {
            "Content-Type": file.details.media_type,
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        return Response(200, file.content, headers)

    def replace_certificate(self, request: Request) -> Response:
        """Put the certificate of the body in the place of the present one."""
        actor = self._gate.admit(request)
        client_id, version = client_id_of(request), if_version_of(request)
        content = _uploaded(request)
        return self._describe(self._certificates.replace(client_id, content, actor, version))

    def _describe(self, registration: Registration) -> Response:
        view = certificate_view(registration, self._clock.now())
        if view is None:
            raise NotFound("certificate")
        return answer(200, view, registration.application.version)


def _wants_file(request: Request) -> bool:
    """Whether Accept names a certificate's type: the file has one form, that of its upload."""
    named = {part.partition(";")[0].strip().lower() for part in _accepted(request)}
    return bool(named & set(UPLOAD_TYPES))


def _accepted(request: Request) -> list[str]:
    return ",".join(request.headers.get("accept", ())).split(",")


def _uploaded(request: Request) -> bytes:
    """The file in the body: as it is, or in a JSON text. Raises UnsupportedMediaType and more."""
    kind = media_type(request)
    if kind in UPLOAD_TYPES:
        return request.body
    if kind != JSON_TYPE:
        raise UnsupportedMediaType(", ".join((*UPLOAD_TYPES, JSON_TYPE)))
    form, refused = read_fields(CertificateForm, read_json_object(request), CERTIFICATE_STAND_INS)
    if refused:
        raise FieldsRefused(refused)
    try:
        return read_text(form.certificate)
    except CertificateRefused as error:
        raise FieldsRefused({"certificate": str(error)}) from None
