"""Our own three programs, and how each is started: settings in the environment, readiness through a pipe."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from compose.cluster.links.settings import RelaySettings
from compose.cluster.processes import Launch
from compose.cluster.readiness import ReadyPipe
from compose.cluster.safety_net import SafetyNet
from compose.cluster.spawn import Command, spawn
from compose.cluster.warm_start import Nursery, open_nursery
from shared.settings import BalancerSettings, NodeSettings

OurSettings = NodeSettings | BalancerSettings | RelaySettings

START_LIMIT_S = 30.0
STOP_EXTRA_S = 3.0
"""What a program may need to end beyond the time it takes its leave and gives to running requests."""


PRELOADED = ("loadbalancer.app", "node.app", "compose.cluster.links.app")
"""What the programs import; the warm interpreter does so once for all of them."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The modules to run. Tests put small ones of their own here."""

    node: str = "node"
    balancer: str = "loadbalancer"
    nursery: Nursery | None = None
    links: str = "compose.cluster.links"


@asynccontextmanager
async def open_programs(net: SafetyNet) -> AsyncIterator[Programs]:
    """Our programs, started from a warm interpreter where there can be one."""
    async with open_nursery(net, *PRELOADED) as nursery:
        yield Programs(nursery=nursery)


def launch_program(module: str, settings: OurSettings, *, nursery: Nursery | None = None) -> Launch:
    """`python -m module`. With `-P` the current directory stays off the module path: it may hold a `node/` too."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("DCSIM_")}
    return Launch(
        Command((sys.executable, "-P", "-m", module), {**ours, **settings.to_environment()}),
        readiness=ReadyPipe,
        spawn=spawn if nursery is None else nursery.spawn,
        start_limit_s=START_LIMIT_S + getattr(settings, "starting_s", 0.0),
        stop_limit_s=settings.stop_grace_s + getattr(settings, "lame_duck_s", 0.0) + STOP_EXTRA_S,
    )
