"""Login attempts in the table `tokens`: atomic counters, one item a window of time."""

from chalicelib.directory.attempts import Counter
from chalicelib.oauth.life_cycle import RETENTION_SECONDS
from chalicelib.storage.connection import ConditionFailed
from chalicelib.storage.database import Database, Update
from chalicelib.storage.people_records import AttemptsRecord, attempts_key


class Attempts:
    """Fulfils `AttemptStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, counter: Counter) -> int:
        actions = (
            AttemptsRecord.attempts.add(1),
            AttemptsRecord.expires_at.set(counter.window_ends_at + RETENTION_SECONDS),
        )
        # No condition: the first attempt of a window makes its item.
        item = self._database.update(Update(AttemptsRecord, attempts_key(counter), actions, None))
        return int(item["attempts"]["N"])

    def give_back(self, counter: Counter, nonce: str) -> None:
        actions = (
            AttemptsRecord.attempts.add(-1),
            AttemptsRecord.given_back_nonce.set(nonce),
        )
        condition = (AttemptsRecord.attempts > 0) & (
            AttemptsRecord.given_back_nonce.does_not_exist()
            | (AttemptsRecord.given_back_nonce != nonce)
        )
        key = attempts_key(counter)
        try:
            self._database.update(Update(AttemptsRecord, key, actions, condition))
        except ConditionFailed:
            # Nothing is left to give back, or it was given back and the answer was lost.
            return
