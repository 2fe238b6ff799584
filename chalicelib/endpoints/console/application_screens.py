"""Joins the screens about applications: the list, the form, one application."""

from chalicelib.audit import AuditTrail
from chalicelib.directory.stores import UserStore
from chalicelib.endpoints.console.application_acts import ApplicationActs
from chalicelib.endpoints.console.application_screen import ApplicationScreen
from chalicelib.endpoints.console.applications_screen import ApplicationsScreen
from chalicelib.endpoints.console.credentials_screen import CredentialsScreen
from chalicelib.endpoints.console.desk import Desk, Screen
from chalicelib.endpoints.console.register_screen import RegisterScreen
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.stores import RecordReader
from chalicelib.oauth.validation import TokenValidator
from chalicelib.registry.applications import Applications
from chalicelib.registry.client_certificates import ClientCertificates
from chalicelib.registry.secrets import ClientSecrets
from chalicelib.registry.stores import ApplicationStore, CertificateFiles
from chalicelib.registry.trial_tokens import TrialTokens
from chalicelib.usage import Usage


def application_screens(
    *,
    desk: Desk,
    applications: ApplicationStore,
    users: UserStore,
    files: CertificateFiles,
    trail: AuditTrail,
    reader: RecordReader,
    validator: TokenValidator,
    usage: Usage,
    clock: Clock,
    issuer: str,
) -> dict[str, Screen]:
    """Each under its name in `routes.ROUTES`."""
    registered = Applications(applications, users, files, clock)
    secrets = ClientSecrets(applications, clock)
    application = ApplicationScreen(
        desk=desk,
        applications=registered,
        trail=trail,
        usage=usage,
        reader=reader,
        clock=clock,
        issuer=issuer,
    )
    credentials = CredentialsScreen(
        desk=desk,
        screen=application,
        secrets=secrets,
        certificates=ClientCertificates(applications, files, clock),
        trials=TrialTokens(applications, users, clock),
        validator=validator,
        issuer=issuer,
    )
    acts = ApplicationActs(desk, registered, secrets)
    registration = RegisterScreen(desk, registered, clock, issuer)
    return {
        "list_applications": ApplicationsScreen(desk, registered, usage, reader, clock),
        "show_registration": registration.show,
        "register": registration.submit,
        "show_application": application.show,
        "back_to_application": application.back,
        "show_change": application.show_change,
        "change_application": application.change,
        "enable": acts.enable,
        **acts.screens(),
        "rotate_secret": credentials.rotate,
        "download_certificate": credentials.download_certificate,
        "replace_certificate": credentials.replace_certificate,
        "issue_trial": credentials.issue_trial,
    }
