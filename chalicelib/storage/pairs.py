"""An owner's two items, that of the token path and the rest, read together."""

from collections.abc import Callable, Sequence

from chalicelib.oauth.stores import StoreUnavailable
from chalicelib.storage.attributes import Item
from chalicelib.storage.database import Database
from chalicelib.storage.keys import detail_key

# A batch is not one moment: between two writes the items may differ in version.
_READ_TRIES = 5

Pair = tuple[Item, Item]


def read_pair(
    database: Database, table: str, main_key: Callable[[str], str], owner: str
) -> Pair | None:
    """Both items of one owner, of the same version, or None where there is no such owner.

    Raises StoreUnavailable.
    """
    keys = [(table, main_key(owner)), (table, detail_key(owner))]
    for _ in range(_READ_TRIES):
        found = database.read(keys)
        item, detail = found.get(keys[0]), found.get(keys[1])
        if item is None:
            return None
        if detail is not None and item["version"] == detail["version"]:
            return item, detail
    raise StoreUnavailable("the items changed while they were read")


def read_pairs(
    database: Database, table: str, main_key: Callable[[str], str], owners: Sequence[str]
) -> list[Pair]:
    """The pairs of these owners in their order, each of one version, without those that are gone.

    Raises StoreUnavailable.
    """
    pairs: dict[str, Pair] = {}
    pending = list(dict.fromkeys(owners))
    for _ in range(_READ_TRIES):
        keys = [(table, key(owner)) for owner in pending for key in (main_key, detail_key)]
        found = database.read(keys)
        torn = []
        for owner in pending:
            item = found.get((table, main_key(owner)))
            detail = found.get((table, detail_key(owner)))
            if item is None or detail is None:
                continue
            if item["version"] == detail["version"]:
                pairs[owner] = item, detail
            else:
                torn.append(owner)
        if not torn:
            return [pairs[owner] for owner in owners if owner in pairs]
        pending = torn
    raise StoreUnavailable("the items changed while they were read")
