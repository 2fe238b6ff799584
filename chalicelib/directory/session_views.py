"""Sessions and consents as JSON: what an administrator reads; never a cookie or its hash."""

from chalicelib.administration.views import Time, View, rfc3339
from chalicelib.directory.consents import Consent
from chalicelib.directory.sessions import Session


class SessionView(View):
    """A login in one browser."""

    session_id: str
    authenticated_at: Time
    last_used_at: Time
    ends_at: Time
    maximum_ends_at: Time
    source_ip: str
    user_agent: str


class SessionListView(View):
    """Every valid session of a user, the last used first; `next` is always null."""

    items: list[SessionView]
    next: str | None
    count: int


class ConsentView(View):
    """The scopes that a user agreed to for one application."""

    client_id: str
    scopes: list[str]
    granted_at: Time


class ConsentListView(View):
    """Every consent of a user, the newest first; `next` is always null."""

    items: list[ConsentView]
    next: str | None
    count: int


def session_view(session: Session) -> SessionView:
    """The JSON of a session."""
    return SessionView(
        session_id=session.session_id,
        authenticated_at=rfc3339(session.authenticated_at),
        last_used_at=rfc3339(session.last_used_at),
        ends_at=rfc3339(session.ends_at),
        maximum_ends_at=rfc3339(session.maximum_ends_at),
        source_ip=session.source_ip,
        user_agent=session.user_agent,
    )


def consent_view(consent: Consent) -> ConsentView:
    """The JSON of a consent."""
    return ConsentView(
        client_id=consent.client_id,
        scopes=sorted(consent.scopes),
        granted_at=rfc3339(consent.granted_at),
    )
