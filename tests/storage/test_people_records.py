"""How the items of people who log in are keyed and bounded, and when TTL may delete them."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from chalicelib.directory.authentication import ADDRESS_LIMIT
from chalicelib.directory.consents import Consent, UserConsents
from chalicelib.directory.sessions import MAXIMUM_SESSIONS, UserSessions
from chalicelib.oauth import scope
from chalicelib.oauth.ids import new_client_id, new_user_id
from chalicelib.storage import people_records
from chalicelib.storage.attributes import TimeToLiveAttribute
from chalicelib.storage.database import table_of
from chalicelib.storage.people_records import PEOPLE_RECORDS
from chalicelib.storage.stores import Stores, open_stores
from tests.fakes.clock import START, FakeClock
from tests.faults.items import item_bytes
from tests.storage.test_sessions_contract import COUNTER, following, session, sessions
from tests.tables import Aws, LockedConnection

DAY = 86_400


def expires_at(stores: Stores, key: str) -> int:
    place = ("tokens", key)
    return int(stores.database.read([place])[place]["expires_at"]["N"])


@pytest.mark.checklist("22")
def test_every_key_names_its_kind() -> None:
    assert people_records.sessions_key("usr_a") == "sessions#usr_a"
    assert people_records.consents_key("usr_a") == "consents#usr_a"
    assert people_records.attempts_key(COUNTER).startswith("attempts#user#")


def test_what_tokens_hold_has_the_ttl_of_its_table() -> None:
    for record in PEOPLE_RECORDS:
        attributes = record.get_attributes().values()
        ttl = [one.attr_name for one in attributes if isinstance(one, TimeToLiveAttribute)]
        assert ttl == (["expires_at"] if table_of(record) == "tokens" else [])


def test_sessions_stay_a_day_after_the_last_end(tables: Stores) -> None:
    first = sessions(sessions={"ab": session("usr_a", ends_at=START + 50), "cd": session("usr_a")})
    tables.sessions.save(UserSessions("usr_a"), first)
    assert expires_at(tables, "sessions#usr_a") == START + 600 + DAY
    ended = following(first, sessions={}, updated_at=START + 100)
    tables.sessions.save(first, ended)
    assert expires_at(tables, "sessions#usr_a") == START + 100 + DAY


def test_attempts_stay_a_day_after_their_window(tables: Stores) -> None:
    tables.attempts.count(COUNTER)
    assert expires_at(tables, people_records.attempts_key(COUNTER)) == START + 900 + DAY


def test_the_largest_records_cost_a_few_units() -> None:
    largest = session(new_user_id(), user_agent="a" * 200, source_ip="2001:db8::1" * 3)
    many = {f"{number:064x}": largest for number in range(MAXIMUM_SESSIONS)}
    assert item_bytes(people_records.write_sessions(sessions(sessions=many))) < 16 * 1024
    scopes = frozenset(scope.SCOPES)
    agreed = {
        client_id: Consent(client_id, scopes, START)
        for client_id in (new_client_id() for _ in range(100))
    }
    assert item_bytes(people_records.write_consents(UserConsents("usr_a", agreed, 1))) < 16 * 1024


def test_the_counter_of_a_busy_address_costs_few_units(tables: Stores) -> None:
    """An address that guesses at user after user fills its item up to its limit, no further."""
    for number in range(2 * ADDRESS_LIMIT):
        tables.attempts.count(replace(COUNTER, most=ADDRESS_LIMIT, part=f"{number:064x}"))
    place = ("tokens", people_records.attempts_key(COUNTER))
    assert item_bytes(tables.database.read([place])[place]) < 5 * 1024


class LosingConnection(LockedConnection):
    """Really sends every write, and loses the answer of the first attempt at each."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self._lose_next = True

    def _send(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        answer = super()._send(operation_name, operation_kwargs)
        if operation_name in ("PutItem", "UpdateItem", "TransactWriteItems"):
            self._lose_next, lost = not self._lose_next, self._lose_next
            if lost:
                raise ReadTimeoutError(endpoint_url="https://dynamodb")
        return answer


def test_a_lost_answer_is_a_success_and_an_attempt_never_uncounted(
    aws: Aws, clock: FakeClock
) -> None:
    stores = open_stores(aws.settings(lease_seconds=0.0), clock, LosingConnection(clock))
    first = sessions()
    stores.sessions.save(UserSessions("usr_a"), first)
    second = replace(following(first), sessions={})
    stores.sessions.save(first, second)
    assert stores.sessions.load("usr_a").sessions == second
    counts = [stores.attempts.count(COUNTER).attempts for _ in range(3)]
    assert counts[0] >= 1
    assert counts == sorted(counts)
    before = counts[-1]
    stores.attempts.give_back(COUNTER, "n1")
    assert stores.attempts.count(COUNTER).attempts >= before


def test_a_claim_holds_once_and_survives_a_lost_answer(aws: Aws, clock: FakeClock) -> None:
    settings = aws.settings(lease_seconds=0.0)
    losing = open_stores(settings, clock, LosingConnection(clock)).attempts
    assert losing.claim(COUNTER, "n1")
    for nonce, holds in (("n2", False), ("n1", True)):
        assert open_stores(settings, clock).attempts.claim(COUNTER, nonce) is holds
