"""`compose/stack.yaml` on a real swarm of one engine: sticky, upgraded under load, scaled, and gone without a trace."""

import asyncio
import itertools
from contextlib import asynccontextmanager

import aiohttp
import pytest

from compose.people.browser import Browser, open_client
from tests.support.eventually import eventually
from tests.support.requirements import require
from tests.support.swarm import belongings, running_stack, until

PEOPLE = 10
PER_S = 50
FOLLOWED_WITHIN_S = 5.0
ZDU = "/rest/api/2/cluster/zdu"
ADMIN = {"Authorization": aiohttp.encode_basic_auth("admin", "admin")}


@pytest.fixture(scope="module")
def stack():
    """Three nodes that are 9.10; delays are as short as a test must have them."""
    require("swarm")
    with running_stack(DCSIM_VERSION="9.10", DCSIM_UPDATE_DELAY="1s", DCSIM_UPDATE_MONITOR="2s") as stack:
        yield stack


@pytest.fixture
async def client():
    async with open_client() as client:
        yield client


async def everybody(client, stack):
    """Browsers of several people, each logged in to be remembered: whoever loses his session is let in by that."""
    browsers = []
    for name in itertools.islice(itertools.cycle(("alice", "bob", "carol", "dave")), PEOPLE):
        browsers.append(browser := Browser(client, stack.url))
        assert (await browser.log_in(name, name, remember=True)).status == 302
    return browsers


async def myself(browser):
    return await browser.request("GET", "/rest/api/2/myself")


async def search(browser):
    """A POST, which no balancer may send twice."""
    return await browser.request("POST", "/rest/api/2/search", json={"jql": "", "maxResults": 1})


async def zdu(client, stack, order=None):
    method, path = ("POST", f"{ZDU}/{order}") if order else ("GET", f"{ZDU}/state")
    async with client.request(method, stack.url + path, headers=ADMIN) as answer:
        assert answer.status == 200, await answer.text()
        return (await answer.json())["state"]


async def test_people_stay_on_their_task(stack, client):
    """Swarm's own balancing would send each request elsewhere."""
    people = await everybody(client, stack)
    served = [{(await myself(person)).node for _ in range(10)} for person in people]

    assert all(len(nodes) == 1 for nodes in served)
    assert set().union(*served) == {"node-1", "node-2", "node-3"}


@asynccontextmanager
async def steady_load(people):
    """PER_S requests a second, whatever the answers take, each fifth one a POST; yields their (status, node), or what
    went wrong."""
    seen, running, stopping = [], set(), asyncio.Event()

    async def one(person, *, posts):
        try:
            answer = await (search(person) if posts else myself(person))
            seen.append((answer.status, answer.node))
        except (aiohttp.ClientError, TimeoutError) as error:
            seen.append((repr(error), None))

    async def send():
        started = asyncio.get_running_loop().time()
        for number, person in enumerate(itertools.cycle(people)):
            if stopping.is_set():
                return
            running.add(task := asyncio.create_task(one(person, posts=number % 5 == 4)))
            task.add_done_callback(running.discard)
            await asyncio.sleep(max(0.0, started + (number + 1) / PER_S - asyncio.get_running_loop().time()))

    sender = asyncio.create_task(send())
    try:
        yield seen
    finally:
        stopping.set()
        await sender
        await asyncio.gather(*running)


async def test_an_update_to_9_11_rolls_without_a_failed_request(stack, client):
    """At 50 requests a second; the cluster is STABLE, then MIXED while nodes differ, and STABLE when the tasks have run."""
    people = await everybody(client, stack)
    states = [await zdu(client, stack), await zdu(client, stack, "start")]

    async with steady_load(people) as seen:
        await asyncio.to_thread(stack.update, "node", "--env-add", "DCSIM_VERSION=9.11")
        await eventually(lambda: asyncio.to_thread(stack.update_state, "node"), what="Swarm has begun")
        while await asyncio.to_thread(stack.update_state, "node") != "completed":
            if (state := await zdu(client, stack)) != states[-1]:
                states.append(state)
            assert await asyncio.to_thread(stack.update_state, "node") in ("updating", "completed"), states

    assert len(seen) > 10 * PER_S
    assert [one for one in seen if one[0] != 200] == []
    assert {node for _, node in seen} == {"node-1", "node-2", "node-3"}
    states += [await zdu(client, stack, "approve")]
    await asyncio.to_thread(stack.control, "dcsim", "clock", "step", "2m")
    await eventually(lambda: done(client, stack), within_s=20, what="the upgrade tasks have run")
    assert states == [
        "STABLE",
        "READY_TO_UPGRADE",
        "MIXED",
        "READY_TO_RUN_UPGRADE_TASKS",
        "RUNNING_UPGRADE_TASKS",
    ]
    balancer = await asyncio.to_thread(stack.status)
    assert {node["id"]: node["restarts"] for node in balancer["nodes"]} == {f"node-{i}": 1 for i in (1, 2, 3)}


async def done(client, stack):
    return await zdu(client, stack) == "STABLE"


def test_scaling_is_followed(stack):
    """From three to five and back: within five seconds of Swarm the balancer has the same nodes."""
    for count in (5, 3):
        stack.scale("node", count)
        until(lambda: len(stack.containers("node")) == stack.running("node") == count, within_s=60, what="Swarm")  # noqa: B023
        expected = [f"node-{number}" for number in range(1, count + 1)]
        until(lambda: stack.serving() == expected, within_s=FOLLOWED_WITHIN_S, what="the balancer")  # noqa: B023

    discovery = stack.status()["discovery"]
    assert (discovery["trouble"], discovery["leaving"], discovery["mistakes"]) == (None, [], [])


def test_nothing_is_left_behind(stack):
    """No container, network or volume, nor a swarm that was not there before."""
    stack.remove()

    assert belongings() == stack.before
