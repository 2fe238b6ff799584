"""JSON as strangers send it."""

import pytest

from chalicelib.oauth.strict_json import MalformedJson, parse


def test_json_is_parsed() -> None:
    assert parse(b'{"a": [1, 2.5, null, "x"]}') == {"a": [1, 2.5, None, "x"]}


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
