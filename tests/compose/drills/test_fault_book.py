"""The book of open faults: handles, records, and that everything is healed in the end."""

import asyncio

import pytest

from compose.drills.fault_book import FaultBook
from compose.drills.faults import KINDS, Fault, Unconfirmed, make_fault
from compose.drills.scenario.steps import FaultStep
from compose.drills.targets import TargetKind
from shared.errors import HarnessError, OperatorError
from tests.support.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Fake(Fault):
    """A fault of nothing; `says` is what its parts do."""

    kind = "fake"
    targets = TargetKind.NODE

    says: str = ""

    async def inject(self, scene, target):
        if self.says == "cannot" and target == "node-2":
            raise OperatorError("cannot be injected")
        healed.append(f"{target} injected")
        return FakeHold(target, self.says)


class FakeHold:
    def __init__(self, target, says):
        self.target, self.says = target, says
        holds.append(self)

    async def confirm(self):
        if self.says == "unseen":
            raise Unconfirmed("nothing to be seen")
        return f"{self.target} is broken"

    async def heal(self):
        if self.says == "heals late":
            await asyncio.sleep(0.05)
        if self.says == "heals the second time":
            self.says = ""
            raise HarnessError("not yet")
        if self.says.startswith("never heals"):
            raise HarnessError(self.says)
        if self.says == "heals with a mistake":
            raise KeyError(self.target)
        healed.append(self.target)
        return 2


healed = []
holds = []


@pytest.fixture(autouse=True)
def nothing_healed():
    healed.clear()
    holds.clear()


async def test_one_handle_for_all_its_targets(scene, written):
    """Injected together, confirmed together, healed together, and hits are summed."""
    async with FaultBook(scene) as book:
        await book.inject(Fake(), ["node-1", "node-2"], name="both")
        assert book.names == ("both",)
        await book.clear("both")

    assert written.phases() == ["injecting", "confirmed", "healed"]
    assert {change.target for change in written.faults} == {"node-1, node-2"}
    assert written.faults[1].detail == "node-1 is broken; node-2 is broken"
    assert written.faults[-1].hits == 4


async def test_a_wrong_clock_is_noted_with_how_wrong_it_is(scene, written):
    """So that it can be told what it explains; a fault of another kind has nothing of that sort."""
    settings = {"inject": "clock.skew", "target": "node-2", "by": {"policy": "7m"}, "direction": "behind"}
    async with FaultBook(scene) as book:
        await book.carry_out(FaultStep.model_validate(settings))
        await book.inject(Fake(), ["node-1"], name="other")
    assert {(change.kind, change.skew_ms) for change in written.faults} == {("clock.skew", -420_000), ("fake", None)}


async def test_the_last_one_is_healed_first(scene, written):
    """At the end of the block, and by `clear: all`."""
    async with FaultBook(scene) as book:
        await book.inject(Fake(), ["node-1"], name="first")
        await book.inject(Fake(), ["node-2"], name="second")

    assert [change.fault for change in written.faults if change.phase == "healed"] == ["second", "first"]


async def test_what_was_not_seen_is_unconfirmed_and_still_healed(scene, written, monkeypatch):
    """After a while; the run goes on, and nobody will pass it."""
    monkeypatch.setattr("compose.drills.fault_book.CONFIRM_LIMIT_S", 0.1)
    async with FaultBook(scene) as book:
        await book.inject(Fake(says="unseen"), ["node-1"], name="ghost")

    assert written.phases() == ["injecting", "unconfirmed", "healed"]
    assert written.faults[1].detail == "nothing to be seen"


async def test_half_an_injection_is_undone(scene, written):
    """When one target cannot be struck, the others are healed and the error is told."""
    async with FaultBook(scene) as book:
        with pytest.raises(OperatorError, match="cannot be injected"):
            await book.inject(Fake(says="cannot"), ["node-1", "node-2"], name="half")
        assert book.names == ()

    assert healed == ["node-1 injected", "node-1"]
    assert written.phases() == ["injecting", "unconfirmed", "healed"]


async def test_one_that_cannot_be_healed_does_not_keep_the_others(scene, written):
    """It is told as a problem, stays open, and the end of the book tries again."""
    async with FaultBook(scene) as book:
        await book.inject(Fake(), ["node-1"], name="easy")
        await book.inject(Fake(says="heals the second time"), ["node-2"], name="stubborn")
        with pytest.raises(HarnessError, match="not healed: stubborn"):
            await book.clear_all()
        assert book.names == ("stubborn",)

    assert written.problems == ["stubborn (fake) could not be healed: not yet"]
    assert [change.fault for change in written.faults if change.phase == "healed"] == ["easy", "stubborn"]


async def test_a_mistake_in_healing_one_does_not_keep_the_others(scene, written):
    """Nobody thought of it, and it is told by its name."""
    async with FaultBook(scene) as book:
        await book.inject(Fake(), ["node-1"], name="easy")
        await book.inject(Fake(says="heals with a mistake"), ["node-2"], name="odd")

    assert written.problems[0] == "odd (fake) could not be healed: KeyError('node-2')"
    assert written.phases("easy")[-1] == "healed"


async def test_why_one_cannot_be_healed_is_told_once_until_it_changes(scene, written):
    """Not for each target, and not for each try: by the method, by the rollback, at the end of the run."""
    async with FaultBook(scene) as book:
        await book.inject(Fake(says="never heals"), ["node-1", "node-2"], name="stubborn")
        for _ in range(2):
            with pytest.raises(HarnessError, match=r"^not healed: stubborn$"):
                await book.clear("stubborn")
        assert written.problems == ["stubborn (fake) could not be healed: never heals"]
        holds[-1].says = "never heals, and now for another reason"

    assert written.problems[1:] == [
        "stubborn (fake) could not be healed: never heals, and now for another reason",
        "at the end of the run: not healed: stubborn",
    ]
    assert written.phases() == ["injecting", "confirmed"]


async def test_a_cancelled_run_heals_before_it_goes(scene, written):
    """Also when it is cancelled again while it heals."""

    async def run():
        async with FaultBook(scene) as book:
            await book.inject(Fake(says="heals late"), ["node-1"], name="late")
            await asyncio.Event().wait()

    task = asyncio.create_task(run())
    await eventually(lambda: len(written.faults) == 2)
    task.cancel()
    await asyncio.sleep(0.01)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert written.phases()[-1] == "healed"


async def test_a_step_is_carried_out_as_it_is_written(scene, written):
    """Selectors are resolved on the cluster; a fault without a name has its kind for one."""
    async with FaultBook(scene) as book:
        await book.carry_out(FaultStep.model_validate({"inject": "link.freeze", "target": "all->redis"}))
        await book.carry_out(FaultStep.model_validate({"inject": "node.hang", "target": "node-2", "as": "zombie"}))
        assert book.names == ("link.freeze", "zombie")
        await book.carry_out(FaultStep.model_validate({"clear": "zombie"}))
        with pytest.raises(OperatorError, match="has a fault already"):
            await book.carry_out(FaultStep.model_validate({"inject": "redis.outage", "as": "bus"}))
        assert book.names == ("link.freeze",)
        await book.carry_out(FaultStep.model_validate({"clear": "all"}))
        assert book.names == ()

    assert written.faults[0].target == "node-1->redis, node-2->redis"
    assert "node-1->redis: the relay has freeze" in written.faults[1].detail


async def test_handles_that_are_taken_or_unknown_are_told(scene):
    """With what is open."""
    async with FaultBook(scene) as book:
        with pytest.raises(OperatorError, match="none is open"):
            await book.clear("cut")
        await book.inject(Fake(), ["node-1"], name="cut")
        with pytest.raises(OperatorError, match="open already"):
            await book.inject(Fake(), ["node-1"], name="cut")
        with pytest.raises(OperatorError, match="there is cut"):
            await book.clear("cat")


@pytest.mark.parametrize(
    ("kind", "settings", "told"),
    [
        ("node.crush", {}, "did you mean node.crash"),
        ("crash", {}, "did you mean node.crash"),
        ("x", {}, "there are node.crash, node.hang"),
        ("link.delay", {}, "link.delay: by is missing"),
        ("link.delay", {"by": "20ms"}, "a duration says its clock"),
        ("link.delay", {"by": {"policy": "20ms"}}, "policy"),
        ("link.delay", {"by": {"real": "20ms"}, "jiter": {"real": "1ms"}}, "did you mean jitter"),
        ("link.drop", {"share": 2}, "share: Input should be less than or equal to 1"),
        ("redis.outage", {"how": "burn"}, "how: Input should be 'stop', 'pause' or 'kill'"),
        ("node.crash", {"hard": True}, "there is no setting 'hard'"),
        ("clock.skew", {"by": {"real": "1m"}}, "policy"),
    ],
)
async def test_a_fault_that_cannot_be_is_told_with_the_nearest_that_can(kind, settings, told):
    """Kinds and settings alike."""
    with pytest.raises(OperatorError, match=told.replace(".", r"\.")):
        make_fault(kind, settings)


async def test_every_kind_has_a_schema_and_a_sentence():
    """Editors complete from them."""
    for kind, fault in KINDS.items():
        assert fault.__doc__, kind
        assert fault.model_json_schema()["type"] == "object"
