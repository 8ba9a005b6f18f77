"""A process that is started, stopped, killed, paused and started again."""

import asyncio
import os
import signal

import pytest

from compose.cluster.processes import Launch, ManagedProcess, ProcessState, UnexpectedExit
from compose.cluster.readiness import LogLine, ReadyPipe
from compose.cluster.safety_net import spread_safety_net
from compose.cluster.spawn import Command
from shared.errors import HarnessError, OperatorError
from tests.support.children import is_alive, state_of
from tests.support.eventually import eventually

READY = """echo '{"port": 7}' >/dev/fd/$DCSIM_READY_FD; """
SLEEP = "exec sleep 1000"
STUBBORN = "trap '' TERM; " + READY + "while :; do sleep 0.01; done"


def shell(script: str, **limits: float) -> Launch:
    """A shell that tells through the pipe when it is ready."""
    return Launch(Command(("/bin/sh", "-c", script), {"PATH": os.environ["PATH"]}), readiness=ReadyPipe, **limits)


@pytest.fixture
async def process(tmp_path):
    """A process that is not started yet; `process.exits` collects the unexpected ones."""
    exits: list[UnexpectedExit] = []
    async with spread_safety_net() as net:
        process = ManagedProcess("trial", log=tmp_path / "log", net=net, on_exit=exits.append)
        process.exits = exits
        yield process
        await process.close()


async def test_a_start_returns_what_the_program_said(process):
    """One line of JSON when it is ready; from then on the process is up."""
    assert await process.start(shell(READY + SLEEP)) == {"port": 7}

    assert process.state is ProcessState.UP
    assert is_alive(process.pid)


async def test_a_server_may_say_in_its_log_that_it_is_ready(process):
    """What it said in an earlier life does not count."""
    for _ in range(2):
        script = "grep -c open log >&2; echo the door is open >&2; " + SLEEP
        command = Command(("/bin/sh", "-c", script), {"PATH": os.environ["PATH"]}, cwd=process.log.parent)
        await process.start(Launch(command, readiness=lambda log: LogLine(log, "door is open")))
        await process.kill()

    assert process.log.read_text().splitlines() == ["0", "the door is open", "1", "the door is open"]


async def test_a_program_that_ends_too_early_is_quoted(process):
    """With its exit code and its last words; it can be started again."""
    with pytest.raises(
        HarnessError, match="trial ended with exit code 3 before it was ready; its last words:\n    oh no"
    ):
        await process.start(shell("echo oh no; exit 3"))

    assert process.state is ProcessState.DOWN
    assert process.exits == []
    await process.start(shell(READY + SLEEP))


async def test_a_program_that_never_becomes_ready_is_ended(process):
    """Nothing of it runs when the error is raised."""
    with pytest.raises(HarnessError, match=r"trial was not ready within 0\.2 s; it logged nothing"):
        await process.start(shell(SLEEP, start_limit_s=0.2))

    assert process.state is ProcessState.DOWN
    assert process.pid is None


async def test_a_program_that_says_something_else_is_not_ready(process):
    """A contract that is not kept is named."""
    with pytest.raises(HarnessError, match="one JSON object was expected"):
        await process.start(shell("echo hello >/dev/fd/$DCSIM_READY_FD; " + SLEEP))

    assert process.state is ProcessState.DOWN


async def test_a_start_that_is_given_up_leaves_nothing(process):
    """Ctrl-C during the start."""
    start = asyncio.create_task(process.start(shell(SLEEP)))
    pid = await eventually(lambda: process.pid)

    start.cancel()
    await asyncio.wait({start})

    assert start.cancelled()
    assert not is_alive(pid)
    assert process.state is ProcessState.DOWN


async def test_a_program_that_does_not_exist_is_named(process):
    with pytest.raises(HarnessError, match="trial cannot be started"):
        await process.start(Launch(Command(("/no/such/program",)), readiness=ReadyPipe))

    assert process.state is ProcessState.DOWN


async def test_a_stop_is_polite(process):
    """The program may end as it likes, also out of a pause."""
    for paused in (False, True):
        await process.start(shell("trap 'exit 5' TERM; " + READY + "while :; do sleep 0.01; done"))
        if paused:
            await process.pause()
        assert await process.stop() == 5
        assert process.state is ProcessState.DOWN
    assert process.exits == []


async def test_a_stop_that_is_ignored_becomes_a_kill(process):
    """After the limit, in real time, patience is over."""
    await process.start(shell(STUBBORN, stop_limit_s=0.1))

    assert await process.stop() == -signal.SIGKILL


async def test_a_kill_is_what_was_asked_for(process):
    """And so nobody is told of an unexpected end."""
    await process.start(shell(READY + SLEEP))
    pid = process.pid

    assert await process.kill() == -signal.SIGKILL

    assert not is_alive(pid)
    assert (process.exit_code, process.pid, process.exits) == (-signal.SIGKILL, None, [])


async def test_a_pause_is_confirmed_and_ends_where_it_began(process):
    """The kernel says that the process stands still when `pause` returns."""
    await process.start(shell(READY + SLEEP))

    await process.pause()
    assert process.state is ProcessState.PAUSED
    assert state_of(process.pid) == "T"

    await process.resume()
    assert process.state is ProcessState.UP
    assert state_of(process.pid) != "T"


@pytest.mark.parametrize("paused", [False, True])
async def test_an_end_that_nobody_asked_for_is_told(process, paused):
    """By name and cause; the process is down and can be started again."""
    await process.start(shell(READY + SLEEP))
    if paused:
        await process.pause()

    os.kill(process.pid, signal.SIGKILL)
    await eventually(lambda: process.exits)

    assert str(process.exits[0]) == "trial was ended by SIGKILL"
    assert process.state is ProcessState.DOWN
    await process.start(shell(READY + SLEEP))


async def test_a_program_that_gives_up_by_itself_is_quoted(process):
    """Its last words may say why."""
    await process.start(shell("trap 'echo cannot go on; exit 1' USR1; " + READY + "while :; do sleep 0.01; done"))

    os.kill(process.pid, signal.SIGUSR1)
    await eventually(lambda: process.exits)

    assert str(process.exits[0]) == "trial ended with exit code 1; its last words:\n    cannot go on"


@pytest.mark.parametrize("verb", ["stop", "kill", "pause", "resume"])
async def test_a_process_that_is_down_can_only_be_started(process, verb):
    """Whoever asks for something else is told what state it is in."""
    with pytest.raises(OperatorError, match=f"cannot {verb} trial: it is down"):
        await getattr(process, verb)()


@pytest.mark.parametrize("verb", ["start", "resume"])
async def test_a_process_that_is_up_cannot_be_started_or_resumed(process, verb):
    await process.start(shell(READY + SLEEP))

    with pytest.raises(OperatorError, match=f"cannot {verb} trial: it is up"):
        await (process.start(shell(READY)) if verb == "start" else process.resume())


async def test_closing_twice_and_while_it_is_stopping_is_fine(process):
    """Whoever comes second waits for the same end."""
    await process.start(shell(STUBBORN, stop_limit_s=0.2))

    await asyncio.gather(process.stop(), eventually_close(process))
    await process.close()

    assert process.state is ProcessState.DOWN


async def eventually_close(process: ManagedProcess) -> None:
    await eventually(lambda: process.state is ProcessState.STOPPING)
    await process.close()
