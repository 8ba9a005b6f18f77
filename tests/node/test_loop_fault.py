"""A node whose event loop an operator makes stand still."""

import asyncio

import pytest

from node.loop_fault import BLOCK_MS_MAX, EVERY_MS_MAX, LoopBlock, LoopFault
from shared.contract import OPERATOR_TOKEN
from shared.errors import CallerError
from tests.support.eventually import eventually
from tests.support.nodes import TOKEN


async def test_the_loop_is_held_again_and_again_until_the_fault_is_lifted():
    """And other work gets its turn between two blocks."""
    fault, turns = LoopFault(), 0
    fault.set(LoopBlock(loop_block_ms=5, every_ms=20))
    while fault.describe()["blocks"] < 3:
        turns += 1
        await asyncio.sleep(0.001)
    fault.lift()
    assert turns > 3
    before = fault.describe()
    assert before == {"slow_loop": None, "blocks": before["blocks"]}
    await asyncio.sleep(0.05)
    assert fault.describe() == before


async def test_nothing_else_runs_while_the_loop_is_held(node):
    """A request that comes meanwhile is answered afterwards; the operator sees how often it struck."""
    assert await node.operator("GET", "/faults") == {"slow_loop": None, "blocks": 0}
    body = {"loop_block_ms": 60, "every_ms": 80}
    assert await node.operator("PUT", "/faults", json=body) == {"slow_loop": body, "blocks": 0}

    async def struck():
        return (await node.operator("GET", "/faults"))["blocks"] >= 3

    await eventually(struck)
    assert (await (await node.logged_in("alice")).who_am_i()).status == 200
    lifted = await node.operator("DELETE", "/faults")
    assert lifted["blocks"] >= 3
    assert await node.operator("GET", "/faults") == {"slow_loop": None, "blocks": lifted["blocks"]}


@pytest.mark.parametrize(
    "given",
    [
        (0, 100),
        (BLOCK_MS_MAX + 1, EVERY_MS_MAX),
        (100, EVERY_MS_MAX + 1),
        (100, 105),
        (1.5, 100),
        (True, 100),
        ("100", 200),
        (None, None),
    ],
)
def test_values_out_of_bounds_are_refused(given):
    """A loop that is held for good could not be healed."""
    with pytest.raises(CallerError) as refused:
        LoopBlock(*given)
    assert refused.value.status == 400


async def test_a_refused_fault_leaves_things_as_they_are(node):
    """And says what is wrong with it; without the token nobody gets that far."""
    url = f"http://127.0.0.1:{node.settings.operator_port}/-/faults"
    body = {"loop_block_ms": 100, "every_ms": 100}
    async with node.client.put(url, json=body, headers={OPERATOR_TOKEN: TOKEN}) as answer:
        assert (answer.status, "every_ms" in await answer.text()) == (400, True)
    async with node.client.put(url, json=body) as answer:
        assert answer.status == 401
    assert await node.operator("GET", "/faults") == {"slow_loop": None, "blocks": 0}
