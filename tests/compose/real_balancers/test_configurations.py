"""The texts for the real balancers: accepted by their own checkers, and sticky when run."""

import subprocess
import time
import urllib.request
from contextlib import contextmanager

import pytest

from compose.real_balancers.configurations import Front, Product, configuration
from shared.errors import OperatorError
from shared.settings import Sticky, Upstream
from tests.support.backends import held_port, running_backends
from tests.support.requirements import require


@pytest.fixture
def front(tmp_path):
    """Makes the settings of a front, on a port that is held for it; `changes` are fields of Front."""
    somewhere = (Upstream(id="node-1", host="127.0.0.1", port=1), Upstream(id="node-2", host="127.0.0.1", port=2))
    with held_port() as port:
        yield lambda nodes=somewhere, **changes: Front(tuple(nodes), str(tmp_path), port=port, **changes)


def written(tmp_path, product, settings):
    path = tmp_path / f"{product}.conf"
    path.write_text(configuration(product, settings))
    return str(path)


@pytest.mark.parametrize("sticky", Sticky)
def test_haproxy_accepts_its_configuration(sticky, front, tmp_path):
    """`haproxy -c` has no complaint in any sticky mode."""
    require("balancers")
    done = subprocess.run(
        ["haproxy", "-c", "-f", written(tmp_path, Product.HAPROXY, front(sticky=sticky))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "[WARNING]" in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize("sticky", Sticky)
def test_nginx_accepts_its_configuration(sticky, front, tmp_path):
    """`nginx -t` has no complaint in any sticky mode."""
    require("balancers")
    done = subprocess.run(
        ["nginx", "-t", "-p", str(tmp_path), "-c", written(tmp_path, Product.NGINX, front(sticky=sticky))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "[warn]" in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize("sticky", [Sticky.COOKIE, Sticky.JVM_ROUTE, Sticky.NONE])
def test_apache_names_every_node_and_how_it_sticks(sticky, front):
    """Apache's text has each node with its route, the check of the state, and the cookie of its mode."""
    text = configuration(Product.APACHE, front(sticky=sticky))
    assert "BalancerMember http://127.0.0.1:2 route=node-2" in text
    assert "hcuri=/status" in text
    assert ("stickysession=ROUTEID" in text) == (sticky is Sticky.COOKIE)
    assert ("stickysession=JSESSIONID" in text) == (sticky is Sticky.JVM_ROUTE)


def test_what_a_product_cannot_do_is_said(front):
    """Apache cannot stick to an address, and no balancer works without nodes: both are messages."""
    with pytest.raises(OperatorError, match="cannot stick to a source address"):
        configuration(Product.APACHE, front(sticky=Sticky.SOURCE))
    with pytest.raises(OperatorError, match="at least one node"):
        Front((), "/tmp")


@contextmanager
def _running(*command):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def _get(port, cookie=""):
    """(node, Set-Cookie) of one request, once the port answers."""
    deadline = time.monotonic() + 10
    while True:
        try:
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/work", headers={"Cookie": cookie} if cookie else {}
            )
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.headers["X-ANODEID"], answer.headers.get("Set-Cookie", "")
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.mark.parametrize("product", [Product.HAPROXY, Product.NGINX])
def test_the_real_ones_stick_and_move(product, front, tmp_path):
    """With its configuration the product binds by our cookie, sets it only on change, and leaves a dead node."""
    require("balancers")
    with running_backends(2) as nodes:
        settings = front([Upstream(**node.upstream) for node in nodes])
        path = written(tmp_path, product, settings)
        command = (
            ["haproxy", "-db", "-f", path] if product is Product.HAPROXY else ["nginx", "-p", str(tmp_path), "-c", path]
        )
        with _running(*command):
            node, cookie = _get(settings.port)
            assert cookie.startswith(f"ROUTEID={node}")
            for _ in range(5):
                assert _get(settings.port, cookie.partition(";")[0]) == (node, "")
            nodes[node].kill()
            other, moved = _get(settings.port, cookie.partition(";")[0])
            assert (other != node, moved.startswith(f"ROUTEID={other}")) == (True, True)
