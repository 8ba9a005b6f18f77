"""What steps and faults of a drill act on: one running cluster, its stores, the record of the run, and chance."""

import random
from dataclasses import dataclass

from compose.cluster.handle import Cluster
from compose.cluster.stores import Stores
from compose.drills.history.recorder import Recorder


@dataclass(frozen=True)
class Scene:
    """`chance` draws the targets that a drill leaves open, and nothing else, so that the same seed draws the same."""

    cluster: Cluster
    stores: Stores
    recorder: Recorder
    chance: random.Random
