"""The forms of users: their fields and the rule of each.

A domain needs no record of its own: it is a name within which user names are unique, and it
exists as long as a user is in it. So there is nothing to create or to delete.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from chalicelib.administration.fields import clean_name
from chalicelib.directory.model import fold
from chalicelib.directory.passwords import MAXIMUM_LENGTH, MINIMUM_LENGTH, validate_password

MAXIMUM_NAME_LENGTH = 100
MAXIMUM_EMAIL_LENGTH = 254

# Enough to catch a slip; whether a mailbox exists only a message to it tells.
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+")

RoleName = Literal["administrator"]


def clean_user_name(value: str) -> str:
    """A user name; domain and name must stay two things. Raises ValueError."""
    name = clean_name(value)
    # As it is compared: other characters fold to these separators.
    if "\\" in fold(name):
        raise ValueError("must not hold a backslash, which separates domain and user")
    return name


def clean_user_domain(value: str) -> str:
    """A domain; as a user name, and without @. Raises ValueError."""
    name = clean_user_name(value)
    if "@" in fold(name):
        raise ValueError("must not hold an @, which separates user and domain")
    return name


def _clean_email(value: str | None) -> str | None:
    if value is None:
        return None
    email = clean_name(value)
    if not _EMAIL.fullmatch(email):
        raise ValueError("must be an e-mail address")
    return email


def _clean_optional_name(value: str | None) -> str | None:
    return None if value is None else clean_name(value)


def _unique(values: list[RoleName]) -> list[RoleName]:
    if len(set(values)) != len(values):
        raise ValueError("must not name one value twice")
    return values


_EmptyIsNull = BeforeValidator(lambda value: None if value == "" else value)
_ShortText = Annotated[str, Field(max_length=MAXIMUM_NAME_LENGTH)]

UserName = Annotated[
    str, Field(min_length=1, max_length=MAXIMUM_NAME_LENGTH), AfterValidator(clean_user_name)
]
UserDomain = Annotated[
    str, Field(min_length=1, max_length=MAXIMUM_NAME_LENGTH), AfterValidator(clean_user_domain)
]
PersonName = Annotated[_ShortText | None, _EmptyIsNull, AfterValidator(_clean_optional_name)]
Email = Annotated[
    Annotated[str, Field(max_length=MAXIMUM_EMAIL_LENGTH)] | None,
    _EmptyIsNull,
    AfterValidator(_clean_email),
]
Password = Annotated[
    str,
    Field(min_length=MINIMUM_LENGTH, max_length=MAXIMUM_LENGTH),
    AfterValidator(validate_password),
]


class UserForm(BaseModel):
    """What an administrator says of a user."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    user_name: UserName
    user_domain: UserDomain
    email: Email = None
    given_name: PersonName = None
    family_name: PersonName = None
    roles: Annotated[list[RoleName], Field(max_length=1), AfterValidator(_unique)] = []


class NewUserForm(UserForm):
    """A user to create; without a password nobody can log in as that user."""

    password: Annotated[Password | None, Field(repr=False)] = None


class PasswordForm(BaseModel):
    """A password to set."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    password: Annotated[Password, Field(repr=False)]


# What stands in for a required field that is refused, while the other fields are looked at.
USER_STAND_INS = {"user_name": "user", "user_domain": "domain"}
PASSWORD_STAND_INS = {"password": "stands in for a refused one"}
