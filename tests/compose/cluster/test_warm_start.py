"""The nursery: children born warm are processes like any other."""

import asyncio
import json
import os
import signal
import sys

import pytest

from compose.cluster.safety_net import spread_safety_net
from compose.cluster.spawn import Command, spawn
from compose.cluster.warm_start import open_nursery
from shared.errors import HarnessError
from tests.support.children import arguments_of, children_named, children_of
from tests.support.eventually import eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forking from a warm interpreter needs Linux")
PROGRAM = "tests.support.chatty_program"


@pytest.fixture
async def start(tmp_path):
    """Starts the chatty program from a nursery; what it printed can be read from the log."""
    log = tmp_path / "log"
    async with spread_safety_net() as net, open_nursery(net, "json") as nursery:

        async def start(*, environment=None, pass_fds=(), module=PROGRAM):
            command = Command((sys.executable, "-P", "-m", module), {"PATH": os.environ["PATH"]})
            return await nursery.spawn(
                command, name="chatty", log=log, net=net, environment=environment, pass_fds=pass_fds
            )

        start.log = log
        yield start


async def test_a_child_has_its_own_environment_log_and_session(start):
    """Nothing of the nursery's shows but its speed."""
    child = await start(environment={"CHATTY_EXIT": "7"})
    assert await asyncio.wait_for(child.wait(), 30) == 7
    said = json.loads(start.log.read_text())
    assert said["pid"] == said["session"] == child.pid
    assert said["environment"]["CHATTY_EXIT"] == "7"
    assert "HOME" not in said["environment"]
    assert said["parent"] == os.getpid()
    assert said["name"] == "chatty"
    assert said["descriptors"] == [0, 1, 2]


async def test_a_descriptor_keeps_its_number(start):
    """What is passed on is found where the environment says it is, and is closed at its end."""
    reading, writing = os.pipe()
    child = await start(environment={"CHATTY_WRITE": str(writing)}, pass_fds=(writing,))
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert await asyncio.to_thread(pipe.read) == "written"
    assert await asyncio.wait_for(child.wait(), 30) == 0


async def test_a_signal_is_its_end(start):
    """The exit code of a killed child is the negative signal."""
    child = await start(environment={"CHATTY_WAIT": "1"})
    child.send_signal(signal.SIGSTOP)
    status = await asyncio.to_thread(os.waitid, os.P_PID, child.pid, os.WSTOPPED)
    assert status.si_status == signal.SIGSTOP
    child.kill()
    assert await asyncio.wait_for(child.wait(), 30) == -signal.SIGKILL
    child.kill()


async def test_a_crash_is_in_the_log(start):
    """A program that raises ends with 1, as under any interpreter."""
    child = await start(environment={"CHATTY_RAISE": "1"})
    assert await asyncio.wait_for(child.wait(), 30) == 1
    assert "RuntimeError: as asked" in start.log.read_text()


async def test_children_can_be_started_again_and_again(start):
    """Fifty of them, ten at a time, each a different process."""
    children = []
    for _ in range(5):
        born = await asyncio.gather(*(start() for _ in range(10)))
        assert await asyncio.gather(*(child.wait() for child in born)) == [0] * 10
        children += born
    assert len({child.pid for child in children}) == 50


async def test_a_nursery_that_is_gone_is_named(tmp_path):
    """Nobody waits for ever for a child that cannot be born."""
    async with spread_safety_net() as net, open_nursery(net, "no.such.module") as nursery:
        with pytest.raises(HarnessError, match="warm interpreter"):
            await nursery.spawn(Command(("python", "-m", PROGRAM)), name="chatty", log=tmp_path / "log", net=net)


async def test_it_is_the_same_as_starting_plainly(tmp_path):
    """The plain way gives the same exit code and the same words."""
    log = tmp_path / "log"
    async with spread_safety_net() as net:
        command = Command(
            (sys.executable, "-m", PROGRAM), {"PATH": os.environ["PATH"], "CHATTY_EXIT": "7"}, cwd=os.getcwd()
        )
        child = await spawn(command, name="chatty", log=log, net=net)
        assert await asyncio.wait_for(child.wait(), 30) == 7
        net.release_process(child.pid)
    assert json.loads(log.read_text())["session"] == child.pid


async def test_a_start_that_is_given_up_leaves_no_child(tmp_path):
    """The child that is born after all is killed, and the next start gets its own."""
    log = tmp_path / "log"
    async with spread_safety_net() as net, open_nursery(net, "json") as nursery:

        async def start(name: str):
            command = Command((sys.executable, "-P", "-m", PROGRAM), {"PATH": os.environ["PATH"], "CHATTY_WAIT": "1"})
            return await nursery.spawn(command, name=name, log=log, net=net)

        # A program that has only just been executed has no arguments to show for a moment.
        (busy,) = await eventually(
            lambda: [pid for pid in children_of(os.getpid()) if arguments_of(pid)[-2:] == ["json", ""]]
        )
        os.kill(busy, signal.SIGSTOP)
        given_up = asyncio.create_task(start("given-up"))
        await eventually(nursery._turn.locked, what="the request is on its way")
        given_up.cancel()
        await asyncio.wait({given_up})
        os.kill(busy, signal.SIGCONT)

        child = await start("wanted")

        await eventually(lambda: not children_named("given-up"))
        await eventually(lambda: children_named("wanted") == [child.pid])
        child.kill()
        assert await asyncio.wait_for(child.wait(), 30) == -signal.SIGKILL
