"""HAProxy or nginx, as installed on this machine, in front of a cluster of ours."""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compose.cluster.processes import Launch
from compose.cluster.readiness import Unaware
from compose.cluster.spawn import Command
from compose.real_balancers.configurations import Front, Product, configuration
from shared.errors import OperatorError

CONNECT_POLL_S = 0.02
STOP_LIMIT_S = 10.0


class Listening(Unaware):
    """A foreign program that says nothing: it is ready when somebody answers on its port."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port

    async def wait(self) -> Mapping[str, Any]:
        while True:
            try:
                _, writer = await asyncio.open_connection(self._host, self._port)
            except OSError:
                await asyncio.sleep(CONNECT_POLL_S)
                continue
            writer.close()
            return {}


def require_installed(product: Product) -> str:
    """The path of the product's program. Raises OperatorError when it is not on this machine."""
    path = shutil.which(product.value)
    if path is None:
        raise OperatorError(f"{product.value} is not installed; install it, or leave --balancer out")
    return path


def launch_real(product: Product, front: Front) -> Launch:
    """Writes the configuration into `front.folder` and says how to run the product with it."""
    program = require_installed(product)
    path = Path(front.folder) / f"{product.value}.conf"
    path.write_text(configuration(product, front))
    flags = ("-db", "-f", str(path)) if product is Product.HAPROXY else ("-p", front.folder, "-c", str(path))
    return Launch(
        Command((program, *flags), cwd=Path(front.folder)),
        readiness=lambda _log: Listening(front.host, front.port),
        stop_limit_s=STOP_LIMIT_S,
    )
