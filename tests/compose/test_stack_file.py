"""`compose/stack.yaml` is put together so that Swarm cannot work against the cluster."""

import re

import pytest

from tests.support.deployed import compose_file, services, settings_of

FILE = compose_file("stack.yaml")


def test_swarm_does_not_balance_by_itself():
    """Behind a virtual address, or in the mesh of published ports, nobody would stay on his node."""
    for service in FILE["services"].values():
        assert service["deploy"]["endpoint_mode"] == "dnsrr"
        assert all(port["mode"] == "host" for port in service.get("ports", ()))


def test_a_slot_is_one_node_at_a_time():
    """Start-first would have two tasks of one slot, and so of one node id."""
    node = FILE["services"]["node"]

    assert node["environment"]["DCSIM_NODE_ID"] == "node-{{.Task.Slot}}"
    for name in ("update_config", "rollback_config"):
        rules = node["deploy"][name]
        assert (rules["order"], rules["parallelism"], rules["max_failure_ratio"]) == ("stop-first", 1, 0)
        assert {"delay", "monitor", "failure_action"} <= set(rules)


@pytest.mark.parametrize("name", ["node", "balancer"])
def test_stopping_takes_its_time(name, monkeypatch):
    """Nobody is killed while he still serves the requests he has."""
    settings = settings_of(*services("stack.yaml")[name], monkeypatch)
    needed_s = settings.stop_grace_s + getattr(settings, "lame_duck_s", 0.0)

    assert int(FILE["services"][name]["stop_grace_period"].removesuffix("s")) > needed_s + 3


def test_every_program_listens_in_a_network_it_is_in():
    """Where a host is written as a network, it is the one that the name of the setting says."""
    subnets = {name: facts["ipam"]["config"][0]["subnet"] for name, facts in FILE["networks"].items()}
    hosts = {"DCSIM_HOST": "front", "DCSIM_OPERATOR_HOST": "ctl", "DCSIM_ADMIN_HOST": "ctl"}

    assert len(set(subnets.values())) == 4
    for name in services("stack.yaml"):
        environment = FILE["services"][name]["environment"]
        for variable, network in hosts.items():
            if "/" in environment.get(variable, ""):
                assert environment[variable] == subnets[network]
                assert network in FILE["services"][name]["networks"]


def test_every_name_that_is_dialled_is_on_a_network_of_whoever_dials():
    """Aliases say the network, as in compose.yaml."""
    aliases = {
        alias: (network, name)
        for name, service in FILE["services"].items()
        for network, entry in service["networks"].items()
        for alias in entry["aliases"]
    }
    dialled = {
        (name, found)
        for name, (_, environment) in services("stack.yaml").items()
        for value in environment.values()
        for found in re.findall(r"[\w-]+\.(?:front|bus|db|ctl)\b", value)
    }

    assert {alias for _, alias in dialled} == {"node.front", "node.ctl", "postgres.db", "valkey.bus", "balancer.ctl"}
    for name, alias in dialled:
        network, _ = aliases[alias]
        assert alias.endswith(f".{network}")
        assert network in FILE["services"][name]["networks"]


def test_secrets_are_made_outside_and_get_only_where_they_are_needed():
    """The balancer has no use for the password of Postgres."""
    assert all(secret["external"] for secret in FILE["secrets"].values())
    got = {name: str(service.get("secrets", "")) for name, service in FILE["services"].items()}
    assert {name for name, text in got.items() if "postgres_password" in text} == {"node", "postgres"}
    assert {name for name, text in got.items() if "admin_token" in text} == {"node", "balancer", "control"}


def test_memory_has_a_limit_everywhere():
    """More than one service shares a machine."""
    assert all("memory" in service["deploy"]["resources"]["limits"] for service in FILE["services"].values())
