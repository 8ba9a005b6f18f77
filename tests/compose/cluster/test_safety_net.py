"""What is held is removed in order when all goes well, and who is held can be killed at once."""

import asyncio
import os
import shutil
import signal

import pytest

from compose.cluster.keeper import MARKER
from compose.cluster.safety_net import spread_safety_net
from compose.cluster.spawn import Command, run_to_end, spawn
from shared.errors import HarnessError
from tests.support.children import arguments_of, children_of, environment_of, is_alive
from tests.support.eventually import eventually


@pytest.fixture
async def net(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with spread_safety_net() as net:
        yield net


async def test_a_directory_is_private_and_goes_with_all_it_holds(net, tmp_path):
    """Others may not look into it."""
    with net.directory("some") as path:
        assert path.stat().st_mode & 0o777 == 0o700
        (path / "deep").mkdir()
        (path / "deep" / "file").write_text("x")
    assert list(tmp_path.iterdir()) == []


async def test_a_directory_that_somebody_still_writes_into_is_left_to_the_keeper(tmp_path, monkeypatch):
    """As a server's last words may come while it is being removed: it is gone in the end all the same."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    remove = shutil.rmtree

    def remove_too_early(path, **how):
        remove(path, **how)
        path.mkdir()
        (path / "late").write_text("x")

    async with spread_safety_net() as net:
        monkeypatch.setattr("shutil.rmtree", remove_too_early)
        with net.directory("some") as path:
            pass
        assert (path / "late").exists()
    assert list(tmp_path.iterdir()) == []


async def test_a_program_that_is_given_up_goes_with_what_it_started(net, tmp_path):
    """As initdb starts a Postgres of its own, which would go on writing into a directory that is being removed."""
    told = tmp_path / "pid"
    command = Command(("/bin/sh", "-c", f"sleep 1000 & echo $! > {told}; wait"))
    trial = asyncio.create_task(run_to_end(command, name="trial", log=tmp_path / "log", net=net))
    grandchild = int(await eventually(lambda: told.exists() and told.read_text()))

    trial.cancel()
    await asyncio.wait({trial})

    assert trial.cancelled()
    assert not is_alive(grandchild)


async def test_a_hurry_kills_every_child(net, tmp_path):
    """Whoever waits for one to end then waits no longer."""
    children = [
        await spawn(Command(("/bin/sleep", "1000")), name="sleep", log=tmp_path / "log", net=net) for _ in range(3)
    ]
    assert MARKER in environment_of(children[0].pid)

    net.kill_everything()

    assert [await child.wait() for child in children] == [-9, -9, -9]
    for child in children:
        net.release_process(child.pid)


async def test_a_child_gets_the_environment_it_was_given_and_nothing_of_ours(net, tmp_path, monkeypatch):
    """What it printed is in its log."""
    monkeypatch.setenv("OURS", "1")
    command = Command(("/usr/bin/env",), {"GIVEN": "2"}, stdin=b"ignored")

    await run_to_end(command, name="env", log=tmp_path / "log", net=net)

    said = dict(line.split("=", 1) for line in (tmp_path / "log").read_text().splitlines())
    assert said.pop(MARKER)
    assert said == {"GIVEN": "2"}


async def test_a_program_that_fails_is_quoted(net, tmp_path):
    """The message ends with its last words."""
    command = Command(("/bin/sh", "-c", "echo no luck; exit 3"))

    with pytest.raises(HarnessError, match="trial ended with exit code 3; its last words:\n    no luck"):
        await run_to_end(command, name="trial", log=tmp_path / "log", net=net)


async def test_a_program_that_does_not_exist_is_named(net, tmp_path):
    with pytest.raises(HarnessError, match="trial cannot be started"):
        await spawn(Command(("/no/such/program",)), name="trial", log=tmp_path / "log", net=net)


def keepers(net):
    return [pid for pid in children_of(os.getpid()) if net.environment[MARKER] in arguments_of(pid)]


async def test_holding_something_without_a_keeper_is_an_error(net, tmp_path):
    """Nothing is started that could be left behind; what is released is released all the same."""
    # A program that has only just been executed has no arguments to show for a moment.
    (keeper_pid,) = await eventually(lambda: keepers(net))
    os.kill(keeper_pid, signal.SIGKILL)
    await eventually(lambda: not is_alive(keeper_pid))

    with pytest.raises(HarnessError, match="keeper"):
        net.hold_file(tmp_path / "file")
    net.release_file(tmp_path / "file")


async def test_a_child_that_ends_after_the_net_was_taken_in_is_nobodys_news(tmp_path):
    """As when Ctrl-C comes while a cluster is being taken down: what is late is released without a word, and nothing new
    can be held."""
    async with spread_safety_net() as net:
        pass
    net.release_process(os.getpid())
    net.release_file(tmp_path / "gone")
    with pytest.raises(HarnessError, match="keeper"):
        net.hold_file(tmp_path / "new")
