"""Users, domains and groups as administrators and provisioning see them."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chalicelib.oauth.model import User

PROVISIONING = "provisioning"


@dataclass(frozen=True, slots=True)
class Account:
    """A user and what the token path does not read; times are epoch seconds.

    `external_id` is the provisioning client's own name of the user, `attributes` what else it
    said, as JSON (RFC 7643 §4.1). With `deleted_at` the user is there for the record alone:
    disabled for good, its names free for others. `disabled_by` is `PROVISIONING` where a client
    disabled the user, who may then enable it again; nothing else is written there.
    """

    user: User
    created_at: int
    updated_at: int
    email: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    external_id: str | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)
    deleted_at: int | None = None
    disabled_by: str | None = None

    @property
    def mail_addresses(self) -> frozenset[str]:
        """All addresses the user may be looked up by, folded."""
        listed = self.attributes.get("emails")
        entries = listed if isinstance(listed, list) else []
        values = [entry.get("value") for entry in entries if isinstance(entry, dict)]
        return frozenset(fold(value) for value in (self.email, *values) if isinstance(value, str))


@dataclass(frozen=True, slots=True)
class Group:
    """Users who hold the role of the group's id; times are epoch seconds.

    `version` grows with every change of the group or of its members, `members` is their number.
    """

    group_id: str
    display_name: str
    created_at: int
    updated_at: int
    external_id: str | None = None
    version: int = 1
    members: int = 0


@dataclass(frozen=True, slots=True)
class Domain:
    """A name within which user names are unique, as its newest user spelled it.

    It exists as long as a user is in it.
    """

    name: str
    users: int


MAXIMUM_MEMBERS = 5_000

# More withdrawals than this from different applications end everything of the person instead: what
# every validation reads of a user is one item of at most 4 KB.
MAXIMUM_CONSENT_EPOCHS = 40


def fold(name: str) -> str:
    """The form in which names are compared: NFKC, case folded, NFKC again (UAX #15, #31)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def without_tokens(user: User) -> User:
    """The user in the next epoch: codes, sessions and tokens of the present one are void."""
    return replace(user, token_epoch=user.token_epoch + 1)


def without_consent(user: User, client_id: str) -> User:
    """The user in the next epoch of this application: what it holds of the person is void."""
    epochs = user.consent_epochs
    if client_id not in epochs and len(epochs) >= MAXIMUM_CONSENT_EPOCHS:
        return replace(without_tokens(user), consent_epochs={})
    return replace(user, consent_epochs={**epochs, client_id: user.consent_epoch(client_id) + 1})
