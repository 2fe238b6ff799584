"""What of an application ends by itself: client secrets with an end, and its certificate."""

from dataclasses import dataclass

from chalicelib.oauth.model import Application


@dataclass(frozen=True, slots=True)
class End:
    """A credential of an application and its end, epoch seconds; `secret_id` None: certificate."""

    client_id: str
    secret_id: str | None
    ends_at: int


def ends_of(application: Application) -> frozenset[End]:
    """Every end that is known; most applications have none."""
    client_id = application.client_id
    ends = {
        End(client_id, secret.secret_id, secret.ends_at)
        for secret in application.secrets
        if secret.ends_at is not None
    }
    if application.certificate is not None:
        ends.add(End(client_id, None, application.certificate.not_after))
    return frozenset(ends)
