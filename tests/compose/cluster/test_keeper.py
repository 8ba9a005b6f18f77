"""What is left after `kill -9` of the program that held it: nothing."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from compose.cluster import keeper
from compose.cluster.keeper import Held, born_at, end_all, remove_all
from tests.support.children import children_of, is_alive
from tests.support.eventually import eventually


@pytest.fixture
async def doomed(tmp_path):
    """Starts the doomed program in a session of its own and reads what it holds."""
    started = []

    async def start(manner: str):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "tests.support.doomed", manner),
            env={**os.environ, "TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        started.append(process)
        return process, json.loads(await process.stdout.readline())

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize("manner", ["ends", "ignores"])
async def test_nothing_outlives_kill_9(doomed, manner, tmp_path):
    """Neither processes that were named, stubborn or stopped ones among them, nor one nobody had time to name."""
    process, held = await doomed(manner)
    (keeper_pid,) = [pid for pid in children_of(process.pid) if pid not in held["pids"]]

    process.kill()
    await process.wait()

    await eventually(lambda: not any(map(is_alive, held["pids"])))
    await eventually(lambda: not is_alive(keeper_pid))
    assert list(tmp_path.iterdir()) == []


async def test_ctrl_c_does_not_reach_the_keeper(doomed, tmp_path):
    """A terminal signals the whole process group; who cleans up afterwards must not be in it."""
    process, held = await doomed("ends")

    os.killpg(process.pid, signal.SIGINT)
    await process.wait()

    await eventually(lambda: not any(map(is_alive, held["pids"])) and not list(tmp_path.iterdir()))


def test_a_pid_that_was_used_again_is_left_alone():
    """A process is only touched when it was born when ours was."""
    stranger = subprocess.Popen(["/bin/sleep", "1000"])
    held = Held()
    held.apply(json.dumps(["hold", "process", stranger.pid, "long ago", int(signal.SIGTERM)]))

    end_all(held.living)

    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_what_was_released_is_no_longer_held():
    """After an orderly end there is nothing left to do."""
    held = Held()
    process = ["process", os.getpid(), born_at(os.getpid()), int(signal.SIGTERM)]
    for words in (process, ["tree", "/some/tree"], ["file", "/some/file"]):
        held.apply(json.dumps(["hold", *words]))
    assert (held.living(), held.trees, held.files) == ({os.getpid(): 15}, {"/some/tree"}, {"/some/file"})

    for words in (process[:2], ["tree", "/some/tree"], ["file", "/some/file"]):
        held.apply(json.dumps(["release", *words]))
    assert (held.living(), held.trees, held.files) == ({}, set(), set())


def test_a_corpse_counts_as_gone():
    """A process that has ended and was not waited for yet needs no signal."""
    process = subprocess.Popen(["/bin/true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert born_at(process.pid) is None
    process.wait()


def test_without_proc_the_birth_comes_from_ps(monkeypatch):
    """On a Mac; the same process gives the same answer, and one that is gone gives none."""
    monkeypatch.setattr(keeper, "PROC", Path("/no-proc-here"))
    process = subprocess.Popen(["/bin/sleep", "1000"])

    assert born_at(process.pid) == born_at(process.pid) is not None
    process.kill()
    process.wait()
    assert born_at(process.pid) is None


def test_a_tree_that_is_still_written_to_is_removed_in_the_end(tmp_path):
    """The removal is tried again until it is done."""
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "deep" / "file").write_text("x")
    file = tmp_path / "shared" / "file"
    file.parent.mkdir()
    file.write_text("x")
    (file.parent / "somebody-elses").write_text("x")

    remove_all([str(tree)], [str(file)], within_s=1)

    assert [path.name for path in tmp_path.iterdir()] == ["shared"]
    assert [path.name for path in file.parent.iterdir()] == ["somebody-elses"]


async def test_a_stopped_child_of_a_server_goes_with_it():
    """Nobody named it, its environment says nothing, and it cannot notice that its parent ends: a backend of Postgres
    that a fault has paused."""
    program = (
        "import os, signal, sys, time\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    os.execve('/bin/sleep', ['sleep', '1000'], {})\n"
        "os.kill(child, signal.SIGSTOP)\n"
        "print(child, flush=True)\n"
        "time.sleep(1000)\n"
    )
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=subprocess.PIPE)
    child = int(await server.stdout.readline())
    held = Held()
    held.apply(json.dumps(["hold", "process", server.pid, born_at(server.pid), int(signal.SIGTERM)]))

    await asyncio.to_thread(end_all, held.living)

    await server.wait()
    await eventually(lambda: not is_alive(child))
