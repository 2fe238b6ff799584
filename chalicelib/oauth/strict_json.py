"""JSON as strangers send it: no duplicate names, NaN or huge numbers (RFC 8259 §4)."""

import json
from typing import Never

_MAXIMUM_DIGITS = 20


class MalformedJson(ValueError):
    """The text is not JSON that we take; the message says why and holds none of it."""


def parse(text: bytes) -> object:
    """The value of a UTF-8 JSON text whose size the caller has bounded. Raises MalformedJson."""
    try:
        return json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_float,
        )
    except MalformedJson:
        raise
    except UnicodeDecodeError:
        raise MalformedJson("it is not UTF-8") from None
    except ValueError:
        raise MalformedJson("it is not JSON") from None
    except RecursionError:
        raise MalformedJson("it is nested too deeply") from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedJson("a name stands twice in one object")
    return members


def _refuse_constant(_: str) -> Never:
    raise MalformedJson("NaN and Infinity are not JSON")


def _integer(digits: str) -> int:
    if len(digits) > _MAXIMUM_DIGITS:
        raise MalformedJson("a number is too large, or has more than 20 digits")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    significand = digits.lower().partition("e")[0].lstrip("-0.").replace(".", "")
    too_long = len(significand) > _MAXIMUM_DIGITS
    if too_long or number in (float("inf"), float("-inf")):
        raise MalformedJson("a number is too large, or has more than 20 digits")
    return number
