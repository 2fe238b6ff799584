"""`/console/applications/{client_id}`: one application, and its changes."""

from urllib.parse import urlencode

from chalicelib.administration.refusals import FieldsRefused, FieldsTaken, VersionMismatch
from chalicelib.audit import AuditTrail
from chalicelib.directory.csrf import FormRefused
from chalicelib.endpoints.admin_requests import client_id_of
from chalicelib.endpoints.console.application_view import (
    certificate_of,
    facts_of,
    secrets_of,
)
from chalicelib.endpoints.console.desk import Desk
from chalicelib.endpoints.console.event_rows import EventRows
from chalicelib.endpoints.console.form_screen import PREVIEW_FORM, FormScreen, Purpose, texts_of
from chalicelib.endpoints.console.posted import read_posted
from chalicelib.endpoints.console.typed import read_typed
from chalicelib.endpoints.console.visitors import Visitor
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.errors import InvalidRequest, OAuthError
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.model import GrantType, User
from chalicelib.oauth.stores import Reading, RecordReader
from chalicelib.pages.console.application import ApplicationPage
from chalicelib.pages.console.frame import APPLICATIONS, Act
from chalicelib.pages.console.snippets import snippets_of
from chalicelib.registry.applications import Applications
from chalicelib.registry.built_in import LIFETIME_FIELDS
from chalicelib.registry.drafts import form_values
from chalicelib.registry.grant_types import has_secret
from chalicelib.registry.model import Registration
from chalicelib.registry.secrets import MAXIMUM_LIVE_SECRETS
from chalicelib.registry.trial_tokens import why_no_trial
from chalicelib.registry.warnings import warnings_of
from chalicelib.usage import Usage

EVENTS_SHOWN = 5
_MAXIMUM_VERSION_DIGITS = 12


class ApplicationScreen:
    """Shows one application and takes changes of its form."""

    def __init__(
        self,
        *,
        desk: Desk,
        applications: Applications,
        trail: AuditTrail,
        usage: Usage,
        reader: RecordReader,
        clock: Clock,
        issuer: str,
    ) -> None:
        self._desk = desk
        self._applications = applications
        self._trail = trail
        self._usage = usage
        self._reader = reader
        self._clock = clock
        self._issuer = issuer
        self._form = FormScreen(desk, clock)

    def show(self, request: Request, visitor: Visitor) -> Response:
        """Everything of it. Raises NotFound."""
        registration = self._applications.load(client_id_of(request))
        return self.show_registration(request, visitor, registration)

    def back(self, request: Request, _: Visitor) -> Response:
        """A form's path opened as a page: the page that holds the form. Raises NotFound."""
        return self._desk.done(path_of(client_id_of(request)))

    def show_registration(
        self,
        request: Request,
        visitor: Visitor,
        registration: Registration,
        refusal: OAuthError | None = None,
    ) -> Response:
        """As `show`; `refusal` is that of a certificate which was sent from the page."""
        application, now = registration.application, self._clock.now()
        user, client_id = self._user_of(registration), application.client_id
        keeps = application.built_in is None and has_secret(
            application.grant_type, public=application.public
        )
        ids = (None, *(secret.secret_id for secret in application.secrets))
        used = self._usage.last_uses((client_id, secret_id) for secret_id in ids)
        secrets = secrets_of(registration, used, now)
        events = self._trail.list_events(client_id, None, EVENTS_SHOWN)
        refused = refusal.fields if isinstance(refusal, FieldsRefused) else {}
        page = ApplicationPage(
            path=path_of(client_id),
            client_id=client_id,
            name=application.name,
            is_enabled=application.enabled,
            is_built_in=application.built_in is not None,
            warnings=tuple(one.message for one in warnings_of(registration, user, now)),
            facts=facts_of(registration, user),
            last_used_at=used.get((client_id, None)),
            has_secrets=keeps,
            may_rotate=sum(secret.is_live for secret in secrets) < MAXIMUM_LIVE_SECRETS,
            secrets=secrets,
            has_certificate=application.grant_type is GrantType.CLIENT_CERTIFICATE,
            certificate=certificate_of(registration, now),
            no_trial=why_no_trial(application),
            events=EventRows(self._reader).rows(events.items),
            audit_query=urlencode({"target": client_id}),
            snippets=snippets_of(registration, self._issuer),
            enable=self._act(visitor, client_id, "enable"),
            rotate=self._act(visitor, client_id, "secrets"),
            replace_certificate=self._act(visitor, client_id, "certificate"),
            trial=self._act(visitor, client_id, "trial"),
            preview_token=self._desk.token(visitor, PREVIEW_FORM),
            certificate_refusal=refused.get("certificate", ""),
            frame=self._desk.frame(request, visitor),
        )
        return self._desk.show(page, 200 if refusal is None else refusal.status)

    def show_change(self, request: Request, visitor: Visitor) -> Response:
        """The form as the application fills it. Raises NotFound."""
        registration = self._applications.load(client_id_of(request))
        values = form_values(registration, self._user_of(registration))
        return self._form.show(request, visitor, _purpose(registration), texts_of(values))

    def change(self, request: Request, visitor: Visitor) -> Response:
        """Change it, if it is of the version that the form showed. Raises NotFound, Conflict."""
        client_id = client_id_of(request)
        posted = read_posted(request)
        typed, version = read_typed(posted), posted.fields.get("version", "")
        registration = self._applications.load(client_id)
        values = typed.values
        if registration.application.built_in is not None:
            values = {name: values.get(name) for name in LIFETIME_FIELDS if name in values}
        try:
            self._desk.accept(posted.fields, visitor, _CHANGE_FORM, client_id, version)
            self._applications.update(client_id, values, visitor.actor, _version(version))
        except (FieldsRefused, FieldsTaken, FormRefused) as refusal:
            purpose = _purpose(registration)
            return self._form.again(request, visitor, purpose, typed, refusal)
        except VersionMismatch:
            changed = _Overtaken()
            return self._form.again(request, visitor, _purpose(registration), typed, changed)
        return self._desk.done(path_of(client_id), "saved")

    def _user_of(self, registration: Registration) -> User | None:
        user_id = registration.application.user_id
        if user_id is None:
            return None
        return self._reader.read(Reading(users=frozenset({user_id}))).users.get(user_id)

    def _act(self, visitor: Visitor, client_id: str, act: str) -> Act:
        return Act(f"{path_of(client_id)}/{act}", self._desk.token(visitor, act, client_id))


_CHANGE_FORM = "change application"


class _Overtaken(VersionMismatch):
    """The form again, with what was typed, for the version that there is now."""

    def __init__(self) -> None:
        super().__init__()
        self.description = (
            "Somebody changed this application while the form was open. What you typed is kept:"
            " look at the application before you save it."
        )


def path_of(client_id: str) -> str:
    """The page of an application."""
    return f"{APPLICATIONS.path}/{client_id}"


def _purpose(registration: Registration) -> Purpose:
    application = registration.application
    path = path_of(application.client_id)
    return Purpose(
        heading=f"Edit {application.name}",
        button="Save",
        path=f"{path}/edit",
        back_path=path,
        form=_CHANGE_FORM,
        bound=(application.client_id, str(application.version)),
        is_new=False,
        lifetime_alone=application.built_in is not None,
        holds_certificate=application.certificate is not None,
    )


def _version(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MAXIMUM_VERSION_DIGITS):
        raise InvalidRequest("The form names no version.")
    return int(text)
