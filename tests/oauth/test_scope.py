"""Scopes: requested, allowed, and what a user's roles give."""

import pytest

from chalicelib.oauth.errors import InvalidScope
from chalicelib.oauth.scope import narrow, parse, render, user_rights

ALLOWED = frozenset({"api", "odata_query"})


def test_asking_for_nothing_gives_what_the_application_has() -> None:
    assert narrow(None, ALLOWED) == ALLOWED


def test_asking_for_less_gives_less() -> None:
    assert narrow("api", ALLOWED) == {"api"}


@pytest.mark.checklist("49")
@pytest.mark.parametrize("value", ["rpa", "api rpa", "admin"])
def test_asking_for_more_is_refused(value: str) -> None:
    with pytest.raises(InvalidScope):
        narrow(value, ALLOWED)


@pytest.mark.parametrize("value", ["", " ", "api  rpa", " api", "API", "api,rpa", "api\trpa"])
def test_a_malformed_scope_is_refused(value: str) -> None:
    with pytest.raises(InvalidScope):
        parse(value)


def test_a_grant_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidScope):
        narrow(None, frozenset())


def test_only_administrators_have_the_admin_scope() -> None:
    assert "admin" in user_rights({"administrator"})
    assert "admin" not in user_rights(())
    assert "admin" not in user_rights({"Administrator", "root"})


def test_scopes_are_rendered_in_one_order() -> None:
    assert render({"rpa", "api"}) == render(["api", "rpa", "api"]) == "api rpa"
