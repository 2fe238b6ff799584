"""Our processor behind odatapy's handler: entity sets, entities and their properties, read only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from odatapy.data import Entity, EntityCollection, Property
from odatapy.http.content_type import ContentType
from odatapy.server.processor import (
    ComplexCollectionProcessor,
    ComplexProcessor,
    CountEntityCollectionProcessor,
    EntityCollectionProcessor,
    EntityProcessor,
    PrimitiveCollectionProcessor,
    PrimitiveProcessor,
)
from odatapy.server.request import ODataRequest, ODataResponse
from odatapy.server.serializer.json_serializer import (
    ComplexSerializerOptions,
    EntityCollectionSerializerOptions,
    EntitySerializerOptions,
    ODataJsonSerializer,
    PrimitiveSerializerOptions,
)
from odatapy.server.uri.resource import (
    UriInfo,
    UriResourceComplexProperty,
    UriResourceEntitySet,
    UriResourcePrimitiveProperty,
)

from chalicelib.protected.odata.bounds import NodeBudget, QueryRefused
from chalicelib.protected.odata.conditions import validate_expression
from chalicelib.protected.odata.continuation import Continuations
from chalicelib.protected.odata.reading import (
    MAXIMUM_PAGE_SIZE,
    PAGE_SIZE,
    ROW_LIMIT,
    Query,
    Reader,
    Result,
    RowBudget,
)
from chalicelib.protected.odata.sources import Source
from chalicelib.protected.odata.viewer import Viewer

VERSION = "4.0"
MAXIMUM_SKIP = ROW_LIMIT - PAGE_SIZE
CALL = "call"


NextLink = Callable[[ODataRequest, str], str]
"""The address of the next page: of the request that read this one, and the token."""


@dataclass(slots=True)
class Call:
    """One HTTP request, all parts of a batch together.

    `bound` holds the values of a stored query's parameters. `in_batch`: this is a batch, whose
    parts are answered one after the other. `failure` is what went wrong beneath.
    """

    viewer: Viewer
    budget: RowBudget
    nodes: NodeBudget
    bound: Mapping[str, Any]
    next_link: NextLink
    in_batch: bool = False
    failure: Exception | None = None


class ReadingProcessor(
    EntityCollectionProcessor,
    CountEntityCollectionProcessor,
    EntityProcessor,
    PrimitiveProcessor,
    PrimitiveCollectionProcessor,
    ComplexProcessor,
    ComplexCollectionProcessor,
):
    """Reads from sources; whatever would write is refused before it comes here."""

    def __init__(self, sources: Mapping[str, Source], continuations: Continuations) -> None:
        self._sources = sources
        self._continuations = continuations

    def read_entity_collection(
        self, request: ODataRequest, response: ODataResponse, uri_info: UriInfo, ct: ContentType
    ) -> None:
        """A page of an entity set."""
        call = call_of(request)
        name = _entity_set(uri_info).entity_set.name
        query = _query(uri_info, request, call)
        binding = _binding(request, uri_info, call, name)
        token = uri_info.skiptoken
        position = None if token is None else self._continuations.verify(token, binding)
        result = self._reader(request, name).read(query, position)
        link = None
        if result.next is not None:
            link = call.next_link(request, self._continuations.sign(result.next, binding))
        collection = EntityCollection(entities=list(result.entities), count=_count(result, ct))
        options = EntityCollectionSerializerOptions(
            context_url=_context(request, name),
            select=_select(uri_info),
            count=query.count,
            next_link=link,
            service_version=VERSION,
        )
        entity_type = _entity_set(uri_info).entity_type
        serializer = _serializer(ct)
        body = serializer.entity_collection(
            self.service_metadata.edm, entity_type, collection, options
        )
        if request.preferences.max_page_size:
            response.add_preference_applied("odata.maxpagesize", str(query.page_size))
        _write(response, body, ct)

    def count_entity_collection(
        self, request: ODataRequest, response: ODataResponse, uri_info: UriInfo
    ) -> None:
        """`/$count`: how many there are, as plain text."""
        query = _query(uri_info, request, call_of(request))
        name = _entity_set(uri_info).entity_set.name
        _write(response, str(self._reader(request, name).count(query)), ContentType.TEXT_PLAIN)

    def read_entity(
        self, request: ODataRequest, response: ODataResponse, uri_info: UriInfo, ct: ContentType
    ) -> None:
        """One entity by its key."""
        resource = _entity_set(uri_info)
        options = EntitySerializerOptions(
            context_url=_context(request, f"{resource.entity_set.name}/$entity"),
            select=_select(uri_info),
            service_version=VERSION,
        )
        body = _serializer(ct).entity(
            self.service_metadata.edm,
            resource.entity_type,
            self._entity(request, uri_info),
            options,
        )
        _write(response, body, ct)

    def read_primitive(
        self, request: ODataRequest, response: ODataResponse, uri_info: UriInfo, ct: ContentType
    ) -> None:
        """One property; 204 where it is null (Part 1, §11.2.3)."""
        value = self._property(request, uri_info)
        if value.value is None:
            response.set_status(204)
            return
        options = PrimitiveSerializerOptions(
            context_url=_property_context(request), type_fqn=value.type
        )
        body = _serializer(ct).primitive(value.value, options, self.service_metadata.edm)
        _write(response, body, ct)

    def read_primitive_value(
        self,
        request: ODataRequest,
        response: ODataResponse,
        uri_info: UriInfo,
        ct: ContentType,  # noqa: ARG002 - odatapy's interface
    ) -> None:
        """`/$value`: one property as plain text."""
        value = self._property(request, uri_info)
        if value.value is None:
            response.set_status(204)
            return
        _write(response, _plain(value.value), ContentType.TEXT_PLAIN)

    def read_primitive_collection(
        self, request: ODataRequest, response: ODataResponse, uri_info: UriInfo, ct: ContentType
    ) -> None:
        """A property that holds several values."""
        value = self._property(request, uri_info)
        options = PrimitiveSerializerOptions(
            context_url=_property_context(request), type_fqn=value.type, collection=True
        )
        body = _serializer(ct).primitive_collection(
            list(value.value), options, self.service_metadata.edm
        )
        _write(response, body, ct)

    def count_primitive_collection(
        self, request: ODataRequest, response: ODataResponse, uri_info: UriInfo
    ) -> None:
        """How many values a property holds."""
        value = self._property(request, uri_info)
        _write(response, str(len(value.value)), ContentType.TEXT_PLAIN)

    def read_complex(
        self, request: ODataRequest, response: ODataResponse, uri_info: UriInfo, ct: ContentType
    ) -> None:
        """A property with parts."""
        value = self._property(request, uri_info)
        if value.value is None:
            response.set_status(204)
            return
        body = _serializer(ct).complex(
            self.service_metadata.edm, value.value, _complex_options(request, uri_info, value)
        )
        _write(response, body, ct)

    def read_complex_collection(
        self, request: ODataRequest, response: ODataResponse, uri_info: UriInfo, ct: ContentType
    ) -> None:
        """A property that holds several values with parts."""
        value = self._property(request, uri_info)
        body = _serializer(ct).complex_collection(
            self.service_metadata.edm, list(value.value), _complex_options(request, uri_info, value)
        )
        _write(response, body, ct)

    def count_complex_collection(
        self, request: ODataRequest, response: ODataResponse, uri_info: UriInfo
    ) -> None:
        """As `count_primitive_collection`."""
        self.count_primitive_collection(request, response, uri_info)

    def _reader(self, request: ODataRequest, name: str) -> Reader:
        call = call_of(request)
        return Reader(self._sources[name], call.viewer, call.budget, base_of(request))

    def _entity(self, request: ODataRequest, uri_info: UriInfo) -> Entity:
        resource = _entity_set(uri_info)
        (key,) = resource.typed_keys.values()
        entity = self._reader(request, resource.entity_set.name).load(key)
        if entity is None:
            raise QueryRefused("NotFound", "There is no such entity.", status=404)
        return entity

    def _property(self, request: ODataRequest, uri_info: UriInfo) -> Property:
        """The property at the end of the path, through complex ones before it."""
        beside = [name for name in uri_info.system_options_present if name != "$format"]
        if beside:
            # All values would be the answer.
            message = f"{beside[0]} is not supported on a property."
            raise QueryRefused("NotImplemented", message, status=501)
        holder: Any = self._entity(request, uri_info)
        found: Property | None = None
        for name in _property_path(uri_info):
            found = None if holder is None else holder.get_property(name)
            holder = None if found is None else found.value
        return Property(name=None, value=None) if found is None else found


def _count(result: Result, ct: ContentType) -> Any:
    """With IEEE754Compatible a count is a text, as all Int64 are (JSON Format, §3.2)."""
    as_text = result.count is not None and ct.ieee754_compatible
    return str(result.count) if as_text else result.count


def call_of(request: ODataRequest) -> Call:
    """The HTTP request that a request, or a part of a batch, belongs to."""
    call = request.context[CALL]
    assert isinstance(call, Call)
    return call


def _entity_set(uri_info: UriInfo) -> UriResourceEntitySet:
    first = uri_info.resource_parts[0]
    assert isinstance(first, UriResourceEntitySet)
    return first


def _property_path(uri_info: UriInfo) -> list[str]:
    kinds = (UriResourcePrimitiveProperty, UriResourceComplexProperty)
    return [part.property.name for part in uri_info.resource_parts if isinstance(part, kinds)]


def _query(uri_info: UriInfo, request: ODataRequest, call: Call) -> Query:
    """The system query options. Raises QueryRefused for what is not supported."""
    skip = 0 if uri_info.skip is None else uri_info.skip.value
    preferred = request.preferences.max_page_size or PAGE_SIZE
    if skip > MAXIMUM_SKIP:
        message = f"$skip is at most {MAXIMUM_SKIP}; follow @odata.nextLink instead."
        raise QueryRefused("RowLimitExceeded", message)
    order = () if uri_info.orderby is None else tuple(uri_info.orderby.items)
    filter_ = None if uri_info.filter is None else uri_info.filter.expression
    for item in order:
        validate_expression(item.expression, call.nodes)
    if filter_ is not None:
        validate_expression(filter_, call.nodes)
    return Query(
        filter=filter_,
        search=uri_info.search,
        order=order,
        skip=skip,
        top=None if uri_info.top is None else uri_info.top.value,
        count=uri_info.count is not None and uri_info.count.value,
        # Rows that are passed over are read as well.
        page_size=min(preferred, MAXIMUM_PAGE_SIZE, ROW_LIMIT - skip),
        aliases=dict(call.bound),
    )


def _binding(request: ODataRequest, uri_info: UriInfo, call: Call, name: str) -> list[str]:
    """What a continuation is bound to: who asks, and what gives the order and choice of rows."""
    return [
        base_of(request),
        name,
        call.viewer.client_id,
        call.viewer.user_id or "",
        "" if uri_info.filter is None else uri_info.filter.raw,
        "" if uri_info.orderby is None else uri_info.orderby.raw,
        repr(sorted(uri_info.raw_aliases.items())),
        repr(sorted(call.bound.items())),
    ]


def base_of(request: ODataRequest) -> str:
    """The service's root, without a slash at its end."""
    return request.raw_base_uri.rstrip("/")


def _context(request: ODataRequest, fragment: str) -> str:
    return f"{base_of(request)}/$metadata#{fragment}"


def _property_context(request: ODataRequest) -> str:
    path = request.raw_odata_path.strip("/").removesuffix("/$value")
    return _context(request, path)


def _complex_options(
    request: ODataRequest, uri_info: UriInfo, value: Property
) -> ComplexSerializerOptions:
    return ComplexSerializerOptions(
        context_url=_property_context(request),
        type_fqn=value.type,
        select=_select(uri_info),
    )


def _select(uri_info: UriInfo) -> list[str] | None:
    return None if uri_info.select is None else uri_info.select.selected_paths


def _serializer(ct: ContentType) -> ODataJsonSerializer:
    return ODataJsonSerializer(content_type=ct, service_version=VERSION)


def _write(response: ODataResponse, body: str, ct: ContentType) -> None:
    response.set_content(body, str(ct))
    response.set_status(200)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    isoformat = getattr(value, "isoformat", None)
    return str(value) if isoformat is None else str(isoformat()).replace("+00:00", "Z")
