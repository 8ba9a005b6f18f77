"""The framing suite against HAProxy and nginx, beside ours: `python -m tests.bench.framing_differences [--all]`.

For each case: the status a client gets, and what reached the node behind: nothing, how many requests, or a request that
was smuggled inside another one. Without `--all` only the cases on which the fronts differ.
"""

import argparse
import re
import shutil
from contextlib import ExitStack

from compose.real_balancers.configurations import Product
from tests.bench.real_ones import running_real
from tests.loadbalancer.framing_cases import CASES
from tests.support.backends import running_recorder
from tests.support.balancers import running_balancer

PATIENCE_S = 0.4
"""How long a front may say nothing before it counts as waiting for more."""


def outcome(front, recorder, case):
    """What client and node saw of this case, in a few words."""
    recorder.forget()
    with front.connect(timeout_s=PATIENCE_S) as sock:
        received = b""
        try:
            sock.sendall(case.raw)
            while data := sock.recv(65536):
                received += data
        except (TimeoutError, ConnectionError, BrokenPipeError):
            pass
    statuses = re.findall(rb"HTTP/1\.[01] (\d{3})", received)
    client = "+".join(status.decode() for status in statuses) or "no answer"
    seen = recorder.received()
    count = len(re.findall(rb"(?:^|\r\n\r\n|\r\n0\r\n\r\n|hello)[A-Z-]+ \S+ HTTP/1\.[01]\r\n", seen))
    if not seen:
        node = "nothing"
    elif b"GET /smuggled" in seen:
        node = "SMUGGLED"
    else:
        node = f"{count} request{'s' if count != 1 else ''}"
    return f"{client}, {node}"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--all", action="store_true", help="also the cases on which all agree")
    given = arguments.parse_args()
    with ExitStack() as stack:
        recorder = stack.enter_context(running_recorder())
        fronts = {"ours": stack.enter_context(running_balancer([recorder.upstream], health_interval_s=60.0))}
        for product in (Product.HAPROXY, Product.NGINX):
            if shutil.which(product):
                upstreams = [recorder.upstream]
                fronts[product.value] = stack.enter_context(running_real(product, upstreams, health_interval_s=60.0))
            else:
                print(f"{product}: not measured, it is not installed")
        rows = []
        for case in CASES:
            outcomes = [outcome(front, recorder, case) for front in fronts.values()]
            if given.all or len(set(outcomes)) > 1:
                rows.append((case.name, *outcomes))
    head = ("case", *fronts)
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(f"\n{len(rows)} of {len(CASES)} cases shown")


if __name__ == "__main__":
    main()
