"""The life of `dcsim up`, with stand-ins for nodes and balancer and with real stores."""

import asyncio
import os
import shutil
import signal
from contextlib import asynccontextmanager

import aiohttp
import asyncpg
import pytest

from compose.cli.up_run import run_until_ended
from compose.cluster import ground
from compose.cluster.programs import Programs
from compose.cluster.spec import ClusterSpec, numbered_nodes
from compose.cluster.warm_start import Nursery
from shared.errors import HarnessError
from tests.support.children import children_named
from tests.support.dcsim_command import reachable_directory
from tests.support.eventually import eventually

NODE, BALANCER = "tests.support.stand_in_node", "tests.support.stand_in_balancer"


@pytest.fixture(autouse=True)
def temporary(monkeypatch):
    """The only place where something could be left; empty at the end of every test."""
    directory = reachable_directory()
    monkeypatch.setattr("tempfile.tempdir", str(directory))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(directory))
    yield directory
    left = list(directory.iterdir())
    shutil.rmtree(directory)
    assert left == []


@pytest.fixture
async def up(warm, monkeypatch, capsys):
    """Starts the command's life as a task; `up.shown` collects what it prints, `up.errors` what it complains of."""

    @asynccontextmanager
    async def stand_ins(_net):
        yield Programs(NODE, BALANCER, Nursery(warm))

    monkeypatch.setattr(ground, "open_programs", stand_ins)

    class Up:
        shown = ""
        errors = ""

        def __init__(self, *, nodes=1, as_json=True, postgres_url=None, redis_url=None, **spec):
            life = run_until_ended(
                ClusterSpec(numbered_nodes(nodes), **spec),
                postgres_url=postgres_url,
                redis_url=redis_url,
                as_json=as_json,
            )
            self.life = asyncio.create_task(life)

        def said(self, word: str) -> bool:
            captured = capsys.readouterr()
            self.shown += captured.out
            self.errors += captured.err
            assert word in self.shown + self.errors or not self.life.done()
            return word in self.shown + self.errors

        async def ready(self) -> None:
            await eventually(lambda: self.said("base_url") or self.said("Ctrl-C"), within_s=30)

    return Up


def hear(number: signal.Signals) -> None:
    """The terminal, or whoever else, signals the command."""
    os.kill(os.getpid(), number)


async def test_people_are_told_where_everything_is_and_who_can_log_in(up):
    """In plain words, with what to try; nothing but that goes to a pipe. Ctrl-C is an interruption."""
    command = up(nodes=2, context_path="/jira", as_json=False)
    await command.ready()

    base_url = command.shown.partition("\n")[0].removeprefix("The cluster is ready: ")
    assert base_url.endswith("/jira")
    async with aiohttp.request("GET", f"{base_url}/status") as answer:
        assert answer.status == 200
    for word in ("node-1", "node-2", "Jira 9.11", "admin/admin (administrator)", "alice/alice", "curl", "token"):
        assert word in command.shown
    hear(signal.SIGINT)
    assert await command.life == 130
    assert command.said("")
    assert command.errors == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_cluster_that_was_ready_ends_well(up, stores, number):
    """By SIGTERM, and with the terminal that closes. A user's own stores are used, and left as they were."""
    before = await databases(stores.postgres_url)
    command = up(postgres_url=stores.postgres_url, redis_url=stores.redis_url)
    await command.ready()
    assert len(await databases(stores.postgres_url) - before) == 1

    hear(number)

    assert await command.life == 0
    assert await databases(stores.postgres_url) == before


async def databases(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        return {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}
    finally:
        await connection.close()


async def test_a_second_ctrl_c_hurries(up, stores, monkeypatch):
    """A node that does not want to stop is given its time after the first one, and none after the second."""
    monkeypatch.setenv("STAND_IN_STUBBORN", "node-1")
    command = up(postgres_url=stores.postgres_url, redis_url=stores.redis_url)
    await command.ready()
    hear(signal.SIGINT)
    await eventually(lambda: not children_named("balancer"), what="the balancer has stopped, the node is asked next")
    assert children_named("node-1")

    hear(signal.SIGINT)

    await eventually(lambda: not children_named("node-1"), within_s=3)
    assert await command.life == 130


async def test_a_cluster_can_lose_a_node_but_not_its_balancer(up, stores):
    """People kill nodes on purpose, and are told; without the balancer the command ends and says why."""
    command = up(nodes=2, postgres_url=stores.postgres_url, redis_url=stores.redis_url)
    await command.ready()

    os.kill(children_named("node-2")[0], signal.SIGKILL)
    await eventually(lambda: command.said("warning: node-2 was ended by SIGKILL\n"))
    assert not command.life.done()

    os.kill(children_named("balancer")[0], signal.SIGKILL)
    with pytest.raises(HarnessError, match=r"^balancer was ended by SIGKILL$"):
        await command.life


async def test_a_node_that_does_not_start_ends_the_command(up, stores, monkeypatch):
    """It is named and quoted."""
    monkeypatch.setenv("STAND_IN_FAILS", "node-2")
    command = up(nodes=2, postgres_url=stores.postgres_url, redis_url=stores.redis_url)

    with pytest.raises(HarnessError, match=r"node-2 ended with exit code 1.*\n    no luck today"):
        await command.life
