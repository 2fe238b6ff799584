"""How values of the domain are written into DynamoDB items, for the records."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pynamodb.attributes import Attribute
from pynamodb.constants import BINARY, LIST, MAP, NUMBER, STRING, STRING_SET

from chalicelib.oauth.model import (
    AccessToken,
    CertificateKey,
    Code,
    LifeCycle,
    LifeCycleType,
    Login,
    RefreshTokens,
    Secret,
)

Item = dict[str, dict[str, Any]]
"""An item as DynamoDB sends it: name to {type: value}."""

_Enum = TypeVar("_Enum", bound=StrEnum)
_Part = TypeVar("_Part", Code, Login, RefreshTokens)


class WholeNumberAttribute(Attribute[int]):
    """An integer; PynamoDB's own number goes through JSON and takes twice the time."""

    attr_type = NUMBER

    def serialize(self, value: int) -> str:
        return str(value)

    def deserialize(self, value: str) -> int:
        return int(value)


class TimeToLiveAttribute(WholeNumberAttribute):
    """The table's TTL attribute, epoch seconds; absent: the item is never deleted."""


class EnumAttribute(Attribute[_Enum], Generic[_Enum]):
    """A member of one enumeration, written as its value."""

    attr_type = STRING

    def __init__(self, members: type[_Enum], *, null: bool = False) -> None:
        super().__init__(null=null)
        self._members = members

    def serialize(self, value: _Enum) -> str:
        return value.value

    def deserialize(self, value: str) -> _Enum:
        return self._members(value)


class NamesAttribute(Attribute[frozenset[str]]):
    """A set of strings; DynamoDB has no empty set, so the empty one is absent."""

    attr_type = STRING_SET

    def serialize(self, value: frozenset[str]) -> list[str] | None:
        return sorted(value) or None

    def deserialize(self, value: list[str]) -> frozenset[str]:
        return frozenset(value)


class CountsAttribute(Attribute[Mapping[str, int]]):
    """Whole numbers by name; the empty map is absent."""

    attr_type = MAP

    def serialize(self, value: Mapping[str, int]) -> Item | None:
        return {name: {NUMBER: str(count)} for name, count in value.items()} or None

    def deserialize(self, value: Item) -> Mapping[str, int]:
        return {name: int(count[NUMBER]) for name, count in value.items()}


class StringsAttribute(Attribute[tuple[str, ...]]):
    """A list of strings."""

    attr_type = LIST

    def serialize(self, value: tuple[str, ...]) -> list[dict[str, str]]:
        return [{STRING: entry} for entry in value]

    def deserialize(self, value: list[dict[str, str]]) -> tuple[str, ...]:
        return tuple(entry[STRING] for entry in value)


class LifeCycleAttribute(Attribute[LifeCycle]):
    """A life cycle; an absent number means endless."""

    attr_type = MAP

    def serialize(self, value: LifeCycle) -> Item:
        written: Item = {"kind": {STRING: value.kind.value}}
        _put_number(written, "lifetime_seconds", value.lifetime_seconds)
        _put_number(written, "maximum_seconds", value.maximum_seconds)
        return written

    def deserialize(self, value: Item) -> LifeCycle:
        return LifeCycle(
            kind=LifeCycleType(value["kind"][STRING]),
            lifetime_seconds=_number(value, "lifetime_seconds"),
            maximum_seconds=_number(value, "maximum_seconds"),
        )


class SecretsAttribute(Attribute[tuple[Secret, ...]]):
    """An application's secrets: hashes and ends, never values."""

    attr_type = LIST

    def serialize(self, value: tuple[Secret, ...]) -> list[dict[str, Item]]:
        return [{MAP: _written_secret(secret)} for secret in value]

    def deserialize(self, value: list[dict[str, Item]]) -> tuple[Secret, ...]:
        return tuple(_read_secret(entry[MAP]) for entry in value)


class CertificateKeyAttribute(Attribute[CertificateKey]):
    """The key of an application's certificate."""

    attr_type = MAP

    def serialize(self, value: CertificateKey) -> Item:
        return {
            "thumbprint": {STRING: value.thumbprint},
            "public_key": {BINARY: value.public_key},
            "not_before": {NUMBER: str(value.not_before)},
            "not_after": {NUMBER: str(value.not_after)},
        }

    def deserialize(self, value: Item) -> CertificateKey:
        return CertificateKey(
            thumbprint=value["thumbprint"][STRING],
            public_key=bytes(value["public_key"][BINARY]),
            not_before=int(value["not_before"][NUMBER]),
            not_after=int(value["not_after"][NUMBER]),
        )


class AccessTokensAttribute(Attribute[Mapping[str, AccessToken]]):
    """The live access tokens of a grant, by hash."""

    attr_type = MAP

    def serialize(self, value: Mapping[str, AccessToken]) -> dict[str, dict[str, Item]]:
        return {token_hash: {MAP: _written_token(token)} for token_hash, token in value.items()}

    def deserialize(self, value: dict[str, dict[str, Item]]) -> Mapping[str, AccessToken]:
        return {
            token_hash: AccessToken(
                issued_at=int(entry[MAP]["issued_at"][NUMBER]),
                ends_at=_number(entry[MAP], "ends_at"),
                scopes=_scopes(entry[MAP]),
            )
            for token_hash, entry in value.items()
        }


class PartAttribute(Attribute[_Part], Generic[_Part]):
    """A frozen dataclass of texts and whole numbers; a value of None is left out."""

    attr_type = MAP

    def __init__(self, part: type[_Part]) -> None:
        super().__init__(null=True)
        self._part: type[_Part] = part

    def serialize(self, value: _Part) -> Item:
        return {
            name: {NUMBER: str(held)} if isinstance(held, int) else {STRING: held}
            for name in self._part.__dataclass_fields__
            if (held := getattr(value, name)) is not None
        }

    def deserialize(self, value: Item) -> _Part:
        fields: dict[str, Any] = dict.fromkeys(self._part.__dataclass_fields__)
        for name, entry in value.items():
            fields[name] = int(entry[NUMBER]) if NUMBER in entry else entry[STRING]
        part: _Part = self._part(**fields)
        return part


class JsonAttribute(Attribute[Mapping[str, object]]):
    """A small JSON object that no condition looks into."""

    attr_type = STRING

    def serialize(self, value: Mapping[str, object]) -> str:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    def deserialize(self, value: str) -> Mapping[str, object]:
        parsed: Mapping[str, object] = json.loads(value)
        return parsed


def _written_secret(secret: Secret) -> Item:
    written: Item = {
        "secret_id": {STRING: secret.secret_id},
        "hash": {STRING: secret.hash},
        "created_at": {NUMBER: str(secret.created_at)},
        "bearer_revoked": {"BOOL": secret.bearer_revoked},
    }
    _put_number(written, "ends_at", secret.ends_at)
    return written


def _read_secret(written: Item) -> Secret:
    return Secret(
        secret_id=written["secret_id"][STRING],
        hash=written["hash"][STRING],
        created_at=int(written["created_at"][NUMBER]),
        ends_at=_number(written, "ends_at"),
        bearer_revoked=bool(written["bearer_revoked"]["BOOL"]),
    )


def _written_token(token: AccessToken) -> Item:
    written: Item = {"issued_at": {NUMBER: str(token.issued_at)}}
    _put_number(written, "ends_at", token.ends_at)
    if token.scopes is not None:
        written["scopes"] = {STRING: " ".join(sorted(token.scopes))}
    return written


def _scopes(written: Item) -> frozenset[str] | None:
    return frozenset(written["scopes"][STRING].split()) if "scopes" in written else None


def _put_number(written: Item, name: str, value: int | None) -> None:
    if value is not None:
        written[name] = {NUMBER: str(value)}


def _number(written: Item, name: str) -> int | None:
    return int(written[name][NUMBER]) if name in written else None
