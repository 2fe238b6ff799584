"""A registered application as an administrator sees it."""

from dataclasses import dataclass

from chalicelib.oauth.model import Application


@dataclass(frozen=True, slots=True)
class CertificateDetails:
    """An uploaded certificate: `file_sha256` (hex) is its name in S3, `media_type` how it came.

    `subject` and `issuer` are RFC 4514 strings; the rest is in `Application.certificate`.
    """

    file_sha256: str
    media_type: str
    subject: str
    issuer: str
    serial_number: str
    key_description: str


@dataclass(frozen=True, slots=True)
class Registration:
    """An application and what the token path does not read; times are epoch seconds."""

    application: Application
    created_at: int
    updated_at: int
    website: str | None = None
    description: str | None = None
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    certificate: CertificateDetails | None = None
