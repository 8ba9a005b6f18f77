"""HAProxy and nginx with the configuration that `compose.real_balancers.configurations` writes for them."""

import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from compose.real_balancers.configurations import Front, Product, configuration
from shared.settings import Upstream
from tests.support.backends import held_port
from tests.support.balancers import RunningBalancer


@contextmanager
def running_real(product, upstreams, **changes):
    """The product in front of these nodes, listening; `changes` are fields of Front."""
    with tempfile.TemporaryDirectory() as folder, held_port() as port:
        front = Front(tuple(Upstream(**one) for one in upstreams), folder, port=port, **changes)
        path = Path(folder) / "front.conf"
        path.write_text(configuration(product, front))
        flags = ["-db", "-f", path] if product is Product.HAPROXY else ["-p", folder, "-c", path]
        process = subprocess.Popen([product.value, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running = RunningBalancer(process, front.port, None)
        try:
            deadline = time.monotonic() + 10
            while True:
                try:
                    running.connect().close()
                    break
                except OSError:
                    assert time.monotonic() < deadline, f"{product} does not listen"
                    time.sleep(0.05)
            yield running
        finally:
            process.terminate()
            process.wait()
