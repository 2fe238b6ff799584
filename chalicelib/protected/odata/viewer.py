"""Who asks, and so what may be seen: an administrator everything, anybody else what is theirs."""

from dataclasses import dataclass

from chalicelib.oauth.model import User
from chalicelib.oauth.scope import ADMINISTRATOR
from chalicelib.oauth.validation import Access


@dataclass(frozen=True, slots=True)
class Viewer:
    """The application that calls and the user it acts as; None: it acts as itself."""

    client_id: str
    user: User | None

    @classmethod
    def of(cls, access: Access) -> "Viewer":
        return cls(access.application.client_id, access.user)

    @property
    def sees_all(self) -> bool:
        """By the roles of this moment: the user was read with this very request."""
        return self.user is not None and ADMINISTRATOR in self.user.roles

    @property
    def user_id(self) -> str | None:
        return None if self.user is None else self.user.user_id
