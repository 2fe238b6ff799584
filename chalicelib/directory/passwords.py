"""Passwords: which are allowed, and how they are kept (RFC 9106, OWASP ASVS 5.0 §6.2)."""

import unicodedata
from functools import cache
from importlib.resources import files
from secrets import token_bytes

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

MINIMUM_LENGTH = 8
# Long enough for every passphrase, short enough that nobody makes the server read a book.
MAXIMUM_LENGTH = 256
# NFC makes at most three characters one (UAX #15), and takes long over thousands of marks.
_MAXIMUM_TYPED = 3 * MAXIMUM_LENGTH

# OWASP's parameters for Argon2id: 19 MiB, two passes, one lane; about 20 ms.
_MEMORY_KIB = 19 * 1024
_ITERATIONS = 2
_LANES = 1
_SALT_BYTES = 16
_HASH_BYTES = 32
_PARAMETERS = f"$argon2id$v=19$m={_MEMORY_KIB},t={_ITERATIONS},p={_LANES}$"


class PasswordRefused(ValueError):
    """The password may not be used; the text says why and never repeats it."""


class WrongPassword(Exception):
    """The password is not the one whose hash is kept."""


def validate_password(password: str) -> str:
    """The password in the form in which it is hashed (NFC), taken whole. Raises PasswordRefused."""
    normalized = "" if len(password) > _MAXIMUM_TYPED else unicodedata.normalize("NFC", password)
    if not MINIMUM_LENGTH <= len(normalized) <= MAXIMUM_LENGTH:
        raise PasswordRefused(f"must have {MINIMUM_LENGTH} to {MAXIMUM_LENGTH} characters")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in normalized):
        raise PasswordRefused("must not hold control characters")
    if normalized.lower() in _common_passwords():
        raise PasswordRefused("is one of the commonest passwords")
    return normalized


def hash_password(password: str) -> str:
    """The Argon2id PHC string of a password that `validate_password` returned, now or once."""
    argon2 = Argon2id(
        salt=token_bytes(_SALT_BYTES),
        length=_HASH_BYTES,
        iterations=_ITERATIONS,
        lanes=_LANES,
        memory_cost=_MEMORY_KIB,
    )
    normalized = unicodedata.normalize("NFC", password)
    return str(argon2.derive_phc_encoded(normalized.encode("utf-8")))


def is_outdated(phc: str) -> bool:
    """Whether a hash was made under other parameters than today's."""
    return not phc.startswith(_PARAMETERS)


def verify_password(password: str, phc: str) -> None:
    """Compare in constant time, under the parameters of the PHC string. Raises WrongPassword."""
    if len(password) > _MAXIMUM_TYPED:
        raise WrongPassword
    normalized = unicodedata.normalize("NFC", password)
    if len(normalized) > MAXIMUM_LENGTH:
        raise WrongPassword
    try:
        # No password holds half a character, so what is typed with one is only wrong.
        Argon2id.verify_phc_encoded(normalized.encode("utf-8", "surrogatepass"), phc)
    except InvalidKey:
        raise WrongPassword from None


@cache
def _common_passwords() -> frozenset[str]:
    """Read at the first password of a process; no request for a token needs it."""
    text = files("chalicelib.directory").joinpath("common_passwords.txt").read_text("utf-8")
    _, _, passwords = text.partition("\n\n")
    return frozenset(passwords.split("\n"))
