"""A container as a part of a cluster: the same states, the same verbs, each confirmed by what the engine tells.

A container that is started anew is made anew, because its settings are part of it; only a store's is kept, with what
it has stored. Its log is followed into a file from its first line, and so outlives it.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from docker.errors import DockerException

from compose.cluster.docker.engine import Engine, Gone, end_stream
from compose.cluster.docker.events import Event
from compose.cluster.docker.labels import PART
from compose.cluster.docker.networks import Place
from compose.cluster.docker.run import Run
from compose.cluster.ports import LOOPBACK
from compose.cluster.processes import ManagedProcess, how_it_ended
from compose.cluster.safety_net import SafetyNet
from compose.cluster.spawn import Command
from shared.errors import DcsimError, HarnessError

LOG_LIMIT_S = 2.0
"""Real time the rest of a log may take to come after its container has ended."""
RELEASE_LIMIT_S = 4.0
"""Real time the engine may take, after a container has died, to take back its networks and ports."""
ENGINE_LOST = 255
"""Exit code of a container whose end nobody can tell us any more."""


@dataclass(frozen=True)
class ContainerPlan:
    """A container to be. `places` are its networks; the first must be one it can be published on. `published` maps a
    port inside to one of this machine's loopback. `kept`: whoever owns it makes it once, and it is started as it is."""

    name: str
    image: str
    places: Sequence[Place]
    published: Mapping[int, int]
    labels: Mapping[str, str]
    volumes: Mapping[str, str] = field(default_factory=dict)
    tmpfs: Sequence[str] = ()
    kept: bool = False


class ManagedContainer(ManagedProcess):
    """See the module. Raises HarnessError when the engine does not confirm what was asked for."""

    def __init__(
        self, run: Run, plan: ContainerPlan, *, title: str, log: Path, on_death: Callable[[], None] = lambda: None
    ) -> None:
        """`on_death` is called at the moment the engine tells of it, when addresses and ports are still being taken
        back; the states follow when that is done."""
        super().__init__(title, log=log, net=run.net, on_exit=run.on_exit)
        self.plan = plan
        self._on_death = on_death
        self._run_in = run
        self._closing = False

    @property
    def whereabouts(self) -> str:
        return f"container {self.plan.name}"

    @property
    def crash_command(self) -> str:
        return f"docker kill {self.plan.name}"

    async def stop(self) -> int:
        """As for a process; a polite end is one with exit code 0 within the time the launch allows."""
        code = await super().stop()
        if code != 0 and not self._closing:
            raise HarnessError(f"{self.name} was asked to stop, and {how_it_ended(code)}")
        return code

    async def kill(self) -> int:
        code = await super().kill()
        if code != -signal.SIGKILL:
            raise HarnessError(f"{self.name} was to be killed, but {how_it_ended(code)}")
        return code

    async def close(self) -> None:
        self._closing = True
        await super().close()

    async def spawn(
        self,
        command: Command,
        *,
        name: str,
        log: Path,
        net: SafetyNet,
        environment: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> "ContainerChild":
        """Makes and starts the container; the arguments and environment of `command` are the container's."""
        run, plan = self._run_in, self.plan
        if not plan.kept:
            await self.make(command)
        described = await run.engine.call(f"describe {name}", run.engine.api.inspect_container, plan.name)
        child = ContainerChild(run, str(described["Id"]), name=name, on_death=self._on_death)
        try:
            await run.engine.call(f"start {name}", run.engine.api.start, child.id)
        except BaseException:
            child.forget()
            raise
        await child.started(log)
        return child

    async def make(self, command: Command) -> None:
        """Makes the container without starting it, in place of the one it was before."""
        await _make(self._run_in, self.plan, command.arguments, command.environment)

    async def stands_still(self) -> str | None:
        child = self._process
        if not isinstance(child, ContainerChild):
            return None
        described = await self._run_in.engine.call("look", self._run_in.engine.api.inspect_container, child.id)
        return "frozen, says the engine" if described["State"]["Paused"] else None

    async def _stand_still(self) -> None:
        await self._confirmed_by("pause", self._run_in.engine.api.pause)

    async def _go_on(self) -> None:
        await self._confirmed_by("unpause", self._run_in.engine.api.unpause)

    async def _confirmed_by(self, action: str, method: Any) -> None:
        child = self._process
        assert isinstance(child, ContainerChild)
        what = f"{action} {self.name}"
        async with self._run_in.events.confirmed(what, lambda event: event.of == child.id and event.action == action):
            await self._run_in.engine.call(what, method, child.id)


class ContainerChild:
    """A container that runs; the part of asyncio's Process that we use. Exit codes are negative for signals."""

    def __init__(self, run: Run, container: str, *, name: str, on_death: Callable[[], None]) -> None:
        self.id = container
        self.pid = 0
        self.returncode: int | None = None
        self._name = name
        self._on_death = on_death
        self._engine = run.engine
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._calls: set[asyncio.Task[None]] = set()
        self._log: threading.Thread | None = None
        self.forget = run.events.listen(self._heard)

    async def started(self, log: Path) -> None:
        """Follows its log, and learns its pid on this machine; both are lost on one that has already ended."""
        api = self._engine.api
        self._log = threading.Thread(target=_follow, args=(self._engine, self.id, log), name="log", daemon=True)
        self._log.start()
        described = await self._engine.call(f"describe {self._name}", api.inspect_container, self.id)
        self.pid = int(described["State"]["Pid"])

    async def wait(self) -> int:
        """The exit code, once the engine has told of the end and the log is complete."""
        code = await asyncio.shield(self._ended)
        if self._log is not None:
            await asyncio.to_thread(self._log.join, LOG_LIMIT_S)
        return code

    def send_signal(self, number: int, /) -> None:
        """Does not wait. A paused container hears of it, and goes on to do so."""
        if self.returncode is None and number != signal.SIGCONT:
            call = asyncio.get_running_loop().create_task(self._signal(number))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def _signal(self, number: int) -> None:
        with suppress(DcsimError):  # one that has ended meanwhile cannot be signalled; that it ended is told elsewhere
            await self._engine.call(f"signal {self._name}", self._engine.api.kill, self.id, int(number))

    def _heard(self, event: Event | None) -> None:
        if event is None:
            self._end()
        elif event.of == self.id and event.action == "die":
            code = int(event.attributes.get("exitCode", ENGINE_LOST))
            self.returncode = 128 - code if 128 < code < 128 + signal.NSIG else code
            self._on_death()
            asyncio.get_running_loop().call_later(RELEASE_LIMIT_S, self._end)
        elif self.returncode is not None and event.releases(self.id):
            self._end()

    def _end(self) -> None:
        """It has died, and the engine has taken back its networks and ports: nobody answers there any more."""
        if not self._ended.done():
            self._ended.set_result(ENGINE_LOST if self.returncode is None else self.returncode)
            self.forget()


async def _make(run: Run, plan: ContainerPlan, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """In place of the one of that name, if there is one. The health check is for people with nothing better: we ask
    the program itself."""
    engine, api = run.engine, run.engine.api
    with suppress(Gone):
        await engine.call(f"remove {plan.name}", api.remove_container, plan.name, force=True, v=True)
    first, *others = plan.places
    await engine.call(
        f"make {plan.name}",
        api.create_container,
        plan.image,
        list(arguments),
        name=plan.name,
        hostname=plan.labels.get(PART, plan.name),
        environment=dict(environment),
        labels={**run.labels, **plan.labels},
        ports=list(plan.published),
        healthcheck={"test": ["NONE"]},
        networking_config=api.create_networking_config({first.network.name: _endpoint(engine, first)}),
        host_config=api.create_host_config(
            port_bindings={inside: (LOOPBACK, outside) for inside, outside in plan.published.items()},
            binds=[f"{volume}:{path}" for volume, path in plan.volumes.items()],
            tmpfs=dict.fromkeys(plan.tmpfs, ""),
            restart_policy={"Name": "no"},
            network_mode=first.network.name,
        ),
    )
    for place in others:
        await join(engine, plan.name, place)


async def join(engine: Engine, container: str, place: Place) -> None:
    """Puts a container on a network, at its address and with the names it has there."""
    await engine.call(
        f"put {container} on {place.network.name}",
        engine.api.connect_container_to_network,
        container,
        place.network.id,
        ipv4_address=place.address,
        aliases=list(place.aliases),
    )


def _endpoint(engine: Engine, place: Place) -> Any:
    return engine.api.create_endpoint_config(ipv4_address=place.address, aliases=list(place.aliases))


def _follow(engine: Engine, container: str, log: Path) -> None:
    """In a thread: from this start of it until its end."""
    with suppress(DockerException, requests.RequestException, OSError, ValueError, AttributeError):
        with log.open("ab", buffering=0) as file:
            stream = engine.api.logs(container, stream=True, follow=True)
            try:
                for piece in stream:
                    file.write(piece)
            finally:
                end_stream(stream)
