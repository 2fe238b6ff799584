"""The provisioned attributes that an account also keeps as fields (RFC 7643 §4.1.1, §4.1.2).

`emails` and `name` are in an account's attributes as a client sent them, and e-mail address,
given and family name are fields of its own: what changes on one side is told to the other.
"""

from collections.abc import Mapping

_NAMES = {"givenName": "given_name", "familyName": "family_name"}

Attributes = Mapping[str, object]


def email_of(attributes: Attributes) -> str | None:
    """The main address: the primary one, else the first of type work, else the first."""
    entry = _main(email_entries(attributes))
    value = None if entry is None else entry.get("value")
    return value if isinstance(value, str) else None


def names_of(attributes: Attributes) -> dict[str, object]:
    """`given_name` and `family_name`."""
    name = attributes.get("name")
    values = name if isinstance(name, dict) else {}
    return {field: values.get(key) for key, field in _NAMES.items()}


def email_entries(attributes: Attributes) -> list[dict[str, object]]:
    """The entries of `emails` that have an address."""
    emails = attributes.get("emails")
    listed = emails if isinstance(emails, list) else []
    return [entry for entry in listed if isinstance(entry, dict) and entry.get("value")]


def with_fields(
    attributes: Attributes, email: str | None, given_name: str | None, family_name: str | None
) -> dict[str, object]:
    """The attributes after the fields were changed; what is not among them stays away."""
    changed = dict(attributes)
    if "emails" in changed:
        changed["emails"] = _with_email(email_entries(attributes), email)
    name = changed.get("name")
    if isinstance(name, dict):
        fields = {"givenName": given_name, "familyName": family_name}
        merged = {**name, **fields}
        changed["name"] = {key: value for key, value in merged.items() if value is not None}
    return {key: value for key, value in changed.items() if value not in ([], {})}


def _main(entries: list[dict[str, object]]) -> dict[str, object] | None:
    primary = [entry for entry in entries if entry.get("primary") is True]
    work = [entry for entry in entries if entry.get("type") == "work"]
    return next(iter([*primary, *work, *entries]), None)


def _with_email(entries: list[dict[str, object]], email: str | None) -> list[dict[str, object]]:
    main = _main(entries)
    if main is None:
        return [] if email is None else [{"value": email, "type": "work", "primary": True}]
    if email is None:
        return [entry for entry in entries if entry is not main]
    return [{**entry, "value": email} if entry is main else entry for entry in entries]
