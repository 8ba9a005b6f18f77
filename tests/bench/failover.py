"""What a failing node costs its clients, behind ours, HAProxy and nginx: `python -m tests.bench.failover`.

8 GET and 8 POST clients in a closed loop on a 20 ms handler, sticky by cookie, two nodes; node-1 is hit after a second.
The reference's table (load-balancer.md 2.8) measured again.
"""

import asyncio
import shutil
import signal

from compose.real_balancers.configurations import Product
from tests.bench.real_ones import running_real
from tests.support.backends import running_backends
from tests.support.balancers import running_balancer
from tests.support.load import run_twice, under_load

EVENTS = {"kill -9": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "SIGSTOP": signal.SIGSTOP}
AFTER_S = {"SIGSTOP": 5.0}


async def strike(front, event):
    """One row: what the clients behind this front saw of the event."""
    with running_backends(2) as nodes, front(nodes.upstreams) as running:

        async def during(_load):
            await asyncio.sleep(1.0)
            nodes["node-1"].signal(EVENTS[event])
            await asyncio.sleep(AFTER_S.get(event, 2.0))

        load = await under_load(running.url, during)
        twice = run_twice(nodes.executed())
    cells = []
    for method in ("GET", "POST"):
        lost = [one for one in load.of(method) if one.status != 200]
        dropped = sum(one.status is None for one in lost)
        explicit = ", ".join(sorted({str(one.status) for one in lost if one.status}))
        words = [f"{dropped} dropped"] * bool(dropped) + [f"{len(lost) - dropped} x {explicit}"] * bool(explicit)
        cells.append(" + ".join(words) or "0")
        cells.append(str(sum(nonce.startswith(method) for nonce in twice)))
    mixed = sum(one.status == 200 and not one.matched for one in load.seen)
    return [*cells, str(mixed), f"{max(one.took_s for one in load.seen):.2f} s"]


def main():
    fronts = {"ours": running_balancer}
    for product in (Product.HAPROXY, Product.NGINX):
        if shutil.which(product):
            fronts[product.value] = lambda upstreams, product=product: running_real(product, upstreams)
        else:
            print(f"{product}: not measured, it is not installed")
    rows = [["event", "front", "GET lost", "GET twice", "POST lost", "POST twice", "mixed up", "slowest"]]
    for event in EVENTS:
        for name, front in fronts.items():
            rows.append([event, name, *asyncio.run(strike(front, event))])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    main()
