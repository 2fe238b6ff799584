"""Registering applications, changing them, and ending what they hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chalicelib.administration.refusals import FieldsTaken, VersionMismatch
from chalicelib.audit import Actor
from chalicelib.directory.stores import UserStore
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.ids import new_client_id
from chalicelib.oauth.model import Application, Grant, Secret, Status, User
from chalicelib.paging import Page
from chalicelib.registry.built_in import LIFETIME_FIELDS
from chalicelib.registry.built_in import refusal as built_in_refusal
from chalicelib.registry.certificates import UploadedCertificate
from chalicelib.registry.changes import (
    CERTIFICATE_TAKEN,
    NAME_TAKEN,
    REVOKING,
    Change,
    Changes,
    event_of,
    with_taken,
    without_tokens,
)
from chalicelib.registry.drafts import (
    Draft,
    Drafting,
    apply_draft,
    changed_life_cycle,
    changed_values,
    form_values,
)
from chalicelib.registry.ends import End
from chalicelib.registry.grant_types import bears_its_secret, has_secret
from chalicelib.registry.model import Registration
from chalicelib.registry.secrets import NewSecret, bearer_grant, new_client_secret
from chalicelib.registry.stores import (
    EVERYTHING,
    ApplicationStore,
    CertificateFiles,
    Selection,
)


@dataclass(frozen=True, slots=True)
class Registered:
    """A new application and, this once, its client secret."""

    registration: Registration
    user: User | None
    client_secret: str | None = field(repr=False)


class Applications:
    """The "OAuth 2.0 Applications" option. Every method may raise StoreUnavailable."""

    def __init__(
        self, store: ApplicationStore, users: UserStore, files: CertificateFiles, clock: Clock
    ) -> None:
        self._store = store
        self._users = users
        self._files = files
        self._clock = clock
        self._changes = Changes(store, clock)
        self._drafting = Drafting(users)

    def register(self, values: Mapping[str, object], actor: Actor) -> Registered:
        """Validate, keep the certificate's file, then write everything at once.

        Raises FieldsRefused, FieldsTaken.
        """
        now = self._clock.now()
        draft = self._drafting.draft(values, now)
        registration = _first(draft, now)
        application = registration.application
        secret: NewSecret | None = None
        grants: tuple[Grant, ...] = ()
        if has_secret(application.grant_type, public=application.public):
            secret = new_client_secret(application.client_id, now)
            application = replace(application, secrets=(secret.stored,))
            registration = replace(registration, application=application)
            if bears_its_secret(application.grant_type):
                grants = (bearer_grant(application, secret.stored),)
        self._save_file(draft.certificate)
        changes = {**form_values(registration, draft.user), **_thumbprint(application)}
        event = event_of("application.created", application.client_id, actor, now, changes)
        with_taken(lambda: self._store.create(registration, grants, event))
        return Registered(registration, draft.user, None if secret is None else secret.value)

    def validate_registration(self, values: Mapping[str, object]) -> None:
        """Refuse what `register` would refuse now, and write nothing.

        Raises FieldsRefused, FieldsTaken.
        """
        self._validate_free(self._drafting.draft(values, self._clock.now()))

    def validate_update(
        self, client_id: str, body: Mapping[str, object], if_version: int | None = None
    ) -> None:
        """Refuse what `update` would refuse now, and write nothing.

        Raises NotFound, VersionMismatch, FieldsRefused, FieldsTaken, Conflict.
        """
        before = self.load(client_id)
        if if_version is not None and if_version != before.application.version:
            raise VersionMismatch
        if before.application.built_in is not None:
            _lifetime_changed(before, body)
            return
        user, now = self._user_of(before), self._clock.now()
        self._validate_free(self._draft_change(before, user, body, now), client_id)

    def load(self, client_id: str) -> Registration:
        """Raises NotFound."""
        return self._changes.load(client_id)

    def list_registrations(
        self, search: str, cursor: str | None, limit: int, selection: Selection = EVERYTHING
    ) -> Page[Registration]:
        """The selected applications whose name holds `search`. Raises InvalidCursor."""
        return self._store.list_registrations(search, cursor, limit, selection)

    def list_ends(self, since: int, until: int, cursor: str | None, limit: int) -> Page[End]:
        """Credentials that end within these times, the nearest first. Raises InvalidCursor."""
        return self._store.list_ends(since, until, cursor, limit)

    def count(self) -> int:
        """How many applications there are."""
        return self._store.count()

    def update(
        self,
        client_id: str,
        body: Mapping[str, object],
        actor: Actor,
        if_version: int | None = None,
    ) -> Registration:
        """Change fields of the form; the result must keep every rule of creation.

        Raises NotFound, VersionMismatch, FieldsRefused, FieldsTaken, Conflict.
        """

        def alter(before: Registration, now: int) -> Change | None:
            if before.application.built_in is not None:
                return _lifetime_changed(before, body)
            user = self._user_of(before)
            draft = self._draft_change(before, user, body, now)
            self._save_file(draft.certificate)
            after, ended = _updated(before, draft, now)
            if after == before:
                return None
            changes = _differences(before, user, after, draft.user)
            return Change(after, "application.updated", changes, ended_grants=ended)

        return self._changes.change(client_id, alter, actor, if_version)

    def disable(self, client_id: str, actor: Actor, if_version: int | None = None) -> Registration:
        """Refuse the application everything; its tokens stay dead when it is enabled again.

        Written also when it is disabled already, so that the answer always comes after every
        lease of the enabled application has ended.
        """

        def alter(before: Registration, now: int) -> Change:
            application = replace(without_tokens(before.application, now), status=Status.DISABLED)
            return Change(replace(before, application=application), "application.disabled")

        return self._changes.change(client_id, alter, actor, if_version)

    def enable(self, client_id: str, actor: Actor, if_version: int | None = None) -> Registration:
        """Let the application get tokens again."""

        def alter(before: Registration, _: int) -> Change | None:
            if before.application.enabled:
                return None
            application = replace(before.application, status=Status.ENABLED)
            return Change(replace(before, application=application), "application.enabled")

        return self._changes.change(client_id, alter, actor, if_version)

    def revoke_tokens(
        self, client_id: str, actor: Actor, if_version: int | None = None
    ) -> Registration:
        """Void every token, and the use of every present secret as a bearer token."""

        def alter(before: Registration, now: int) -> Change:
            application = without_tokens(before.application, now)
            application = replace(application, secrets=_without_bearer_use(application))
            after = replace(before, application=application)
            return Change(after, REVOKING)

        return self._changes.change(client_id, alter, actor, if_version)

    def delete(self, client_id: str, actor: Actor, if_version: int | None = None) -> None:
        """Remove the application; what was issued to it is void, its audit events stay."""
        self._changes.delete(client_id, actor, if_version)

    def _draft_change(
        self, before: Registration, user: User | None, body: Mapping[str, object], now: int
    ) -> Draft:
        """What the registration becomes by a body. Raises FieldsRefused."""
        values = changed_values(before, user, body)
        return self._drafting.draft(values, now, held=before.application.certificate)

    def _validate_free(self, draft: Draft, own: str | None = None) -> None:
        """Nobody but `own` has the name or the new certificate. Raises FieldsTaken."""
        taken: dict[str, str] = {}
        if self._store.find(draft.form.name) not in (None, own):
            taken |= NAME_TAKEN
        if draft.certificate is not None:
            thumbprint = draft.certificate.key.thumbprint
            if self._store.find_by_thumbprint(thumbprint) not in (None, own):
                taken |= CERTIFICATE_TAKEN
        if taken:
            raise FieldsTaken(taken)

    def _user_of(self, registration: Registration) -> User | None:
        user_id = registration.application.user_id
        account = None if user_id is None else self._users.load(user_id)
        return None if account is None else account.user

    def _save_file(self, certificate: UploadedCertificate | None) -> None:
        """Before the write that names it: an orphaned file is harmless, a missing one is not."""
        if certificate is not None:
            details = certificate.details
            self._files.save(details.file_sha256, certificate.content, details.media_type)


def _first(draft: Draft, now: int) -> Registration:
    application = Application(
        client_id=new_client_id(),
        name=draft.form.name,
        grant_type=draft.form.grant_type,
        allowed_scopes=draft.form.scopes,
        life_cycle=draft.form.life_cycle,
    )
    return apply_draft(Registration(application, created_at=now, updated_at=now), draft)


def _updated(before: Registration, draft: Draft, now: int) -> tuple[Registration, tuple[str, ...]]:
    """The registration after a change, and the ids of the secrets that end with it."""
    after = apply_draft(before, draft)
    old, new = before.application, after.application
    if _reduces_rights(old, new):
        # A certificate that goes takes its JWTs along, whatever the new grant type is.
        cut = without_tokens(replace(new, grant_type=old.grant_type), now)
        new = replace(cut, grant_type=new.grant_type)
    ended: tuple[str, ...] = ()
    if not has_secret(new.grant_type, public=new.public):
        ended = tuple(secret.secret_id for secret in new.secrets)
        new = replace(new, secrets=())
    elif bears_its_secret(old.grant_type) and not bears_its_secret(new.grant_type):
        new = replace(new, secrets=_without_bearer_use(new))
    return replace(after, application=new), ended


def _lifetime_changed(before: Registration, body: Mapping[str, object]) -> Change | None:
    """The only change of a built-in application. Raises Conflict, FieldsRefused."""
    if not set(body) <= set(LIFETIME_FIELDS):
        raise built_in_refusal()
    life_cycle = changed_life_cycle(before, body)
    application = replace(before.application, life_cycle=life_cycle)
    if application == before.application:
        return None
    after = replace(before, application=application)
    return Change(after, "application.updated", _differences(before, None, after, None))


def _reduces_rights(old: Application, new: Application) -> bool:
    return (
        not old.allowed_scopes <= new.allowed_scopes
        or old.grant_type is not new.grant_type
        or old.user_id != new.user_id
        or old.certificate != new.certificate
        or (new.public and not old.public)
        or old.redirect_strategy is not new.redirect_strategy
        or not old.redirect_uri_hashes <= new.redirect_uri_hashes
    )


def _without_bearer_use(application: Application) -> tuple[Secret, ...]:
    return tuple(replace(secret, bearer_revoked=True) for secret in application.secrets)


def _differences(
    before: Registration, user_before: User | None, after: Registration, user_after: User | None
) -> dict[str, object]:
    """The fields of the form that became something else, and what they became."""
    old, new = form_values(before, user_before), form_values(after, user_after)
    changes = {name: value for name, value in new.items() if value != old[name]}
    if after.application.certificate != before.application.certificate:
        changes |= _thumbprint(after.application)
    return changes


def _thumbprint(application: Application) -> dict[str, object]:
    key = application.certificate
    return {"certificate_thumbprint": None if key is None else key.thumbprint}
