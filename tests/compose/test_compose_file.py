"""`compose/compose.yaml` says what the settings of our programs say, and takes each part's word for its names."""

import json
import re
from urllib.parse import urlsplit

from compose.container.__main__ import PROGRAMS
from tests.support import deployed
from tests.support.deployed import compose_file


def programs() -> dict[str, dict]:
    """The services that run our image, by name."""
    return {name: service for name, service in compose_file()["services"].items() if "build" in service}


def settings_of(service, monkeypatch):
    """What the service's program would read from its environment."""
    return deployed.settings_of(service["command"][0], service["environment"], monkeypatch)


def test_every_program_is_one_the_image_can_run():
    """And there are three nodes, a balancer and somewhere to type."""
    commands = sorted(service["command"][0] for service in programs().values())

    assert commands == ["balancer", "idle", "node", "node", "node"]
    assert set(commands) <= {*PROGRAMS, "idle"}


def test_the_nodes_differ_in_nothing_but_who_they_are(monkeypatch):
    """Each has its own id, addresses and names; the balancer and the control container know them all."""
    nodes = {name: settings_of(service, monkeypatch) for name, service in programs().items() if "node" in name}
    balancer = settings_of(programs()["balancer"], monkeypatch)
    control = settings_of(programs()["control"], monkeypatch)

    own = {"node_id", "url", "operator_host"}
    alike = {json.dumps(node.model_dump(mode="json", exclude=own), sort_keys=True) for node in nodes.values()}
    assert len(alike) == 1
    assert {name: node.node_id for name, node in nodes.items()} == {name: name for name in nodes}
    operator_urls = {name: f"http://{node.operator_host}:{node.operator_port}" for name, node in nodes.items()}
    assert {one.id: (f"http://{one.host}:{one.port}", one.operator_url) for one in balancer.nodes} == {
        name: (node.url, operator_urls[name]) for name, node in nodes.items()
    }
    assert control.operator_urls == operator_urls | {"balancer": f"http://{balancer.admin_host}:{balancer.admin_port}"}
    assert control.admin_token == balancer.admin_token == nodes["node-1"].admin_token


def test_every_name_that_is_dialled_is_on_a_network_of_whoever_dials():
    """And on that network only, so that leaving it cuts the link."""
    services = compose_file()["services"]
    aliases = {
        alias: network
        for service in services.values()
        for network, entry in service["networks"].items()
        for alias in entry["aliases"]
    }

    dialled = {
        (name, found)
        for name, service in programs().items()
        for value in service["environment"].values()
        for found in re.findall(r"[\w-]+\.(?:front|bus|db|ctl)\b", value)
    }
    assert len(dialled) > 20
    for name, alias in dialled:
        assert alias.endswith(f".{aliases[alias]}")
        assert (
            aliases[alias] in services[name]["networks"]
            or alias == urlsplit(services[name]["environment"].get("DCSIM_URL", "")).hostname
        ), f"{name} cannot reach {alias}"


def test_stopping_takes_its_time(monkeypatch):
    """Nobody is killed while he still serves the requests he has."""
    for name in ("node-1", "balancer"):
        service = programs()[name]
        settings = settings_of(service, monkeypatch)
        needed_s = settings.stop_grace_s + getattr(settings, "lame_duck_s", 0.0)
        assert int(service["stop_grace_period"].removesuffix("s")) > needed_s + 3


def test_nobody_starts_before_what_he_needs_is_healthy():
    """Nodes wait for their stores, the balancer for the nodes."""
    services = compose_file()["services"]

    def waits_for(name: str) -> set[str]:
        needed = services[name].get("depends_on", {})
        assert all(entry == {"condition": "service_healthy"} for entry in needed.values())
        assert all("healthcheck" in services[one] or "build" in services[one] for one in needed)
        return set(needed)

    assert waits_for("node-1") == {"postgres", "valkey"}
    assert waits_for("balancer") == {"node-1", "node-2", "node-3"}
    assert waits_for("control") == {"balancer"}


def test_only_this_machine_reaches_what_is_published():
    """The default token is in the file, for everybody to read."""
    published = [port for service in compose_file()["services"].values() for port in service.get("ports", ())]

    assert len(published) == 2
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_parts_that_can_be_cut_are_on_networks_without_a_way_out():
    """What is published and steered goes over `ctl`, so that cutting another network blinds nobody."""
    networks = compose_file()["networks"]

    assert {name for name, network in networks.items() if network.get("internal")} == {"front", "bus", "db"}
