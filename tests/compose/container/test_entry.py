"""The entry of our image: what it can become, and that it ends when it is told to."""

import asyncio
import os
import signal
import sys

import pytest

from compose.container.__main__ import PROGRAMS
from tests.support.eventually import eventually


async def entry(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "compose.container", *arguments),
        env={name: value for name, value in os.environ.items() if not name.startswith("DCSIM_")} | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize("program", PROGRAMS)
async def test_it_becomes_a_program_that_reads_its_settings(program):
    """And says all that is missing."""
    process = await entry(program)

    _, errors = await process.communicate()

    assert process.returncode == 2
    assert b"DCSIM_ADMIN_TOKEN: Field required" in errors


async def test_it_becomes_the_command_line():
    process = await entry("dcsim", "up", "--help")

    output, _ = await process.communicate()

    assert process.returncode == 0
    assert b"--node-version" in output


@pytest.mark.parametrize("arguments", [("jira",), (), ("node", "--port")])
async def test_anything_else_is_named_with_what_there_is(arguments):
    process = await entry(*arguments)

    _, errors = await process.communicate()

    assert process.returncode == 2
    assert b"it can run node, balancer, links, dcsim ..., idle" in errors


async def test_a_polite_end_is_one_from_the_first_moment_on():
    """Process 1 of a container gets no signal it has not asked for: without that it would be killed after its grace."""
    process = await entry("idle")
    await eventually(lambda: catches(process.pid, signal.SIGTERM))

    process.send_signal(signal.SIGTERM)

    assert await asyncio.wait_for(process.wait(), 10) == 0


def catches(pid: int, number: signal.Signals) -> bool:
    """Has that process asked for the signal?"""
    with open(f"/proc/{pid}/status") as status:
        caught = next(line for line in status if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)
