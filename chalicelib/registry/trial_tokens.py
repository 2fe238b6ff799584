"""Trial tokens: what an application would get, issued to an administrator who looks at it.

An administrator could register an application that acts as the same user, so nothing is gained
that was not theirs to give; but it is done in another's name, so it is short and audited.
"""

from dataclasses import dataclass, field, replace

from chalicelib.administration.refusals import Conflict, NotFound
from chalicelib.audit import Actor
from chalicelib.directory.stores import UserStore
from chalicelib.oauth import scope
from chalicelib.oauth.client_authentication import AuthenticatedClient, Method
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.errors import InvalidScope, UnauthorizedClient
from chalicelib.oauth.grants.client_credentials import authorize
from chalicelib.oauth.issuing import issue
from chalicelib.oauth.model import Application, Grant, GrantType, LifeCycle, LifeCycleType
from chalicelib.oauth.stores import Snapshot
from chalicelib.registry.changes import event_of
from chalicelib.registry.model import Registration
from chalicelib.registry.stores import ApplicationStore

TRIAL_SECONDS = 300
_LIFE_CYCLE = LifeCycle(LifeCycleType.ABSOLUTE, TRIAL_SECONDS)


@dataclass(frozen=True, slots=True)
class Trial:
    """An access token of five minutes, and the application that it is of."""

    registration: Registration
    access_token: str = field(repr=False)


class TrialTokens:
    """Issues them. Every method may raise StoreUnavailable."""

    def __init__(self, store: ApplicationStore, users: UserStore, clock: Clock) -> None:
        self._store = store
        self._users = users
        self._clock = clock

    def issue(self, client_id: str, actor: Actor) -> Trial:
        """A token by the application's own grant, with all that it may have now.

        Raises NotFound; Conflict where no token can be had without a person, or not now.
        """
        registration = self._store.load(client_id)
        if registration is None:
            raise NotFound("application")
        application = registration.application
        refusal = why_no_trial(application)
        if refusal:
            raise Conflict(refusal)
        try:
            authorization = authorize(
                AuthenticatedClient(
                    replace(application, life_cycle=_LIFE_CYCLE), Method.IN_PROCESS
                ),
                None,
                self._snapshot(application),
            )
        except (UnauthorizedClient, InvalidScope) as error:
            raise Conflict(error.description, detail=error.detail) from None
        answer = issue(authorization, _Audited(self._store, actor), self._clock.now())
        return Trial(registration, str(answer["access_token"]))

    def _snapshot(self, application: Application) -> Snapshot:
        if application.user_id is None:
            return Snapshot()
        account = self._users.load(application.user_id)
        return Snapshot(users={} if account is None else {application.user_id: account.user})


def why_no_trial(application: Application) -> str:
    """Why no trial token can be issued; empty where one can."""
    if application.built_in is not None or application.grant_type is GrantType.AUTHORIZATION_CODE:
        return "Its tokens take a person who logs in: try it by its own login."
    if not application.enabled:
        return "It is disabled, and gets no tokens."
    return ""


@dataclass(frozen=True, slots=True)
class _Audited:
    """Creates a grant in one transaction with the event that tells of it."""

    store: ApplicationStore
    actor: Actor

    def create(self, grant: Grant) -> None:
        changes = {"grant_id": grant.grant_id, "scopes": scope.render(grant.scopes)}
        event = event_of(
            "token.issued_for_trial", grant.client_id, self.actor, grant.created_at, changes
        )
        self.store.add_grant(grant, event)
