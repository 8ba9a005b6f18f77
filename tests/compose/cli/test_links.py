"""`dcsim links`, `dcsim fault` and `dcsim heal` as another terminal runs them, on a relay in this process."""

import asyncio
import json
import os
from types import SimpleNamespace

import pytest

from compose.cli import main
from compose.cluster.keeper import born_at
from compose.cluster.links.operator import relay_operator_app
from compose.cluster.links.settings import LinkSettings
from compose.cluster.links.switchboard import Switchboard
from shared.serving import listen, serving
from tests.support.relays import LOOPBACK, peer

TOKEN = "a-token-for-tests"


@pytest.fixture
async def dcsim(tmp_path, monkeypatch, capsys):
    """Runs the command beside the test's event loop, which serves the relay; returns exit code and what it said."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr("compose.cluster.links.link.log", SimpleNamespace(info=lambda *_, **__: None))
    async with peer() as target, asyncio.TaskGroup() as group:
        board = Switchboard(host=LOOPBACK, spawn=group.create_task)
        for name in ("balancer->node-1", "node-1->redis"):
            settings = LinkSettings(
                name=name, port=0, target_host=LOOPBACK, target_port=target.port, redis="redis" in name
            )
            await board.add(settings).opened.wait()
        operator = listen(LOOPBACK, 0)
        content = {
            "base_url": "http://127.0.0.1:8080",
            "admin_token": TOKEN,
            "pid": os.getpid(),
            "born": born_at(os.getpid()),
            "operator_urls": {},
            "links_url": f"http://{LOOPBACK}:{operator.getsockname()[1]}",
        }
        (tmp_path / f"dcsim-{os.getuid()}").mkdir(mode=0o700)
        (tmp_path / f"dcsim-{os.getuid()}" / f"{os.getpid()}.json").write_text(json.dumps(content))

        async def run(*arguments: str) -> tuple[int, str]:
            code = await asyncio.to_thread(main, list(arguments))
            captured = capsys.readouterr()
            return code, captured.out + captured.err

        async with serving(relay_operator_app(TOKEN, board), operator):
            yield run
        board.close()


async def test_links_are_listed_with_what_is_wrong_with_them(dcsim):
    """A fault is told with its settings, and with the clock they are on."""
    assert await dcsim("links") == (
        0,
        "balancer->node-1  well, 0 connections, 0 bytes out, 0 bytes in\n"
        "node-1->redis     well, 0 connections, 0 bytes out, 0 bytes in\n",
    )
    assert await dcsim("fault", "node-1:redis", "delay", "--ms", "500", "--jitter-ms", "20") == (
        0,
        "node-1->redis: delay (500 ms (real), give or take 20 ms); hit 0 times so far\n",
    )
    assert (await dcsim("links"))[1].splitlines()[1].startswith("node-1->redis     delay (500 ms (real)")


async def test_heal_says_what_it_healed(dcsim):
    """One link or all; and that there was nothing to do."""
    await dcsim("fault", "node-1->redis", "drop", "--share", "0.5")
    assert await dcsim("heal", "node-1:redis") == (0, "node-1->redis: healed; the fault hit 0 times\n")
    await dcsim("fault", "balancer:node-1", "freeze")
    assert await dcsim("heal") == (0, "balancer->node-1: healed; the fault hit 0 times\n")
    assert await dcsim("heal") == (0, "there was nothing to heal\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("fault", "node-7:redis", "cut"),
            "there is no link 'node-7->redis'; there is balancer->node-1, node-1->redis",
        ),
        (("fault", "node-1:redis", "meteor"), "there is no fault 'meteor'; there are reset, cut"),
        (("fault", "balancer:node-1", "drop"), "drop is about messages"),
        (("fault", "node-1:redis", "delay"), "MS: Field required"),
        (("heal", "nobody"), "there is no link 'nobody'"),
    ],
)
async def test_a_mistake_is_explained(dcsim, arguments, says):
    """Exit code 2, and what there is instead."""
    code, said = await dcsim(*arguments)
    assert code == 2
    assert says.lower() in said.lower()
