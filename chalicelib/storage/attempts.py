"""Login attempts in the table `tokens`: atomic counters, one item a window of time."""

from pynamodb.expressions.operand import Path

from chalicelib.directory.attempts import Count, Counter
from chalicelib.oauth.life_cycle import RETENTION_SECONDS
from chalicelib.storage.attributes import Item
from chalicelib.storage.connection import ConditionFailed
from chalicelib.storage.database import Database, Update
from chalicelib.storage.people_records import AttemptsRecord, attempts_key, attempts_part


class Attempts:
    """Fulfils `AttemptStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, counter: Counter) -> Count:
        actions = [
            AttemptsRecord.attempts.add(1),
            AttemptsRecord.expires_at.set(counter.window_ends_at + RETENTION_SECONDS),
        ]
        if counter.part is not None:
            actions.append(_part(counter.part).add(1))
        # The first attempt of a window makes its item.
        room = AttemptsRecord.attempts.does_not_exist() | (AttemptsRecord.attempts < counter.most)
        update = Update(AttemptsRecord, attempts_key(counter), tuple(actions), room)
        try:
            return _read(self._database.update(update), counter)
        except ConditionFailed as failed:
            return _read(failed.item or {}, counter, more=1)

    def claim(self, counter: Counter, nonce: str) -> bool:
        actions = (
            AttemptsRecord.attempts.set(1),
            AttemptsRecord.claim_nonce.set(nonce),
            AttemptsRecord.expires_at.set(counter.window_ends_at + RETENTION_SECONDS),
        )
        free = AttemptsRecord.attempts.does_not_exist()
        try:
            self._database.write(Update(AttemptsRecord, attempts_key(counter), actions, free))
        except ConditionFailed as failed:
            return (failed.item or {}).get("claim_nonce") == {"S": nonce}
        return True

    def give_back(self, counter: Counter, nonce: str) -> None:
        actions = [
            AttemptsRecord.attempts.add(-1),
            AttemptsRecord.given_back_nonce.set(nonce),
        ]
        condition = (AttemptsRecord.attempts > 0) & (
            AttemptsRecord.given_back_nonce.does_not_exist()
            | (AttemptsRecord.given_back_nonce != nonce)
        )
        if counter.part is not None:
            actions.append(_part(counter.part).add(-1))
            condition &= _part(counter.part) > 0
        update = Update(AttemptsRecord, attempts_key(counter), tuple(actions), condition)
        try:
            self._database.update(update)
        except ConditionFailed:
            # Nothing is left to give back, or it was given back and the answer was lost.
            return


def _part(part: str) -> Path:
    return Path([attempts_part(part)])


def _read(item: Item, counter: Counter, more: int = 0) -> Count:
    attempts = _number(item, "attempts") + more
    if counter.part is None:
        return Count(attempts)
    return Count(attempts, _number(item, attempts_part(counter.part)) + more)


def _number(item: Item, name: str) -> int:
    return int(item[name]["N"]) if name in item else 0
