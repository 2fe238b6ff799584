"""One application: what it is, its credentials, and what can be done with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from chalicelib.pages.console.application_form import CertificateFacts
from chalicelib.pages.console.events import EventRow
from chalicelib.pages.console.frame import APPLICATIONS, Act, ConsolePage
from chalicelib.pages.console.snippets import Snippet


@dataclass(frozen=True, slots=True)
class Fact:
    """A label with one text or several."""

    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SecretRow:
    """A client secret; times are epoch seconds.

    `ends_at` None: without an end. `last_used_at` None: not that we know.
    """

    secret_id: str
    created_at: int
    ends_at: int | None
    is_live: bool
    bearer_revoked: bool
    last_used_at: int | None


@dataclass(frozen=True, slots=True)
class ApplicationPage(ConsolePage):
    """Everything of one application.

    `may_rotate`: another secret can be made. `no_trial`: why no trial token can be had, or "".
    """

    TEMPLATE: ClassVar[str] = "console/application.html"
    SECTION: ClassVar[str] = APPLICATIONS.key
    SCRIPTS: ClassVar[tuple[str, ...]] = ("copy.js", "certificate.js")
    OVERLAPS: ClassVar[Mapping[str, str]] = {
        "86400": "1 day",
        "604800": "7 days",
        "2592000": "30 days",
        "0": "Not at all: it ends now",
    }

    path: str
    client_id: str
    name: str
    is_enabled: bool
    is_built_in: bool
    warnings: tuple[str, ...]
    facts: tuple[Fact, ...]
    last_used_at: int | None
    has_secrets: bool
    may_rotate: bool
    secrets: tuple[SecretRow, ...]
    has_certificate: bool
    certificate: CertificateFacts | None
    no_trial: str
    events: tuple[EventRow, ...]
    audit_query: str
    snippets: tuple[Snippet, ...]
    enable: Act
    rotate: Act
    replace_certificate: Act
    trial: Act
    preview_token: str = field(repr=False)
    certificate_refusal: str = ""


@dataclass(frozen=True, slots=True)
class TrialPage(ConsolePage):
    """A trial token, taken apart and introspected; shown this once."""

    TEMPLATE: ClassVar[str] = "console/trial.html"
    SECTION: ClassVar[str] = APPLICATIONS.key
    SCRIPTS: ClassVar[tuple[str, ...]] = ("copy.js",)

    path: str
    name: str
    minutes: int
    ends_at: int | None
    access_token: str = field(repr=False)
    parts: tuple[Fact, ...]
    introspection: str
    whoami_url: str
