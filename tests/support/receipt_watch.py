"""Watches the receipts of every node while faults strike: for how long did calls wait for other nodes?

A receipt's `waited_real_ms` runs from the commit to the return. A node that stands still while it waits itself (paused,
or its loop blocked) comes back late whatever the others do, so what it reports then is counted apart.
"""

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from compose.cluster.admin_client import Refused, Silent
from compose.cluster.processes import ProcessState

EVERY_S = 0.4
READ_AT_ONCE = 400
SLACK_NS = 1_500_000_000
"""Between a call's return and the reading that finds its receipt."""


@dataclass
class ReceiptWatch:
    """`waits_ms` of the calls whose own node was at work; `excused_ms` of the others."""

    cluster: object
    waits_ms: list[float] = field(default_factory=list)
    excused_ms: list[float] = field(default_factory=list)
    fenced: int = 0
    _seen: set[str] = field(default_factory=set)
    _stood_still: dict[str, list[list[int]]] = field(default_factory=dict)

    @property
    def longest_ms(self):
        return max(self.waits_ms, default=0.0)

    @asynccontextmanager
    async def standing_still(self, node):
        """Within the block that node does nothing, because of a fault."""
        interval = [time.monotonic_ns(), 1 << 63]
        self._stood_still.setdefault(node, []).append(interval)
        try:
            yield
        finally:
            interval[1] = time.monotonic_ns()

    async def read(self, *, record=True):
        """Whatever is new on each node; a node that is away keeps what it has for the next time."""
        await asyncio.gather(*(self._read_one(node, record=record) for node in self.cluster.nodes.values()))

    async def run(self):
        """Each node by itself, so that one that hangs does not keep the others' receipts waiting."""

        async def watch(node):
            while True:
                await asyncio.sleep(EVERY_S)
                await self._read_one(node, record=True)

        await asyncio.gather(*(watch(node) for node in self.cluster.nodes.values()))

    async def _read_one(self, node, *, record):
        if node.process.state is not ProcessState.UP:
            return
        since_ns = time.monotonic_ns() - SLACK_NS
        try:
            receipts = await self.cluster.client.invalidations(node.operator_url, limit=READ_AT_ONCE)
        except (Silent, Refused):
            return
        for receipt in receipts:
            if receipt["event_id"] in self._seen:
                continue
            self._seen.add(receipt["event_id"])
            if record:
                self.fenced += any(part["outcome"] == "fenced" for part in receipt["nodes"])
                self._note(node.id, since_ns, receipt["waited_real_ms"])

    def _note(self, node, since_ns, waited_ms):
        began_ns = since_ns - round(waited_ms * 1e6)
        own_fault = any(end_ns >= began_ns for _, end_ns in self._stood_still.get(node, ()))
        (self.excused_ms if own_fault else self.waits_ms).append(waited_ms)


@asynccontextmanager
async def watched_receipts(cluster):
    """A watch that reads during the block, and once more at its end. Receipts from before do not count."""
    watch = ReceiptWatch(cluster)
    await watch.read(record=False)
    task = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await watch.read()
