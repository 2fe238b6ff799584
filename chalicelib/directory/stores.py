"""What the directory asks of storage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.audit import AuditEvent
from chalicelib.directory.model import Account, Domain, Group
from chalicelib.paging import Page


class UserNameTaken(Exception):
    """Another user has this domain and name, compared folded."""


class ExternalIdTaken(Exception):
    """Another user, or another group, has this external id, compared as it is."""


class GroupNameTaken(Exception):
    """Another group has this display name, compared folded."""


class GroupChanged(Exception):
    """The group is not of the version that was read, or is gone."""


class UserChanged(Exception):
    """The user is not of the version that was read, or is gone."""


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user who is not written yet; `password_hash` None: nobody can log in as them."""

    account: Account
    password_hash: str | None = field(repr=False)
    event: AuditEvent


class UserStore(Protocol):
    """Keeps users; every write is one transaction with its audit event and name marker.

    Every method may raise StoreUnavailable.
    """

    def create(self, account: Account, password_hash: str | None, event: AuditEvent) -> None:
        """Raises UserNameTaken, ExternalIdTaken."""
        ...

    def load(self, user_id: str) -> Account | None:
        """Strongly consistent."""
        ...

    def find(self, user_domain: str, user_name: str) -> Account | None:
        """By name, compared folded; strongly consistent, two reads."""
        ...

    def find_by_external_id(self, external_id: str) -> Account | None:
        """By the provisioning client's name of the user; strongly consistent, two reads."""
        ...

    def find_by_mail(self, address: str, limit: int) -> Sequence[Account]:
        """Users with this address, compared folded, at most `limit`.

        Who has it is looked up eventually consistently, and then read as it is.
        """
        ...

    def load_all(self, user_ids: Sequence[str]) -> Sequence[Account]:
        """Those of these users that there are, in their order; for lists."""
        ...

    def list_users(
        self,
        prefix: str,
        user_domain: str | None,
        cursor: str | None,
        limit: int,
        *,
        deleted: bool = False,
    ) -> Page[Account]:
        """Users whose folded name starts with the folded `prefix`, by name; eventually consistent.

        `deleted` lists those who were deleted instead. Raises InvalidCursor.
        """
        ...

    def walk(
        self, cursor: str | None, skip: int, limit: int, *, forward: bool = True
    ) -> Page[Account]:
        """Users by name, without the first `skip`, which are passed over in the index alone.

        Raises InvalidCursor.
        """
        ...

    def count(self) -> int:
        """How many users there are, deleted ones apart: the sum of the domains' counts.

        Eventually consistent; one read unit for some forty domains.
        """
        ...

    def list_domains(self, prefix: str, cursor: str | None, limit: int) -> Page[Domain]:
        """Domains with users whose folded name starts with the folded `prefix`, by name.

        Eventually consistent. Raises InvalidCursor.
        """
        ...

    def replace(
        self,
        before: Account,
        after: Account,
        event: AuditEvent,
        *,
        password_hash: str | None = None,
    ) -> None:
        """Write `after` (its version is one more) if the version is still `before`'s.

        `password_hash` None leaves the password as it is. A write that reduces rights (epoch,
        status, roles) returns only when no lease of the user can still be in use.
        Raises UserChanged, UserNameTaken, ExternalIdTaken.
        """
        ...

    def replace_all(
        self,
        changes: Sequence[tuple[Account, Account]],
        event: AuditEvent,
        *,
        if_group_version: int | None = None,
    ) -> None:
        """As `replace`, of up to 20 users whose roles alone change, all or none.

        Raises UserChanged, GroupChanged where a group that somebody joins is gone, full, or not
        of the version asked for.
        """
        ...

    def delete(self, before: Account, after: Account, event: AuditEvent) -> None:
        """Write `after`, remove the password, and free names, external id and addresses.

        Raises UserChanged.
        """
        ...

    def settle(self) -> None:
        """Wait until no lease from before now can still be in use.

        For whoever finds that a change was made already: its writer may still be waiting, or
        may have died before it did.
        """
        ...

    def load_password_hash(self, user_id: str) -> str | None:
        """The Argon2id PHC string, or None where the user has no password."""
        ...


class GroupStore(Protocol):
    """Keeps groups; every write is one transaction with its audit event and markers.

    Who is in a group is written with the user's roles, by `UserStore`. Built-in roles are found
    as groups too, made at no time. Every method may raise
    StoreUnavailable.
    """

    def create(self, group: Group, event: AuditEvent) -> None:
        """Raises GroupNameTaken, ExternalIdTaken."""
        ...

    def load(self, group_id: str) -> Group | None:
        """Strongly consistent."""
        ...

    def load_all(self, group_ids: Sequence[str]) -> Mapping[str, Group]:
        """Those of these groups that there are, by id; strongly consistent."""
        ...

    def find(self, display_name: str) -> Group | None:
        """By name, compared folded; strongly consistent, two reads."""
        ...

    def find_by_external_id(self, external_id: str) -> Group | None:
        """By the provisioning client's name of the group; strongly consistent, two reads."""
        ...

    def list_groups(self, cursor: str | None, limit: int) -> Page[Group]:
        """Groups by name; eventually consistent. Raises InvalidCursor."""
        ...

    def list_members(self, group_id: str, members: int) -> Sequence[str]:
        """The ids of a group's users, in the order of their ids.

        The list is eventually consistent, so it is read again until it is as long as the group
        says, at first `members`; StoreUnavailable when it does not become so.
        """
        ...

    def replace(self, before: Group, after: Group, event: AuditEvent) -> None:
        """Write name and external id of `after` if the version is still `before`'s.

        Raises GroupChanged, GroupNameTaken, ExternalIdTaken.
        """
        ...

    def delete(self, before: Group, event: AuditEvent) -> None:
        """Remove a group without members. Raises GroupChanged."""
        ...
