"""Bound clients reach their node, every time, in every mode: on raw sockets, so that volume is cheap."""

import random
import re

import pytest

from tests.support.backends import running_backends, running_recorder
from tests.support.balancers import read_answer, running_balancer


def node_answer(name):
    return b"HTTP/1.1 200 OK\r\nX-ANODEID: %b\r\nContent-Length: 0\r\n\r\n" % name.encode()


@pytest.fixture
def three_nodes():
    with running_recorder(node_answer("node-1")) as a, running_recorder(node_answer("node-2")) as b:
        with running_recorder(node_answer("node-3")) as c:
            yield [{**node.upstream, "id": f"node-{i + 1}"} for i, node in enumerate((a, b, c))]


class Client:
    """One browser: what it sends to be recognised, and the node it was first served by."""

    def __init__(self, mode, number):
        self.mode = mode
        self.node = f"node-{number % 3 + 1}" if mode == "jvm-route" else None
        self.cookie = (
            f"JSESSIONID=S{number}.{self.node}".encode() if mode == "jvm-route" else b"JSESSIONID=S%d" % number
        )
        self.address = f"127.{number // 62500 + 1}.{number // 250 % 250}.{number % 250 + 1}"

    def request(self):
        return b"GET /x HTTP/1.1\r\nHost: a\r\nCookie: theme=dark; %b\r\n\r\n" % self.cookie

    def learn(self, headers):
        if "set-cookie" in headers:
            self.cookie = headers["set-cookie"].partition(";")[0].encode()


def run(balancer, mode, *, clients, requests, seed):
    """How many requests did not reach their client's node, and were not marked as bound."""
    chance = random.Random(seed)
    everyone = [Client(mode, number) for number in range(clients)]
    for client in everyone:
        with balancer.connect(source=client.address) as sock:
            sock.sendall(client.request())
            headers = read_answer(sock)[1]
        assert client.node in (None, headers["x-anodeid"])
        client.node = headers["x-anodeid"]
        client.learn(headers)
    astray = 0
    per_connection = 50
    for _ in range(requests // per_connection):
        one = chance.choice(everyone)
        riders = [one] * per_connection if mode == "source" else chance.choices(everyone, k=per_connection)
        with balancer.connect(source=one.address) as sock:
            sock.sendall(b"".join(client.request() for client in riders))
            reader = sock.makefile("rb")
            for client in riders:
                head = b""
                while (line := reader.readline()) != b"\r\n":
                    head += line
                served = re.search(rb"X-ANODEID: (\S+)", head)[1].decode()
                astray += (served, b"X-Dcsim-Route: bound" in head) != (client.node, True)
            reader.close()
    return astray


@pytest.mark.parametrize("mode", ["cookie", "jvm-route", "source"])
def test_bound_clients_always_reach_their_node(mode, three_nodes):
    """Of 5,000 requests of 200 clients, mixed over connections, all reach the node of their client."""
    with running_balancer(three_nodes, sticky=mode, health_interval_s=2.0) as balancer:
        assert run(balancer, mode, clients=200, requests=5_000, seed=1) == 0
        assert balancer.status()["bindings"] == 200
        assert sorted(node["sessions"] for node in balancer.status()["nodes"]) == [66, 67, 67]


@pytest.mark.soak
@pytest.mark.parametrize("mode", ["cookie", "jvm-route", "source"])
def test_bound_clients_always_reach_their_node_at_length(mode, three_nodes):
    """Of 100,000 requests of 1,000 clients all reach the node of their client."""
    with running_balancer(three_nodes, sticky=mode, health_interval_s=2.0) as balancer:
        assert run(balancer, mode, clients=1_000, requests=100_000, seed=2) == 0


@pytest.mark.parametrize(
    "value", [b"x", b"node-1", b"\xff\xfe", b"0123456789abcdef.node-1.0123456789abcdef", b"." * 2000, b"%0d%0a"]
)
def test_a_forged_cookie_is_a_new_client(value, three_nodes):
    """Whatever somebody writes into the route cookie, the answer is 200, new, and brings a good cookie."""
    with running_balancer(three_nodes, health_interval_s=2.0) as balancer, balancer.connect() as sock:
        sock.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\nCookie: ROUTEID=%b\r\n\r\n" % value)
        status, headers, _ = read_answer(sock)
    assert (status, headers["x-dcsim-route"]) == (200, "new")
    assert re.fullmatch(
        r"ROUTEID=[0-9a-f]{16}\.node-[123]\.[0-9a-f]{16}; Path=/; HttpOnly; SameSite=Lax", headers["set-cookie"]
    )
    assert headers["cache-control"] == "private"


def test_name_and_attributes_of_the_cookie_are_settings(three_nodes):
    """An operator chooses the cookie's name and attributes."""
    changes = {
        "route_cookie": "AWSALB",
        "route_cookie_attributes": "Path=/jira; SameSite=None",
        "health_interval_s": 2.0,
    }
    with running_balancer(three_nodes, **changes) as balancer, balancer.connect() as sock:
        sock.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\nCookie: ROUTEID=other\r\n\r\n")
        assert re.fullmatch(r"AWSALB=\S+; Path=/jira; SameSite=None", read_answer(sock)[1]["set-cookie"])


def test_a_restarted_node_is_preferred_for_those_who_must_move():
    """With prefer-restarted, clients of the next node to go land on the one that has its restart behind it."""
    with running_backends(3) as nodes:
        with running_balancer(nodes.upstreams, placement="prefer-restarted", health_interval_s=0.1) as balancer:
            nodes["node-2"].kill()
            balancer.wait_for_health("node-2", "down")
            nodes["node-2"].start()
            balancer.wait_for_health("node-2", "up")
            balancer.admin("POST", "/-/nodes/node-1/drain", {"mode": "hard"})
            served = set()
            for _ in range(5):
                with balancer.connect() as sock:
                    sock.sendall(b"GET /work HTTP/1.1\r\nHost: a\r\n\r\n")
                    served.add(read_answer(sock)[1]["x-anodeid"])
    assert served == {"node-2"}
