"""The fronts that are compared, each started the same way: one process, sticky by cookie, X-Forwarded-For, two nodes."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.backends import REPOSITORY, held_port
from tests.support.balancers import running_balancer

HAPROXY = """
global
    nbthread 1
    maxconn 8000
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend front
    bind 127.0.0.1:{port}
    default_backend nodes
backend nodes
    option forwardfor
    option redispatch 1
    retries 3
    cookie SRV insert indirect nocache httponly
    server node-0 127.0.0.1:{nodes[0]} cookie 0 check
    server node-1 127.0.0.1:{nodes[1]} cookie 1 check
"""

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    client_max_body_size 0;
    map $cookie_SRV $sticky {{ default node0; 1 node1; }}
    upstream node0 {{ server 127.0.0.1:{nodes[0]}; keepalive 256; keepalive_requests 1000000; }}
    upstream node1 {{ server 127.0.0.1:{nodes[1]}; keepalive 256; keepalive_requests 1000000; }}
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        keepalive_requests 1000000;
        location / {{
            proxy_pass http://$sticky;
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_buffering off;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
        }}
    }}
}}
"""


@dataclass
class Contender:
    """One front that runs. `cookies` are the values that bind to the first and the second node."""

    name: str
    port: int
    pid: int | None
    cookies: tuple[str, str]

    def cpu_s(self):
        """User and system time of the process and its children, in seconds."""
        if self.pid is None:
            return 0.0
        return sum(_cpu_s(pid) for pid in [self.pid, *_children(self.pid)])

    def memory_kib(self):
        pids = [self.pid, *_children(self.pid)]
        return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4 for pid in pids)


def _cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def _process(*command):
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_it_answers(port, path="/api"):
    deadline = time.monotonic() + 10
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextmanager
def running_nodes(count=2):
    """Ports of that many nodes."""
    with ExitStack() as stack:
        ports = [stack.enter_context(held_port()) for _ in range(count)]
        for port in ports:
            stack.enter_context(_process(sys.executable, "-m", "tests.bench.node", str(port)))
        for port in ports:
            _wait_until_it_answers(port)
        yield ports


@contextmanager
def direct(nodes):
    yield Contender("direct", nodes[0], None, ("x", "x"))


@contextmanager
def haproxy(nodes):
    with tempfile.TemporaryDirectory() as folder, held_port() as port:
        file = Path(folder) / "haproxy.cfg"
        file.write_text(HAPROXY.format(port=port, nodes=nodes))
        with _process("haproxy", "-db", "-f", str(file)) as process:
            _wait_until_it_answers(port)
            yield Contender("haproxy", port, process.pid, ("SRV=0", "SRV=1"))


@contextmanager
def nginx(nodes):
    with tempfile.TemporaryDirectory() as folder, held_port() as port:
        file = Path(folder) / "nginx.conf"
        file.write_text(NGINX.format(port=port, nodes=nodes, folder=folder))
        with _process("nginx", "-p", folder, "-c", str(file)) as process:
            _wait_until_it_answers(port)
            yield Contender("nginx", port, process.pid, ("SRV=0", "SRV=1"))


@contextmanager
def naive(nodes):
    with held_port() as port:
        with _process(sys.executable, "-m", "tests.bench.naive_proxy", str(port), *map(str, nodes)) as process:
            _wait_until_it_answers(port)
            yield Contender("naive", port, process.pid, ("SRV=0", "SRV=1"))


@contextmanager
def ours(nodes, *, name="ours", **changes):
    """Every feature on, as in production; `changes` are settings."""
    upstreams = [{"id": f"node-{i}", "host": "127.0.0.1", "port": port} for i, port in enumerate(nodes)]
    with running_balancer(upstreams, **changes) as balancer:
        cookies = {}
        while len(cookies) < min(2, len(nodes)):
            with urllib.request.urlopen(f"{balancer.url}/api") as answer:
                value = answer.headers["Set-Cookie"].partition(";")[0]
                cookies.setdefault(value.split(".")[1], value)
        values = [cookies[node_id] for node_id in sorted(cookies)]
        yield Contender(name, balancer.port, balancer.process.pid, (values[0], values[-1]))


FRONTS = {"direct": direct, "haproxy": haproxy, "nginx": nginx, "naive": naive, "ours": ours}


def missing(name):
    """Why this front cannot be measured here, or None."""
    if name in ("haproxy", "nginx") and not shutil.which(name):
        return f"{name} is not installed"
    return None
