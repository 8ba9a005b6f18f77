"""How many stale accepts does a cluster have under each fault? `python -m tests.bench.stale_accepts --fault all`.

Real processes. Users log in on every node and keep asking with their cookies, ended ones included, while others end
their sessions through any node and a fault strikes again and again. A request started after the call returned and
answered as authenticated by a session from before the call is stale. Exit code 0: none, and every fault was seen to
hit; 1: some; 3: nothing to judge, or a fault that was never seen to hit.

Read with the table: `checked` are requests that would have been stale had they been accepted, `bound` is 3/checked
(95 %), `collateral` users were thrown out though nobody had invalidated them and their node lived. `expired` are users
whom a step of the clock threw out: the Bot Session Killer ends a session that made no second request within 10 minutes.
`longest wait` is the longest time between a call's commit and its return, from the receipts of the nodes (bar: one
lease, 2 s, and 100 ms); `own fault` is the same for calls through a node that stood still itself meanwhile. `longest
call` is what the client saw, commit, queueing and all.
"""

import argparse
import asyncio
import os
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from compose.cluster.handle import start_cluster
from compose.cluster.programs import open_programs
from compose.cluster.safety_net import spread_safety_net
from compose.cluster.spec import ClusterSpec, numbered_nodes
from compose.cluster.stores import open_stores
from compose.drills.checkers.stale_accept import Judgement, judge
from compose.drills.verdict import Verdict
from compose.people.browser import open_client
from shared.settings import Delivery
from tests.support.nemeses import NEMESES, all_well, plagued
from tests.support.receipt_watch import ReceiptWatch, watched_receipts
from tests.support.stale_load import StaleLoad

CHEAP = {"DCSIM_ARGON2_MEMORY_KIB": "8", "DCSIM_LOG_LEVEL": "warning"}
"""So that nodes spend their time on what is measured."""


@dataclass(frozen=True)
class Result:
    """One fault's run."""

    fault: str
    operations: int
    invalidations: int
    rounds: int
    hits: int
    judgement: Judgement
    longest_call_s: float
    watch: ReceiptWatch
    took_s: float
    failed_calls: dict

    @property
    def verdict(self):
        """A fault that never hit proves nothing."""
        hit = Verdict.PASS if self.hits else Verdict.UNKNOWN
        return Verdict.of(self.judgement.verdict, hit)


@asynccontextmanager
async def cheap_cluster(*, nodes, delivery, log_level="warning", **spec):
    """A cluster and its stores, both of our own, so that everything may be killed."""
    before = {name: os.environ.get(name) for name in CHEAP}
    os.environ.update(CHEAP | {"DCSIM_LOG_LEVEL": log_level})
    ended = []

    def note_end(exit_):
        ended.append((exit_.name, time.monotonic_ns(), str(exit_)))

    try:
        async with AsyncExitStack() as stack:
            net = await stack.enter_async_context(spread_safety_net())
            programs = await stack.enter_async_context(open_programs(net))
            stores = await stack.enter_async_context(open_stores(net, on_exit=note_end))
            spec = ClusterSpec(numbered_nodes(nodes), delivery=delivery, **spec)
            cluster = await stack.enter_async_context(
                start_cluster(spec, stores, net=net, on_exit=note_end, programs=programs)
            )
            cluster.ended = ended
            yield cluster, stores
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
    if ended:
        print("ended unasked:", *(words for _, _, words in ended), sep="\n  ", file=sys.stderr)


async def run_fault(cluster, stores, fault, *, operations, seed, users=24, hold_s=3.0, rest_s=1.5, askers=6):
    """One fault against a healthy cluster; what came of it."""
    started = time.monotonic()
    urls = {node.id: node.url for node in cluster.nodes.values()}
    async with open_client() as client:
        load = StaleLoad(client, urls, users=users, seed=seed, prefix=f"{fault}-{seed}-{time.monotonic_ns()}")
        await load.create_users()
        await load.log_everybody_in()
        async with (
            watched_receipts(cluster) as watch,
            plagued(NEMESES[fault], cluster, stores, load, watch, hold_s=hold_s, rest_s=rest_s) as hits,
        ):
            await load.run(operations=operations, askers=askers)
        for name, at_ns, _ in cluster.ended:
            load.node_ends[name].append(at_ns)
        await all_well(cluster)
    return Result(
        fault,
        load.answered,
        sum(one.returned_ns is not None for one in load.invalidations),
        len(hits),
        sum(hits) if all(hits) else 0,
        judge(load.history),
        load.longest_call_s,
        watch,
        time.monotonic() - started,
        dict(load.failed_calls),
    )


HEAD = (
    f"{'fault':20} {'answered':>9} {'checked':>8} {'invalid.':>8} {'rounds':>6} {'hits':>6} {'stale':>6} {'bound':>9} "
    f"{'collat.':>7} {'expired':>7} {'longest wait':>12} {'own fault':>9} {'longest call':>12} {'verdict':8} {'req/s':>6}  failed calls"
)


def line(result):
    """One row of the table."""
    judgement = result.judgement
    bound = "-" if judgement.upper_bound is None else f"{judgement.upper_bound:.1e}"
    failed = ", ".join(f"{count} x {why}" for why, count in result.failed_calls.items())
    return (
        f"{result.fault:20} {result.operations:9} {judgement.checked:8} {result.invalidations:8} {result.rounds:6} "
        f"{result.hits:6} {len(judgement.stale):6} {bound:>9} {len(judgement.collateral):7} {len(judgement.expired):7} "
        f"{result.watch.longest_ms:9.0f} ms {max(result.watch.excused_ms, default=0):6.0f} ms {result.longest_call_s:10.2f} s {result.verdict:8} {result.operations / result.took_s:6.0f}  {failed}"
    ).rstrip()


def evidence(result, *, most=3):
    """The first stale accepts in words."""
    for one in result.judgement.stale[:most]:
        request, call = one.request, one.invalidation
        yield (
            f"    {request.session.user} accepted on {request.session.node} by a request started "
            f"{one.late_ns / 1e6:.1f} ms after the call through {call.node} had returned"
        )


async def measure(faults, *, nodes, operations, delivery, seed, askers):
    """All of them on one cluster, one after the other."""
    results = []
    async with cheap_cluster(nodes=nodes, delivery=delivery) as (cluster, stores):
        print(f"delivery {delivery}, {nodes} nodes, {operations} answered requests per fault, seed {seed}")
        print(HEAD, flush=True)
        for fault in faults:
            result = await run_fault(cluster, stores, fault, operations=operations, seed=seed, askers=askers)
            print(line(result), *evidence(result), sep="\n", flush=True)
            results.append(result)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fault", default="all", help=f"all, or some of {', '.join(NEMESES)}, with commas")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--operations", type=int, default=100_000)
    parser.add_argument("--delivery", type=Delivery, default=Delivery.FENCED, choices=list(Delivery))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--askers", type=int, default=6, help="clients a node; few of them, and waits are not the machine's"
    )
    given = parser.parse_args()
    faults = list(NEMESES) if given.fault == "all" else given.fault.split(",")
    if unknown := [fault for fault in faults if fault not in NEMESES]:
        parser.error(f"there is no fault {', '.join(unknown)}; there are {', '.join(NEMESES)}")
    results = asyncio.run(
        measure(
            faults,
            nodes=given.nodes,
            operations=given.operations,
            delivery=given.delivery,
            seed=given.seed,
            askers=given.askers,
        )
    )
    verdict = Verdict.of(*(result.verdict for result in results))
    print(f"verdict: {verdict}")
    return verdict.exit_code


if __name__ == "__main__":
    sys.exit(main())
