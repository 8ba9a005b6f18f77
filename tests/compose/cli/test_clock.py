"""`dcsim clock` as another terminal runs it, on processes that have a clock and nothing else."""

import asyncio
import json
import os

import pytest

from compose.cli import main
from compose.cluster.keeper import born_at
from shared.clock import Anchor
from tests.support.clocks import TOKEN, clocked_processes

NOON_MS = 1_772_452_800_000


@pytest.fixture
async def processes(tmp_path, monkeypatch):
    """A running cluster, as its run file describes it."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    async with clocked_processes("balancer", "node-1", anchor=Anchor(0, NOON_MS, 0, 0)) as processes:
        content = {
            "base_url": "http://127.0.0.1:8080",
            "admin_token": TOKEN,
            "pid": os.getpid(),
            "born": born_at(os.getpid()),
            "operator_urls": {name: process.url for name, process in processes.items()},
        }
        (tmp_path / f"dcsim-{os.getuid()}").mkdir(mode=0o700)
        (tmp_path / f"dcsim-{os.getuid()}" / f"{os.getpid()}.json").write_text(json.dumps(content))
        yield processes


@pytest.fixture
def clock(processes, capsys):
    """Runs `dcsim clock ...` beside the test's event loop, which serves the processes; returns what it said."""

    async def clock(*arguments: str) -> str:
        assert await asyncio.to_thread(main, ["clock", *arguments]) == 0
        captured = capsys.readouterr()
        assert captured.err == ""
        return captured.out

    return clock


async def test_show_tells_of_every_process(clock, processes):
    """Of silent ones too, and of one whose clock is skewed."""
    processes["node-1"].clock.skew(-90_000)
    assert await clock("show") == (
        "balancer  2026-03-02 12:00:00.000 UTC (policy), paused, generation 0\n"
        "node-1    2026-03-02 11:58:30.000 UTC (policy), paused, generation 0; its own clock is off by 1 min 30 s (policy)\n"
    )

    processes["node-1"].deaf = True
    assert (await clock("show")).splitlines()[1] == "node-1    does not answer"


async def test_step_says_how_far_and_on_which_clock(clock, processes):
    """A duration never stands alone."""
    assert (
        await clock("step", "1h30m")
        == "it is 2026-03-02 13:30:00.000 UTC (policy), 1 h 30 min (policy) later than before; paused\n"
    )
    assert processes["node-1"].clock.now_ms() == NOON_MS + 5_400_000


async def test_step_names_who_was_late(clock, processes):
    processes["node-1"].deaf = True

    assert (await clock("step", "15m")).splitlines()[1] == ("late for the clock, because they did not answer: node-1")


async def test_rate_pause_and_resume_say_how_time_runs(clock):
    """Fast, not at all, and as it does outside."""
    assert (await clock("rate", "60")).endswith("; 60 policy seconds per real second\n")
    assert (await clock("pause")).endswith("; paused\n")
    assert (await clock("resume", "--cluster", str(os.getpid()))).endswith("; at real speed\n")
