"""Faults of links, of stores and of stickiness on a real cluster."""

import pytest

from compose.drills.faults import Unconfirmed, make_fault
from compose.drills.faults.link import LINK_FAULTS
from shared.errors import OperatorError
from tests.support.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = {"link.delay": {"by": {"real": "20ms"}}, "link.reorder": {"hold": {"real": "20ms"}}}


async def reading(scene, name):
    return next(link for link in await scene.cluster.links.read() if link.name == name)


@pytest.mark.parametrize("kind", [fault.kind for fault in LINK_FAULTS])
async def test_a_link_has_the_fault_until_it_is_healed(scene, kind):
    """The relay says so; what a node says over its bus link by itself, again and again, is hit."""
    link = "node-2->redis"

    hold = await make_fault(kind, SETTINGS.get(kind, {})).inject(scene, link)

    assert link in await hold.confirm()
    if kind == "link.reset":
        assert not (await reading(scene, link)).is_open
    else:
        await eventually(lambda: hits(scene, link), what=f"{kind} to hit {link}")
    struck = await hold.heal()
    assert struck > 0
    assert (await reading(scene, link)).fault is None
    with pytest.raises(Unconfirmed):
        await hold.confirm()
    assert await hold.heal() == struck


async def hits(scene, link):
    return (await reading(scene, link)).hits


async def test_a_link_has_one_fault_at_a_time(scene):
    """The second is refused, and does not heal the first."""
    hold = await make_fault("link.cut", {}).inject(scene, "node-1->redis")

    with pytest.raises(OperatorError, match="has a fault already, cut"):
        await make_fault("link.freeze", {}).inject(scene, "node-1->redis")

    await hold.confirm()
    await hold.heal()


async def test_messages_travel_on_links_to_redis_only(scene):
    """Elsewhere the relay refuses, in words for whoever wrote the drill."""
    with pytest.raises(OperatorError, match="only on links to redis"):
        await make_fault("link.drop", {}).inject(scene, "node-1->postgres")


@pytest.mark.parametrize(("how", "relayed"), [("stop", "reset"), ("kill", "reset"), ("pause", "freeze")])
async def test_a_store_that_is_the_users_is_cut_off_from_every_node(scene, how, relayed):
    """It is left alone, which the confirmation says."""
    hold = await make_fault("redis.outage", {"how": how}).inject(scene, "redis")

    assert f"this redis is not dcsim's to {how}" in await hold.confirm()
    faults = {link.name: link.fault for link in await scene.cluster.links.read() if link.fault}
    assert {name: fault["kind"] for name, fault in faults.items()} == {
        "node-1->redis": relayed,
        "node-2->redis": relayed,
    }
    assert await hold.heal() is not None


async def test_the_balancer_comes_back_as_somebody_else(scene):
    """With all nodes, and no memory of what it did before."""
    before = scene.cluster.balancer.pid

    hold = await make_fault("stickiness.lost", {"how": "restart"}).inject(scene, "balancer")

    assert f"was process {before}" in await hold.confirm()
    await eventually(lambda: scene.cluster.client.is_running(scene.cluster.base_url))
    await hold.heal()


class Crowd:
    """People of whom somebody else keeps the cookies."""

    def __init__(self):
        self.keeps = True

    def forget_routes(self):
        self.keeps = False
        return 3

    def keep_routes(self):
        self.keeps = True
        return 17


async def test_route_cookies_are_lost_until_healed(scene):
    """Without people there is nobody to lose one."""
    fault = make_fault("stickiness.lost", {"how": "strip-cookie"})
    with pytest.raises(OperatorError, match="nobody uses this cluster"):
        await fault.inject(scene, "balancer")
    people = Crowd()
    object.__setattr__(scene, "people", people)

    hold = await fault.inject(scene, "balancer")

    assert not people.keeps
    assert "3 people" in await hold.confirm()
    assert (await hold.heal(), await hold.heal(), people.keeps) == (17, 17, True)
