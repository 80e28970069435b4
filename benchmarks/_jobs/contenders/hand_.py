"""A table, claimed, run and finished by hand-written SQL: what somebody writes who wants no library."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Sequence

import psycopg

from _jobs.contender import PROCESSES, THREADS, Place, place_of_environment, python
from _jobs.marks import Marks

TABLE = """
CREATE TABLE IF NOT EXISTS hand_job (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload text NOT NULL, state text NOT NULL DEFAULT 'pending',
    due_at timestamptz NOT NULL DEFAULT now(), attempts int NOT NULL DEFAULT 0, finished_at timestamptz)
"""
INDEX = "CREATE INDEX IF NOT EXISTS ix_hand_job ON hand_job (due_at, id) WHERE state = 'pending'"
INSERT = "INSERT INTO hand_job (payload) VALUES (%s)"
CLAIM = """
UPDATE hand_job SET state = 'running', attempts = attempts + 1 WHERE id = (
    SELECT id FROM hand_job WHERE state = 'pending' AND due_at <= now()
    ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, payload
"""
FINISH = "UPDATE hand_job SET state = 'succeeded', finished_at = now() WHERE id = %s AND state = 'running'"
IDLE_SECONDS = 0.05


class Hand:
    """Enqueues with INSERT."""

    def __init__(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        self._connection = connection

    def enqueue(self, number: int) -> None:
        with self._connection.transaction():
            self._connection.execute(INSERT, [_payload(number)])

    def enqueue_many(self, numbers: Sequence[int]) -> None:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(INSERT, [[_payload(number)] for number in numbers])

    def commands(self) -> Sequence[Sequence[str]]:
        return [python("-m", "_jobs.contenders.hand_")] * PROCESSES

    def unfinished(self) -> int:
        with self._connection.transaction():
            row = self._connection.execute("SELECT count(*) FROM hand_job WHERE state <> 'succeeded'").fetchone()
        return int(str(row[0])) if row else 0

    def close(self) -> None:
        self._connection.close()


def _payload(number: int) -> str:
    return json.dumps({"number": number, "text": "a few words"})


def connect(place: Place) -> Hand:
    connection = psycopg.connect(place.database)
    with connection.transaction():
        connection.execute(TABLE)
        connection.execute(INDEX)
    return Hand(connection)


def work(database: str, marks: Marks, stopping: threading.Event) -> None:
    with psycopg.connect(database) as connection:
        while not stopping.is_set():
            with connection.transaction():
                row = connection.execute(CLAIM).fetchone()
            if row is None:
                stopping.wait(IDLE_SECONDS)
                continue
            marks.note(json.loads(row[1])["number"])
            with connection.transaction():
                connection.execute(FINISH, [row[0]])


def main() -> None:
    stopping, place, marks = threading.Event(), place_of_environment(), Marks()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    threads = [threading.Thread(target=work, args=(place.database, marks, stopping)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
