"""The library's errors in the words of this service: names for codes, plain names for types."""

import re

# What a status is called where the library gives only its number.
_CODES = {
    400: "InvalidQuery",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    415: "UnsupportedMediaType",
    501: "NotImplemented",
}
_NUMBER = "a number"
_TYPES = {
    "String": "a text",
    "Boolean": "true or false",
    "DateTimeOffset": "a point in time",
    "Date": "a date",
    "TimeOfDay": "a time of day",
    "Duration": "a duration",
    "Guid": "a GUID",
    "Binary": "binary data",
    "Null": "null",
    **dict.fromkeys(
        ("SByte", "Byte", "Int16", "Int32", "Int64", "Single", "Double", "Decimal"), _NUMBER
    ),
}
# Not the type that a client named in a path.
_TYPE = re.compile(r"(?:\ba valid )?(?<!')\bEdm\.([A-Za-z0-9]+)(?: literal\b)?")
# Where a text is likely to lack its quotes.
_QUOTED = re.compile(r"cannot compare .*\ba text\b|for key .* is not a text\b")


def code_of(status: int, code: str | None) -> str:
    """The code of an error: a name; `code` may be the status as a number."""
    if code and not code.isdecimal():
        return code
    return _CODES.get(status, "InvalidRequest")


def plain(message: str) -> str:
    """A message that names types as people do, and says how a text is written."""
    worded = _TYPE.sub(lambda found: _TYPES.get(found[1], found[0]), message)
    if _QUOTED.search(worded):
        worded += " A text stands in single quotes, everything else in none."
    return worded
