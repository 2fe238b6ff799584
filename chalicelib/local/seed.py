"""What the local server begins with, made by the services and so by the rules of the API."""

import secrets
from collections.abc import Mapping
from pathlib import Path

from chalicelib.administration.refusals import FieldsTaken
from chalicelib.audit import Actor
from chalicelib.directory.model import fold
from chalicelib.directory.users import Users
from chalicelib.local import certificate
from chalicelib.local.credentials import Credentials, write_private
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.scope import ADMINISTRATOR
from chalicelib.registry.applications import Applications, Registered
from chalicelib.registry.bootstrap import AlreadyBootstrapped, Bootstrap
from chalicelib.storage.stores import Stores

DOMAIN = "domain"
ADMINISTRATOR_NAME = "admon"
USER_NAME = "jdoe"
SYSTEM = Actor(client_id=None, user_id=None, user_name=None, source_ip="127.0.0.1")

_ACTING_AS_USER = {"user_name": USER_NAME, "user_domain": DOMAIN}
_ADMIN_APPLICATION = {
    "name": "Local administration",
    "grant_type": "client_credentials",
    "allowed_scopes": ["admin", "api"],
    "user_name": ADMINISTRATOR_NAME,
    "user_domain": DOMAIN,
    "introspection": "any",
}
_APPLICATIONS: dict[str, dict[str, object]] = {
    "client_credentials": {
        "allowed_scopes": ["api", "odata_query"],
        "token_lifetime_minutes": 60,
        **_ACTING_AS_USER,
    },
    # What an identity provider stores as its secret token, for good.
    "bearer_token": {"allowed_scopes": ["user_sync"], "token_lifetime_minutes": None},
    "client_certificate": {"token_lifetime_minutes": 20, **_ACTING_AS_USER},
    # A web application that keeps a secret on its server and logs people in.
    "authorization_code": {
        "allowed_scopes": ["api", "login"],
        "redirect_strategy": "web_application",
        "redirect_uris": ["https://client.example/callback"],
        "post_logout_redirect_uris": ["https://client.example/goodbye"],
        "token_lifetime_minutes": 60,
    },
    "all": {
        "allowed_scopes": ["api", "rpa"],
        "redirect_strategy": "web_application",
        "redirect_uris": ["https://client.example/callback"],
        "token_lifetime_minutes": 30,
        "life_cycle_type": "sliding",
        **_ACTING_AS_USER,
    },
}
# What a program on the user's own machine is: it keeps no secret, and listens on any free port.
_PUBLIC_APPLICATION: dict[str, object] = {
    "name": "Local public",
    "grant_type": "authorization_code",
    "allowed_scopes": ["api", "login"],
    "redirect_strategy": "mobile_localhost_port",
    "token_lifetime_minutes": 60,
}
_REDIRECT_URIS = {
    "all": "https://client.example/callback",
    "authorization_code": "https://client.example/callback",
    # The port is an example.
    "public": "http://127.0.0.1:8400/",
}
_USERS: dict[str, dict[str, str]] = {
    ADMINISTRATOR_NAME: {"given_name": "Ada", "family_name": "Monroe"},
    USER_NAME: {"given_name": "Jane", "family_name": "Doe"},
}


def seed(stores: Stores, clock: Clock, issuer: str, directory: Path) -> Credentials:
    """Users, one application per grant type and a public one; secrets are new at every start.

    Where storage outlives this process, users keep their ids, and applications are replaced.
    """
    seeding = _Seeding(stores, clock)
    administrator = seeding.administrator(issuer)
    user = seeding.user(USER_NAME, [])
    admin_application = seeding.application(_ADMIN_APPLICATION)
    applications: dict[str, dict[str, str | None]] = {}
    for grant_type, values in _APPLICATIONS.items():
        form: dict[str, object] = {
            "name": f"Local {grant_type.replace('_', ' ')}",
            "grant_type": grant_type,
            **values,
        }
        files: dict[str, str | None] = {}
        if grant_type == "client_certificate":
            generated = certificate.generate("Local client certificate", clock.now())
            form["certificate"] = generated.certificate.decode("ascii")
            files = _save_certificate(directory.resolve(), generated)
        applications[grant_type] = seeding.application(form) | files
    applications["public"] = seeding.application(_PUBLIC_APPLICATION)
    for name, redirect_uri in _REDIRECT_URIS.items():
        applications[name]["redirect_uri"] = redirect_uri
    return {
        "issuer": issuer,
        "administrator": administrator,
        "user": user,
        "admin_application": admin_application,
        "applications": applications,
    }


def _save_certificate(
    directory: Path, generated: certificate.ClientCertificate
) -> dict[str, str | None]:
    private_key_file = directory / "client_certificate.key"
    certificate_file = directory / "client_certificate.cer"
    write_private(private_key_file, generated.private_key)
    write_private(certificate_file, generated.certificate)
    return {"private_key_file": str(private_key_file), "certificate_file": str(certificate_file)}


class _Seeding:
    def __init__(self, stores: Stores, clock: Clock) -> None:
        self._user_store = stores.users
        self._bootstrap = Bootstrap(stores.first_records, stores.applications, clock)
        self._users = Users(stores.users, clock)
        self._applications = Applications(
            stores.applications, stores.users, stores.certificate_files, clock
        )

    def administrator(self, issuer: str) -> dict[str, str]:
        """The first administrator, made as in any deployment; later starts find it."""
        name, profile = _names(ADMINISTRATOR_NAME)
        password = secrets.token_urlsafe(18)
        try:
            self._bootstrap.run({**name, **profile, "password": password}, issuer, SYSTEM)
        except AlreadyBootstrapped:
            self._bootstrap.follow_issuer(issuer, SYSTEM)
            return self.user(ADMINISTRATOR_NAME, [ADMINISTRATOR])
        return {**name, **profile, "password": password}

    def user(self, user_name: str, roles: list[str]) -> dict[str, str]:
        """A user with a name, an address and a new password."""
        name, profile = _names(user_name)
        password = secrets.token_urlsafe(18)
        found = self._user_store.find(DOMAIN, user_name)
        if found is None:
            self._users.create({**name, **profile, "roles": roles, "password": password}, SYSTEM)
        else:
            user_id = found.user.user_id
            self._users.enable(user_id, SYSTEM)
            self._users.update(user_id, {**profile, "roles": roles}, SYSTEM)
            self._users.set_password(user_id, {"password": password}, SYSTEM)
        return {**name, **profile, "password": password}

    def application(self, form: Mapping[str, object]) -> dict[str, str | None]:
        """A new application in place of one of its name."""
        try:
            registered = self._applications.register(form, SYSTEM)
        except FieldsTaken:
            self._remove(str(form["name"]))
            registered = self._applications.register(form, SYSTEM)
        return _credentials_of(registered)

    def _remove(self, name: str) -> None:
        page = self._applications.list_registrations(name, None, 100)
        for registration in page.items:
            application = registration.application
            if fold(application.name) == fold(name):
                self._applications.delete(application.client_id, SYSTEM)


def _names(user_name: str) -> tuple[dict[str, str], dict[str, str]]:
    name = {"user_name": user_name, "user_domain": DOMAIN}
    return name, {**_USERS[user_name], "email": f"{user_name}@example.com"}


def _credentials_of(registered: Registered) -> dict[str, str | None]:
    return {
        "client_id": registered.registration.application.client_id,
        "client_secret": registered.client_secret,
    }
