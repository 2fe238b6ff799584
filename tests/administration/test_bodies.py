"""JSON bodies as strangers send them."""

import pytest

from chalicelib.administration.bodies import read_json_object
from chalicelib.administration.refusals import UnsupportedMediaType
from chalicelib.oauth.errors import ContentTooLarge, InvalidRequest
from chalicelib.oauth.messages import Request


def request(body: bytes, content_type: str | None = "application/json") -> Request:
    headers = {} if content_type is None else {"content-type": [content_type]}
    return Request("POST", "/admin/applications", headers=headers, body=body)


def test_an_object_is_read() -> None:
    assert read_json_object(request(b'{"a": ["x", null, 1]}')) == {"a": ["x", None, 1]}


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", 'Application/JSON; charset="UTF-8"']
)
def test_utf_8_may_be_named(content_type: str) -> None:
    assert read_json_object(request(b"{}", content_type)) == {}


@pytest.mark.checklist("61")
@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/json;charset=utf-16",
        "application/jsonx",
    ],
)
def test_another_content_type_or_charset_is_refused(content_type: str | None) -> None:
    with pytest.raises(UnsupportedMediaType):
        read_json_object(request(b"{}", content_type))


@pytest.mark.checklist("61")
def test_a_body_over_64_kib_is_refused() -> None:
    with pytest.raises(ContentTooLarge):
        read_json_object(request(b'{"a": "' + b"x" * 65_536 + b'"}'))


@pytest.mark.checklist("32")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b"\xff\xfe{}",
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": ' + b"9" * 5_000 + b"}",
        b'{"a": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"a": [{"b": "\\ud800"}]}',
        b'{"a": ' + b"[" * 9 + b"]" * 9 + b"}",
        b'{"a":' * 9 + b"1" + b"}" * 9,
        b'{"a": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    ],
    ids=range(17),
)
def test_hostile_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read_json_object(request(body))


def test_no_body_at_all_is_an_empty_object_where_that_is_allowed() -> None:
    assert read_json_object(request(b"", None), may_be_empty=True) == {}
    with pytest.raises(UnsupportedMediaType):
        read_json_object(request(b"{}", None), may_be_empty=True)
