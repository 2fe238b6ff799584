"""`/scim/v2`: the guard, the library's service, and its answers."""

import json
from collections.abc import Callable
from typing import Any

from scim2_models import SCIMException
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from chalicelib.audit import Actor
from chalicelib.directory.groups import Groups
from chalicelib.directory.provisioning import Provisioning
from chalicelib.directory.stores import GroupStore, UserStore
from chalicelib.oauth.clock import Clock
from chalicelib.oauth.errors import OAuthError, TemporarilyUnavailable
from chalicelib.oauth.messages import Request, Response
from chalicelib.oauth.request_log import note
from chalicelib.oauth.scope import ADMINISTRATOR
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.oauth.validation import Access
from chalicelib.protected import doors
from chalicelib.protected.guard import Guard
from chalicelib.protected.scim.errors import in_plain_words, refuse
from chalicelib.protected.scim.groups import GroupResources
from chalicelib.protected.scim.requests import read_request
from chalicelib.protected.scim.searching import Bookmarks
from chalicelib.protected.scim.service import Handler, Service, provider
from chalicelib.protected.scim.storage import DirectoryStorage
from chalicelib.protected.scim.users import UserResources


class Scim:
    """Every path of SCIM; refusals have the shape of RFC 7644 §3.12."""

    def __init__(
        self,
        *,
        guard: Guard,
        users: UserStore,
        groups: GroupStore,
        clock: Clock,
        issuer: str,
        cursor_key: Callable[[], bytes],
        default_domain: str,
    ) -> None:
        self._guard = guard
        self._users = users
        self._groups = groups
        self._clock = clock
        self._issuer = issuer
        self._default_domain = default_domain
        self._bookmarks = Bookmarks(clock)
        self._service = Service(provider(), cursor_key)

    def __call__(self, request: Request) -> Response:
        """Admit, serve, answer; never raises but for a fault of its own."""
        try:
            access = self._guard.admit(request, doors.SCIM)
            served = self._serve(read_request(request, self._issuer), access, request.source_ip)
        except OAuthError as error:
            return refuse(error)
        except StoreUnavailable as error:
            return refuse(TemporarilyUnavailable(detail=str(error)))
        except SCIMException as error:
            note(outcome="scim_error", reason=error.scim_type or str(error.status))
            return _answer(self._service.error_response(in_plain_words(error)))
        return _answer(served)

    def _serve(self, request: ScimRequest, access: Access, source_ip: str) -> ScimResponse:
        user = access.user
        actor = Actor(
            client_id=access.application.client_id,
            user_id=None if user is None else user.user_id,
            user_name=access.user_label,
            source_ip=source_ip,
        )
        is_administrator = user is not None and ADMINISTRATOR in user.roles
        storage = DirectoryStorage(
            UserResources(
                provisioning=Provisioning(
                    self._users, self._clock, by_administrator=is_administrator
                ),
                users=self._users,
                groups=self._groups,
                bookmarks=self._bookmarks,
                model=self._model("User"),
                default_domain=self._default_domain,
            ),
            GroupResources(
                Groups(self._groups, self._users, self._clock),
                self._groups,
                self._users,
                self._model("Group"),
                by_administrator=is_administrator,
            ),
            actor,
        )
        return Handler(self._service, storage).handle(request)

    def _model(self, name: str) -> Any:
        return self._service.get_model(self._service.get_resource_type(name))


def _answer(response: ScimResponse) -> Response:
    """The answer as text: its media type is SCIM's own."""
    headers: dict[str, str | list[str]] = dict(response.headers)
    if response.body is None:
        headers.pop("Content-Type", None)
        return Response(int(response.status), None, headers)
    return Response(int(response.status), json.dumps(response.body), headers)
