"""`compose/stack.yaml` on the Docker engine of this machine, for one test module; and what an engine holds, counted."""

import asyncio
import json
import os
import secrets
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from compose.cluster.ports import PortReservation
from shared.contract import OPERATOR_TOKEN
from tests.support.engine import images

STACK_FILE = Path(__file__).parents[2] / "compose" / "stack.yaml"
POLL_S = 0.2
_ASK = """
import sys, urllib.request
with open("/run/secrets/dcsim_cluster_admin_token") as file:
    headers = {%r: file.read().strip()}
request = urllib.request.Request("http://balancer.ctl:8081/-/status", headers=headers)
sys.stdout.write(urllib.request.urlopen(request, timeout=5).read().decode())
"""


def docker(*arguments, given=None, environment=None, may_fail=False):
    """What the command says; AssertionError with its complaint when it fails."""
    done = subprocess.run(
        ["docker", *arguments],
        input=given,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert may_fail or done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


def lines(*arguments):
    return docker(*arguments).splitlines()


def until(check, *, within_s, what):
    """The first truthy result of `check`, which blocks."""
    deadline = time.monotonic() + within_s
    while not (result := check()):
        assert time.monotonic() < deadline, f"{what}: still not so after {within_s:g} s"
        time.sleep(POLL_S)
    return result


def in_swarm():
    return docker("info", "--format", "{{.Swarm.LocalNodeState}}") == "active"


def belongings():
    """Everything an engine can be left with, by kind."""
    kinds = ["container", "network", "volume", *(["secret", "config", "service"] if in_swarm() else [])]
    return {kind: sorted(lines(kind, "ls", "--quiet", *(["--all"] if kind == "container" else []))) for kind in kinds}


class Stack:
    """One deployed stack. What it needs and the engine has not, a swarm and secrets, is made with it and goes with it."""

    def __init__(self, images, **environment):
        self.name = f"dcsim-test-{secrets.token_hex(3)}"
        with PortReservation() as http:
            self.port = http.port
        self.url = f"http://127.0.0.1:{self.port}"
        self.before = belongings()
        self._had_gateway = "docker_gwbridge" in lines("network", "ls", "--format", "{{.Name}}")
        self._secrets = {key: f"{self.name}-{key}".lower() for key in ("ADMIN_TOKEN", "POSTGRES_PASSWORD")}
        self._made_swarm = False
        self._environment = {
            "DCSIM_DOCKER_IMAGE": images.ours,
            "DCSIM_DOCKER_POSTGRES_IMAGE": images.postgres,
            "DCSIM_DOCKER_REDIS_IMAGE": images.redis,
            "DCSIM_HTTP_PORT": str(self.port),
            **{f"DCSIM_SECRET_{key}": name for key, name in self._secrets.items()},
            **environment,
        }

    def deploy(self):
        if not in_swarm():
            docker("swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1:2377")
            self._made_swarm = True
        for name in self._secrets.values():
            docker("secret", "create", name, "-", given=secrets.token_hex(16))
        docker(
            *("stack", "deploy", "--compose-file", str(STACK_FILE), "--resolve-image", "never", self.name),
            environment=self._environment,
        )

    def remove(self):
        """All of it, whatever there is of it."""
        if in_swarm():
            docker("stack", "rm", self.name, may_fail=True)
            mine = f"label=com.docker.stack.namespace={self.name}"
            until(lambda: not lines("ps", "-aq", "-f", mine), within_s=60, what="containers are gone")
            until(lambda: not lines("network", "ls", "-q", "-f", mine), within_s=30, what="networks are gone")
            for volume in lines("volume", "ls", "-q", "-f", mine):
                docker("volume", "rm", volume)
            for name in self._secrets.values():
                docker("secret", "rm", name, may_fail=True)
        if self._made_swarm:
            self._made_swarm = False
            docker("swarm", "leave", "--force")
            if not self._had_gateway:  # Swarm makes it and leaves it
                docker("network", "rm", "docker_gwbridge", may_fail=True)

    def service(self, name):
        return f"{self.name}_{name}"

    def containers(self, service):
        """Ids of those that run."""
        return lines("ps", "-q", "-f", f"label=com.docker.swarm.service.name={self.service(service)}")

    def running(self, service):
        """How many tasks of the service serve, by Swarm's own count."""
        (replicas,) = lines("service", "ls", "--filter", f"name={self.service(service)}", "--format", "{{.Replicas}}")
        return int(replicas.partition("/")[0])

    def update_state(self, service):
        return docker(
            "service", "inspect", "-f", "{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}", self.service(service)
        )

    def update(self, service, *options):
        docker("service", "update", "--detach", "--quiet", *options, self.service(service))

    def scale(self, service, count):
        docker("service", "scale", "--detach", f"{self.service(service)}={count}")

    def control(self, *command, given=None):
        """Runs something in the control container."""
        return docker("exec", "--interactive", self.containers("control")[0], *command, given=given)

    def status(self):
        """What the balancer tells its operator."""
        return json.loads(self.control("python", "-", given=_ASK % OPERATOR_TOKEN))

    def serving(self):
        """Ids of the nodes that take new clients, of those the balancer knows; None unless that is all of them."""
        nodes = self.status()["nodes"]
        return sorted(node["id"] for node in nodes) if all(node["takes_new"] for node in nodes) else None


@contextmanager
def running_stack(**environment):
    """The stack, with the balancer in front of three nodes. Nothing of it is left afterwards."""

    stack = Stack(by_id(asyncio.run(images())), **environment)
    try:
        stack.deploy()
        until(lambda: stack.containers("control") and stack.running("balancer"), within_s=90, what="the balancer runs")
        until(lambda: stack.serving() == ["node-1", "node-2", "node-3"], within_s=60, what="three nodes serve")
        yield stack
    finally:
        stack.remove()


def by_id(images):
    """By id and not by name, or Swarm would ask a registry for each before it believed what is here."""
    ids = {
        name: docker("image", "inspect", "-f", "{{.Id}}", name) for name in (images.ours, images.postgres, images.redis)
    }
    return type(images)(ids[images.ours], ids[images.postgres], ids[images.redis])
