"""What the sender of a callback is told of a body that is not taken."""

import pytest

from tests.harness import World
from tests.protected.rpa.test_callbacks import Sender, body


@pytest.fixture
def sender() -> Sender:
    return Sender(World())


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("userId", 11.0, "must be a text or a whole number that is not negative"),
        ("userId", 11.5, "must be a text or a whole number that is not negative"),
        ("userId", True, "must be a text or a whole number that is not negative"),
        ("userId", "x" * 129, "must be at most 128 characters long"),
        ("botOutput", [], "must be an object"),
    ],
)
def test_a_wrong_field_is_told_what_it_must_be(
    sender: Sender, field: str, value: object, reason: str
) -> None:
    assert sender.send(body(**{field: value})).body["fields"] == {field: reason}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ('"status":"S","status":"S"', "a name stands twice in one object"),
        ('"status":"S","n":1e400', "a number is too large, or has more than 20 digits"),
        (f'"status":"S","n":1.{"0" * 20}1', "a number is too large, or has more than 20 digits"),
        (f'"status":"S","n":{10**25}', "a number is too large, or has more than 20 digits"),
        ('"status":"S","n":NaN', "NaN and Infinity are not JSON"),
        ('"status"', "it is not JSON"),
    ],
)
def test_json_that_is_not_taken_is_told_why(sender: Sender, fields: str, reason: str) -> None:
    reply = sender.send(f'{{"deploymentId":"a",{fields}}}')
    assert reply.status == 400
    assert reply.body["error_description"] == f"The body cannot be read: {reason}."


def test_a_number_is_compared_as_it_was_written(sender: Sender) -> None:
    assert sender.send(body(attempts=1)).status == 200
    assert sender.send(body(attempts=1.0)).status == 409
    # What a program writes of a number that it counts in binary has at most 17 digits.
    assert sender.send(body(deploymentId="third", attempts=-(2 / 3) * 1e-300)).status == 200
