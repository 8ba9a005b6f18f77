"""The fleet in step with whoever names the nodes."""

import asyncio

import pytest
from structlog.testing import capture_logs

from loadbalancer.app import Balancer
from loadbalancer.discovery import Sightings
from loadbalancer.policy import CheckOutcome, Health, Wish
from shared.errors import CallerError, DependencyError
from shared.settings import Upstream
from tests.support.balancers import settings_of


class Scripted:
    """A source that names what the test says; an exception is raised."""

    words = "the test"
    lasting = False

    def __init__(self, **places):
        self.says = None
        self.name(**places)

    def name(self, *, mistakes=(), **places):
        self.says = Sightings(
            tuple(Upstream(id=node.replace("_", "-"), host=host, port=1) for node, host in places.items()), mistakes
        )

    async def look(self):
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    async def close(self):
        pass


class Request:
    """Something that runs on a node."""

    def node_down(self):
        raise AssertionError("a request on a leaving node must be left alone")


@pytest.fixture
def source():
    return Scripted(node_1="10.0.0.1", node_2="10.0.0.2")


@pytest.fixture
async def balancer(source):
    """Its nodes are found and up."""
    balancer = Balancer(settings_of([]), source=source)
    await balancer.following.look()
    for node in balancer.roster:
        check(node, CheckOutcome.RUNNING)
    return balancer


def check(node, outcome):
    node.checked(outcome, "the test's check", asyncio.get_running_loop().time())


def ids(balancer):
    return [node.id for node in balancer.roster]


def told(balancer):
    return balancer.following.describe(asyncio.get_running_loop().time())


async def test_who_is_named_is_a_node(balancer):
    """And serves after its first good check."""
    assert ids(balancer) == told(balancer)["found"] == ["node-1", "node-2"]
    assert all(node.admission.new for node in balancer.roster)


async def test_who_is_no_longer_named_keeps_its_clients_until_it_is_gone(balancer, source):
    """It takes nobody new, serves whom it has, and is forgotten when the checks find it gone and nothing runs on it."""
    node = balancer.fleet.get("node-2")
    balancer.bindings.bind(b"alice", "node-2", 0)
    source.name(node_1="10.0.0.1")
    await balancer.following.look()

    assert (node.listed, node.admission.new, node.admission.bound) == (False, False, True)
    assert told(balancer)["leaving"] == ["node-2"]
    node.running.add(request := Request())
    check(node, CheckOutcome.NOT_RUNNING)
    await balancer.following.look()
    assert ids(balancer) == ["node-1", "node-2"]
    node.running.discard(request)
    await balancer.following.look()
    assert ids(balancer) == ["node-1"]


async def test_a_node_without_clients_is_forgotten_at_once(balancer, source):
    """There is nothing to wait for."""
    source.name(node_1="10.0.0.1")
    await balancer.following.look()

    assert ids(balancer) == ["node-1"]


async def test_who_is_named_again_takes_new_clients_again(balancer, source):
    """A readiness that flickers costs nobody his session."""
    balancer.bindings.bind(b"alice", "node-2", 0)
    source.name(node_1="10.0.0.1")
    await balancer.following.look()
    source.name(node_1="10.0.0.1", node_2="10.0.0.2")
    await balancer.following.look()

    node = balancer.fleet.get("node-2")
    assert (node.listed, node.admission.new, node.health) == (True, True, Health.UP)


@pytest.mark.parametrize("wish", [Wish.SOFT_DRAIN, Wish.HARD_DRAIN, Wish.MAINTENANCE])
async def test_the_operators_wish_stays_his(wish, balancer, source):
    """Being no longer named and named again changes nothing about it."""
    balancer.bindings.bind(b"alice", "node-2", 0)
    node = balancer.fleet.wish("node-2", wish, 0.0)
    before = node.admission
    source.name(node_1="10.0.0.1")
    await balancer.following.look()
    assert node.admission == before
    source.name(node_1="10.0.0.1", node_2="10.0.0.2")
    await balancer.following.look()

    assert (node.wish, node.admission) == (wish, before)


async def test_a_node_in_another_place_is_the_same_node_after_a_restart(balancer, source):
    """A task that was replaced: its requests finish where they run, new ones wait for a good check of the new place."""
    old = balancer.fleet.get("node-2")
    old.running.add(Request())
    old.counters.requests = 7
    source.name(node_1="10.0.0.1", node_2="10.0.0.9")
    await balancer.following.look()
    new = balancer.fleet.get("node-2")

    assert (new.upstream.host, new.admission.bound, new.counters.requests) == ("10.0.0.9", False, 7)
    assert len(old.running) == 1
    check(new, CheckOutcome.RUNNING)
    assert (new.health, new.restarts) == (Health.UP, 1)


async def test_a_node_that_was_forgotten_and_comes_back_has_been_restarted(balancer, source):
    """Placement may prefer nodes that have their restart behind them; what the operator wanted of it is over."""
    balancer.fleet.wish("node-2", Wish.SOFT_DRAIN, 0.0)
    source.name(node_1="10.0.0.1")
    await balancer.following.look()
    assert ids(balancer) == ["node-1"]
    source.name(node_1="10.0.0.1", node_2="10.0.0.3")
    await balancer.following.look()
    node = balancer.fleet.get("node-2")
    check(node, CheckOutcome.RUNNING)

    assert (node.restarts, node.wish, node.admission.new) == (1, Wish.READY, True)


@pytest.mark.parametrize("says", [DependencyError("DNS did not answer"), Sightings(())])
async def test_a_source_that_fails_changes_nothing_and_is_told(says, balancer, source):
    """Nor does one that names nobody: a cluster is more likely to be misjudged than to be gone."""
    source.says = says
    await balancer.following.look()

    assert [(node.id, node.admission.new) for node in balancer.roster] == [("node-1", True), ("node-2", True)]
    facts = told(balancer)
    assert (facts["looks"], facts["looks_failed"]) == (1, 1)
    assert facts["trouble"] in ("DNS did not answer", "the test: nobody there says which node he is")
    source.name(node_1="10.0.0.1", node_2="10.0.0.2")
    await balancer.following.look()
    assert told(balancer)["trouble"] is None


async def test_trouble_is_logged_once_and_so_is_its_end(balancer, source):
    """A source that is away for an hour does not fill the log."""
    with capture_logs() as lines:
        source.says = DependencyError("DNS did not answer")
        for _ in range(3):
            await balancer.following.look()
        source.name(node_1="10.0.0.1", node_2="10.0.0.2", mistakes=("two of them",))
        for _ in range(3):
            await balancer.following.look()

    assert [(line["log_level"], line.get("trouble") or line.get("mistake")) for line in lines] == [
        ("warning", "DNS did not answer"),
        ("warning", "two of them"),
        ("info", None),
    ]


async def test_what_discovery_found_is_not_the_operators_to_remove(balancer, source):
    """The next look would undo it, so the answer says what to do instead; his own nodes are his."""
    with pytest.raises(CallerError, match=r"node-2 is found by discovery \(the test\).*maintenance") as refusal:
        balancer.following.refuse_if_found("node-2")
    assert refusal.value.status == 409
    balancer.fleet.put(Upstream(id="mine", host="10.0.0.7", port=1), 0.0)
    balancer.following.refuse_if_found("mine")
    await balancer.following.look()

    assert ids(balancer) == ["node-1", "node-2", "mine"]
