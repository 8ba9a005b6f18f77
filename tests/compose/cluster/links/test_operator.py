"""What the relay's operator endpoints make of mistakes."""

import asyncio

import aiohttp
import pytest

from compose.cluster.links.operator import relay_operator_app
from compose.cluster.links.switchboard import Switchboard
from shared.contract import OPERATOR_TOKEN
from shared.serving import listen, serving

TOKEN = "a-token-of-the-relay"


@pytest.mark.parametrize("body", [{"gone": 5}, {"unseen": [["node-1->redis"]]}, {"gone": "node-1->redis"}])
async def test_a_list_of_links_that_is_none_is_refused(body):
    """400, and the message names what is wrong."""
    sock = listen("127.0.0.1", 0)
    board = Switchboard(host="127.0.0.1", spawn=asyncio.create_task)
    url = f"http://127.0.0.1:{sock.getsockname()[1]}/-/look"
    async with serving(relay_operator_app(TOKEN, board), sock, stop_grace_s=0), aiohttp.ClientSession() as client:
        async with client.post(url, json=body, headers={OPERATOR_TOKEN: TOKEN}) as answer:
            assert (answer.status, (await answer.json())["error"]) == (
                400,
                f"'{next(iter(body))}' must be a list of names of links",
            )
