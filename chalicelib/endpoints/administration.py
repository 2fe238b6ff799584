"""Joins the registration endpoints: stores, services, and the names of the routes."""

from collections.abc import Mapping

from chalicelib.administration.key_ring import SigningKeyRing
from chalicelib.audit import AuditTrail
from chalicelib.directory.consents import Consents, ConsentStore
from chalicelib.directory.sessions import Sessions, SessionStore
from chalicelib.directory.stores import UserStore
from chalicelib.directory.users import Users
from chalicelib.endpoints.adapter import Endpoint
from chalicelib.endpoints.admin_applications import ApplicationEndpoints
from chalicelib.endpoints.admin_audit import AuditEndpoints
from chalicelib.endpoints.admin_callbacks import CallbackEndpoints
from chalicelib.endpoints.admin_credentials import CredentialEndpoints
from chalicelib.endpoints.admin_keys import KeyEndpoints
from chalicelib.endpoints.admin_queries import QueryEndpoints
from chalicelib.endpoints.admin_requests import Gate
from chalicelib.endpoints.admin_sessions import SessionEndpoints
from chalicelib.endpoints.admin_usage import UsageEndpoints
from chalicelib.endpoints.admin_users import UserEndpoints
from chalicelib.endpoints.openapi import OpenApi
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.signing_keys import KeyRing
from chalicelib.oauth.stores import RecordReader
from chalicelib.protected.guard import Guard
from chalicelib.protected.odata.query_registry import StoredQueries
from chalicelib.protected.odata.stored_queries import QueryStore, StoredQuery
from chalicelib.protected.rpa.stores import CallbackStore
from chalicelib.registry.applications import Applications
from chalicelib.registry.client_certificates import ClientCertificates
from chalicelib.registry.secrets import ClientSecrets
from chalicelib.registry.stores import ApplicationStore, CertificateFiles
from chalicelib.usage import Usage


def join(
    *,
    guard: Guard,
    applications: ApplicationStore,
    users: UserStore,
    sessions: SessionStore,
    consents: ConsentStore,
    files: CertificateFiles,
    trail: AuditTrail,
    usage: Usage,
    callbacks: CallbackStore,
    queries: QueryStore,
    reader: RecordReader,
    ring: KeyRing,
    clock: Clock,
    issuer: str,
) -> Mapping[str, Endpoint]:
    """Every endpoint under its name in `admin.ROUTES`."""
    gate = Gate(guard)
    registered = Applications(applications, users, files, clock)
    registrations = ApplicationEndpoints(gate, registered, reader, clock)
    credentials = CredentialEndpoints(
        gate,
        ClientSecrets(applications, clock),
        ClientCertificates(applications, files, clock),
        reader,
        clock,
    )
    directory = Users(users, clock)
    people, keys = UserEndpoints(gate, directory), KeyEndpoints(gate, SigningKeyRing(ring, clock))
    logins = SessionEndpoints(
        gate, directory, Sessions(sessions, clock), Consents(consents, clock), reader
    )
    audit = AuditEndpoints(gate, trail)
    figures = UsageEndpoints(gate, usage, registered)
    return {
        **_registrations(registrations),
        "rotate_secret": credentials.rotate_secret,
        "cut_secret": credentials.cut_secret,
        "read_certificate": credentials.read_certificate,
        "replace_certificate": credentials.replace_certificate,
        "list_application_events": audit.list_of_application,
        **_people(people),
        "list_sessions": logins.list_sessions,
        "end_sessions": logins.end_all,
        "end_session": logins.end_session,
        "list_consents": logins.list_consents,
        "withdraw_consent": logins.withdraw_consent,
        "read_usage": figures.read_days,
        "read_application_usage": figures.read_application,
        "list_keys": keys.list_all,
        "rotate_keys": keys.rotate,
        "list_events": audit.list_all,
        "list_callbacks": CallbackEndpoints(gate, callbacks).list_all,
        **_queries(QueryEndpoints(gate, StoredQueries(queries, clock, _judge))),
        "openapi": OpenApi(issuer),
    }


def _registrations(registrations: ApplicationEndpoints) -> Mapping[str, Endpoint]:
    return {
        "list_applications": registrations.list_all,
        "register_application": registrations.register,
        "validate_application": registrations.validate,
        "validate_update": registrations.validate_update,
        "read_application": registrations.read,
        "update_application": registrations.update,
        "delete_application": registrations.delete,
        "disable_application": registrations.disable,
        "enable_application": registrations.enable,
        "revoke_tokens": registrations.revoke_tokens,
    }


def _people(people: UserEndpoints) -> Mapping[str, Endpoint]:
    return {
        "list_users": people.list_all,
        "create_user": people.create,
        "read_user": people.read,
        "update_user": people.update,
        "disable_user": people.disable,
        "enable_user": people.enable,
        "set_password": people.set_password,
    }


def _queries(stored: QueryEndpoints) -> Mapping[str, Endpoint]:
    return {
        "list_queries": stored.list_all,
        "create_query": stored.create,
        "read_query": stored.read,
        "replace_query": stored.replace,
        "delete_query": stored.delete,
    }


def _judge(query: StoredQuery) -> Mapping[str, str]:
    """What is wrong with a query; OData's parser is imported with the first one."""
    from chalicelib.protected.odata.query_validation import (  # noqa: PLC0415 - see above
        broken_options,
    )

    return broken_options(query)
