"""What OpenAPI says of each endpoint, by the name that `admin.ROUTES` gives it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from chalicelib.administration.key_views import KeyListView
from chalicelib.administration.views import (
    ApplicationUsageView,
    AuditListView,
    ErrorView,
    FieldsErrorView,
    UsageView,
)
from chalicelib.directory.form import MAXIMUM_NAME_LENGTH, NewUserForm, PasswordForm, UserForm
from chalicelib.directory.session_views import ConsentListView, SessionListView
from chalicelib.directory.views import UserListView, UserView
from chalicelib.endpoints.admin_credentials import UPLOAD_TYPES
from chalicelib.endpoints.admin_requests import (
    DEFAULT_DAYS,
    DEFAULT_LIMIT,
    MAXIMUM_CURSOR_LENGTH,
    MAXIMUM_DAYS,
    MAXIMUM_LIMIT,
    MAXIMUM_SEARCH_LENGTH,
)
from chalicelib.oauth.model import GrantType, Status
from chalicelib.oauth.scope import FORM_SCOPES
from chalicelib.protected.odata.query_form import (
    NAME_PATTERN,
    NewStoredQueryForm,
    StoredQueryForm,
    StoredQueryListView,
    StoredQueryView,
)
from chalicelib.protected.rpa.model import Delivery
from chalicelib.protected.rpa.views import CallbackListView
from chalicelib.registry.certificates import DER_TYPE, PEM_TYPE
from chalicelib.registry.form import CertificateForm, RegistrationForm, RotationForm
from chalicelib.registry.stores import Order
from chalicelib.registry.views import (
    ApplicationListView,
    ApplicationView,
    ApplicationWithSecretView,
    CertificateView,
)

Parameter = Mapping[str, Any]

MODELS: tuple[type[BaseModel], ...] = (
    RegistrationForm, RotationForm, CertificateForm, NewUserForm, UserForm, PasswordForm,
    ApplicationView, ApplicationWithSecretView, ApplicationListView, CertificateView,
    UserView, UserListView, SessionListView, ConsentListView,
    KeyListView,
    AuditListView, UsageView, ApplicationUsageView, CallbackListView, ErrorView, FieldsErrorView,
    StoredQueryForm, NewStoredQueryForm, StoredQueryView, StoredQueryListView,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint. `body` and `answer` name schemas; `versioned`: takes If-Match."""

    summary: str
    answer: str | None
    success: str
    status: int = 200
    body: str | None = None
    body_required: bool = True
    parameters: tuple[Parameter, ...] = ()
    versioned: bool = False
    etag: bool = False
    public: bool = False
    file_types_in: tuple[str, ...] = ()
    file_types_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """One status that refuses, and the schema of its body."""

    description: str
    body: str = "ErrorView"


def _query(name: str, schema: Mapping[str, Any], description: str) -> Parameter:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _in_path(name: str, pattern: str) -> Parameter:
    schema = {"type": "string", "pattern": pattern}
    return {"name": name, "in": "path", "required": True, "schema": schema}


_LIMIT = _query(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": MAXIMUM_LIMIT, "default": DEFAULT_LIMIT},
    "How many items at most.",
)
_CURSOR = _query(
    "cursor",
    {"type": "string", "maxLength": MAXIMUM_CURSOR_LENGTH},
    "`next` of the page before.",
)
_DAYS = _query(
    "days",
    {"type": "integer", "minimum": 1, "maximum": MAXIMUM_DAYS, "default": DEFAULT_DAYS},
    "How many days, today included.",
)
_TOTAL = _query(
    "total", {"type": "boolean", "default": False}, "Also count all applications; it costs."
)
_USER_DOMAIN = _query(
    "user_domain", {"type": "string", "maxLength": MAXIMUM_NAME_LENGTH}, "Only this domain."
)
_DELETED = _query("deleted", {"type": "boolean"}, "Those whom provisioning deleted instead.")

_DELIVERY = _query(
    "status", {"type": "string", "enum": list(Delivery)}, "Only those that are so on their way."
)


def _search(description: str) -> Parameter:
    return _query("search", {"type": "string", "maxLength": MAXIMUM_SEARCH_LENGTH}, description)


def _one_of(name: str, values: Iterable[str], description: str) -> Parameter:
    """One of the words; the empty one, as a form sends it, asks for nothing."""
    return _query(name, {"type": "string", "enum": [*values, ""]}, description)


_SELECTION = (
    _one_of("grant_type", GrantType, "Those of this grant type alone."),
    _one_of("scope", FORM_SCOPES, "Those that may have this scope alone."),
    _one_of("status", Status, "Those of this status alone."),
    _one_of("sort", Order, "Absent: name. With a minus: from the end."),
)

IF_MATCH: Parameter = {
    "name": "If-Match",
    "in": "header",
    "schema": {"type": "string", "pattern": '^("[0-9]{1,18}"|\\*)$'},
    "description": "The ETag that was read; without it the change holds for any version.",
}

PATH_PARAMETERS: Mapping[str, Parameter] = {
    "client_id": _in_path("client_id", "^app_[0-9a-z]{26}$"),
    "user_id": _in_path("user_id", "^usr_[0-9a-z]{26}$"),
    "secret_id": _in_path("secret_id", "^[0-9a-z]{26}$"),
    "session_id": _in_path("session_id", "^[0-9a-z]{26}$"),
    "query_name": _in_path("query_name", f"^{NAME_PATTERN}$"),
}

ERRORS: Mapping[int, Refusal] = {
    400: Refusal("The request breaks rules; every wrong field is named.", "FieldsErrorView"),
    401: Refusal("No valid token was sent (RFC 6750 §3)."),
    403: Refusal("The token is not of an administrator with the scope admin."),
    404: Refusal("Nothing has this id."),
    409: Refusal("A value is taken, or the record's state does not allow this.", "FieldsErrorView"),
    412: Refusal("The record is of another version than If-Match names."),
    413: Refusal("The body is over 64 KiB."),
    415: Refusal("The body is of a type that is not read here."),
    503: Refusal("Storage does not answer; nothing was decided. Retry-After says when to ask."),
}


def _change(summary: str, answer: str) -> Operation:
    return Operation(summary, answer, "As it is now.", versioned=True, etag=True)


OPERATIONS: Mapping[str, Operation] = {
    "list_applications": Operation(
        "List applications",
        "ApplicationListView",
        "A page; it may be short, or empty, and still have a next one.",
        parameters=(_search("A part of the name."), *_SELECTION, _CURSOR, _LIMIT, _TOTAL),
    ),
    "register_application": Operation(
        "Register an application",
        "ApplicationWithSecretView",
        "Registered; the client secret is shown this once.",
        status=201,
        body="RegistrationForm",
        etag=True,
    ),
    "validate_application": Operation(
        "Ask whether a registration would be taken; nothing is registered",
        None,
        "It would be.",
        status=204,
        body="RegistrationForm",
    ),
    "validate_update": Operation(
        "Ask whether a change would be taken; nothing is changed",
        None,
        "It would be.",
        status=204,
        body="ApplicationChange",
        versioned=True,
    ),
    "read_application": Operation(
        "Read an application", "ApplicationView", "As it is now.", etag=True
    ),
    "update_application": Operation(
        "Change an application",
        "ApplicationView",
        "As it is now.",
        body="ApplicationChange",
        versioned=True,
        etag=True,
    ),
    "delete_application": Operation(
        "Delete an application and void what was issued to it",
        None,
        "Deleted.",
        status=204,
        versioned=True,
    ),
    "disable_application": _change("Refuse an application everything", "ApplicationView"),
    "enable_application": _change("Let an application get tokens again", "ApplicationView"),
    "revoke_tokens": _change("Void every token of an application", "ApplicationView"),
    "rotate_secret": Operation(
        "Make a new client secret; the present one ends after the overlap",
        "ApplicationWithSecretView",
        "Made; the client secret is shown this once.",
        status=201,
        body="RotationForm",
        body_required=False,
        versioned=True,
        etag=True,
    ),
    "cut_secret": _change("End a client secret and every token now", "ApplicationView"),
    "read_certificate": Operation(
        "Describe the certificate, or hand out its file as it was uploaded",
        "CertificateView",
        "Its details; the file where Accept names a certificate's type.",
        etag=True,
        file_types_out=(PEM_TYPE, DER_TYPE),
    ),
    "replace_certificate": Operation(
        "Replace the certificate and void what was issued by the present one",
        "CertificateView",
        "The new one's details.",
        body="CertificateForm",
        versioned=True,
        etag=True,
        file_types_in=UPLOAD_TYPES,
    ),
    "list_application_events": Operation(
        "List what happened to an application, also to a deleted one",
        "AuditListView",
        "A page, the newest first.",
        parameters=(_CURSOR, _LIMIT),
    ),
    "list_users": Operation(
        "List users by name",
        "UserListView",
        "A page.",
        parameters=(_search("The beginning of the name."), _USER_DOMAIN, _DELETED, _CURSOR, _LIMIT),
    ),
    "create_user": Operation(
        "Create a user", "UserView", "Created.", status=201, body="NewUserForm", etag=True
    ),
    "read_user": Operation("Read a user", "UserView", "As it is now.", etag=True),
    "update_user": Operation(
        "Change a user", "UserView", "As it is now.", body="UserChange", versioned=True, etag=True
    ),
    "disable_user": _change("Refuse a user everything", "UserView"),
    "enable_user": _change("Let a user act again", "UserView"),
    "set_password": Operation(
        "Set a user's password and void what was issued for the user",
        "UserView",
        "As it is now.",
        body="PasswordForm",
        versioned=True,
        etag=True,
    ),
    "list_sessions": Operation(
        "List where a user is logged in", "SessionListView", "Every session, the last used first."
    ),
    "end_sessions": Operation(
        "Log a user out everywhere", None, "Every session has ended.", status=204
    ),
    "end_session": Operation(
        "Log a user out of one browser", None, "The session has ended.", status=204
    ),
    "list_consents": Operation(
        "List what a user lets applications have",
        "ConsentListView",
        "Every consent, the newest first.",
    ),
    "withdraw_consent": Operation(
        "Withdraw a user's consent, and end what the application holds of the user",
        None,
        "Its codes and tokens of the user fail from now on, also where nobody had to be asked.",
        status=204,
    ),
    "read_usage": Operation(
        "Read what was issued and refused", "UsageView", "The last days.", parameters=(_DAYS,)
    ),
    "read_application_usage": Operation(
        "Read when it was used last", "ApplicationUsageView", "Moments of last use."
    ),
    "list_keys": Operation(
        "List the keys that sign ID tokens", "KeyListView", "Every key that is published."
    ),
    "rotate_keys": Operation(
        "Publish the next signing keys before their time; they sign a day later",
        "KeyListView",
        "The keys as they are now; as they were where the next ones are waiting already.",
    ),
    "list_events": Operation(
        "List what happened",
        "AuditListView",
        "A page, the newest first.",
        parameters=(_CURSOR, _LIMIT),
    ),
    "list_callbacks": Operation(
        "List the callbacks of bots",
        "CallbackListView",
        "A page, the newest first.",
        parameters=(_DELIVERY, _CURSOR, _LIMIT),
    ),
    "list_queries": Operation(
        "List stored queries by name",
        "StoredQueryListView",
        "A page.",
        parameters=(_CURSOR, _LIMIT),
    ),
    "create_query": Operation(
        "Store a query, to be executed by name",
        "StoredQueryView",
        "Stored.",
        status=201,
        body="NewStoredQueryForm",
        etag=True,
    ),
    "read_query": Operation("Read a stored query", "StoredQueryView", "As it is now.", etag=True),
    "replace_query": Operation(
        "Give a stored query another form",
        "StoredQueryView",
        "As it is now.",
        body="StoredQueryForm",
        versioned=True,
        etag=True,
    ),
    "delete_query": Operation(
        "Delete a stored query", None, "Deleted.", status=204, versioned=True
    ),
    "openapi": Operation("This document", "Document", "The document.", public=True),
}
