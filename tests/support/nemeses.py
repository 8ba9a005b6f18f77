"""What goes wrong while clients ask: one function a fault. Each heals what it broke, whatever happens, and returns how
often it was seen to hit; 0 means that nothing can be concluded from the run."""

import asyncio
import os
import signal
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

from compose.cluster.processes import ProcessState
from tests.support.children import descendants_of, state_of

LEASE_S = 2.0


@dataclass
class Scene:
    """What a nemesis may act on. `round` counts from 0 and chooses the victim."""

    cluster: object
    stores: object
    load: object
    watch: object
    round: int

    @property
    def victim(self):
        return list(self.cluster.nodes)[self.round % len(self.cluster.nodes)]

    def node_ended(self, node):
        self.load.node_ends[node].append(time.monotonic_ns())


async def nothing(scene, hold_s):
    """The control: a healthy cluster."""
    await asyncio.sleep(hold_s)
    return 1


async def link(scene, hold_s, *, to, kind, **settings):
    """One link of one node."""
    name = f"{scene.victim}->{to}"
    await scene.cluster.links.fault(name, kind, **settings)
    try:
        await asyncio.sleep(hold_s)
    finally:
        hits = await scene.cluster.links.heal(name)
    return hits


async def bus_restart(scene, hold_s):
    """Valkey ends politely and comes back."""
    server = scene.stores.servers["valkey"]
    await server.process.stop()
    try:
        await asyncio.sleep(hold_s / 2)
    finally:
        await server.start()
    await asyncio.sleep(hold_s / 2)
    return 1


async def bus_loss(scene, hold_s):
    """Valkey is killed and comes back knowing nothing."""
    server = scene.stores.servers["valkey"]
    await server.process.kill()
    try:
        await asyncio.sleep(hold_s / 4)
    finally:
        await server.start()
    await asyncio.sleep(hold_s * 3 / 4)
    return 1


async def bus_pause(scene, hold_s):
    """Valkey stands still."""
    process = scene.stores.servers["valkey"].process
    await process.pause()
    try:
        await asyncio.sleep(hold_s)
    finally:
        await process.resume()
    return 1


async def database_stall(scene, hold_s):
    """Every process of Postgres stands still."""
    server = scene.stores.servers["postgres"].process.pid
    pids = [server, *descendants_of(server)]
    for pid in pids:
        signal_if_there(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(0.05)
        stopped = sum(state_of(pid) == "T" for pid in pids)
        await asyncio.sleep(hold_s)
    finally:
        for pid in pids:
            signal_if_there(pid, signal.SIGCONT)
    return stopped


def signal_if_there(pid, number):
    with suppress(ProcessLookupError):
        os.kill(pid, number)


async def node_pause(scene, hold_s, *, leases):
    """SIGSTOP for that many leases: it wakes with what it believed, and with requests waiting in its socket."""
    node = scene.victim
    async with scene.watch.standing_still(node):
        await scene.cluster.pause(node)
        try:
            await asyncio.sleep(leases * LEASE_S)
        finally:
            await scene.cluster.resume(node)
    return 1


async def node_away(scene, hold_s, *, leases):
    """SIGSTOP for so long that the others look dead to it when it wakes, and no hint reaches anybody: each node has
    nothing but its lease and the log."""
    others = [f"{node}->redis" for node in scene.cluster.nodes if node != scene.victim]
    for name in others:
        await scene.cluster.links.fault(name, "cut")
    try:
        hits = await node_pause(scene, hold_s, leases=leases)
        await asyncio.sleep(hold_s)
    finally:
        for name in others:
            await scene.cluster.links.heal(name)
    return hits


async def node_kill(scene, hold_s):
    """kill -9 and start again."""
    node = scene.victim
    scene.node_ended(node)
    await scene.cluster.kill(node)
    scene.node_ended(node)
    await asyncio.sleep(hold_s / 4)
    await scene.cluster.start(node)
    return 1


async def node_join(scene, hold_s):
    """All but one leave politely, and join together while users are being invalidated."""
    nodes = [node for node in scene.cluster.nodes if node != scene.victim]
    for node in nodes:
        scene.node_ended(node)
    await asyncio.gather(*(scene.cluster.stop(node) for node in nodes))
    for node in nodes:
        scene.node_ended(node)
    await asyncio.gather(*(scene.cluster.start(node) for node in nodes))
    return len(nodes)


async def rolling_restart(scene, hold_s):
    """Each node in turn."""
    for node in scene.cluster.nodes:
        scene.node_ended(node)
        await scene.cluster.stop(node)
        scene.node_ended(node)
        await scene.cluster.start(node)
    return len(scene.cluster.nodes)


async def slow_loop(scene, hold_s, *, block_ms, gap_ms):
    """One node's event loop stands still, does a little, and stands still again."""
    node = scene.victim
    async with scene.watch.standing_still(node):
        await scene.cluster.slow_loop(node, block_ms=block_ms, every_ms=block_ms + gap_ms)
        try:
            await asyncio.sleep(hold_s)
        finally:
            blocks = await scene.cluster.heal_loop(node)
    return blocks


async def clock_step(scene, hold_s):
    """Policy time jumps beyond every Crowd entry, and one node's own clock goes wrong by seven minutes either way."""
    before = await scene.cluster.clock.newest()
    steered = await scene.cluster.clock.step(by_ms=16 * 60_000)
    try:
        await scene.cluster.clock.skew(scene.victim, (-1) ** scene.round * 7 * 60_000)
        await asyncio.sleep(hold_s)
    finally:
        await scene.cluster.clock.skew(scene.victim, 0)
    return int(steered.after_ms - steered.before_ms == 16 * 60_000 and before.generation < steered.anchor.generation)


NEMESES = {
    "none": nothing,
    "bus-restart": bus_restart,
    "bus-loss": bus_loss,
    "bus-pause": bus_pause,
    "bus-reset": partial(link, to="redis", kind="reset"),
    "bus-cut": partial(link, to="redis", kind="cut"),
    "bus-cut-in": partial(link, to="redis", kind="cut-in"),
    "bus-cut-out": partial(link, to="redis", kind="cut-out"),
    "bus-freeze": partial(link, to="redis", kind="freeze"),
    "bus-delay": partial(link, to="redis", kind="delay", ms=150, jitter_ms=100),
    "message-loss": partial(link, to="redis", kind="drop", share=0.5),
    "message-duplicate": partial(link, to="redis", kind="duplicate", copies=3),
    "message-reorder": partial(link, to="redis", kind="reorder", window=5),
    "database-cut": partial(link, to="postgres", kind="cut"),
    "database-cut-in": partial(link, to="postgres", kind="cut-in"),
    "database-cut-out": partial(link, to="postgres", kind="cut-out"),
    "database-freeze": partial(link, to="postgres", kind="freeze"),
    "database-stall": database_stall,
    "node-pause-1-lease": partial(node_pause, leases=1),
    "node-pause-3-leases": partial(node_pause, leases=3),
    "node-away-11-leases": partial(node_away, leases=11),
    "node-kill": node_kill,
    "node-join": node_join,
    "rolling-restart": rolling_restart,
    "slow-loop": partial(slow_loop, block_ms=150, gap_ms=50),
    "loop-blocked": partial(slow_loop, block_ms=2_500, gap_ms=200),
    "clock-step": clock_step,
}
"""By the name the command line knows."""


@asynccontextmanager
async def plagued(nemesis, cluster, stores, load, watch, *, hold_s=3.0, rest_s=2.0):
    """The nemesis strikes again and again during the block, with rests between; yields the list of how often each
    round hit. A round that has begun is seen to its end."""
    hits = []
    over = asyncio.Event()

    async def strike():
        while not over.is_set():
            await pause(over, rest_s)
            if not over.is_set():
                hits.append(await nemesis(Scene(cluster, stores, load, watch, len(hits)), hold_s))

    task = asyncio.create_task(strike())
    try:
        yield hits
    finally:
        over.set()
        await task


async def pause(over, seconds):
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await over.wait()


async def all_well(cluster):
    """Every node runs and nothing is broken."""
    await cluster.links.heal_all()
    for node in cluster.nodes.values():
        if node.process.state is ProcessState.PAUSED:
            await cluster.resume(node.id)
        if node.process.state is ProcessState.DOWN:
            await cluster.start(node.id)
