"""The certificate of an application: replaced, described, handed back as it was uploaded."""

from dataclasses import dataclass, replace

from chalicelib.administration.refusals import Conflict, FieldsRefused, NotFound
from chalicelib.audit import Actor
from chalicelib.oauth.certificate_assertion import MAXIMUM_CLOCK_SKEW_SECONDS
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.model import GrantType
from chalicelib.registry.certificates import (
    CertificateRefused,
    UploadedCertificate,
    read_certificate,
)
from chalicelib.registry.changes import Change, Changes, without_tokens
from chalicelib.registry.model import CertificateDetails, Registration
from chalicelib.registry.stores import ApplicationStore, CertificateFiles


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """A certificate's file as it was uploaded."""

    content: bytes
    details: CertificateDetails


class ClientCertificates:
    """Looks after certificates. Every method may raise StoreUnavailable."""

    def __init__(self, store: ApplicationStore, files: CertificateFiles, clock: Clock) -> None:
        self._changes = Changes(store, clock)
        self._files = files
        self._clock = clock

    def load(self, client_id: str) -> Registration:
        """The application, with or without a certificate. Raises NotFound."""
        return self._changes.load(client_id)

    def load_file(self, client_id: str) -> CertificateFile:
        """The file as it was uploaded. Raises NotFound."""
        details = self.load(client_id).certificate
        if details is None:
            raise NotFound("certificate")
        return CertificateFile(self._files.load(details.file_sha256), details)

    def replace(
        self, client_id: str, content: bytes, actor: Actor, if_version: int | None = None
    ) -> Registration:
        """Put another certificate in the place of the present one, whose JWTs and tokens end.

        Raises NotFound, VersionMismatch, FieldsRefused, FieldsTaken, Conflict.
        """
        uploaded = self._read(content)

        def alter(before: Registration, now: int) -> Change:
            application = before.application
            if application.grant_type is not GrantType.CLIENT_CERTIFICATE:
                raise Conflict("An application of this grant type has no certificate.")
            details = uploaded.details
            self._files.save(details.file_sha256, uploaded.content, details.media_type)
            if application.certificate != uploaded.key:
                held = application.certificate
                is_same_key = held is not None and held.public_key == uploaded.key.public_key
                # A new key signed nothing that could be dated ahead: it is good from this second.
                skew = MAXIMUM_CLOCK_SKEW_SECONDS if is_same_key else -1
                application = without_tokens(application, now, skew)
            application = replace(application, certificate=uploaded.key)
            after = replace(before, application=application, certificate=details)
            thumbprint = uploaded.key.thumbprint
            return Change(after, "certificate.replaced", {"certificate_thumbprint": thumbprint})

        return self._changes.change(client_id, alter, actor, if_version)

    def _read(self, content: bytes) -> UploadedCertificate:
        try:
            return read_certificate(content, self._clock.now())
        except CertificateRefused as error:
            raise FieldsRefused({"certificate": str(error)}) from None
