"""Rules of single fields, and how a form's every wrong field is named at once."""

import re
import unicodedata
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

_Form = TypeVar("_Form", bound=BaseModel)

# Control, format (bidirectional marks, zero width), surrogates, private, unassigned, separators:
# what could make two names look like one, or break a line of a log.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LINE_BREAKS = frozenset("\n\r\t")
# Folding may lengthen a name eighteenfold; keys of a table end at 2,048 bytes.
MAXIMUM_FOLDED_LENGTH = 200
MAXIMUM_REASONS = 50
MAXIMUM_NAME_LENGTH = 64

_SUBJECT = re.compile(r"^\w+ should")
# What pydantic adds for those who know it.
_ASIDE = re.compile(r" after validation, not \d+$")
_REASONS = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this form",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "string_type": "must be a text",
    "list_type": "must be a list",
    "dict_type": "must be an object",
}


def clean_name(value: str) -> str:
    """A name of one line: NFC, without white space around it. Raises ValueError with the reason."""
    name = unicodedata.normalize("NFC", value).strip()
    if not name:
        raise ValueError("must not be empty")
    if any(unicodedata.category(character) in _HIDDEN for character in name):
        raise ValueError("must not hold control or invisible characters")
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    if len(folded) > MAXIMUM_FOLDED_LENGTH:
        raise ValueError("is too long once its characters are normalised")
    return name


def clean_text(value: str) -> str:
    """A text that may have lines. Raises ValueError with the reason."""
    text = unicodedata.normalize("NFC", value)
    hidden = (c for c in text if unicodedata.category(c) in _HIDDEN and c not in _LINE_BREAKS)
    if any(hidden):
        raise ValueError("must not hold control or invisible characters")
    return text


def read_fields(
    form: type[_Form], values: Mapping[str, object], stand_ins: Mapping[str, object]
) -> tuple[_Form, dict[str, str]]:
    """The form, and the reason of every field that breaks a rule of its own.

    A refused field has its default or, where it is required, its stand-in, so that rules between
    fields can still be looked at; such rules must pass over every field that is refused.
    """
    try:
        return form.model_validate(dict(values)), {}
    except ValidationError as error:
        reasons = _reasons(error)
    kept = {name: value for name, value in values.items() if name not in reasons}
    return form.model_validate({**stand_ins, **kept}), _bounded(reasons)


def _reasons(error: ValidationError) -> dict[str, str]:
    """The first reason of each field."""
    reasons: dict[str, str] = {}
    for found in error.errors(include_url=False, include_input=False):
        name = str(found["loc"][0])
        if found["type"] == "value_error":
            reason = str(found["ctx"]["error"])
        else:
            spoken = _SUBJECT.sub("must", _ASIDE.sub("", found["msg"]), count=1)
            reason = _REASONS.get(found["type"]) or spoken
        reasons.setdefault(name, reason)
    return reasons


def _bounded(reasons: Mapping[str, str]) -> dict[str, str]:
    """A body may name thousands of fields that no form has; the answer need not repeat them."""
    bounded = list(reasons.items())[:MAXIMUM_REASONS]
    return {name[:MAXIMUM_NAME_LENGTH]: reason for name, reason in bounded}
