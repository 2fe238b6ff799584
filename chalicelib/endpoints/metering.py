"""What the edge sees of a request, as figures of usage."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from aws_lambda_powertools import Logger

from chalicelib.oauth.client_authentication import Method
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.protected.doors import door_of
from chalicelib.usage import UsageMeter

TOKEN_PATH = "/oauth2/server/token"
# Where applications authenticate for something else than a token.
CLIENT_PATHS = ("/oauth2/server/introspect", "/oauth2/server/revoke")
# Time-outs of one attempt, and a little more: a request does not wait for figures.
FLUSH_SECONDS = 3.5

_FIRST_REFUSAL = 400
_FIRST_SERVER_ERROR = 500
_NOT_ADMITTED = (401, 403)


class Metering:
    """Counts every answered request, and writes when it is time."""

    def __init__(
        self,
        meter: UsageMeter,
        logger: Logger,
        budget: Callable[[float], AbstractContextManager[object]],
    ) -> None:
        self._meter = meter
        self._logger = logger
        self._budget = budget

    def __call__(self, path: str, status: int, fields: Mapping[str, object]) -> None:
        """`path` is that of the route; `fields` are those of the request's log line."""
        if status >= _FIRST_SERVER_ERROR:
            # Nothing to count, and no moment to write more.
            return
        if path == TOKEN_PATH:
            self._count_token(status, fields)
        elif path in CLIENT_PATHS and status < _FIRST_REFUSAL:
            if fields.get("client_authentication") != Method.NONE:
                self._use(fields)
            # The application whose token a resource server was shown.
            self._use(fields, "token_")
        elif door_of(path) is not None:
            self._count_access(fields, is_admitted=status not in _NOT_ADMITTED)
        self._flush_if_due()

    def decided(self, fields: Mapping[str, object], *, is_admitted: bool) -> None:
        """The same for a decision that an API of somebody else asked for."""
        self._count_access(fields, is_admitted=is_admitted)
        self._flush_if_due()

    def _count_token(self, status: int, fields: Mapping[str, object]) -> None:
        if status >= _FIRST_REFUSAL:
            self._meter.count("refused", str(fields.get("outcome", "unknown")))
            return
        # The bearer exchange names no grant type.
        self._meter.count("issued", str(fields.get("grant_type") or "bearer_token"))
        self._use(fields)

    def _count_access(self, fields: Mapping[str, object], *, is_admitted: bool) -> None:
        if not is_admitted:
            # A request without any credential is the first half of a challenge, no refusal.
            if "client_id" in fields:
                self._meter.count("denied", str(fields.get("outcome", "unknown")))
            return
        self._use(fields)

    def _use(self, fields: Mapping[str, object], prefix: str = "") -> None:
        """Only ids that were found valid come here: others ended in a refusal."""
        client_id, secret_id = fields.get(f"{prefix}client_id"), fields.get(f"{prefix}secret_id")
        if isinstance(client_id, str):
            self._meter.use(client_id, secret_id if isinstance(secret_id, str) else None)

    def _flush_if_due(self) -> None:
        if not self._meter.is_due:
            return
        started = time.perf_counter()
        try:
            with self._budget(FLUSH_SECONDS):
                self._meter.flush()
        except StoreUnavailable as error:
            elapsed = round((time.perf_counter() - started) * 1000, 1)
            self._logger.warning(
                "usage", extra={"outcome": "not written", "reason": str(error), "ms": elapsed}
            )
