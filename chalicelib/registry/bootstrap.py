"""The first moment of a deployment: the built-in applications and the first administrator, once.

Every other way in asks for an administrator, so somebody has to be the first. The caller brings
rights of another kind: the operator's own AWS credentials, or the process that serves locally.
"""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.administration.refusals import Conflict, FieldsTaken
from chalicelib.audit import Actor
from chalicelib.directory.changes import NAME_TAKEN as USER_NAME_TAKEN
from chalicelib.directory.model import Account
from chalicelib.directory.stores import UserNameTaken
from chalicelib.directory.users import draft_user
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.scope import ADMINISTRATOR
from chalicelib.registry.built_in import CONSOLE_CLIENT_ID, built_in_registrations, with_issuer
from chalicelib.registry.changes import event_of
from chalicelib.registry.drafts import form_values
from chalicelib.registry.stores import (
    ApplicationChanged,
    ApplicationStore,
    BootstrapStore,
    BuiltInExists,
    NameTaken,
)


class AlreadyBootstrapped(Conflict):
    """There are built-in applications, so there was a first administrator."""

    def __init__(self) -> None:
        super().__init__("This deployment was set up before; its administrators add others.")


class Bootstrap:
    """Sets a deployment up."""

    def __init__(self, store: BootstrapStore, applications: ApplicationStore, clock: Clock) -> None:
        self._store = store
        self._applications = applications
        self._clock = clock

    def require_fresh(self) -> None:
        """Raises AlreadyBootstrapped, StoreUnavailable; the transaction of `run` decides."""
        if self._applications.load(CONSOLE_CLIENT_ID) is not None:
            raise AlreadyBootstrapped

    def run(self, administrator: Mapping[str, object], issuer: str, actor: Actor) -> Account:
        """The first administrator, by the fields of the user form, beside what is built in.

        Of any number of calls, at once or one after another, exactly one succeeds.
        Raises AlreadyBootstrapped, FieldsRefused, FieldsTaken, Conflict, StoreUnavailable.
        """
        now = self._clock.now()
        registrations = built_in_registrations(issuer, now)
        # Said before the password is hashed.
        self.require_fresh()
        new = draft_user({**administrator, "roles": [ADMINISTRATOR]}, actor, now)
        events = [
            event_of(
                "application.created",
                registration.application.client_id,
                actor,
                now,
                form_values(registration, None),
            )
            for registration in registrations
        ]
        try:
            self._store.create(registrations, new, events)
        except BuiltInExists:
            raise AlreadyBootstrapped from None
        except UserNameTaken:
            raise FieldsTaken(USER_NAME_TAKEN) from None
        except NameTaken:
            raise Conflict("An application has the name of a built-in one; rename it.") from None
        return new.account

    def follow_issuer(self, issuer: str, actor: Actor) -> bool:
        """Move the console's callback below the issuer of now; whether it was elsewhere.

        For a deployment that was given another domain. Raises Conflict, StoreUnavailable.
        """
        before = self._applications.load(CONSOLE_CLIENT_ID)
        if before is None:
            raise Conflict("This deployment was not set up yet.")
        after = with_issuer(before, issuer)
        if after == before:
            return False
        now = self._clock.now()
        application = replace(after.application, version=before.application.version + 1)
        after = replace(after, application=application, updated_at=now)
        changes = {"redirect_uris": list(after.redirect_uris)}
        event = event_of("application.updated", CONSOLE_CLIENT_ID, actor, now, changes)
        try:
            self._applications.replace(before, after, event)
        except ApplicationChanged:
            raise Conflict("The console is being changed by others; try again.") from None
        return True
