"""What steps and faults of a drill act on: one running cluster, its stores, its people, the record, and chance."""

import random
from dataclasses import dataclass
from typing import Protocol

from compose.cluster.handle import Cluster
from compose.cluster.stores import Stores
from compose.drills.history.recorder import Recorder


class People(Protocol):
    """What a fault can do to the traffic rather than to the cluster. The traffic of a drill is one."""

    def forget_routes(self) -> int:
        """From now on every browser throws away the balancer's route cookie and sends none, as behind a proxy that
        strips it. Returns how many people had one."""
        ...

    def keep_routes(self) -> int:
        """Route cookies are kept again. Returns how many were thrown away in between, those at the beginning
        included."""
        ...


@dataclass(frozen=True)
class Scene:
    """`chance` draws the targets that a drill leaves open, and nothing else, so that the same seed draws the same.
    `people` is None where nobody uses the cluster."""

    cluster: Cluster
    stores: Stores
    recorder: Recorder
    chance: random.Random
    people: People | None = None
