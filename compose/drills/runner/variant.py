"""One variant of a drill from its cluster's start to its last record."""

import asyncio
import random
import shutil
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from compose.cluster.ground import Ground
from compose.cluster.handle import Cluster
from compose.cluster.processes import UnexpectedExit
from compose.cluster.stores import Stores
from compose.drills import probes
from compose.drills.acts import Acts
from compose.drills.conditions import note_condition
from compose.drills.fault_book import FaultBook
from compose.drills.history.journal import Journal
from compose.drills.history.recorder import Recorder, Watcher
from compose.drills.history.records import Closed, NodeCondition, Opened
from compose.drills.judging.comparing import is_equal
from compose.drills.operations import Operations
from compose.drills.runner.clusters import standing_cluster
from compose.drills.runner.director import Director
from compose.drills.runner.sampling import read_all, sampling, wanted_probes
from compose.drills.scenario.drill import Drill, HealthyProbe
from compose.drills.scene import Scene
from compose.drills.traffic.population import Places, Population
from compose.people.administrator import Administrator
from compose.people.browser import open_client
from shared.clock import Anchor, as_ms
from shared.errors import DcsimError, HarnessError

BASELINE_S = 1.0
"""How long traffic with a rate goes on before anything is done (real)."""
QUIET_WITHIN_S = 8.0
STEADY_STATE_BROKEN = "steady-state:broken"
TRACES = "mistakes.txt"
"""Beside the history: where in dcsim something went wrong that nobody had thought of."""


@dataclass(frozen=True)
class VariantRun:
    """What is run: a whole drill, by its variant's name. `run` is the run's id, `command` repeats it."""

    name: str
    drill: Drill
    run: str
    file: Path
    folder: Path
    on: str
    command: str


async def run_variant(
    run: VariantRun, ground: Ground, *, ends: list[UnexpectedExit], watchers: Iterable[Watcher] = ()
) -> None:
    """Writes the history and the logs into the run's folder, whatever happens. `ends` are the processes of the ground
    that have ended unasked.

    A method that cannot go on ends; that is recorded, and the verdict will be unknown. Raises OperatorError for a drill
    that asks for what there is not, HarnessError when the cluster does not come up.
    """
    run.folder.mkdir(parents=True)
    anchor = Anchor(0, as_ms(run.drill.time.start), time.monotonic_ns(), 0.0)
    ends.clear()
    async with AsyncExitStack() as stack:
        cluster, neighbour = await standing_cluster(stack, run.drill, run.file.parent, ground, anchor)
        stack.callback(_keep_logs, cluster, run.folder / "logs")
        journal = stack.enter_context(Journal(run.folder / "history.jsonl"))
        recorder = Recorder(journal, anchor, watchers=watchers)
        recorder.write(_opened(run, cluster, recorder))
        client = await stack.enter_async_context(open_client())
        play = _Play(run, cluster, ground.stores, recorder, client, neighbour, ends)
        interrupted = True
        try:
            await play.whole()
            interrupted = False
        finally:
            recorder.write(Closed(recorder.real_ns(), recorder.policy_ms(), interrupted))


class _Play:
    """The phases of one variant, in their order."""

    def __init__(
        self,
        run: VariantRun,
        cluster: Cluster,
        stores: Stores,
        recorder: Recorder,
        client: aiohttp.ClientSession,
        neighbour: Cluster | None,
        ends: list[UnexpectedExit],
    ) -> None:
        drill, seed = run.drill, run.drill.configuration.seed
        self._drill = drill
        self._folder = run.folder
        self._cluster = cluster
        self._recorder = recorder
        self._client = client
        self._neighbour = neighbour
        self._ends = ends
        rules = cluster.spec.login_rules
        self._places = Places(
            cluster.base_url,
            {node.id: node.url + cluster.spec.context_path for node in cluster.nodes.values()},
            session_cookie=rules.session_cookie,
            remember_me_cookie=rules.remember_me_cookie,
            neighbour_url=None if neighbour is None else _only_node(neighbour),
            neighbour_cookie=rules.session_cookie if neighbour is None else neighbour.spec.login_rules.session_cookie,
        )
        self._population = Population(drill.traffic, self._places, client, recorder, seed=seed)
        self._scene = Scene(cluster, stores, recorder, random.Random(f"{seed}/targets"), self._population)
        self._faults = FaultBook(self._scene)
        self._operations = Operations(self._scene)
        acts = Acts(
            self._population,
            self._places,
            client,
            cluster.client,
            recorder,
            operator_urls={node.id: node.operator_url for node in cluster.nodes.values()},
        )
        self._director = Director(self._scene, self._population, acts, self._faults, self._operations, variant=run.name)

    async def whole(self) -> None:
        """Faults are healed and rollbacks done also when the method breaks off or is interrupted."""
        async with self._faults:
            await self._phase("setup", self._set_up)
            is_steady = False
            with self._told("steady state"):
                is_steady = await self._is_steady()
            if not is_steady:
                self._recorder.mark(STEADY_STATE_BROKEN)
                return
            with self._told("traffic"):
                async with sampling(self._scene, wanted_probes(self._drill, during=True)), self._population.arriving():
                    await self._phase("baseline", self._baseline)
                    await self._phase("method", self._method)
            await self._phase("rollback", self._roll_back)
        await self._phase("end", self._look_back)

    async def _phase(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._recorder.mark(name)
        with self._told(name):
            await work()
        self._recorder.mark(f"{name}:end")

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """What breaks off in the block is a problem of the run, which is judged all the same. Without its setup there
        is nothing to judge: raises what a setup raises, and HarnessError for what nobody had thought of."""
        try:
            yield
        except DcsimError as error:
            self._recorder.say(f"{name} broke off: {error}", is_problem=True)
            if name == "setup":
                raise
        except Exception as error:
            words = f"{name} broke off by a mistake in dcsim: {type(error).__name__}: {error}"
            self._recorder.say(words, is_problem=True)
            self._keep_trace(error)
            if name == "setup":
                raise HarnessError(words) from error

    def _keep_trace(self, error: Exception) -> None:
        with (self._folder / TRACES).open("a", encoding="utf-8") as file:
            file.writelines(traceback.format_exception(error))

    async def _set_up(self) -> None:
        for node_id in self._cluster.nodes:
            await note_condition(self._scene, node_id, NodeCondition.UP, cause="start")
        at = next(iter(self._places.nodes.values()))
        await self._population.create_accounts(await Administrator.log_in(self._client, at, "admin", "admin"))
        if self._neighbour is not None:
            other = await Administrator.log_in(self._client, _only_node(self._neighbour), "admin", "admin")
            await self._population.create_accounts(other)
        await self._population.log_in()
        self._population.begin_rhythms(self._recorder.policy_ms())
        if self._drill.time.rate:
            steered = await self._cluster.clock.rate(self._drill.time.rate)
            self._recorder.clock(steered.anchor, before_ms=steered.before_ms, late=steered.late)
        await self._director.read_clocks()

    async def _is_steady(self) -> bool:
        hypothesis = self._drill.steady_state_hypothesis
        if hypothesis is None:
            return True
        for probe in hypothesis.probes:
            reading = await probes.read(self._scene, probe.probe, probe.where)
            self._recorder.write(reading)
            if not _tolerated(probe, reading.value):
                seen = reading.error or f"it is {reading.value}"
                text = f"not steady before the method, so nothing was broken: {probe.probe}: {seen}"
                self._recorder.say(text, is_problem=True)
                return False
        return True

    async def _baseline(self) -> None:
        if any(group.rate is not None for group in self._drill.traffic.values()):
            await asyncio.sleep(BASELINE_S)

    async def _method(self) -> None:
        await self._director.perform(self._drill.method)

    async def _roll_back(self) -> None:
        await self._director.perform(self._drill.rollbacks)

    async def _look_back(self) -> None:
        """Everything is mended: does the cluster come to rest, and what is left?"""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + QUIET_WITHIN_S
        quiet = await probes.read(self._scene, "cluster.quiescent", {})
        while quiet.value != 1 and loop.time() < deadline_s:
            await asyncio.sleep(0.1)
            quiet = await probes.read(self._scene, "cluster.quiescent", {})
        self._recorder.write(quiet)
        self._recorder.write(await probes.read(self._scene, "caches.divergent", {}))
        await read_all(self._scene, wanted_probes(self._drill, during=False))
        await self._director.read_clocks()
        for ended in self._ends:
            self._recorder.say(f"ended unasked: {ended}", is_problem=True)


def _only_node(neighbour: Cluster) -> str:
    """Where people find an application that is one node and has no balancer of its own: ours would set cookies too."""
    (node,) = neighbour.nodes.values()
    return node.url + neighbour.spec.context_path


def _tolerated(probe: HealthyProbe, value: float | str | None) -> bool:
    if isinstance(probe.tolerance, tuple):
        lowest, highest = probe.tolerance
        return isinstance(value, int | float) and lowest <= value <= highest
    return is_equal(value, probe.tolerance)


def _opened(run: VariantRun, cluster: Cluster, recorder: Recorder) -> Opened:
    spec = cluster.spec
    return Opened(
        recorder.real_ns(),
        recorder.policy_ms(),
        run.run,
        run.file.stem,
        run.drill.title,
        run.name,
        run.drill.configuration.seed,
        run.on,
        datetime.now(UTC).isoformat(timespec="seconds"),
        {node.id: str(node.version) for node in cluster.nodes.values()},
        str(spec.delivery),
        str(spec.sticky),
        {
            "session_idle_ms": spec.limits.session_idle_s * 1000,
            "session_max_age_ms": None
            if spec.limits.session_max_age_s is None
            else spec.limits.session_max_age_s * 1000,
            "crowd_ttl_ms": spec.limits.crowd_ttl_s * 1000,
            "remember_me_age_ms": spec.limits.remember_me_age_s * 1000,
        },
        spec.switches.model_dump(mode="json"),
        run.command,
    )


def _keep_logs(cluster: Cluster, folder: Path) -> None:
    """What the programs wrote, before their directory goes."""
    folder.mkdir(exist_ok=True)
    for log in cluster.log_folder.glob("*.log"):
        shutil.copyfile(log, folder / log.name)
