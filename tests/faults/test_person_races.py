"""Many processes at once with one code or one refresh token, and a revocation among them."""

from collections import Counter

import pytest

from tests.faults.test_races import MANY, all_at_once, world
from tests.harness import Client, Process, Reply, World
from tests.people import REDIRECT_URI, TOKEN, VERIFIER, code_for, exchange, refresh, web_client

SCOPE = "api offline_access"

__all__ = ["world"]


def exchange_in(process: Process, client: Client, code: str) -> Reply:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }
    return process.post_form(TOKEN, form, client.basic)


def refresh_in(process: Process, client: Client, token: str) -> Reply:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return process.post_form(TOKEN, form, client.basic)


@pytest.mark.checklist("18", "19")
def test_of_32_exchanges_of_one_code_one_gets_tokens_and_the_replays_kill_them(
    world: World,
) -> None:
    client = web_client(world)
    code = code_for(world, client, world.add_user(), scope=SCOPE)
    replies = all_at_once(world, lambda process, _: exchange_in(process, client, code))
    assert Counter(reply.status for reply in replies) == {200: 1, 400: MANY - 1}
    won = next(reply for reply in replies if reply.status == 200)
    assert {reply.body["error"] for reply in replies if reply is not won} == {"invalid_grant"}
    assert world.process.whoami(won.token).status == 401
    assert refresh(world, client, won.body["refresh_token"]).status == 400
    assert len(world.tokens()) == 1


@pytest.mark.checklist("43")
def test_32_refreshes_of_one_token_get_one_answer(
    world: World,
) -> None:
    client = web_client(world)
    code = code_for(world, client, world.add_user(), scope=SCOPE)
    first = exchange(world, client, code).body["refresh_token"]
    replies = all_at_once(world, lambda process, _: refresh_in(process, client, first))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body["refresh_token"] for reply in replies}) == 1
    assert len({reply.body["access_token"] for reply in replies}) == 1
    assert world.process.whoami(replies[0].token).status == 200


@pytest.mark.checklist("45")
def test_after_a_revocation_among_32_refreshes_nothing_lives(
    world: World,
) -> None:
    client = web_client(world)
    code = code_for(world, client, world.add_user(), scope=SCOPE)
    tokens = exchange(world, client, code).body

    def act(process: Process, number: int) -> Reply:
        if number == MANY // 2:
            return process.revoke(tokens["access_token"], client)
        return refresh_in(process, client, tokens["refresh_token"])

    replies = all_at_once(world, act)
    assert replies[MANY // 2].status == 200
    for reply in replies:
        if "access_token" in (reply.body or {}):
            assert world.process.whoami(reply.body["access_token"]).status == 401
            assert refresh(world, client, reply.body["refresh_token"]).status == 400
