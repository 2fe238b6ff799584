"""JSON as strangers send it."""

import pytest

from chalicelib.oauth.strict_json import MalformedJson, parse


def test_json_is_parsed() -> None:
    assert parse(b'{"a": [1, 2.5, null, "x"]}') == {"a": [1, 2.5, None, "x"]}


@pytest.mark.parametrize("text", ["0." + "0" * 30 + "1", "-0.1", "1.2345678901234567e-300"])
def test_a_number_of_few_digits_is_parsed(text: str) -> None:
    assert parse(text.encode()) == float(text)


@pytest.mark.checklist("32")
@pytest.mark.parametrize(
    "text",
    [
        b'{"a": 1, "a": 2}',
        b'{"x": {"a": 1, "a": 1}}',
        b"NaN",
        b'{"a": Infinity}',
        b"1" * 21,
        b"1e999",
        b"1." + b"0" * 19 + b"1",
        b"-1234567890.12345678901e-5",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xff",
        b"",
        b"{'a': 1}",
    ],
)
def test_hostile_json_is_refused_at_once(text: bytes) -> None:
    with pytest.raises(MalformedJson):
        parse(text)
