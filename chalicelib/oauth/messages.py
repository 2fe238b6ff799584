"""A request and a response as the protocol sees them, free of any HTTP framework."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MAXIMUM_BODY_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    `headers` has lower-case names; every name maps to the values in the order they came.
    `query` likewise holds every value of a repeated parameter. `source_ip` is the address
    that the gateway saw, never a forwarded header.
    """

    method: str
    path: str
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    source_ip: str = ""
    request_id: str = ""

    def header(self, name: str) -> str | None:
        """The only value of a header, or None; a header sent twice counts as its first value.

        Headers whose repetition matters (Authorization) are read from `headers`.
        """
        values = self.headers.get(name, ())
        return values[0] if values else None


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response.

    `body` is JSON-serializable, or bytes sent as they are, or None; text with a `Content-Type`
    of its own is sent as it is. A header with several values (`Set-Cookie`) has a list.
    """

    status: int
    body: object = None
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)
