"""A container that is started, stopped, killed, paused and started again, each confirmed by the engine."""

import asyncio

import pytest

from compose.cluster.docker.container import ContainerPlan, ManagedContainer
from compose.cluster.docker.networks import Place
from compose.cluster.docker.polling import Polled
from compose.cluster.processes import Launch, ProcessState
from compose.cluster.spawn import Command
from shared.errors import HarnessError, OperatorError
from tests.support.engine import running_run
from tests.support.eventually import eventually

pytestmark = pytest.mark.timeout(600)  # the first test that wants an image may have to build it

READY = "echo ready; "
SLEEP = "trap 'exit 0' TERM; while :; do sleep 0.05; done"

STUBBORN = "trap '' TERM; while :; do sleep 0.05; done"


@pytest.fixture
async def container(nothing_left, tmp_path):
    """One that is not started yet; `container.exits` collects unexpected ends, `container.run` is its run."""
    exits = []
    async with running_run(exits) as run:
        network = await run.networks.create(run.name("trial"), internal=True, labels={})
        place = Place(network, network.node(0), ("trial.net",))
        plan = ContainerPlan(run.name("trial"), run.images.redis, (place,), {}, {})
        container = ManagedContainer(run, plan, title="trial", log=tmp_path / "log")
        container.exits, container.run = exits, run
        yield container
        await container.close()


def shell(container, script: str, **limits: float) -> Launch:
    """A shell in the container, ready when its log says so."""

    async def said() -> bool:
        return container.log.exists() and "ready" in container.log.read_text()

    command = Command(("sh", "-c", script), {"GREETING": "hello"})
    return Launch(command, readiness=lambda _log: Polled(said), spawn=container.spawn, **limits)


async def test_its_life_is_that_of_a_process(container):
    """Through every state and back; a paused one stands still, one that is started anew has new settings."""
    await container.start(shell(container, "echo $GREETING; " + READY + SLEEP))
    assert (container.state, container.pid > 1) == (ProcessState.UP, True)
    assert "hello" in container.log.read_text()

    await container.pause()
    assert container.state is ProcessState.PAUSED
    assert (await inspected(container))["State"]["Paused"]
    with pytest.raises(OperatorError, match="cannot pause trial: it is paused"):
        await container.pause()
    await container.resume()
    assert not (await inspected(container))["State"]["Paused"]

    assert await container.kill() == -9
    assert (container.state, container.pid) == (ProcessState.DOWN, None)
    await container.start(shell(container, READY + SLEEP))
    await container.pause()
    assert await container.stop() == 0
    assert container.exits == []


async def test_it_keeps_its_address_and_its_names(container):
    """Also when it is made anew, as whoever dials it knows nothing else."""
    for _ in range(2):
        await container.start(shell(container, READY + SLEEP))
        (network,) = (await inspected(container))["NetworkSettings"]["Networks"].values()
        assert network["IPAddress"] == container.plan.places[0].address
        assert "trial.net" in network["Aliases"]
        await container.kill()


async def test_a_stop_that_takes_a_kill_was_not_polite(container):
    """And is told as that: a drill that counts on a polite stop has not had one."""
    await container.start(shell(container, READY + STUBBORN, stop_limit_s=0.3))

    with pytest.raises(HarnessError, match="trial was asked to stop, and was ended by SIGKILL"):
        await container.stop()

    assert container.state is ProcessState.DOWN


async def test_one_that_ends_too_early_is_quoted(container):
    """With its exit code and its last words; it can be started again."""
    with pytest.raises(HarnessError, match=r"(?s)trial ended with exit code 3 before it was ready.*oh no"):
        await container.start(shell(container, "echo oh no; exit 3"))

    await container.start(shell(container, READY + SLEEP))


async def test_an_end_that_nobody_asked_for_is_told(container):
    """As when somebody uses `docker kill`, which the summary of `dcsim up` invites to."""
    await container.start(shell(container, READY + SLEEP))
    assert container.crash_command == f"docker kill {container.plan.name}"

    process = await asyncio.create_subprocess_exec(*container.crash_command.split(), stdout=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0

    await eventually(lambda: [(exit_.name, exit_.exit_code) for exit_ in container.exits] == [("trial", -9)])


async def test_what_the_engine_does_not_know_is_not_confirmed(container):
    """A container that somebody has removed cannot be paused, and nobody is told that it was."""
    await container.start(shell(container, READY + SLEEP))
    api = container.run.engine.api
    await container.run.engine.call("remove it", api.remove_container, container.plan.name, force=True, v=True)

    with pytest.raises((HarnessError, OperatorError), match=r"No such container|cannot pause trial: it is down"):
        await container.pause()


async def inspected(container) -> dict:
    api = container.run.engine.api
    return await container.run.engine.call("describe it", api.inspect_container, container.plan.name)
