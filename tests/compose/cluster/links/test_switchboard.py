"""Links that come and go while a relay runs."""

import asyncio

import pytest

from compose.cluster.links.settings import LinkSettings
from compose.cluster.links.switchboard import Switchboard
from shared.errors import CallerError
from tests.support.relays import LOOPBACK, dialled, on_uvloop, peer


def settings(name, port):
    return LinkSettings(name=name, port=0, target_host=LOOPBACK, target_port=port)


@on_uvloop
async def test_a_link_that_is_taken_away_breaks_off_what_runs_through_it():
    """And refuses whoever dials it; the others stay."""
    async with peer() as target, asyncio.TaskGroup() as group:
        board = Switchboard(host=LOOPBACK, spawn=group.create_task)
        going, staying = (board.add(settings(name, target.port)) for name in ("a->b", "a->c"))
        await going.opened.wait()
        await staying.opened.wait()
        async with dialled(going, target) as ((reader, _), _):
            await board.remove("a->b")

            assert await breaks_off(reader)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(LOOPBACK, going.port)
        assert list(board.links) == ["a->c"]
        async with dialled(staying, target):
            board.close()


async def breaks_off(reader):
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True


@on_uvloop
async def test_names_are_taken_once_and_have_to_be_known():
    """Told with what there is."""
    async with asyncio.TaskGroup() as group:
        board = Switchboard(host=LOOPBACK, spawn=group.create_task)
        board.add(settings("a->b", 1))
        with pytest.raises(CallerError, match="already"):
            board.add(settings("a->b", 2))
        with pytest.raises(CallerError, match="there is a->b"):
            await board.remove("a->x")
        board.close()
