"""The health check of a container: serving is 200 and RUNNING, and nothing less."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from compose.container import health


@pytest.fixture
async def check(monkeypatch, capsys):
    """Runs the check against a program that answers so; returns its exit code and what it says."""

    async def check(status: int, body: str, *, context_path: str = "") -> tuple[int, str]:
        async def answer(_request: web.Request) -> web.Response:
            return web.Response(status=status, text=body)

        app = web.Application()
        app.router.add_get(f"{context_path}/status", answer)
        async with TestServer(app) as server:
            monkeypatch.setenv("DCSIM_PORT", str(server.port))
            monkeypatch.setenv("DCSIM_CONTEXT_PATH", context_path)
            code = await asyncio.to_thread(health.main)
        return code, capsys.readouterr().out.strip()

    return check


async def test_a_node_that_runs_is_healthy(check):
    """Under its context path, too."""
    assert await check(200, '{"state": "RUNNING"}') == (0, "well")
    assert await check(200, '{"state": "RUNNING"}', context_path="/jira") == (0, "well")


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, '{"state": "STARTING"}', "HTTP 200, STARTING"),
        (200, '{"state": "STOPPING"}', "HTTP 200, STOPPING"),
        (503, '{"state": "RUNNING"}', "HTTP 503, RUNNING"),
        (200, "all is well", "HTTP 200, no state"),
        (200, "[]", "HTTP 200, no state"),
    ],
)
async def test_an_answer_alone_is_not_health(check, status, body, said):
    """A node that starts or stops answers 200 as well; what is wrong is in the engine's log of checks."""
    assert await check(status, body) == (1, said)


def test_who_does_not_answer_is_not_healthy():
    assert "no answer: ConnectionRefusedError" in health.find_trouble("127.0.0.1", 1, "/status")
