"""The program itself: its settings, its readiness, TLS, and its end."""

import asyncio
import os
import signal
import ssl
import subprocess
import sys
import threading
import time

import aiohttp
import pytest
import trustme

from tests.support.backends import REPOSITORY, running_backends, running_recorder
from tests.support.balancers import read_answer, read_to_end, running_balancer, settings_of


def run(**environment):
    """(exit code, standard error) of a balancer with this environment."""
    done = subprocess.run(
        [sys.executable, "-m", "loadbalancer"],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.fixture(scope="module")
def nodes():
    with running_backends(2) as nodes:
        yield nodes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"DCSIM_ADMIN_TOKEN": ""}, "DCSIM_ADMIN_TOKEN"),
        ({"DCSIM_PORT": "high"}, "DCSIM_PORT"),
        ({"DCSIM_STICKY": "glue"}, "DCSIM_STICKY"),
        ({"DCSIM_NODES": '[{"id":"a b","host":"h","port":1}]'}, "DCSIM_NODES"),
        (
            {"DCSIM_NODES": '[{"id":"a","host":"h","port":1},{"id":"a","host":"h","port":2}]'},
            "two nodes have the same id",
        ),
        ({"DCSIM_DISCOVERY": "gossip"}, "DCSIM_DISCOVERY"),
        ({"DCSIM_DISCOVERY": "dns"}, "discovery dns needs discovery_dns"),
        ({"DCSIM_DISCOVERY": "database"}, "discovery database needs postgres_url"),
        ({"DCSIM_DISCOVERY": "database", "DCSIM_POSTGRES_URL": "nonsense"}, "Postgres URL cannot be read"),
        (
            {"DCSIM_DISCOVERY": "dns", "DCSIM_DISCOVERY_DNS": "n", "DCSIM_NODES": '[{"id":"a","host":"h","port":1}]'},
            "with discovery dns there is no list of nodes",
        ),
        ({"DCSIM_TLS_CERTIFICATE": "/nowhere.pem"}, "tls_certificate and tls_key come together"),
        ({"DCSIM_TLS_CERTIFICATE": "/nowhere.pem", "DCSIM_TLS_KEY": "/nowhere.pem"}, "cannot use the certificate"),
        ({"DCSIM_HOST": "203.0.113.1"}, "cannot listen on 203.0.113.1"),
        ({"DCSIM_ACCESS_LOG": "/nowhere/access.log"}, "cannot write the access log"),
    ],
)
def test_a_bad_setting_is_one_message_and_exit_2(changes, words):
    """Whoever mistypes a setting is told which, without a stack trace."""
    code, errors = run(**{**settings_of([]).to_environment(), **changes})
    assert code == 2
    assert words in errors
    assert "Traceback" not in errors


def test_tls_ends_at_the_balancer(nodes, tmp_path):
    """With a certificate the balancer speaks https, says so to nodes, and marks its cookie Secure."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    both = str(tmp_path / "both.pem")
    with running_balancer(nodes.upstreams, tls_certificate=both, tls_key=both) as balancer:
        context = ssl.create_default_context()
        authority.configure_trust(context)
        with balancer.connect() as plain, context.wrap_socket(plain, server_hostname="localhost") as sock:
            for _ in range(2):
                sock.sendall(b"POST /work HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)
                status, headers, body = read_answer(sock)
                assert status == 200
                assert headers["set-cookie"].endswith("; Secure")
                assert b'["X-Forwarded-Proto", "https"]' in body
        with balancer.connect() as plain, context.wrap_socket(plain, server_hostname="localhost") as sock:
            sock.sendall(b"nonsense\r\n\r\n")
            assert read_answer(sock)[0] == 400


@pytest.mark.parametrize(
    ("trust", "expected"),
    [
        (False, {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "a"}),
        (True, {"X-Forwarded-For": "6.6.6.6, 127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "a"}),
    ],
)
def test_forwarding_fields_of_clients_count_only_when_trusted(trust, expected, nodes):
    """A client's X-Forwarded-* are dropped, or, behind a proxy of ours, kept and continued."""
    with running_balancer(nodes.upstreams, trust_forwarded=trust) as balancer, balancer.connect() as sock:
        sock.sendall(b"GET /work HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n\r\n")
        body = read_answer(sock)[2].decode()
        for name, value in expected.items():
            assert f'["{name}", "{value}"]' in body


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_in_order(number, nodes):
    """On SIGTERM: no new connections, idle ones close, a running request is answered, then exit 0."""
    with running_balancer(nodes.upstreams) as balancer, balancer.connect() as idle:
        idle.sendall(b"GET /work HTTP/1.1\r\nHost: a\r\n\r\n")
        read_answer(idle)

        async def slow():
            async with aiohttp.request("POST", balancer.url + "/work?s=0.7") as answer:
                return answer.status, answer.headers.get("Connection")

        task = asyncio.create_task(slow())
        await asyncio.to_thread(balancer.wait_for, lambda status: any(n["in_flight"] for n in status["nodes"]))
        balancer.process.send_signal(number)
        assert await asyncio.to_thread(read_to_end, idle) == b""
        with pytest.raises(ConnectionError):
            balancer.connect().close()
        assert await task == (200, "close")
        assert await asyncio.to_thread(balancer.process.wait, 10) == 0


def listens(balancer):
    try:
        balancer.connect().close()
    except ConnectionError:
        return False
    return True


@pytest.mark.parametrize("meanwhile", [0, 20_000])
def test_the_end_of_an_answer_ends_its_connection_when_stopping(meanwhile):
    """Whatever the head of the answer said: nothing sent meanwhile is served, no time limit is waited for."""
    may_end, rest = threading.Event(), 3_000_000

    def halves(_request):
        yield b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nhalf" % (rest + 4)
        may_end.wait(60)
        yield b"x" * rest

    with (
        running_recorder(halves) as node,
        running_balancer([node.upstream], stop_grace_s=60.0) as balancer,
        balancer.connect() as sock,
    ):
        sock.sendall(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
        received = b""
        while not received.endswith(b"half"):
            received += sock.recv(1000)
        balancer.process.terminate()
        while listens(balancer):
            pass
        sock.sendall(b"GET /meanwhile HTTP/1.1\r\nHost: a\r\n\r\n" * meanwhile)
        may_end.set()
        assert len(read_to_end(sock)) == rest
        sock.close()
        assert balancer.process.wait(20) == 0
        assert b"/meanwhile" not in node.received()


async def test_stopping_has_a_time_limit(nodes, tmp_path):
    """A request that does not end in time is broken off and logged as such, and the exit code is still 0."""
    log = tmp_path / "access.jsonl"
    with (
        running_balancer(nodes.upstreams, stop_grace_s=0.2, access_log=str(log)) as balancer,
        balancer.connect() as sock,
    ):
        sock.sendall(b"GET /work?s=30 HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.to_thread(balancer.wait_for, lambda status: any(n["in_flight"] for n in status["nodes"]))
        started = time.monotonic()
        balancer.process.terminate()
        assert await asyncio.to_thread(balancer.process.wait, 20) == 0
        assert time.monotonic() - started < 10
    assert '"cut": "client-left"' in log.read_text()


def test_a_thousand_idle_connections_fit_in_64_mib(nodes):
    """Kept-alive connections that have served a request cost little."""
    with running_balancer(nodes.upstreams) as balancer:
        sockets = [balancer.connect() for _ in range(1000)]
        try:
            for sock in sockets:
                sock.sendall(b"HEAD /status HTTP/1.1\r\nHost: a\r\n\r\n")
                assert read_answer(sock, to_head=True)[0] == 200
            assert balancer.status()["connections"] == 1000
            assert balancer.memory_kib() <= 64 * 1024
        finally:
            for sock in sockets:
                sock.close()
