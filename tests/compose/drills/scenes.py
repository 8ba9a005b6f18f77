"""A scene on a small real cluster, and what a run would have written about it."""

import random
from contextlib import asynccontextmanager, contextmanager

from compose.cluster.postgres import users_postgres
from compose.cluster.spec import Balancing, Tuning
from compose.cluster.stores import Stores
from compose.drills.history.journal import Journal
from compose.drills.history.recorder import Recorder
from compose.drills.history.records import FaultChange, NodeChange, Reading, Said
from compose.drills.scene import Scene
from shared.clock import Anchor
from tests.support.clusters import running_cluster

START = Anchor(0, 1_772_442_000_000, 0, 0)
FAST = {
    "clock": START,
    "tuning": Tuning(lame_duck_s=0.2, argon2_memory_kib=8),
    "balancing": Balancing(health_interval_s=0.1),
}


class Written:
    """The records so far, by kind."""

    def __init__(self, journal):
        self._journal = journal

    @property
    def records(self):
        return self._journal.records

    def of(self, kind):
        return [record for record in self._journal.records if type(record) is kind]

    @property
    def faults(self):
        return self.of(FaultChange)

    @property
    def nodes(self):
        return self.of(NodeChange)

    @property
    def readings(self):
        return self.of(Reading)

    @property
    def problems(self):
        return [said.text for said in self.of(Said) if said.is_problem]

    def phases(self, fault=None):
        return [str(change.phase) for change in self.faults if fault in (None, change.fault)]


@contextmanager
def scene_on(cluster, stores, folder, *, people=None):
    """A scene with a journal of its own on a cluster that may have served other tests."""
    folder.mkdir(exist_ok=True)
    with Journal(folder / "history.jsonl") as journal:
        scene = Scene(cluster, stores, Recorder(journal, START), random.Random(4711), people)
        yield scene, Written(journal)


@asynccontextmanager
async def opened_stores(stores):
    """The test run's servers, as somebody else's: they are not the drill's to break."""
    async with users_postgres(stores.postgres_url) as postgres:
        yield Stores(postgres, stores.redis_url)


@asynccontextmanager
async def running_scene(stores, warm, folder, **spec):
    """A cluster of the test's own, and a scene on it."""
    async with running_cluster(stores, warm, **FAST | spec) as cluster, opened_stores(stores) as opened:
        with scene_on(cluster, opened, folder) as (scene, written):
            yield scene, written
