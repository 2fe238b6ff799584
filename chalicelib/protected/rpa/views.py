"""Callbacks as JSON: what an administrator reads."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from chalicelib.administration.views import Time, View, rfc3339, rfc3339_or_none
from chalicelib.protected.rpa.model import Callback, Delivery


class CallbackView(View):
    """One callback."""

    event_id: Annotated[str, Field(description="The id of its event, however often published.")]
    client_id: Annotated[str, Field(description="The application that sent it.")]
    deployment_id: str
    status: Delivery
    bot_status: Annotated[str, Field(description="How the deployment ended, as it was sent.")]
    user_id: Annotated[str | None, Field(description="The Control Room's user, as it was sent.")]
    received_at: Time
    published_at: Time | None
    callback: Annotated[Mapping[str, object], Field(description="The body as it was sent.")]


class CallbackListView(View):
    """A page of callbacks, the newest first."""

    items: list[CallbackView]
    next: str | None
    count: int


def callback_view(callback: Callback) -> CallbackView:
    """The JSON of a callback."""
    return CallbackView(
        event_id=callback.event_id,
        client_id=callback.client_id,
        deployment_id=callback.deployment_id,
        status=callback.delivery,
        bot_status=callback.bot_status,
        user_id=callback.user_id,
        received_at=rfc3339(callback.received_at),
        published_at=rfc3339_or_none(callback.published_at),
        callback=callback.content,
    )
