"""The files for Compose, Swarm and Kubernetes say what the settings of our programs say."""

import pytest

from tests.support.deployed import deployed, settings_of, unknown_variables

ALL = [pytest.param(program, environment, id=f"{file}:{name}") for file, name, program, environment in deployed()]


def test_each_of_the_files_runs_nodes_a_balancer_and_somewhere_to_type():
    """So that what follows is about all of them."""
    programs = {file: {program for other, _, program, _ in deployed() if other == file} for file, *_ in deployed()}

    assert programs == {file: {"node", "balancer", "idle"} for file in ("compose.yaml", "stack.yaml", "kubernetes")}


@pytest.mark.parametrize(("program", "environment"), ALL)
def test_every_variable_is_a_setting_of_the_program_that_gets_it(program, environment, monkeypatch):
    """None is misspelled, none is missing, each has a value its program takes, and all are text."""
    assert unknown_variables(program, environment) == set()
    assert all(isinstance(value, str) for value in environment.values())
    settings_of(program, environment, monkeypatch)


def test_a_misspelled_variable_would_be_found():
    """A check that finds nothing anywhere would pass on everything."""
    assert unknown_variables("node", {"DCSIM_VERSIONS": "9.11"}) == {"DCSIM_VERSIONS"}


def test_nodes_are_told_the_same_wherever_they_run(monkeypatch):
    """But for who they are, where things are, and how their secrets come to them."""
    own = {"node_id", "url", "host", "operator_host", "base_url", "postgres_url", "postgres_password", "redis_url", "admin_token"}  # fmt: skip
    alike = {
        settings_of(program, environment, monkeypatch).model_dump_json(exclude=own)
        for _, _, program, environment in deployed()
        if program == "node"
    }

    assert len(alike) == 1
