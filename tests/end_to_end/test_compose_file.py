"""`compose/compose.yaml`, started as its first lines say and used as its first lines say."""

import asyncio
import os
from pathlib import Path

import pytest

from compose.cluster.ports import PortReservation
from compose.people.browser import open_client
from tests.support.engine import compose_command, images, left_in_engine
from tests.support.requirements import require

pytestmark = pytest.mark.timeout(600)  # the first test that wants an image may have to build it

FILE = Path(__file__).parents[2] / "compose" / "compose.yaml"


@pytest.fixture
async def compose():
    """Runs a command of Docker Compose on our file, and at the end takes everything down."""
    require("compose")
    before = await left_in_engine()
    with PortReservation() as http, PortReservation() as stats:
        ports = {"DCSIM_HTTP_PORT": str(http.port), "DCSIM_STATS_PORT": str(stats.port)}
    environment = {**os.environ, **ports, "DCSIM_DOCKER_IMAGE": (await images()).ours}

    async def run(*arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *(*compose_command(), "--file", str(FILE), *arguments),
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        return output.decode()

    run.base_url = f"http://127.0.0.1:{http.port}"
    yield run
    await run("down", "--volumes")
    assert await left_in_engine() == before


async def test_the_cluster_of_the_compose_file_lets_people_in(compose):
    """Through the published port, once everything it waits for is healthy; the command line works from inside."""
    await compose("up", "--detach", "--no-build")

    async with open_client() as client:
        form = {"os_username": "alice", "os_password": "alice", "os_cookie": "true"}
        async with client.post(f"{compose.base_url}/login.jsp", data=form, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["X-Seraph-LoginReason"]) == (302, "OK")
            cookies = {name: cookie.value for name, cookie in answer.cookies.items()}
        async with client.get(f"{compose.base_url}/rest/api/2/myself", cookies=cookies) as answer:
            assert (answer.status, (await answer.json())["name"]) == (200, "alice")

    assert "15 min (policy) later" in await compose("exec", "-T", "control", "dcsim", "clock", "step", "15m")
    assert "node-2: wanted soft-drain" in await compose("exec", "-T", "control", "dcsim", "drain", "node-2")
