"""The operator's endpoints on a running balancer."""

import json
import threading
import urllib.request

import pytest

from shared.clock import Anchor, AnchorSeal
from tests.support.backends import Recorder, running_backends, running_recorder
from tests.support.balancers import TOKEN, read_answer, running_balancer

GET = b"GET /work HTTP/1.1\r\nHost: a\r\n"


@pytest.fixture(scope="module")
def nodes():
    with running_backends(2) as nodes:
        yield nodes


@pytest.fixture
def balancer(nodes):
    with running_balancer(nodes.upstreams) as balancer:
        yield balancer


def ask(balancer, cookie=None):
    """(node, route reason, route cookie) of one request."""
    with balancer.connect() as sock:
        sock.sendall(GET + (b"Cookie: " + cookie.encode() + b"\r\n" if cookie else b"") + b"\r\n")
        _, headers, _ = read_answer(sock)
    return headers["x-anodeid"], headers["x-dcsim-route"], headers.get("set-cookie", cookie or "").partition(";")[0]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/-/status"),
        ("GET", "/-/stats"),
        ("GET", "/-/requests"),
        ("GET", "/-/metrics"),
        ("GET", "/-/clock"),
        ("POST", "/-/nodes/node-1/drain"),
        ("DELETE", "/-/nodes/node-1"),
    ],
)
def test_nobody_is_answered_without_the_token(method, path, balancer):
    """Every operator endpoint refuses a caller without the token, and one with a wrong one."""
    assert balancer.admin(method, path, token=None)[0] == 401
    assert balancer.admin(method, path, token="wrong")[0] == 401
    assert balancer.admin(method, path, token="\xff")[0] == 401
    assert balancer.admin(method, f"{path}?token=wrong", token=None)[0] == 401


def test_the_token_in_the_query_opens_the_page_and_nothing_else(balancer):
    """A browser may open the stats page with ?token=; no other endpoint takes it from there."""
    status, page = balancer.admin("GET", f"/-/stats?token={TOKEN}", token=None)
    assert status == 200
    assert "node-1" in page
    assert balancer.admin("GET", f"/-/status?token={TOKEN}", token=None)[0] == 401


def test_the_public_port_has_no_operator_endpoints(balancer):
    """What clients can reach passes through to the nodes, whatever its path."""
    with balancer.connect() as sock:
        sock.sendall(b"GET /-/status HTTP/1.1\r\nHost: a\r\nX-Dcsim-Token: %b\r\n\r\n" % TOKEN.encode())
        body = json.loads(read_answer(sock)[2])
    assert body["node"] in ("node-1", "node-2")
    assert not [name for name, _ in body["headers"] if name == "X-Dcsim-Token"]


def test_soft_drain_keeps_bound_clients_until_none_is_left(balancer):
    """Soft drain: bound clients stay and are counted, new ones go elsewhere, ready takes it back."""
    node, reason, cookie = ask(balancer)
    assert reason == "new"
    assert ask(balancer, cookie)[:2] == (node, "bound")
    status, row = balancer.admin("POST", f"/-/nodes/{node}/drain", {"mode": "soft"})
    assert (status, row["operator"], row["takes_new"], row["takes_bound"], row["sessions"]) == (
        200,
        "soft-drain",
        False,
        True,
        1,
    )
    assert ask(balancer, cookie)[:2] == (node, "bound")
    assert {ask(balancer)[0] for _ in range(4)} == {"node-1", "node-2"} - {node}
    assert balancer.admin("POST", f"/-/nodes/{node}/ready")[1]["takes_new"] is True
    assert {ask(balancer)[0] for _ in range(4)} == {"node-1", "node-2"}


def test_hard_drain_moves_bound_clients_and_says_so(balancer):
    """Hard drain: the next request of a bound client is served elsewhere, with the reason and the new cookie."""
    node, _, cookie = ask(balancer)
    ask(balancer, cookie)
    assert balancer.admin("POST", f"/-/nodes/{node}/drain", {"mode": "hard"})[1]["operator"] == "hard-drain"
    other, reason, moved = ask(balancer, cookie)
    assert (other != node, reason, moved != cookie) == (True, "drained", True)
    assert ask(balancer, moved)[:2] == (other, "bound")
    assert balancer.node(node)["sessions"] == 0


def test_maintenance_serves_nobody_and_stops_the_checks(balancer):
    """Maintenance: no client and no check reaches the node; ready waits for a check before it serves again."""
    balancer.admin("POST", "/-/nodes/node-1/maintenance")
    before = balancer.node("node-1")["checks"]
    assert {ask(balancer)[0] for _ in range(4)} == {"node-2"}
    balancer.wait_for(lambda status: status["nodes"][1]["checks"] >= 5)
    assert balancer.node("node-1")["checks"] - before <= 1
    assert balancer.admin("POST", "/-/nodes/node-1/ready")[1]["health"] == "unknown"
    balancer.wait_for_health("node-1", "up")


def test_nodes_come_and_go_at_run_time(nodes):
    """A node can be added, changed and removed while traffic runs; a removed node's clients move."""
    with running_balancer([nodes[0].upstream]) as balancer:
        cookie = ask(balancer)[2]
        address = {key: value for key, value in nodes[1].upstream.items() if key != "id"}
        assert balancer.admin("PUT", "/-/nodes/late", address)[0] == 200
        balancer.wait_for_health("late", "up")
        assert {ask(balancer)[0] for _ in range(4)} == {"node-1", "node-2"}
        assert balancer.admin("DELETE", "/-/nodes/node-1")[0] == 204
        node, reason, _ = ask(balancer, cookie)
        assert (node, reason) == ("node-2", "redispatched")
        assert balancer.admin("PUT", "/-/nodes/late", {"host": "127.0.0.1", "port": nodes[0].port})[0] == 200
        balancer.wait_for_health("late", "up")
        assert ask(balancer)[0] == "node-1"


@pytest.mark.parametrize(("method", "body"), [("DELETE", None), ("PUT", {"host": "127.0.0.1", "port": 1})])
def test_what_runs_on_a_node_that_goes_is_in_flight_until_it_is_answered(method, body):
    """Whether the node is taken out or gets a new address: only then is the clock quiet."""
    may_answer = threading.Event()

    def answer(_request):
        assert may_answer.wait(20)
        return Recorder.ANSWER

    with running_recorder(answer) as node, running_balancer([node.upstream]) as balancer, balancer.connect() as sock:

        def in_flight():
            return balancer.admin("GET", "/-/clock")[1]["in_flight"]

        sock.sendall(GET + b"\r\n")
        balancer.wait_for(lambda status: status["nodes"][0]["in_flight"] == 1)
        assert balancer.admin(method, "/-/nodes/node-1", body)[0] in (200, 204)
        assert in_flight() == 1
        may_answer.set()
        assert read_answer(sock)[0] == 200
        assert in_flight() == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/-/nodes/nobody/ready", None, 404, "there is no node 'nobody'; known: node-1, node-2"),
        ("DELETE", "/-/nodes/nobody", None, 404, "there is no node 'nobody'"),
        ("POST", "/-/nodes/node-1/drain", {"mode": "gently"}, 400, "neither 'soft' nor 'hard'"),
        ("POST", "/-/nodes/node-1/drain", {"mode": []}, 400, "neither 'soft' nor 'hard'"),
        ("POST", "/-/nodes/node-1/drain", {"mode": {"soft": 1}}, 400, "neither 'soft' nor 'hard'"),
        ("POST", "/-/nodes/node-1/drain", b"[" * 30_000, 400, "the body is not JSON"),
        ("PUT", "/-/nodes/node-3", {"host": "127.0.0.1"}, 400, "port"),
        ("PUT", "/-/nodes/node-3", {"host": "127.0.0.1", "port": True}, 400, "port"),
        ("PUT", "/-/nodes/node-3", {"host": "two words\r\n", "port": 1}, 400, "host"),
        ("PUT", "/-/nodes/node-3", {"host": "127.0.0.1", "port": "high"}, 400, "port"),
        ("PUT", "/-/nodes/10.0.0.1", {"host": "127.0.0.1", "port": 1}, 400, "id"),
        ("PUT", "/-/nodes/node-3", [], 400, "JSON object"),
        ("GET", "/-/requests?limit=many", None, 400, "limit 'many' is not a whole number"),
        ("GET", f"/-/requests?limit={10**30}", None, 400, "is not a whole number from 0 to 999999999"),
        ("PUT", "/-/clock", {"anchor": f"{10**30};0;0;1"}, 400, "numbers have 64 bits"),
        ("PUT", "/-/clock", {"anchor": f"9;{10**15};0;1"}, 400, "ends with the year 9999"),
        ("PUT", "/-/clock", {"anchor": f"9;0;{-(2**62)};3600"}, 400, "outside the years 1970 to 9999"),
        ("GET", "/-/nowhere", None, 404, "Not Found"),
    ],
)
def test_bad_input_gets_one_clear_message(method, path, body, status, words, balancer):
    """Each mistake of an operator is answered with its status and a message that names it."""
    given, answer = balancer.admin(method, path, body)
    assert given == status
    assert words in answer["error"]
    assert "Traceback" not in answer["error"]


def test_a_body_that_is_not_what_it_says_is_refused(balancer):
    """The answer says how to send it; that it calls itself a form, as curl does, does not matter."""

    def drain(**headers):
        return balancer.admin("POST", "/-/nodes/node-1/drain", {"mode": "soft"}, headers=headers)

    status, answer = drain(**{"Content-Encoding": "gzip"})
    assert (status, answer["error"]) == (400, "the body cannot be read; send JSON without a Content-Encoding")
    assert drain(**{"Content-Type": "application/x-www-form-urlencoded"})[0] == 200


def test_the_picture_the_metrics_and_the_log_agree(balancer):
    """Status, Prometheus metrics and the latest requests tell the same story of three requests."""
    cookie = ask(balancer)[2]
    for _ in range(2):
        ask(balancer, cookie)
    status = balancer.wait_for(lambda status: status["requests"] == 3)
    assert status["reasons"] == {"new": 1, "bound": 2}
    assert sum(node["answers"]["2xx"] for node in status["nodes"]) == 3
    metrics = balancer.admin("GET", "/-/metrics")[1]
    assert 'dcsim_routes_total{reason="bound"} 2.0' in metrics
    assert 'dcsim_node_health{health="up",node="node-1"} 1.0' in metrics
    assert 'dcsim_node_latency_seconds_bucket{le="+Inf",node="node-1"}' in metrics
    log = balancer.admin("GET", "/-/requests?limit=2")[1]
    assert [(entry["target"], entry["status"], entry["reason"]) for entry in log] == [("/work", 200, "bound")] * 2


def test_the_page_is_for_people(balancer):
    """The stats page is a whole HTML document with a language, headings and table headers, and escapes what it shows."""
    with balancer.connect() as sock:
        sock.sendall(b"GET /<script>alert(1)</script> HTTP/1.1\r\nHost: a\r\n\r\n")
        read_answer(sock)
    page = balancer.admin("GET", "/-/stats")[1]
    assert page.startswith("<!doctype html>")
    assert '<html lang="en">' in page
    assert '<th scope="row">node-1' in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page


def test_the_access_log_is_written(nodes, tmp_path):
    """Each request becomes one JSON line with its route reason."""
    path = tmp_path / "access.jsonl"
    with running_balancer(nodes.upstreams, access_log=str(path)) as balancer:
        ask(balancer)
        balancer.process.terminate()
        assert balancer.process.wait(10) == 0
    (line,) = path.read_text().splitlines()
    entry = json.loads(line)
    assert (entry["method"], entry["target"], entry["status"], entry["reason"]) == ("GET", "/work", 200, "new")


def test_every_request_carries_the_sealed_clock_of_the_moment():
    """A node can trust the clock stamp, and sees a new anchor with the very next request."""
    with running_recorder() as node, running_balancer([node.upstream]) as balancer:

        def stamp():
            node.forget()
            with balancer.connect() as sock:
                sock.sendall(GET + b"X-Dcsim-Clock: forged\r\n\r\n")
                read_answer(sock)
            (line,) = [line for line in node.received().split(b"\r\n") if line.startswith(b"X-Dcsim-Clock: ")]
            return AnchorSeal(TOKEN).open(line.partition(b": ")[2].decode())

        first = stamp()
        newer = Anchor(first.generation + 7, 1_800_000_000_000, first.monotonic_ns, 60.0)
        assert balancer.admin("PUT", "/-/clock", {"anchor": str(newer)})[0] == 200
        assert stamp() == newer
        assert balancer.admin("PUT", "/-/clock", {"anchor": str(first)})[0] == 409


def test_the_route_reason_goes_to_the_node_too():
    """The node is told why it was chosen."""
    with running_recorder() as node, running_balancer([node.upstream]) as balancer, balancer.connect() as sock:
        sock.sendall(GET + b"\r\n")
        read_answer(sock)
        assert b"X-Dcsim-Route: new\r\n" in node.received()


def test_a_url_reaches_nodes_untouched_under_a_context_path(nodes):
    """Health checks use the context path; clients' paths pass as they are."""
    with running_recorder() as node:
        with running_balancer([node.upstream], context_path="/jira", health_path="/x") as balancer:
            assert balancer.node("node-1")["health"] == "down"
            assert b"GET /jira/x HTTP/1.1" in node.received()


def test_stats_open_in_a_plain_browser_request(balancer):
    """The page needs no script, no other file and no cache."""
    with urllib.request.urlopen(f"http://127.0.0.1:{balancer.admin_port}/-/stats?token={TOKEN}") as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_removed_node_finishes_what_it_has_and_keeps_no_connection(nodes):
    """Removing a node lets its running request end, and closes the connection that the request came back with."""
    with running_recorder() as node, running_balancer([node.upstream]) as balancer, balancer.connect() as sock:
        node.answer = lambda _: (balancer.admin("DELETE", "/-/nodes/node-1"), node.ANSWER)[1]
        sock.sendall(GET + b"\r\n")
        assert read_answer(sock)[2] == b"ok"
        sock.sendall(GET + b"\r\n")
        assert read_answer(sock)[0] == 503
        balancer.wait_for(lambda status: status["nodes"] == [])
        assert node.open_connections(within_s=5) == 0
