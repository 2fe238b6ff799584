"""The form of a stored query, and how it is shown."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from chalicelib.administration.fields import clean_text
from chalicelib.administration.views import Time, View, rfc3339
from chalicelib.protected.odata.stored_queries import ENTITY_SETS, ParameterType, StoredQuery

MAXIMUM_EXPRESSION_LENGTH = 4_000
MAXIMUM_DESCRIPTION_LENGTH = 1_000
MAXIMUM_PARAMETERS = 10
NAME_PATTERN = "[a-z][a-z0-9_-]{0,63}"
PARAMETER_PATTERN = "[A-Za-z][A-Za-z0-9_]{0,31}"
# They stand beside parameters in the address of an execution.
RESERVED_PARAMETERS = frozenset({"query", "entitySet"})


def _known_set(value: str) -> str:
    if value not in ENTITY_SETS:
        raise ValueError(f"must be one of {', '.join(ENTITY_SETS)}")
    return value


def _unreserved(values: dict[str, ParameterType]) -> dict[str, ParameterType]:
    if not RESERVED_PARAMETERS.isdisjoint(values):
        raise ValueError("must not name a parameter query or entitySet")
    return values


def _parameter_type(value: object) -> object:
    """JSON has no enumerations: a strict form takes the text for its member."""
    return ParameterType(value) if isinstance(value, str) else value


_EmptyIsNull = BeforeValidator(lambda value: None if value == "" else value)
Expression = Annotated[
    Annotated[str, Field(max_length=MAXIMUM_EXPRESSION_LENGTH), AfterValidator(clean_text)] | None,
    _EmptyIsNull,
]
ParameterName = Annotated[str, Field(pattern=f"^{PARAMETER_PATTERN}$")]
TypeOfParameter = Annotated[ParameterType, BeforeValidator(_parameter_type)]


class StoredQueryForm(BaseModel):
    """What an administrator says of a query."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    entity_set: Annotated[
        str, AfterValidator(_known_set), Field(json_schema_extra={"enum": list(ENTITY_SETS)})
    ]
    filter: Expression = None
    orderby: Expression = None
    select: Expression = None
    top: Annotated[int | None, Field(ge=0, le=1_000_000)] = None
    parameters: Annotated[
        dict[ParameterName, TypeOfParameter],
        Field(max_length=MAXIMUM_PARAMETERS),
        AfterValidator(_unreserved),
    ] = {}
    description: Annotated[
        Annotated[str, Field(max_length=MAXIMUM_DESCRIPTION_LENGTH), AfterValidator(clean_text)]
        | None,
        _EmptyIsNull,
    ] = None


class NewStoredQueryForm(StoredQueryForm):
    """A query to store."""

    name: Annotated[str, Field(pattern=f"^{NAME_PATTERN}$")]


# What stands in for a required field that is refused, while the other fields are looked at.
STAND_INS = {"entity_set": ENTITY_SETS[0]}
NEW_STAND_INS = {**STAND_INS, "name": "stand-in"}


class StoredQueryView(View):
    """A stored query."""

    name: str
    entity_set: str
    filter: str | None
    orderby: str | None
    select: str | None
    top: int | None
    parameters: dict[str, ParameterType]
    description: str | None
    version: int
    created_at: Time
    updated_at: Time


class StoredQueryListView(View):
    """A page of stored queries, by name; `count` is how many it holds."""

    items: list[StoredQueryView]
    next: str | None
    count: int


def stored_query_view(query: StoredQuery) -> StoredQueryView:
    """The JSON of a query."""
    return StoredQueryView.model_validate(
        {
            **form_values(query),
            "name": query.name,
            "version": query.version,
            "created_at": rfc3339(query.created_at),
            "updated_at": rfc3339(query.updated_at),
        }
    )


def form_values(query: StoredQuery) -> dict[str, object]:
    """The form as this query would fill it."""
    return {
        "entity_set": query.entity_set,
        "filter": query.filter,
        "orderby": query.orderby,
        "select": query.select,
        "top": query.top,
        "parameters": dict(query.parameters),
        "description": query.description,
    }
