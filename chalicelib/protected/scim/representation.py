"""Accounts and groups as SCIM resources, and what a resource says of a user."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from scim2_models import InvalidValueException, Resource

from chalicelib.directory.model import Account, Group
from chalicelib.directory.provisioning import Person
from chalicelib.oauth.tokens import USER_PREFIX
from chalicelib.protected.scim import user_names
from chalicelib.protected.scim.models import (
    ENTERPRISE_URN,
    GRANTLINE_URN,
    GROUP_URN,
    USER_URN,
)

# Of one list of a user: every operation of a PATCH may look at all of them.
MAXIMUM_ENTRIES = 100

USER_ID = re.compile(USER_PREFIX + "[0-9a-z]{26}")

# Kept in fields of their own, or made anew for every answer.
_NOT_ATTRIBUTES = frozenset(
    {"schemas", "id", "meta", "externalId", "groups", "active", GRANTLINE_URN}
)
# Attributes that a rendered user always takes from the account.
_OWN = frozenset({"userName", "active"})

Json = dict[str, Any]


def version_of(number: int) -> str:
    """The version of a resource: weak, as answers may differ in what they leave out."""
    return f'W/"{number}"'


def number_of(version: str | None) -> int | None:
    """The inverse of `version_of`; None for None."""
    return None if version is None else int(version.removeprefix("W/").strip('"'))


def hides_active(account: Account) -> bool:
    """Whether a client took `active` away, and the status is still the one it had then."""
    return account.attributes.get("active") is account.user.enabled


def user_json(account: Account, groups: Mapping[str, Group], default_domain: str) -> Json:
    """A user as the JSON of RFC 7643 §4.1; `groups` holds those that its roles name."""
    user, attributes = account.user, account.attributes
    values: Json = {name: value for name, value in attributes.items() if name not in _OWN}
    if "name" not in values and (account.given_name or account.family_name):
        name = {"givenName": account.given_name, "familyName": account.family_name}
        values["name"] = {key: value for key, value in name.items() if value}
    if "emails" not in values and account.email:
        values["emails"] = [{"value": account.email, "type": "work", "primary": True}]
    if not hides_active(account):
        values["active"] = user.enabled
    if ENTERPRISE_URN in values:
        values[ENTERPRISE_URN] = _with_manager(values[ENTERPRISE_URN])
    domain = user_names.render_domain(account, default_domain)
    if domain is not None:
        values[GRANTLINE_URN] = {"domain": domain}
    held = [groups[role] for role in sorted(user.roles) if role in groups]
    if held:
        values["groups"] = [_membership(group) for group in held]
    if account.external_id is not None:
        values["externalId"] = account.external_id
    extensions = [urn for urn in (ENTERPRISE_URN, GRANTLINE_URN) if urn in values]
    return {
        "schemas": [USER_URN, *extensions],
        "id": user.user_id,
        "userName": user_names.render(account, default_domain),
        **values,
        "meta": _meta("User", account.created_at, account.updated_at, user.version),
    }


def group_json(group: Group, members: Sequence[str] | None) -> Json:
    """A group as the JSON of RFC 7643 §4.2; `members` None leaves them out."""
    values: Json = {
        "schemas": [GROUP_URN],
        "id": group.group_id,
        "displayName": group.display_name,
        "meta": _meta("Group", group.created_at, group.updated_at, group.version),
    }
    if group.external_id is not None:
        values["externalId"] = group.external_id
    if members:
        values["members"] = [
            {"value": one, "$ref": f"Users/{one}", "type": "User"} for one in members
        ]
    return values


def person_of(resource: Resource[Any], before: Account | None, default_domain: str) -> Person:
    """What a resource says of a user; `before` is the user as it is. Raises SCIMException."""
    values: Json = resource.model_dump()
    domain = values.get(GRANTLINE_URN, {}).get("domain")
    try:
        name, domain = user_names.read(values["userName"], domain, before, default_domain)
    except ValueError as error:
        raise InvalidValueException(detail=str(error)) from None
    attributes: Json = {
        name: value for name, value in values.items() if name not in _NOT_ATTRIBUTES
    }
    for key, value in attributes.items():
        if isinstance(value, list) and len(value) > MAXIMUM_ENTRIES:
            raise InvalidValueException(detail=f"{key} may have {MAXIMUM_ENTRIES} entries")
    if before is not None and values.get("active") is None:
        # Taken away: shown no more (RFC 7644 §3.5.2.2), and the user is as before.
        attributes["active"] = before.user.enabled
    manager = attributes.get(ENTERPRISE_URN, {}).get("manager")
    if manager is not None:
        manager.pop("$ref", None)
    return Person(
        user_name=name,
        user_domain=domain,
        # Null, or taken away, leaves it as it is: nobody is let in by what was not said.
        active=values.get("active"),
        external_id=values.get("externalId"),
        attributes=attributes,
    )


def _with_manager(enterprise: Json) -> Json:
    manager = enterprise.get("manager")
    value = manager.get("value") if isinstance(manager, dict) else None
    if not isinstance(value, str) or not USER_ID.fullmatch(value):
        return enterprise
    return {**enterprise, "manager": {"value": value, "$ref": f"Users/{value}"}}


def _membership(group: Group) -> Json:
    return {
        "value": group.group_id,
        "$ref": f"Groups/{group.group_id}",
        "display": group.display_name,
        "type": "direct",
    }


def _meta(resource_type: str, created_at: int, updated_at: int, version: int) -> Json:
    """Built-in groups were made at no time."""
    times = {"created": created_at, "lastModified": updated_at}
    shown = {name: datetime.fromtimestamp(at, UTC) for name, at in times.items() if at}
    return {"resourceType": resource_type, **shown, "version": version_of(version)}
