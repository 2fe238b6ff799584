"""The registry's services over the in-memory stores, for tests that need no HTTP."""

from typing import Any

import pytest

from chalicelib.administration.refusals import FieldsRefused
from chalicelib.audit import Actor
from chalicelib.directory.model import Account
from chalicelib.directory.users import Users
from chalicelib.oauth.model import Application
from chalicelib.registry.applications import Applications, Registered
from chalicelib.registry.client_certificates import ClientCertificates
from chalicelib.registry.secrets import ClientSecrets
from tests.certificates import pem
from tests.fakes.clock import FakeClock
from tests.fakes.stores import FakeStores

ACTOR = Actor("app_console", "usr_admon", "domain\\admon", "192.0.2.1")


class Registrar:
    """Services, the users `admon` (an administrator) and `jdoe`, and forms that are valid."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.stores = FakeStores()
        store, files = self.stores.applications, self.stores.certificate_files
        self.users = Users(self.stores.users, self.clock)
        self.applications = Applications(store, self.stores.users, files, self.clock)
        self.secrets = ClientSecrets(store, self.clock)
        self.certificates = ClientCertificates(store, files, self.clock)
        self.admon = self.add_user("admon", roles=["administrator"])
        self.jdoe = self.add_user("jdoe")

    def add_user(self, name: str, **values: Any) -> Account:
        return self.users.create({"user_name": name, "user_domain": "domain", **values}, ACTOR)

    def register(self, values: dict[str, Any]) -> Registered:
        return self.applications.register(values, ACTOR)

    def refusals(self, values: dict[str, Any]) -> dict[str, str]:
        """The wrong fields of a registration, each with its reason."""
        with pytest.raises(FieldsRefused) as caught:
            self.register(values)
        return caught.value.fields

    def update(self, client_id: str, /, **body: Any) -> Application:
        return self.applications.update(client_id, body, ACTOR).application

    def update_refusals(self, client_id: str, /, **body: Any) -> dict[str, str]:
        with pytest.raises(FieldsRefused) as caught:
            self.applications.update(client_id, body, ACTOR)
        return caught.value.fields

    def application(self, client_id: str) -> Application:
        return self.applications.load(client_id).application


_FORMS: dict[str, dict[str, Any]] = {
    "authorization_code": {
        "redirect_strategy": "web_application",
        "redirect_uris": ["https://client.example/callback"],
        "allowed_scopes": ["api", "login"],
    },
    "client_credentials": {"user_name": "jdoe", "user_domain": "domain"},
    "client_certificate": {"user_name": "jdoe", "user_domain": "domain"},
    "bearer_token": {"allowed_scopes": ["user_sync"]},
    "all": {
        "user_name": "jdoe",
        "user_domain": "domain",
        "redirect_strategy": "mobile_localhost_port",
    },
}


def form(grant_type: str = "client_credentials", /, **changes: Any) -> dict[str, Any]:
    """A valid form of a grant type; a change to `...` leaves the field out."""
    values: dict[str, Any] = {"name": "Payroll", "grant_type": grant_type}
    if grant_type == "client_certificate":
        values["certificate"] = changes.pop("certificate", None) or pem()
    else:
        values["allowed_scopes"] = ["api"]
    values |= _FORMS[grant_type] | changes
    return {name: value for name, value in values.items() if value is not ...}
