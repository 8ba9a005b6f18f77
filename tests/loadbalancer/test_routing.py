"""From a request to a node, in every sticky mode."""

import pytest

from loadbalancer.bindings import Bindings
from loadbalancer.cookie import Route, RouteCookie
from loadbalancer.head import read_request
from loadbalancer.nodes import Node, NodeRules, Roster
from loadbalancer.placement import RoundRobin
from loadbalancer.policy import CheckOutcome, CheckRules, Wish
from loadbalancer.routing import NotSticky, Router, StickyByCookie, StickyByJvmRoute, StickyBySource
from shared.clock import FakeClock
from shared.contract import RouteReason
from shared.settings import Upstream

CLIENT = b"0123456789abcdef"


class World:
    """Three nodes that are up, and a router of the given mode."""

    def __init__(self, mode="cookie"):
        self.roster = Roster()
        self.bindings = Bindings(limit=100, idle_ms=1000)
        self.clock = FakeClock()
        self.cookie = RouteCookie("secret", name="ROUTEID", attributes="")
        stickiness = {
            "cookie": lambda: StickyByCookie(self.cookie, self.bindings, self.clock),
            "jvm-route": lambda: StickyByJvmRoute("JSESSIONID", self.roster, self.bindings, self.clock),
            "source": lambda: StickyBySource(self.bindings, self.clock),
            "none": NotSticky,
        }[mode]()
        self.router = Router(self.roster, stickiness, RoundRobin(), self.bindings)
        for number in (1, 2, 3):
            upstream = Upstream(id=f"node-{number}", host="10.0.0.1", port=number)
            node = Node(upstream, NodeRules(CheckRules(fall=1, rise=1)), now=0.0)
            node.checked(CheckOutcome.RUNNING, "ok", 0.0)
            self.roster.put(node)

    def claim(self, cookies=b"", address="10.9.9.9"):
        fields = [(b"Host", b"a"), *([(b"Cookie", cookies)] if cookies else [])]
        return self.router.stickiness.claim(read_request(b"GET", b"/", "1.1", fields), address)

    def route(self, cookies=b"", address="10.9.9.9", tried=()):
        """(node, reason, header lines of the answer)."""
        claim = self.claim(cookies, address)
        choice = self.router.choose(claim, 1.0, tried=tried)
        return choice.node.id, choice.reason, self.router.stickiness.lines(claim, choice.node.id)

    def cookie_of(self, node_id):
        return b"ROUTEID=" + self.cookie.value(Route(CLIENT, node_id))

    def down(self, node_id):
        self.roster.get(node_id).checked(CheckOutcome.FAILED, "no", 1.0)

    def up(self, node_id):
        self.roster.get(node_id).checked(CheckOutcome.RUNNING, "ok", 1.0)


def test_a_client_without_a_cookie_is_new_and_gets_one():
    """A new client is placed and told its route."""
    node, reason, lines = World().route()
    assert (node, reason) == ("node-1", RouteReason.NEW)
    assert lines.startswith(b"Set-Cookie: ROUTEID=")


def test_a_client_with_our_cookie_is_bound_and_gets_none():
    """The cookie is set only when the route changes."""
    world = World()
    for _ in range(5):
        assert world.route(world.cookie_of("node-2")) == ("node-2", RouteReason.BOUND, b"")
    assert world.bindings.sessions("node-2") == 1


def test_a_remembered_cookie_field_is_no_truth_of_its_own():
    """A field that was read before still follows its client when that moves, and is verified anew when forgotten."""
    world = World()
    field = world.cookie_of("node-1")
    assert [world.route(field)[0] for _ in range(2)] == ["node-1", "node-1"]
    world.down("node-1")
    assert world.route(field)[:2] == ("node-2", RouteReason.REDISPATCHED)
    world.up("node-1")
    node, reason, lines = world.route(field)
    assert (node, reason) == ("node-2", RouteReason.BOUND)
    assert b".node-2." in lines
    world.clock.tick(10_000)
    world.bindings.expire(world.clock.now_ms())
    assert world.route(field)[:2] == ("node-1", RouteReason.BOUND)
    assert world.bindings.sessions("node-1") == 1


def test_remembered_cookie_fields_are_bounded():
    """However many fields genuine clients send, a bounded number is remembered."""
    world = World()
    for number in range(5000):
        world.route(world.cookie_of("node-1") + b"; a=%d" % number)
        world.route(world.cookie_of("node-1") + b"; a=%d%b" % (number, b"x" * 600))
    remembered = world.router.stickiness._verified
    assert len(remembered) <= 4096
    assert max(map(len, remembered)) <= 512


def test_the_cookie_does_not_reach_the_node():
    """Nodes never see the route cookie, only what the client sent beside it."""
    world = World()
    assert world.claim(b"a=b; " + world.cookie_of("node-1") + b"; c=d").cookies == b"a=b; c=d"


@pytest.mark.parametrize("value", [b"x", b"node-2", b".node-2", b"", b"0123456789abcdef.node-2.0123456789abcdef"])
def test_a_forged_cookie_is_a_new_client(value):
    """A value we did not write binds nobody and is replaced."""
    _, reason, lines = World().route(b"ROUTEID=" + value)
    assert reason is RouteReason.NEW
    assert b"Set-Cookie" in lines


def test_a_client_of_a_dead_node_moves_and_learns_it_in_the_same_answer():
    """Redispatch keeps the client's name, changes its node, and later requests with either cookie agree."""
    world = World()
    world.down("node-1")
    node, reason, lines = world.route(world.cookie_of("node-1"))
    assert (node, reason) == ("node-2", RouteReason.REDISPATCHED)
    assert CLIENT + b".node-2." in lines
    world.up("node-1")
    assert world.route(world.cookie_of("node-2"))[:2] == ("node-2", RouteReason.BOUND)
    assert world.route(world.cookie_of("node-1"))[:2] == ("node-2", RouteReason.BOUND)
    assert b"node-2" in world.route(world.cookie_of("node-1"))[2]
    assert world.roster.get("node-1").counters.moved_away == 1


def test_a_balancer_that_forgot_everything_still_honours_its_cookies():
    """The cookie is the truth; the table is only memory."""
    assert World().route(World().cookie_of("node-3"))[:2] == ("node-3", RouteReason.BOUND)


def test_a_cookie_of_a_removed_node_moves_its_client():
    """A genuine cookie whose node is gone is a redispatch, not an error."""
    world = World()
    world.roster.remove("node-2")
    assert world.route(world.cookie_of("node-2"))[1] is RouteReason.REDISPATCHED


@pytest.mark.parametrize("mode", ["cookie", "jvm-route", "source"])
def test_drains_in_every_mode(mode):
    """A soft drain keeps bound clients and takes no new ones; a hard drain moves them and says so."""
    world = World(mode)
    cookies = world.cookie_of("node-1") + b"; JSESSIONID=A.node-1"
    assert world.route(cookies)[0] == "node-1"
    world.roster.get("node-1").wanted(Wish.SOFT_DRAIN, 1.0)
    assert world.route(cookies)[:2] == ("node-1", RouteReason.BOUND)
    assert {world.route(address=f"10.0.1.{i}")[0] for i in range(9)} == {"node-2", "node-3"}
    world.roster.get("node-1").wanted(Wish.HARD_DRAIN, 1.0)
    node, reason, _ = world.route(cookies)
    assert (node != "node-1", reason) == (True, RouteReason.DRAINED)
    assert world.bindings.sessions("node-1") == 0


def test_a_retry_never_goes_to_a_node_already_tried():
    """The nodes tried for this request are out, the bound one included."""
    world = World()
    assert world.route(world.cookie_of("node-1"), tried={"node-1"})[:2] == ("node-2", RouteReason.REDISPATCHED)
    assert world.router.choose(world.claim(), 1.0, tried={"node-1", "node-2", "node-3"}) is None


@pytest.mark.parametrize("mode", ["cookie", "jvm-route", "source"])
def test_requests_of_one_client_that_fail_together_move_together(mode):
    """Two requests in flight to a dying node: the second follows to where the first has moved their client."""
    world = World(mode)
    cookies = world.cookie_of("node-1") + b"; JSESSIONID=A.node-1"
    assert [world.route(cookies)[0] for _ in range(2)] == ["node-1", "node-1"]
    moved = [world.route(cookies, tried={"node-1"})[:2] for _ in range(4)]
    assert moved == [("node-2", RouteReason.REDISPATCHED)] * 4


def test_jvm_route_binds_by_the_suffix_of_the_session():
    """In jvm-route mode the session's suffix names the node, and we set no cookie."""
    world = World("jvm-route")
    assert world.route(b"JSESSIONID=ABC.node-3") == ("node-3", RouteReason.BOUND, b"")
    assert world.bindings.sessions("node-3") == 1


@pytest.mark.parametrize("theirs", [b"F", b"F.elsewhere"])
@pytest.mark.parametrize("fields", [b"JSESSIONID=%b; JSESSIONID=ABC.node-3", b"JSESSIONID=ABC.node-3; JSESSIONID=%b"])
def test_jvm_route_is_not_disturbed_by_another_application_of_the_host(fields, theirs):
    """Its session cookie comes along, before or behind ours; the one that names a node of ours counts."""
    world = World("jvm-route")
    assert [world.route(fields % theirs)[:2] for _ in range(2)] == [("node-3", RouteReason.BOUND)] * 2
    lost = (fields % theirs).replace(b"node-3", b"node-9")
    assert [world.route(lost)[:2] for _ in range(2)] == [("node-1", RouteReason.NEW), ("node-1", RouteReason.BOUND)]


@pytest.mark.parametrize("cookies", [b"", b"JSESSIONID=ABC", b"ROUTEID=x", b"JSESSIONID="])
def test_jvm_route_without_a_suffix_is_new_each_time(cookies):
    """A session without a suffix binds nobody: such clients are spread."""
    world = World("jvm-route")
    assert [world.route(cookies)[0] for _ in range(3)] == ["node-1", "node-2", "node-3"]


def test_jvm_route_with_a_foreign_suffix_is_new_but_stays():
    """A suffix that names none of our nodes is a new client, and its session keeps the node it was given."""
    world = World("jvm-route")
    first, reason, _ = world.route(b"JSESSIONID=ABC.elsewhere")
    assert reason is RouteReason.NEW
    assert {world.route(b"JSESSIONID=ABC.elsewhere")[0] for _ in range(5)} == {first}


def test_cookie_mode_ignores_the_session():
    """A client that keeps only JSESSIONID is new each time in cookie mode."""
    world = World()
    assert [world.route(b"JSESSIONID=A.node-3")[0] for _ in range(3)] == ["node-1", "node-2", "node-3"]


def test_source_binds_by_address():
    """In source mode one address stays on one node, and addresses are spread."""
    world = World("source")
    for _ in range(3):
        assert [world.route(address=f"10.0.0.{i}")[0] for i in range(3)] == ["node-1", "node-2", "node-3"]
    assert world.route(address="10.0.0.1")[1] is RouteReason.BOUND


def test_source_forgets_a_silent_address_in_policy_time():
    """An address silent for longer than the limit is a new client."""
    world = World("source")
    world.route()
    world.clock.step(1001)
    world.bindings.expire(world.clock.now_ms())
    assert world.route()[1] is RouteReason.NEW


def test_not_sticky_takes_turns():
    """Without stickiness every request is a new client, whatever it carries."""
    world = World("none")
    seen = [world.route(world.cookie_of("node-1"))[:2] for _ in range(3)]
    assert seen == [(f"node-{i}", RouteReason.NEW) for i in (1, 2, 3)]


def test_no_address_is_in_what_a_client_gets():
    """Neither host nor port of a node shows in the cookie."""
    for _ in range(3):
        assert b"10.0.0.1" not in World().route()[2]
