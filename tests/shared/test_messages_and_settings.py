"""What crosses process borders: bus messages and settings."""

import json

import pytest

from shared.clock import Anchor
from shared.errors import OperatorError
from shared.messages import PROTOCOL, Invalidation
from shared.settings import BalancerSettings, CrowdGate, NodeSettings, Switches, Upstream
from shared.versions import Version

EVENT = Invalidation("e1", 7, "JIRAUSER10001", 3, "own-password", "node-1", 1000)
NEEDED = {
    "DCSIM_ADMIN_TOKEN": "a-long-token",
    "DCSIM_NODE_ID": "node-1",
    "DCSIM_POSTGRES_URL": "postgresql://p@localhost/x",
    "DCSIM_REDIS_URL": "redis://localhost/0",
}


def test_an_invalidation_survives_the_wire():
    """A message names a user and an epoch, and reads back the same."""
    assert Invalidation.decode(EVENT.encode()) == EVENT


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        json.dumps({"protocol": PROTOCOL + 1}).encode(),
        EVENT.encode().replace(b'"epoch":3', b'"epoch":"3"'),
        EVENT.encode().replace(b'"user_key":"JIRAUSER10001"', b'"user_key":5'),
        EVENT.encode().replace(b'"at_ms"', b'"more":1,"at_ms"'),
    ],
)
def test_what_is_no_message_of_ours_is_none(payload):
    """Another protocol version or garbage never becomes an invalidation."""
    assert Invalidation.decode(payload) is None


def test_settings_survive_the_environment(monkeypatch):
    """What compose builds is what the program reads."""
    settings = NodeSettings(
        admin_token="a-long-token",
        node_id="node-2",
        version=Version(9, 10),
        switches=Switches(crowd_gate=CrowdGate.EITHER, bot_killer=False),
        postgres_url="postgresql://p:secret@localhost/x",
        redis_url="redis://localhost/0",
        clock=Anchor(4, 1_000_000, 5, 60.0),
        session_max_age_s=28800,
        context_path="/jira",
    )
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    assert NodeSettings.from_environment() == settings


def test_the_balancer_gets_its_nodes_through_the_environment(monkeypatch):
    """A list of nodes is carried as JSON."""
    settings = BalancerSettings(admin_token="a-long-token", nodes=(Upstream(id="node-1", host="127.0.0.1", port=1),))
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    assert BalancerSettings.from_environment() == settings


def test_all_bad_settings_are_reported_together(monkeypatch):
    """One message names every wrong or missing variable."""
    for name, value in (NEEDED | {"DCSIM_PORT": "70000", "DCSIM_VERSION": "nine", "DCSIM_CLOCK": "noon"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DCSIM_NODE_ID")
    with pytest.raises(OperatorError) as caught:
        NodeSettings.from_environment()
    for name in ("DCSIM_PORT", "DCSIM_VERSION", "DCSIM_CLOCK", "DCSIM_NODE_ID"):
        assert name in str(caught.value)


def test_a_setting_that_is_not_the_json_it_should_be_is_named(monkeypatch):
    """A broken list of switches is a message, not a stack trace."""
    for name, value in (NEEDED | {"DCSIM_SWITCHES": "{"}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(OperatorError, match="switches"):
        NodeSettings.from_environment()


def test_secrets_are_not_shown():
    """Neither repr nor an error message prints a password."""
    settings = NodeSettings.model_validate(
        {"admin_token": "a-long-token", "node_id": "n", "postgres_url": "postgresql://p:secret@h/x", "redis_url": "r"}
    )
    assert "secret" not in repr(settings)
    assert "a-long-token" not in repr(settings)
