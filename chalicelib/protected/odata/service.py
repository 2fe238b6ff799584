"""One OData service: its root, its model, and the sources behind its entity sets."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from odatapy.http.method import HttpMethod
from odatapy.server import OData
from odatapy.server.request import ODataRequest, ODataResponse

from chalicelib.oauth import request_log
from chalicelib.oauth.messages import Request, Response
from chalicelib.protected.odata.batch import ReadingBatch
from chalicelib.protected.odata.bounds import NodeBudget
from chalicelib.protected.odata.continuation import Continuations
from chalicelib.protected.odata.handling import JsonEntities, ReadOnlyHandler
from chalicelib.protected.odata.processor import (
    CALL,
    VERSION,
    Call,
    NextLink,
    ReadingProcessor,
    base_of,
)
from chalicelib.protected.odata.query_string import query_string, with_token
from chalicelib.protected.odata.reading import ROW_LIMIT, RowBudget
from chalicelib.protected.odata.shapes import Model
from chalicelib.protected.odata.sources import Source
from chalicelib.protected.odata.viewer import Viewer

_PATH_CHARACTERS = "/()',=$:@!*;"


class ODataService:
    """Answers requests below one root, such as `https://issuer/odata/data`."""

    def __init__(self, root: str, sources: Sequence[Source], continuations: Continuations) -> None:
        self.root = root
        self.sources: Mapping[str, Source] = {source.shape.entity_set: source for source in sources}
        odata = OData.new_instance()
        model = Model([source.shape for source in sources])
        self.metadata = odata.create_service_metadata(model, VERSION)
        self._handler = ReadOnlyHandler(odata, self.metadata)
        self._handler.register(ReadingProcessor(self.sources, continuations))
        self._handler.register(ReadingBatch(self._handler))
        self._handler.register(JsonEntities())

    def respond(
        self,
        request: Request,
        viewer: Viewer,
        path: str,
        *,
        query: str | None = None,
        bound: Mapping[str, Any] | None = None,
        next_link: NextLink | None = None,
    ) -> Response:
        """The answer to `path` below the root, decoded.

        `query` stands in for the request's own query string, `bound` are the values of
        parameter aliases, `next_link` the address of a following page. Raises StoreUnavailable.
        """
        call = Call(viewer, RowBudget(), NodeBudget(), bound or {}, next_link or next_page)
        asked = ODataRequest(
            method=HttpMethod(request.method),
            raw_odata_path=path,
            raw_query_path=query_string(request.query) if query is None else query,
            raw_base_uri=self.root,
            body=request.body,
            _headers={name: ", ".join(values) for name, values in request.headers.items()},
            context={CALL: call},
        )
        answer = self._handler.answer(asked)
        request_log.note(odata_rows=ROW_LIMIT - call.budget.left)
        if call.failure is not None:
            raise call.failure
        return _response(answer)


def next_page(request: ODataRequest, token: str) -> str:
    """The request's own address with a token, and without what the token holds."""
    path = quote(request.raw_odata_path.strip("/"), safe=_PATH_CHARACTERS)
    return f"{base_of(request)}/{path}?{with_token(request.raw_query_path or '', token)}"


def _response(answer: ODataResponse) -> Response:
    content = answer.body_bytes()
    body = content.decode("utf-8") if content else None
    return Response(answer.status_code, body, dict(answer.headers))
