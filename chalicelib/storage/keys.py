"""The keys of the items: every one names its kind (checklist 22)."""

import hashlib

MAXIMUM_KEY_BYTES = 2048
# Folding can make 100 characters 1,800, each of up to 4 bytes, which no key holds; an index's
# sort key holds 1,024 bytes.
MAXIMUM_NAME_KEY_BYTES = 1024
SORT_NAME_CHARACTERS = 200


def application_key(client_id: str) -> str:
    """The key of an application's item."""
    return f"application#{client_id}"


def user_key(user_id: str) -> str:
    """The key of a user's item."""
    return f"user#{user_id}"


def detail_key(owner: str) -> str:
    """The key of the long texts of an application or user."""
    return f"detail#{owner}"


def password_key(user_id: str) -> str:
    """The key of a user's password."""
    return f"password#{user_id}"


def certificate_key(thumbprint: str) -> str:
    """The key of a certificate's marker."""
    return f"certificate#{thumbprint}"


def end_key(client_id: str, secret_id: str | None) -> str:
    """The key of the end of a secret or, None, of a certificate."""
    return f"end#{client_id}#{secret_id or 'certificate'}"


def grant_key(client_id: str, grant_id: str) -> str:
    """The key of a grant."""
    return f"grant#{client_id}#{grant_id}"


def event_key(event_id: str) -> str:
    """The key of an audit event."""
    return f"event#{event_id}"


def can_be_key(text: str) -> bool:
    """Whether DynamoDB could hold this as a key; what cannot be stored is surely absent."""
    try:
        return len(text.encode("utf-8")) <= MAXIMUM_KEY_BYTES
    except UnicodeEncodeError:
        # Half of a surrogate pair, as JSON can spell it.
        return False


def name_key(folded_name: str, folded_domain: str | None = None) -> str:
    """The key of a name's marker; a name too long for a key is marked by its SHA-256."""
    name = folded_name if folded_domain is None else f"{folded_domain}\\{folded_name}"
    encoded = _encode(name)
    if len(encoded) > MAXIMUM_NAME_KEY_BYTES:
        return f"long_name#{hashlib.sha256(encoded).hexdigest()}"
    return f"name#{name}"


def domain_key(folded_domain: str) -> str:
    """The key of a domain; one too long for a key is named by its SHA-256."""
    return _bounded("domain", folded_domain)


def group_name_key(folded_name: str) -> str:
    """The key of the marker of a group's name; as `domain_key`."""
    return _bounded("group_name", folded_name)


def mail_list(folded_address: str) -> str:
    """The list of those who have an address."""
    return _bounded("mail", folded_address)


def mail_key(folded_address: str, user_id: str) -> str:
    """The key that says that a user has an address."""
    return f"{mail_list(folded_address)}#{user_id}"


def external_id_key(kind: str, external_id: str) -> str:
    """The key of the marker of an external id; `kind` is `user` or `group`."""
    return f"external_id#{kind}#{external_id}"


def deleted_key(user_id: str) -> str:
    """The key of a deleted user's entry in their list."""
    return f"deleted#{user_id}"


def group_key(group_id: str) -> str:
    """The key of a group."""
    return f"group#{group_id}"


def member_key(group_id: str, user_id: str) -> str:
    """The key that says that a user is in a group."""
    return f"member#{group_id}#{user_id}"


def sort_name(folded_name: str) -> str:
    """The part of a name that orders its list."""
    return folded_name[:SORT_NAME_CHARACTERS]


def _encode(text: str) -> bytes:
    """The text's bytes; half of a surrogate pair makes a key that nothing is stored under."""
    return text.encode("utf-8", "surrogatepass")


def _bounded(kind: str, folded: str) -> str:
    encoded = _encode(folded)
    if len(encoded) > MAXIMUM_NAME_KEY_BYTES:
        return f"long_{kind}#{hashlib.sha256(encoded).hexdigest()}"
    return f"{kind}#{folded}"
