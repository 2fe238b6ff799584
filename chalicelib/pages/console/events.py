"""Events of the audit trail, as every screen shows them."""

from dataclasses import dataclass

ACTIONS = {
    "application.created": "Application registered",
    "application.updated": "Application changed",
    "application.disabled": "Application disabled",
    "application.enabled": "Application enabled",
    "application.deleted": "Application deleted",
    "application.tokens_revoked": "Tokens revoked",
    "secret.created": "Client secret made",
    "secret.cut": "Client secret cut",
    "certificate.replaced": "Certificate replaced",
    "user.created": "User created",
    "user.provisioned": "User provisioned",
    "user.updated": "User changed",
    "user.disabled": "User disabled",
    "user.enabled": "User enabled",
    "user.deleted": "User deleted",
    "user.password_set": "Password set",
    "user.recovered": "Made administrator again",
    "user.password_changed": "Own password changed",
    "user.password_rehashed": "Password hashed anew",
    "session.ended": "Browser session ended",
    "sessions.ended": "Browser sessions ended",
    "consent.given": "Consent given",
    "consent.withdrawn": "Consent withdrawn",
    "group.created": "Group created",
    "group.updated": "Group changed",
    "group.members_changed": "Members changed",
    "group.deleted": "Group deleted",
    "grant.replayed": "Code or refresh token replayed: login ended",
    "token.issued_for_trial": "Trial token issued",
    "query.created": "Query stored",
    "query.updated": "Query changed",
    "query.deleted": "Query deleted",
    "signing_keys.rotated": "Signing keys rotated",
}
MAXIMUM_NAMED = 4


def action_label(action: str) -> str:
    """An action in words; one without a label as it is stored."""
    return ACTIONS.get(action, action)


@dataclass(frozen=True, slots=True)
class EventRow:
    """One change. `at` is epoch seconds; `target_path` is "" for what has no page of its own,
    or none any more; then `target_query` lists what was done to it. `changes` are names of fields
    and what they became.
    """

    at: int
    action: str
    target: str
    target_path: str
    target_query: str
    actor: str
    through: str
    source_ip: str
    changes: tuple[tuple[str, str], ...]

    @property
    def changed(self) -> str:
        """Which fields, where they are few, else how many."""
        names = [name.replace("_", " ") for name, _ in self.changes]
        return ", ".join(names) if len(names) <= MAXIMUM_NAMED else f"{len(names)} fields"

    @property
    def label(self) -> str:
        """The action in words."""
        return action_label(self.action)
