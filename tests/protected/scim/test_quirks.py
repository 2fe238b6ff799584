"""What clients send besides the standard is read as they mean it, and nothing else is touched."""

import pytest

from chalicelib.protected.scim.quirks import (
    normalize_filter,
    normalize_patch,
    normalize_resource,
)
from tests.scim import ENTERPRISE

MANAGER = f"{ENTERPRISE}:manager"


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ('emails[primary eq "True"].value', "emails[primary eq true].value"),
        ('Active NE "FALSE"', "Active NE false"),
        ('manager eq "usr_1"', f'{MANAGER}.value eq "usr_1"'),
        (f'{MANAGER} eq "usr_1" and title pr', f'{MANAGER}.value eq "usr_1" and title pr'),
        ('title eq "the manager eq x"', 'title eq "the manager eq x"'),
        ('title eq "a \\" manager eq b"', 'title eq "a \\" manager eq b"'),
        (f'{MANAGER}.value eq "usr_1"', f'{MANAGER}.value eq "usr_1"'),
        ('active eq "perhaps"', 'active eq "perhaps"'),
    ],
)
def test_filters(sent: str, read: str) -> None:
    assert normalize_filter(sent) == read


def test_resources() -> None:
    sent = {
        "active": "True",
        "title": "True",
        "emails": [{"value": "False", "primary": "false"}],
        ENTERPRISE: {"manager": "usr_1", "department": "true"},
    }
    assert normalize_resource(sent) == {
        "active": True,
        "title": "True",
        "emails": [{"value": "False", "primary": False}],
        ENTERPRISE: {"manager": {"value": "usr_1"}, "department": "true"},
    }


def test_operations_that_need_nothing_stay_as_they_are() -> None:
    operations = [
        {"op": "add", "path": "title", "value": "True"},
        {"op": "remove", "path": "title"},
        {"op": "replace", "value": {"title": "x", "name": {"givenName": "y"}}},
        "nonsense",
        {"op": "replace", "value": "nonsense"},
    ]
    assert normalize_patch({"Operations": operations})["Operations"] == operations
    assert normalize_patch({"Operations": "nonsense"}) == {"Operations": "nonsense"}


def test_names_of_a_value_that_are_paths_become_operations() -> None:
    value = {"title": "x", 'emails[type eq "work"].value': "a@b", "active": "False"}
    sent = {"op": "Replace", "path": "", "value": value}
    assert normalize_patch({"operations": [sent]})["operations"] == [
        {"op": "Replace", "value": {"title": "x", "active": False}},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "a@b"},
    ]


def test_a_manager_without_its_schema_is_the_managers_attribute() -> None:
    at_path = {"op": "Add", "path": " Manager ", "value": [{"value": "usr_1"}]}
    in_value = {"op": "replace", "value": {"manager": "usr_1"}}
    gone = {"op": "Remove", "path": "manager"}
    assert normalize_patch({"Operations": [at_path, in_value, gone]})["Operations"] == [
        {"op": "Add", "path": MANAGER, "value": {"value": "usr_1"}},
        {"op": "replace", "value": {MANAGER: {"value": "usr_1"}}},
        {"op": "Remove", "path": MANAGER},
    ]


def test_a_manager_who_is_nobody_is_removed() -> None:
    for value in ("", [], {"value": ""}, {"value": None}):
        sent = {"op": "Add", "path": MANAGER, "value": value}
        assert normalize_patch({"Operations": [sent]})["Operations"] == [
            {"op": "remove", "path": MANAGER}
        ]


def test_what_a_remove_selects_is_told_by_values_alone() -> None:
    sent = {"op": "Remove", "path": "members", "value": [{"value": "a", "$ref": None, "x": "y"}]}
    read = {"op": "Remove", "path": "members", "value": [{"value": "a"}]}
    assert normalize_patch({"Operations": [sent]})["Operations"] == [read]


@pytest.mark.parametrize(
    "path", ["title", MANAGER, "name.givenName", 'emails[type eq "work"].value', "members[x pr]"]
)
@pytest.mark.parametrize("value", ["old", "", None, [{"value": "old"}], {"value": "old"}])
def test_a_remove_takes_what_its_path_names_whatever_the_value(path: str, value: object) -> None:
    sent = {"op": "Remove", "path": path, "value": value}
    read = {"op": "Remove", "path": path}
    assert normalize_patch({"Operations": [sent]})["Operations"] == [read]


@pytest.mark.parametrize("path", ["members", " Members ", "emails.value", "phoneNumbers.type"])
def test_a_remove_within_a_list_keeps_what_it_selects(path: str) -> None:
    operations = [{"op": "remove", "path": path, "value": [{"value": "a"}]}]
    assert normalize_patch({"Operations": operations})["Operations"] == operations


@pytest.mark.parametrize("value", ["", [], {}, None])
def test_a_remove_that_selects_nothing_of_a_list_is_left_for_the_library(value: object) -> None:
    operations = [{"op": "Remove", "path": "members", "value": value}]
    assert normalize_patch({"Operations": operations})["Operations"] == operations
