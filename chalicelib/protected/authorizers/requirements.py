"""Which scope an API asks for, as a deployment's settings say it.

`GRANTLINE_AUTHORIZER_SCOPES` holds entries separated by spaces or commas:

    api                             every API: a token with the scope `api`
    a1b2c3=rpa                      the API of this id (it has no capitals): `rpa` instead
    a1b2c3/Mutation.pay=rpa         a field of an AppSync API: `rpa`, else the field is denied

Several entries of one subject: any one of the scopes. No entry: any valid token.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.oauth.scope import SCOPES
from chalicelib.settings import ConfigurationError

VARIABLE = "GRANTLINE_AUTHORIZER_SCOPES"
MAXIMUM_LENGTH = 4096

_SEPARATORS = re.compile(r"[\s,]+")
_NAME = "[_A-Za-z][_0-9A-Za-z]*"
_ENTRY = re.compile(rf"(?:([0-9a-z]{{1,64}})(?:/({_NAME}\.{_NAME}))?=)?([a-z_]+)")

Scopes = frozenset[str]


@dataclass(frozen=True, slots=True)
class Requirements:
    """Any one of the scopes lets in; an empty set: any valid token."""

    default: Scopes = frozenset()
    by_api: Mapping[str, Scopes] = field(default_factory=dict)
    by_field: Mapping[str, Mapping[str, Scopes]] = field(default_factory=dict)

    def scopes_of(self, api_id: str) -> Scopes:
        """What an API asks for."""
        return self.by_api.get(api_id, self.default)

    def denied_fields(self, api_id: str, held: Scopes) -> list[str]:
        """The fields (`Type.field`) of an AppSync API that these scopes do not open."""
        fields = self.by_field.get(api_id, {})
        return sorted(name for name, scopes in fields.items() if held.isdisjoint(scopes))


def parse_requirements(text: str) -> Requirements:
    """Read the setting. Raises ConfigurationError, which never holds its value."""
    if len(text) > MAXIMUM_LENGTH:
        raise ConfigurationError(f"{VARIABLE} must be at most {MAXIMUM_LENGTH} characters long")
    default: Scopes = frozenset()
    by_api: dict[str, Scopes] = {}
    by_field: dict[str, dict[str, Scopes]] = {}
    entries = split_names(text)
    if text.strip() and not entries:
        raise ConfigurationError(f"{VARIABLE} names nothing")
    for number, entry in enumerate(entries, start=1):
        match = _ENTRY.fullmatch(entry)
        if match is None or match[3] not in SCOPES:
            raise ConfigurationError(
                f"{VARIABLE}: entry {number} is not a scope of Grantline, "
                "or <API id>=<scope>, or <API id>/<Type>.<field>=<scope>; ids have no capitals"
            )
        api_id, name, scope = match.groups()
        if api_id is None:
            default |= {scope}
        elif name is None:
            by_api[api_id] = by_api.get(api_id, frozenset()) | {scope}
        else:
            fields = by_field.setdefault(api_id, {})
            fields[name] = fields.get(name, frozenset()) | {scope}
    return Requirements(default, by_api, by_field)


def split_names(text: str) -> list[str]:
    """The entries of a setting or stage variable; a stage variable can hold no space."""
    return [name for name in _SEPARATORS.split(text) if name]
