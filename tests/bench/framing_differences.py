"""The framing suite against HAProxy and nginx, beside ours: `python -m tests.bench.framing_differences [--all]`.

For each case: the status a client gets, and what reached the node behind: nothing, how many requests, or a request that
was smuggled inside another one. Without `--all` only the cases on which the fronts differ.
"""

import argparse
import re
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from loadbalancer.configurations import Front, Product, configuration
from shared.settings import Upstream
from tests.loadbalancer.framing_cases import CASES
from tests.support.backends import free_port, running_recorder
from tests.support.balancers import RunningBalancer, running_balancer

PATIENCE_S = 0.4
"""How long a front may say nothing before it counts as waiting for more."""


@contextmanager
def real(product, recorder):
    """HAProxy or nginx in front of the recorder."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Front((Upstream(**recorder.upstream),), folder, port=free_port(), health_interval_s=60.0)
        path = Path(folder) / "front.conf"
        path.write_text(configuration(product, settings))
        flags = ["-db", "-f", path] if product is Product.HAPROXY else ["-p", folder, "-c", path]
        process = subprocess.Popen([product.value, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        front = RunningBalancer(process, settings.port, None)
        try:
            deadline = time.monotonic() + 10
            while True:
                try:
                    front.connect().close()
                    break
                except OSError:
                    assert time.monotonic() < deadline, f"{product} does not listen"
                    time.sleep(0.05)
            yield front
        finally:
            process.terminate()
            process.wait()


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
                fronts[product.value] = stack.enter_context(real(product, recorder))
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
