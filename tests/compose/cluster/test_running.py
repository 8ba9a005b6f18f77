"""How other terminals find a cluster."""

import asyncio
import json
import os
import socket

import pytest
from aiohttp import web

from compose.cluster.keeper import born_at
from compose.cluster.operators_in_dns import operators_in_dns
from compose.cluster.running import announced, find_running, running_clusters
from compose.cluster.safety_net import spread_safety_net
from shared.errors import HarnessError, OperatorError
from shared.operator_api import operator_app
from shared.serving import listen, serving

DESCRIPTION = {"base_url": "http://127.0.0.1:8080/jira", "admin_token": "a-token"}
OPERATOR_URLS = {"balancer": "http://127.0.0.1:9090"}


@pytest.fixture(autouse=True)
def runtime_directory(tmp_path, monkeypatch):
    """Clusters that run on this machine for real must not be seen here."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / f"dcsim-{os.getuid()}"


@pytest.fixture
async def net():
    async with spread_safety_net() as net:
        yield net


def write(directory, pid: int, *, born: str | None, base_url: str = "http://127.0.0.1:1") -> None:
    """A run file as another dcsim, or a crashed one, would leave it."""
    directory.mkdir(mode=0o700, exist_ok=True)
    content = {"base_url": base_url, "admin_token": "t", "pid": pid, "born": born, "operator_urls": {}}
    (directory / f"{pid}.json").write_text(json.dumps(content))


async def test_a_cluster_is_found_while_it_runs(net, runtime_directory):
    """By itself, by its pid and by its URL; afterwards nothing of it is left."""
    with announced(DESCRIPTION, OPERATOR_URLS, net=net):
        found = find_running()
        assert (found.pid, found.base_url, found.admin_token) == (os.getpid(), DESCRIPTION["base_url"], "a-token")
        assert found.operator_urls == OPERATOR_URLS
        for name in (str(os.getpid()), DESCRIPTION["base_url"], DESCRIPTION["base_url"] + "/"):
            assert find_running(name) == found

    assert not runtime_directory.exists()
    with pytest.raises(OperatorError, match=r"no cluster is running here.*dcsim up"):
        find_running()


async def test_only_its_user_can_read_it(net, runtime_directory):
    """It holds the token."""
    with announced(DESCRIPTION, OPERATOR_URLS, net=net) as path:
        assert path.stat().st_mode & 0o777 == 0o600
        assert runtime_directory.stat().st_mode & 0o777 == 0o700


async def test_a_directory_that_others_can_write_to_is_not_used(net, runtime_directory):
    """Somebody may have made it before us, in a shared temporary directory."""
    runtime_directory.mkdir()
    runtime_directory.chmod(0o777)

    with pytest.raises(HarnessError, match="is not a private directory of yours"), announced({}, {}, net=net):
        raise AssertionError("must not get here")


async def test_a_link_in_its_place_is_not_followed(net, runtime_directory, tmp_path):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    runtime_directory.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(HarnessError, match="is not a private directory of yours"), announced({}, {}, net=net):
        raise AssertionError("must not get here")


def test_what_a_crash_left_behind_is_not_a_cluster(runtime_directory):
    """Its pid is used by another process now, or by none; a broken file is none either."""
    write(runtime_directory, os.getpid(), born="long ago")
    write(runtime_directory, 2**22 + 1, born=None)
    (runtime_directory / "7.json").write_text("{")

    assert running_clusters() == []


@pytest.mark.parametrize("content", ["[]", "null", "[" * 20_000, {"operator_urls": ["x"]}, {"base_url": 5}])
def test_a_file_that_is_something_else_is_not_a_cluster(content, runtime_directory):
    """It hides no other either."""
    write(runtime_directory, os.getpid(), born=born_at(os.getpid()))
    if isinstance(content, dict):
        content = json.dumps(json.loads((runtime_directory / f"{os.getpid()}.json").read_text()) | content)
    (runtime_directory / "7.json").write_text(content)

    assert [cluster.pid for cluster in running_clusters()] == [os.getpid()]


def test_of_several_clusters_one_must_be_chosen(runtime_directory):
    """The message names them all."""
    for pid in (os.getpid(), os.getppid()):
        write(runtime_directory, pid, born=born_at(pid), base_url=f"http://127.0.0.1:{pid}")

    with pytest.raises(OperatorError, match=r"more than one cluster.*choose with --cluster") as refusal:
        find_running()
    assert str(os.getppid()) in str(refusal.value)
    assert find_running(str(os.getppid())).base_url == f"http://127.0.0.1:{os.getppid()}"


def test_a_name_nobody_has_is_answered_with_those_there_are(runtime_directory):
    write(runtime_directory, os.getpid(), born=born_at(os.getpid()))

    with pytest.raises(OperatorError, match=f"no running cluster is called jira; there is {os.getpid()}"):
        find_running("jira")


def test_the_environment_may_name_a_cluster_that_no_command_of_ours_runs(monkeypatch):
    """Such as that of compose.yaml, from its control container; it goes by its URL."""
    monkeypatch.setenv("DCSIM_CLUSTER_BASE_URL", "http://balancer.ctl:8080")
    monkeypatch.setenv("DCSIM_CLUSTER_ADMIN_TOKEN", "a-token")
    monkeypatch.setenv("DCSIM_CLUSTER_OPERATOR_URLS", json.dumps(OPERATOR_URLS))

    found = find_running()

    assert (found.pid, found.base_url, found.admin_token) == (None, "http://balancer.ctl:8080", "a-token")
    assert found.operator_urls == OPERATOR_URLS
    assert find_running("http://balancer.ctl:8080/") == found


def test_half_a_cluster_is_refused(monkeypatch):
    """With everything that is missing."""
    monkeypatch.setenv("DCSIM_CLUSTER_BASE_URL", "http://balancer.ctl:8080")

    with pytest.raises(OperatorError, match=r"(?s)DCSIM_CLUSTER_ADMIN_TOKEN.*DCSIM_CLUSTER_OPERATOR_URLS"):
        find_running()


async def test_nodes_that_come_and_go_are_found_by_name(monkeypatch):
    """Each is asked who it is; one that does not answer goes by its address."""

    async def status(_request):
        return web.json_response({"node": "node-1"})

    app = operator_app("a-token-of-it")
    app.router.add_get("/-/status", status)
    sock = listen("127.0.0.1", 0)
    port = sock.getsockname()[1]
    really = socket.getaddrinfo

    def look_up(name, *arguments, **options):
        hosts = ["127.0.0.1", "127.0.0.9"] if name == "node.ctl" else [name]
        return [found for host in hosts for found in really(host, *arguments, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    async with serving(app, sock):
        found = await asyncio.to_thread(operators_in_dns, f"node.ctl:{port}", "a-token-of-it")

    assert found == {"node-1": f"http://127.0.0.1:{port}", "127.0.0.9": f"http://127.0.0.9:{port}"}


@pytest.mark.parametrize("name", ["node.ctl", ":8081", "node.ctl:high"])
def test_where_nodes_are_found_is_a_name_with_a_port(name):
    with pytest.raises(OperatorError, match=r"expected such as node\.ctl:8081"):
        operators_in_dns(name, "a-token-of-it")
