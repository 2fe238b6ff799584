"""The contract of `SigningKeyStore`, held to by the fake and by the table."""

from dataclasses import replace

import pytest

from chalicelib.oauth.key_material import Algorithm
from chalicelib.oauth.signing_keys import KeyState, SigningKeys
from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.storage import records
from chalicelib.storage.signing_keys import KeyRings, ring_key, write_ring
from tests.fakes.clock import FakeClock
from tests.keys import FakeKeyRings, stored_key, stored_ring
from tests.signing import ISSUER
from tests.storage.samples import event
from tests.tables import Aws

Rings = FakeKeyRings | KeyRings


@pytest.fixture(params=["fake", "table"])
def rings(request: pytest.FixtureRequest, clock: FakeClock) -> Rings:
    if request.param == "fake":
        return FakeKeyRings()
    aws = request.getfixturevalue("aws")
    rings: Rings = aws.stores(clock).key_rings
    return rings


def test_there_is_no_ring_at_first(rings: Rings) -> None:
    assert rings.load(ISSUER) is None


def test_a_ring_is_read_as_it_was_made(rings: Rings) -> None:
    keys = tuple(
        stored_key(algorithm, state, number=number)
        for algorithm in Algorithm
        for number, state in enumerate(KeyState)
    )
    ring = SigningKeys(ISSUER, keys)
    assert rings.create(ring) == ring
    assert rings.load(ISSUER) == ring


def test_the_first_ring_stays(rings: Rings) -> None:
    first, second = stored_ring(), stored_ring(number=1)
    rings.create(first)
    assert rings.create(second) == first
    assert rings.load(ISSUER) == first


def test_each_issuer_has_its_own_ring(rings: Rings) -> None:
    ring, other = stored_ring(), stored_ring("https://other.example", number=1)
    rings.create(ring)
    assert rings.create(other) == other
    assert rings.load(ISSUER) == ring


def test_a_ring_is_replaced_as_it_was_read(rings: Rings) -> None:
    before = stored_ring()
    rings.create(before)
    after = replace(before, keys=before.keys[:1], version=2)
    assert rings.replace(before, after) == after
    assert rings.load(ISSUER) == after


def test_whoever_comes_second_gets_what_the_first_made(rings: Rings) -> None:
    before = stored_ring()
    rings.create(before)
    first = replace(before, keys=before.keys[:1], version=2)
    second = replace(before, keys=before.keys[1:], version=2)
    rings.replace(before, first)
    assert rings.replace(before, second) == first
    assert rings.load(ISSUER) == first


def test_replacing_again_is_the_same_success(rings: Rings) -> None:
    before = stored_ring()
    rings.create(before)
    after = replace(before, keys=before.keys[:1], version=2)
    rings.replace(before, after)
    assert rings.replace(before, after) == after


def test_a_ring_that_is_gone_is_not_made_by_replacing_it(rings: Rings) -> None:
    before = stored_ring()
    with pytest.raises(StoreUnavailable):
        rings.replace(before, replace(before, version=2))
    assert rings.load(ISSUER) is None


@pytest.mark.checklist("22")
def test_the_key_of_a_ring_names_its_kind() -> None:
    assert ring_key(ISSUER) == f"ring#{ISSUER}"
    assert write_ring(stored_ring())["key"] == {"S": ring_key(ISSUER)}
    assert records.KeyRingRecord in records.RECORDS


def test_the_fullest_ring_is_far_from_the_largest_item() -> None:
    """Started by command every day: nine keys retire before the first of them is removed."""
    keys = [stored_key(one, KeyState.RETIRING) for one in Algorithm for _ in range(11)]
    filled = tuple(
        replace(key, kid=f"{number:043}", encrypted_private_key=b"\0" * 1500)
        for number, key in enumerate(keys)
    )
    item = write_ring(SigningKeys(ISSUER, filled))
    assert len(item["keys"]["S"]) < 100_000


def test_an_event_is_written_with_the_ring_or_not_at_all(aws: Aws, clock: FakeClock) -> None:
    stores = aws.stores(clock)
    before = stores.key_rings.create(stored_ring())
    after = replace(before, keys=before.keys[:1], version=2)
    made, refused = event("signing_keys"), event("signing_keys")
    assert stores.key_rings.replace(before, after, made) == after
    # The answer was lost, and the call repeated; then another process comes late.
    assert stores.key_rings.replace(before, after, made) == after
    other = replace(before, keys=before.keys[1:], version=2)
    assert stores.key_rings.replace(before, other, refused) == after
    assert list(stores.audit.list_events("signing_keys", None, 10).items) == [made]


def test_an_event_makes_no_ring_that_is_gone(aws: Aws, clock: FakeClock) -> None:
    stores, ring = aws.stores(clock), stored_ring()
    with pytest.raises(StoreUnavailable):
        stores.key_rings.replace(ring, replace(ring, version=2), event("signing_keys"))
    assert stores.key_rings.load(ISSUER) is None
