"""Nodes found as the addresses of one name."""

import asyncio
import socket

import aiohttp
import pytest
from aiohttp import web

from compose.cluster.ports import PortReservation
from loadbalancer.discovery.dns import DnsName, SystemResolver, one_family
from loadbalancer.discovery.identity import StatusIdentity, Unnamed
from shared.errors import DependencyError
from tests.support.backends import running_backends
from tests.support.names import FakeIdentity, FakeResolver

PORT = 8080
PATIENCE_S = 60.0
"""More than the resolver takes to try several name servers that do not answer, which is 5 s for each try of each."""


@pytest.fixture
def resolver():
    return FakeResolver({"tasks.node": ["10.0.0.1", "10.0.0.2"]})


@pytest.fixture
def identity():
    return FakeIdentity({"10.0.0.1": "node-1", "10.0.0.2": "node-2"})


@pytest.fixture
def name(resolver, identity):
    return DnsName("tasks.node", PORT, resolve=resolver, identify=identity)


async def places(name):
    """Where each node is, after one more look."""
    return {node.id: node.host for node in (await name.look()).nodes}


async def test_every_address_is_a_node_under_the_name_it_says_itself(name):
    """DNS knows addresses; route cookies and statistics need the ids that nodes answer with."""
    sightings = await name.look()

    assert [(node.id, node.host, node.port) for node in sightings.nodes] == [
        ("node-1", "10.0.0.1", PORT),
        ("node-2", "10.0.0.2", PORT),
    ]
    assert (sightings.mistakes, sightings.silent) == ((), ())


async def test_an_address_that_passes_to_another_node_is_noticed(name, identity):
    """Each look asks again."""
    await name.look()
    identity.names = {"10.0.0.1": "node-2", "10.0.0.2": "node-1"}

    assert await places(name) == {"node-2": "10.0.0.1", "node-1": "10.0.0.2"}


async def test_a_node_that_falls_silent_keeps_its_name(name, identity):
    """Whether it hangs is for the health checks to say."""
    await name.look()
    identity.names["10.0.0.2"] = None

    assert await places(name) == {"node-1": "10.0.0.1", "node-2": "10.0.0.2"}


async def test_an_address_that_was_never_heard_of_is_told_as_silent(name, resolver):
    """A task that has just started, or somebody who is no node."""
    resolver.addresses["tasks.node"].append("10.0.0.9")
    sightings = await name.look()

    assert len(sightings.nodes) == 2
    assert sightings.silent == ("10.0.0.9",)


async def test_whoever_answers_to_a_name_has_it_rather_than_whoever_did_and_is_silent(name, resolver, identity):
    """A task was replaced, and DNS still has the old address."""
    await name.look()
    resolver.addresses["tasks.node"].append("10.0.0.9")
    identity.names |= {"10.0.0.1": None, "10.0.0.9": "node-1"}
    sightings = await name.look()

    assert {node.id: node.host for node in sightings.nodes} == {"node-1": "10.0.0.9", "node-2": "10.0.0.2"}
    assert (sightings.mistakes, sightings.silent) == ((), ("10.0.0.1",))


@pytest.mark.parametrize("second", ["10.0.0.0", "10.0.0.9"])
async def test_two_tasks_with_one_node_id_are_a_mistake(second, name, resolver, identity):
    """The one that had it first stays; the message names both and says what to do."""
    await name.look()
    resolver.addresses["tasks.node"].append(second)
    identity.names[second] = "node-1"
    sightings = await name.look()

    assert {node.id: node.host for node in sightings.nodes} == {"node-1": "10.0.0.1", "node-2": "10.0.0.2"}
    (mistake,) = sightings.mistakes
    assert all(words in mistake for words in ("node-1", "10.0.0.1", second, "DCSIM_NODE_ID", "stop-first"))


async def test_somebody_who_is_no_node_is_a_mistake_and_no_node(name, identity):
    """The others are found all the same."""
    identity.names["10.0.0.2"] = Unnamed("10.0.0.2:8080 answers with no X-ANODEID; is it a node of a cluster?")
    sightings = await name.look()

    assert [node.id for node in sightings.nodes] == ["node-1"]
    assert sightings.mistakes == (str(identity.names["10.0.0.2"]),)


async def test_dns_that_fails_fails_the_look_and_is_asked_again(name, resolver):
    """What was known before is known afterwards."""
    await name.look()
    resolver.trouble = "DNS did not answer"
    with pytest.raises(DependencyError, match="DNS did not answer"):
        await name.look()
    resolver.trouble = None

    assert len(await places(name)) == 2


def test_a_node_with_two_kinds_of_address_is_one_node():
    """IPv4 wins; a name with IPv6 alone is as good."""
    assert one_family(["10.0.0.1", "fd00::1"]) == {"10.0.0.1"}
    assert one_family(["fd00::1", "fe80::1%eth0"]) == {"fd00::1", "fe80::1%eth0"}


@pytest.fixture(params=["fake", "real"])
def either_resolver(request):
    if request.param == "fake":
        return FakeResolver({"localhost": ["127.0.0.1"]})
    return SystemResolver(timeout_s=PATIENCE_S)


async def test_a_name_has_addresses(either_resolver):
    """The machine's own way and its stand-in agree."""
    assert await either_resolver("localhost") == {"127.0.0.1"}


@pytest.mark.parametrize("name", ["nobody.invalid", "x" * 70 + ".invalid"])
async def test_a_name_without_address_fails_the_look(name, either_resolver):
    """One that nobody knows, and one that cannot be. Without a name server to ask nobody knows it either."""
    with pytest.raises(DependencyError) as failure:
        await either_resolver(name)
    if str(failure.value) == f"DNS did not answer within {PATIENCE_S:g} s when asked for {name}":
        pytest.skip("this machine's name servers do not answer")
    assert str(failure.value).startswith(f"DNS has no address for {name}")


async def test_a_lookup_that_hangs_is_given_up_and_never_run_twice_at_once(monkeypatch):
    """Name servers that do not answer cannot use up the threads that lookups run in."""
    begun, release = [], asyncio.Event()

    async def hangs(host, port, **_options):
        begun.append(host)
        await release.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 0))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", hangs)
    resolve = SystemResolver(timeout_s=0.01)
    for _ in range(3):
        with pytest.raises(DependencyError, match=r"did not answer within 0\.01 s when asked for tasks.node"):
            await resolve("tasks.node")
    release.set()

    assert await resolve("tasks.node") == {"10.0.0.1"}
    assert begun == ["tasks.node"]


@pytest.fixture
async def identify():
    identity = StatusIdentity("/status", timeout_s=5.0)
    yield identity
    await identity.close()


async def test_a_node_says_who_it_is(identify):
    """Asked over HTTP, also while it does not serve."""
    with running_backends(1) as nodes:
        assert await identify("127.0.0.1", nodes[0].port) == "node-1"
        async with aiohttp.request("POST", f"http://127.0.0.1:{nodes[0].port}/state/STARTING"):
            pass
        assert await identify("127.0.0.1", nodes[0].port) == "node-1"


async def test_nobody_says_nothing(identify):
    """A task that does not listen yet, or hangs, or is behind a broken network."""
    with PortReservation() as nobody:
        assert await identify("127.0.0.1", nobody.port) is None
    assert await identify("not an address", PORT) is None


@pytest.mark.parametrize("headers", [{}, {"X-ANODEID": "not a node id"}, {"X-ANODEID": "x" * 61}])
async def test_a_stranger_is_told_from_a_node(headers, identify, stranger):
    """A node id goes into route cookies: it cannot be just anything."""
    port = await stranger(headers)
    with pytest.raises(Unnamed, match=rf"127.0.0.1:{port} answers with .*X-ANODEID"):
        await identify("127.0.0.1", port)


@pytest.fixture
async def stranger():
    """Starts somebody who answers everything with these headers; his port."""
    runners = []

    async def start(headers):
        async def answer(_request):
            return web.json_response({"state": "RUNNING"}, headers=headers)

        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        runner = web.AppRunner(app)
        runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return site._server.sockets[0].getsockname()[1]

    yield start
    for runner in runners:
        await runner.cleanup()
