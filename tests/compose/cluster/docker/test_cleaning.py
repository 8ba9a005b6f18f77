"""What killed runs leave behind is found by its labels and removed; what others still use is not."""

import pytest

from compose.cluster.docker.cleaning import find_runs, remove, remove_orphans
from compose.cluster.docker.engine import open_engine
from compose.cluster.docker.labels import Owner, run_labels
from tests.support.engine import images

pytestmark = pytest.mark.timeout(600)  # the first test that wants an image may have to build it

GONE = Owner(Owner.this_process().machine, 2**22 + 1, "1")
ELSEWHERE = Owner("another-machine", 1, "1")


def test_an_owner_is_the_same_process_and_not_the_same_number():
    """A pid is used again; on another machine it says nothing at all."""
    me = Owner.this_process()

    assert Owner.read(me.labels()) == me
    assert (me.lives, me.is_elsewhere) == (True, False)
    assert not Owner(me.machine, me.pid, "0").lives
    assert not GONE.lives
    assert (ELSEWHERE.lives, ELSEWHERE.is_elsewhere) == (False, True)
    assert not Owner.read({}).lives


@pytest.fixture
async def here(engine):
    async with open_engine() as here:
        yield here
        for run in await find_runs(here):
            if run.run.startswith("test-"):
                await remove(here, run)


async def make(here, name: str, owner: Owner) -> None:
    """A container that runs on a network with a volume, as a run has them."""
    labels = run_labels(name, owner)
    await here.call("n", here.api.create_network, name, labels=labels)
    await here.call("v", here.api.create_volume, name, labels=labels)
    host = here.api.create_host_config(network_mode=name, binds=[f"{name}:/data"])
    await here.call(
        "c", here.api.create_container, (await images()).ours, ["idle"], name=name, labels=labels, host_config=host
    )
    await here.call("s", here.api.start, name)


async def test_only_what_nobody_owns_any_more_is_removed(here, nothing_left):
    """Running containers, too; doing it twice does no harm; whoever lives, here or elsewhere, keeps his."""
    for name, owner in (("test-gone", GONE), ("test-mine", Owner.this_process()), ("test-elsewhere", ELSEWHERE)):
        await make(here, name, owner)

    removed = await remove_orphans(here)

    assert [(one.run, one.contents) for one in removed] == [("test-gone", "1 container, 1 network, 1 volume")]
    assert await remove_orphans(here) == []
    left = {run.run: run for run in await find_runs(here) if run.run.startswith("test-")}
    assert set(left) == {"test-mine", "test-elsewhere"}
    for run in left.values():
        await remove(here, run)
        await remove(here, run)
