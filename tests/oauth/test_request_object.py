"""What is read of a request object: how it wants to be refused, and nothing else."""

import json
from base64 import urlsafe_b64encode

import pytest

from chalicelib.oauth.request_object import read_answering


def request_object(payload: bytes) -> str:
    """An object whose header and signature nobody looks at."""
    return f"header.{urlsafe_b64encode(payload).rstrip(b'=').decode()}.signature"


def test_response_mode_and_state_are_read_and_nothing_else() -> None:
    claims = {"response_mode": "form_post", "state": "s\u00e9", "redirect_uri": "https://a.example"}
    text = json.dumps(claims).encode()
    assert read_answering(request_object(text)) == {
        "response_mode": "form_post",
        "state": "s\u00e9",
    }


@pytest.mark.parametrize("value", [None, 1, "", [], {"a": "b"}, "half \ud800"])
def test_what_could_be_no_parameter_counts_as_left_out(value: object) -> None:
    text = json.dumps({"state": value, "response_mode": "query"}).encode()
    assert read_answering(request_object(text)) == {"response_mode": "query"}


@pytest.mark.checklist("32")
@pytest.mark.parametrize(
    "request_text",
    [
        "",
        "a",
        "a.b.c",
        "..",
        "a.\u00e9\u00e9\u00e9\u00e9.c",
        request_object(b"\xff"),
        request_object(b"[]"),
        request_object(b'{"state": "a", "state": "b"}'),
        request_object(b'{"state": NaN}'),
        request_object(b'{"state": ' + b"[" * 10_000),
    ],
)
def test_what_cannot_be_read_says_nothing(request_text: str) -> None:
    assert read_answering(request_text) == {}
