"""The edge to the Docker engine: what it says becomes a message of ours."""

import gc

import pytest

from compose.cluster.docker import engine as edge
from compose.cluster.docker.engine import Conflict, Gone, open_engine, require_same_kernel
from compose.cluster.docker.events import Event, Events, hear_events
from shared.errors import HarnessError, OperatorError

pytestmark = pytest.mark.timeout(600)  # the first test that wants an image may have to build it


# The SDK leaves a socket that it could not connect to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("host", ["tcp://127.0.0.1:1", "unix:///nowhere/docker.sock", "nonsense://"])
async def test_no_engine_is_said_in_one_line(host, monkeypatch):
    """With where it was looked for and what to do."""
    monkeypatch.setenv("DOCKER_HOST", host)

    with pytest.raises(
        OperatorError, match=r"no Docker engine answers at .*; start one, or set DOCKER_HOST"
    ) as refusal:
        async with open_engine():
            raise AssertionError("must not get here")

    gc.collect()
    assert host in str(refusal.value)
    assert "\n" not in str(refusal.value)


async def test_an_engine_on_another_kernel_is_refused(engine, monkeypatch):
    """Policy time is anchored on a clock that belongs to the kernel."""
    async with open_engine() as here:
        await require_same_kernel(here)
        monkeypatch.setattr(edge.sys, "platform", "darwin")
        with pytest.raises(OperatorError, match=r"another kernel.*compose\.yaml"):
            await require_same_kernel(here)


async def test_what_does_not_exist_and_what_cannot_be_are_told_apart(engine):
    """And both say what was tried."""
    async with open_engine() as here:
        with pytest.raises(Gone, match="would not stop x: No such container"):
            await here.call("stop x", here.api.stop, "dcsim-there-is-no-such-thing")
        with pytest.raises(Conflict, match="would not remove the bridge"):
            await here.call("remove the bridge", here.api.remove_network, "bridge")


async def test_what_the_engine_does_not_confirm_has_not_happened(monkeypatch):
    """The message says what was asked for."""
    monkeypatch.setattr("compose.cluster.docker.events.CONFIRM_LIMIT_S", 0.01)
    events = Events()

    with pytest.raises(HarnessError, match=r"has not confirmed within 0.01 s: pause node-1"):
        async with events.confirmed("pause node-1", lambda event: event.action == "pause"):
            events.heard(Event("container", "die", "x", {}))
    async with events.confirmed("pause node-1", lambda event: event.action == "pause"):
        events.heard(Event("container", "pause", "x", {}))


async def test_whoever_listens_hears_what_happens_and_when_nothing_more_will_be_heard(engine, nothing_left):
    heard = []
    async with open_engine() as here:
        async with hear_events(here) as events:
            events.listen(heard.append)
            async with events.confirmed("make a network", lambda event: event.action == "create"):
                made = await here.call("make a network", here.api.create_network, "dcsim-test-events")
            async with events.confirmed("remove it", lambda event: event.action == "destroy"):
                await here.call("remove it", here.api.remove_network, made["Id"])

    assert [(event.kind, event.action) for event in heard if event is not None and event.of == made["Id"]] == [
        ("network", "create"),
        ("network", "destroy"),
    ]
