"""Names and texts, and forms with several wrong fields."""

import pytest
from pydantic import BaseModel, ConfigDict

from chalicelib.administration.fields import MAXIMUM_REASONS, clean_name, clean_text, read_fields


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    size: int = 1


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [("  Payroll ", "Payroll"), ("Jose\u0301", "Jos\u00e9"), ("日本", "日本"), ("a b", "a b")],
)
def test_names_are_trimmed_and_composed(given: str, cleaned: str) -> None:
    assert clean_name(given) == cleaned


@pytest.mark.checklist("13")
@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "a\r\nb",
        "a\x00b",
        "a\u202eb",
        "a\u200bb",
        "a\u2066b",
        "a\ue000b",
        "a\u2028b",
        "\ufdfa" * 50,
    ],
)
def test_names_with_hidden_characters_or_a_huge_folded_form_are_refused(name: str) -> None:
    with pytest.raises(ValueError):
        clean_name(name)


def test_texts_may_have_lines_and_nothing_hidden() -> None:
    assert clean_text("one\r\n\ttwo") == "one\r\n\ttwo"
    with pytest.raises(ValueError):
        clean_text("one\u202etwo")


def test_every_wrong_field_is_named_and_none_repeats_its_value() -> None:
    form, reasons = read_fields(Form, {"size": "secret", "other": 1}, {"name": "x"})
    assert reasons == {
        "name": "is required",
        "size": "must be a whole number",
        "other": "is not a field of this form",
    }
    assert form == Form(name="x")


def test_a_body_of_unknown_fields_gets_a_bounded_answer() -> None:
    body = {"name": "x"} | {f"{number:0100}"[::-1]: 1 for number in range(1_000)}
    _, reasons = read_fields(Form, body, {})
    assert len(reasons) == MAXIMUM_REASONS
    assert max(len(name) for name in reasons) == 64
