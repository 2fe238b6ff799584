"""Forms as strangers send them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.oauth.errors import ContentTooLarge, InvalidRequest
from chalicelib.oauth.messages import Request
from chalicelib.oauth.parameters import parse_form, require

FORM = "application/x-www-form-urlencoded"


def request(body: bytes, content_type: str = FORM, **query: list[str]) -> Request:
    return Request("POST", "/", headers={"content-type": [content_type]}, query=query, body=body)


def test_parameters_are_decoded() -> None:
    assert parse_form(request(b"a=1&b=%C3%A9+x")) == {"a": "1", "b": "\u00e9 x"}


def test_a_parameter_without_a_value_counts_as_left_out() -> None:
    assert parse_form(request(b"a=&b=1")) == {"b": "1"}


def test_an_empty_body_is_an_empty_form_whatever_its_type() -> None:
    assert parse_form(Request("POST", "/")) == {}


@pytest.mark.checklist("8")
@pytest.mark.parametrize("body", [b"a=1&a=1", b"a=1&a=2", b"a=&a=1", b"a=1&b=2&%61=3"])
def test_a_repeated_parameter_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="more than once"):
        parse_form(request(body))


@pytest.mark.checklist("8")
def test_a_parameter_in_the_url_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="URL"):
        parse_form(request(b"a=1", scope=["api"]))


@pytest.mark.checklist("61")
@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "", f"{FORM}; charset=iso-8859-1", "multipart/form-data"],
)
def test_another_content_type_or_charset_is_refused(content_type: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_form(request(b"a=1", content_type))


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"'])
def test_utf_8_may_be_named(charset: str) -> None:
    assert parse_form(request(b"a=1", f"{FORM}; charset={charset}")) == {"a": "1"}


@pytest.mark.checklist("61")
def test_a_body_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(ContentTooLarge):
        parse_form(request(b"a=" + b"x" * 65_536))


@pytest.mark.parametrize(
    "body",
    [b"\xff=1", b"a=%ff", b"a", b"&".join(b"%d=1" % n for n in range(51)), b"a=" + b"x" * 16_385],
)
def test_what_is_no_bounded_form_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse_form(request(body))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_form_or_an_invalid_request(body: bytes) -> None:
    try:
        parameters = parse_form(request(body))
    except InvalidRequest:
        return
    assert all(parameters.values())


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(InvalidRequest, match="token"):
        require({}, "token")
