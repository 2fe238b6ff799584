"""The signing keys at the console: listed, and rotated by a confirmed form."""

import pytest

from chalicelib.oauth.signing_keys import PUBLISHED_SECONDS
from tests.console.administrators import Console
from tests.harness import World

KEYS = "/console/keys"


def states(console: Console) -> list[str]:
    return [
        " ".join(one.text.split())
        for one in console.page.all("td")
        if one.attributes.get("data-label") == "State"
    ]


def rotate(console: Console) -> None:
    console.get(KEYS)
    console.get(console.page.by_id("rotate")["href"])
    form = _confirming(console)
    assert console.arrive_at(console.post(*form)).status == 200


def _confirming(console: Console) -> tuple[str, dict[str, str]]:
    form = next(one for one in console.page.forms if one.attributes["id"] == "confirm_form")
    return form.action, form.fields


@pytest.mark.checklist("36")
def test_keys_are_shown_with_what_comes_next(world: World, console: Console) -> None:
    reply = console.get(KEYS)
    ring = world.stores.key_rings.load(world.settings.issuer)
    assert ring is not None
    for key in ring.keys:
        assert key.kid in console.page.text
        assert key.encrypted_private_key.hex() not in reply.body
    assert states(console) == ["Signs", "Signs"]
    assert "Gives way to the next on 15 Apr 2027" in console.page.text


def test_a_rotation_is_asked_for_and_audited(world: World, console: Console) -> None:
    rotate(console)
    assert console.page.has("notice")
    assert states(console) == ["Signs"] * 2 + ["Published, signs next"] * 2
    assert console.page.has("waiting")
    assert not console.page.has("rotate")
    (event,) = world.stores.audit.list_events("signing_keys", None, 10).items
    assert event.actor.user_name == "domain\\admon"
    assert set(event.changes.values()) == {"next"}


def test_a_second_rotation_at_once_does_nothing(world: World, console: Console) -> None:
    console.get("/console/keys/rotate")
    first = _confirming(console)
    console.get("/console/keys/rotate")
    second = _confirming(console)
    console.post(*first)
    console.arrive_at(console.post(*second))
    assert "Nothing was changed" in console.page.text
    assert len(world.stores.audit.list_events("signing_keys", None, 10).items) == 1


def test_after_a_day_the_next_keys_sign(world: World, console: Console) -> None:
    rotate(console)
    world.clock.sleep(PUBLISHED_SECONDS)
    console.enter(KEYS)
    rotate(console)
    assert states(console) == ["Signs"] * 2 + ["Signs no more, still verifies"] * 2


@pytest.mark.checklist("14")
def test_a_form_is_accepted_once(console: Console) -> None:
    console.get("/console/keys/rotate")
    form = _confirming(console)
    assert console.post(*form).status == 303
    assert console.post(*form).status == 403
    assert console.page.has("error")
