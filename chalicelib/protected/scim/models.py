"""The resources that SCIM clients see (RFC 7643 §4), and the extension of Grantline's own.

The docstrings of attributes are the descriptions that `/Schemas` publishes. What is not here
(`password`, `roles`, `entitlements`, `x509Certificates`) cannot be set through SCIM, and is passed
over where a client sends it.
"""

from typing import Annotated, Any

from pydantic import Field
from scim2_models import (
    URN,
    CaseExact,
    ComplexAttribute,
    Extension,
    External,
    Mutability,
    Reference,
    Required,
    Resource,
    Uniqueness,
)
from scim2_models.resources.resource import AnyExtension

USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_URN = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GRANTLINE_URN = "urn:ietf:params:scim:schemas:extension:grantline:2.0:User"

_Text = str | None


def _type(*examples: str) -> Any:
    return Field(None, examples=list(examples))


def _ref() -> Any:
    return Field(None, serialization_alias="$ref", validation_alias="$ref")


class Name(ComplexAttribute):
    """The parts of a person's name."""

    formatted: _Text = None
    """The whole name as it is shown."""
    family_name: _Text = None
    """The family name; the directory's own field."""
    given_name: _Text = None
    """The given name; the directory's own field."""
    middle_name: _Text = None
    """Middle names."""
    honorific_prefix: _Text = None
    """What goes before the name."""
    honorific_suffix: _Text = None
    """What goes after the name."""


class Email(ComplexAttribute):
    """An e-mail address; the main one is the directory's own field."""

    value: _Text = None
    """The address."""
    display: _Text = None
    """How the address is shown."""
    type: _Text = _type("work", "home", "other")
    """What the address is for."""
    primary: bool | None = None
    """Whether it is the main address."""


class PhoneNumber(ComplexAttribute):
    """A telephone number."""

    value: _Text = None
    """The number."""
    display: _Text = None
    """How the number is shown."""
    type: _Text = _type("work", "home", "mobile", "fax", "pager", "other")
    """What the number is for."""
    primary: bool | None = None
    """Whether it is the main number."""


class Photo(ComplexAttribute):
    """Where a picture of the person is."""

    value: Reference[External] | None = None
    """The URL."""
    display: _Text = None
    """How the picture is named."""
    type: _Text = _type("photo", "thumbnail")
    """Its size."""
    primary: bool | None = None
    """Whether it is the main picture."""


class Address(ComplexAttribute):
    """A postal address."""

    formatted: _Text = None
    """The whole address as it is shown."""
    street_address: _Text = None
    """Street and number."""
    locality: _Text = None
    """City."""
    region: _Text = None
    """State or region."""
    postal_code: _Text = None
    """Postal code."""
    country: _Text = None
    """Country."""
    type: _Text = _type("work", "home", "other")
    """What the address is for."""
    primary: bool | None = None
    """Whether it is the main address."""


class Membership(ComplexAttribute):
    """A group that the user is in."""

    value: Annotated[_Text, Mutability.read_only, CaseExact.true] = None
    """The id of the group."""
    ref: Annotated[Reference["Group"] | None, Mutability.read_only] = _ref()
    """The URL of the group."""
    display: Annotated[_Text, Mutability.read_only] = None
    """The name of the group."""
    type: Annotated[_Text, Mutability.read_only] = _type("direct")
    """How the user comes to be in it."""


class User(Resource[AnyExtension]):
    """A user of the directory."""

    __schema__ = URN(USER_URN)

    user_name: Annotated[_Text, Uniqueness.server, Required.true] = None
    r"""`user@domain` or `domain\user`; the directory's own fields."""
    name: Name | None = None
    """The parts of the name."""
    display_name: _Text = None
    """The name as it is shown."""
    nick_name: _Text = None
    """What the person is called."""
    profile_url: Reference[External] | None = None
    """The URL of a page about the person."""
    title: _Text = None
    """The person's job title."""
    user_type: _Text = None
    """What the person is to the organization."""
    preferred_language: _Text = None
    """The language the person reads, as in Accept-Language."""
    locale: _Text = None
    """Where the person is, for dates and currency."""
    timezone: _Text = None
    """The time zone, by its name in the IANA database."""
    active: bool | None = None
    """Whether the user may log in and be acted as."""
    emails: list[Email] | None = None
    """E-mail addresses, at most ten."""
    phone_numbers: list[PhoneNumber] | None = None
    """Telephone numbers."""
    photos: list[Photo] | None = None
    """Pictures."""
    addresses: list[Address] | None = None
    """Postal addresses."""
    groups: Annotated[list[Membership] | None, Mutability.read_only] = None
    """The groups that the user is in; changed through the groups."""


class Manager(ComplexAttribute):
    """The user's manager."""

    value: Annotated[_Text, CaseExact.true] = None
    """The id of the manager's user."""
    ref: Reference["User"] | None = _ref()  # type: ignore[type-arg] # the resource type's name
    """The URL of the manager's user."""


class EnterpriseUser(Extension):
    """The user as an employee (RFC 7643 §4.3)."""

    __schema__ = URN(ENTERPRISE_URN)

    employee_number: _Text = None
    """The number of the employee."""
    cost_center: _Text = None
    """The cost center."""
    organization: _Text = None
    """The organization."""
    division: _Text = None
    """The division."""
    department: _Text = None
    """The department."""
    manager: Manager | None = None
    """The manager."""


class GrantlineUser(Extension):
    """What only Grantline knows of a user."""

    __schema__ = URN(GRANTLINE_URN)

    domain: _Text = None
    """The domain of a userName that carries none; absent in the deployment's default domain."""


class Member(ComplexAttribute):
    """A user who is in a group."""

    value: Annotated[_Text, Mutability.immutable, CaseExact.true] = None
    """The id of the user."""
    ref: Annotated[Reference["User"] | None, Mutability.immutable] = _ref()  # type: ignore[type-arg] # as above
    """The URL of the user."""
    type: Annotated[_Text, Mutability.immutable] = _type("User")
    """What the member is."""


class Group(Resource[Any]):
    """A role, and the users who hold it."""

    __schema__ = URN(GROUP_URN)

    display_name: Annotated[_Text, Uniqueness.server, Required.true] = None
    """The name of the group."""
    members: list[Member] | None = None
    """The users in the group."""
