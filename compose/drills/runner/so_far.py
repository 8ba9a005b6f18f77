"""What the verdict would be if the run ended now: for the screen only, judged beside the run in a thread of its own."""

import threading
import time

from compose.drills.history.history import History
from compose.drills.history.records import Completion, Invoke, Record
from compose.drills.judging import judge_run
from compose.drills.scenario.drill import Drill
from compose.drills.verdict import Verdict

EVERY_S = 2.0
SHARE = 0.1
"""Of the time at most so much is spent on judging, so that the run is not disturbed by being looked at."""
_WORDS = {Verdict.PASS: "holds", Verdict.FAIL: "VIOLATED", Verdict.UNKNOWN: "nothing yet"}


class VerdictSoFar:
    """`words` is the latest; the final verdict is judged from the files, not here."""

    def __init__(self) -> None:
        self.words = "nothing yet"
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._judge_again_and_again, name="verdict so far", daemon=True)
        self._drill: Drill | None = None
        self._variant = ""
        self._records: list[Record] = []

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def begin(self, drill: Drill, variant: str) -> None:
        with self._lock:
            self._drill, self._variant, self._records, self.words = drill, variant, [], "nothing yet"

    def watch(self, record: Record) -> None:
        self._records.append(record)

    def _judge_again_and_again(self) -> None:
        pause_s = EVERY_S
        while not self._over.wait(pause_s):
            began_s = time.monotonic()
            self._judge()
            pause_s = max(EVERY_S, (time.monotonic() - began_s) / SHARE)

    def _judge(self) -> None:
        with self._lock:
            drill, variant, records = self._drill, self._variant, list(self._records)
        if drill is None or not records:
            return
        (judged,) = judge_run({variant: drill}, {variant: History(_answered(records))}).variants
        words = "; ".join(
            f"{_WORDS[verdict]}: {', '.join(names)}"
            for verdict in (Verdict.FAIL, Verdict.PASS, Verdict.UNKNOWN)
            if (names := [one.id for one in judged.expectations if one.as_found is verdict])
        )
        with self._lock:
            if self._variant == variant:
                self.words = words


def _answered(records: list[Record]) -> list[Record]:
    """Who is still waiting for his answer has not been failed by anybody yet."""
    done = {record.op for record in records if isinstance(record, Completion)}
    return [record for record in records if not isinstance(record, Invoke) or record.op in done]
