"""Which applications a list shows, and in which order, as a query says it."""

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from chalicelib.administration.refusals import FieldsRefused
from chalicelib.endpoints.admin_requests import text_parameter
from chalicelib.oauth.messages import Request
from chalicelib.oauth.model import GrantType, Status
from chalicelib.oauth.scope import FORM_SCOPES
from chalicelib.registry.stores import Order, Selection

_Member = TypeVar("_Member", bound=StrEnum)

MAXIMUM_WORD_LENGTH = 40


def selection_of(request: Request) -> Selection:
    """`grant_type`, `scope`, `status`, `sort`; an empty one is left out. Raises FieldsRefused."""
    return Selection(
        grant_type=_member(request, "grant_type", GrantType),
        scope=_word(request, "scope", FORM_SCOPES),
        status=_member(request, "status", Status),
        order=_member(request, "sort", Order) or Order.NAME,
    )


def _member(request: Request, name: str, members: type[_Member]) -> _Member | None:
    word = _word(request, name, [member.value for member in members])
    return None if word is None else members(word)


def _word(request: Request, name: str, words: Iterable[str]) -> str | None:
    value = text_parameter(request, name, MAXIMUM_WORD_LENGTH)
    if not value:
        return None
    if value not in words:
        raise FieldsRefused({name: f"must be one of {', '.join(words)}"})
    return value
