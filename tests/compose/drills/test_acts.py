"""What administrators and users do on purpose, each once on two real nodes: done, recorded, and told by a receipt."""

import pytest

from compose.drills import probes
from compose.drills.history.records import OPERATORS, OpKind, Outcome
from compose.drills.scenario.steps import Act, ActKind
from compose.drills.traffic.person import Account
from shared.actions import Action
from shared.contract import KnownVia
from shared.errors import HarnessError, OperatorError
from tests.compose.drills.crew import crew_on

pytestmark = pytest.mark.asyncio(loop_scope="module")
SCRIPT = {"mix": "script", "pin-to": "node-2"}
"""He stays on a node and never logs in again."""


def last(crew, kind):
    return [one for one in crew.history.operations if one.kind is kind][-1]


async def ask(crew, group):
    await crew.population.everyone(group, at_once=1)
    return last(crew, OpKind.BROWSE)


async def value(scene, probe, **where):
    return (await probes.read(scene, probe, where)).value


@pytest.mark.parametrize("action", Action)
async def test_an_invalidating_act_is_recorded_with_its_victim_and_its_receipt(scene, written, action):
    """On 9.11 it ends the session on the other node as well. A deactivation ends none, so nobody is told of it."""
    name = f"x-{action}"
    via = {} if action is Action.OWN_PASSWORD else {"via": "node-1"}
    async with crew_on(scene, written, {name: SCRIPT}) as crew:
        assert (await ask(crew, name)).is_let_in
        await crew.acts.perform(Act(act=ActKind(action), user=f"{name}-001", **via))
        act = last(crew, OpKind.ACT)
        receipts = [(one.op, one.action, one.origin) for one in crew.history.receipts]
        after = await ask(crew, name)
    assert (act.invoke.action, act.invoke.victim) == (action, f"{name}-001")
    assert 200 <= act.status < 300
    assert act.invoke.group == (name if action is Action.OWN_PASSWORD else OPERATORS)
    ends_none = action is Action.DEACTIVATE
    assert receipts == ([] if ends_none else [(act.number, action, act.node)])
    assert after.is_let_in == ends_none


async def test_an_anonymization_that_was_refused_or_failed_is_not_done(scene, written):
    """Nobody anonymizes himself, and nobody who is not there; what was answered to the call is the act."""
    async with crew_on(scene, written, {}) as crew:
        anonymize = {"act": "anonymize", "via": "node-1"}
        crew.population.accounts["stranger"] = Account("stranger", "x", key="nobody's")
        for user, words in (("stranger", "status 400"), ("admin", "You cannot anonymize yourself")):
            with pytest.raises(HarnessError, match=f"anonymize of {user} failed: .*{words}"):
                await crew.acts.perform(Act.model_validate({**anonymize, "user": user}))
        refused, failed = (one for one in crew.history.operations if one.kind is OpKind.ACT)
    assert (refused.outcome, refused.status, refused.invoke.method) == (Outcome.OK, 400, "POST")
    assert failed.outcome is Outcome.FAIL


async def test_an_anonymization_through_a_node_that_is_away_may_fail(scene, written):
    """It could not be sent, which is told as of any act."""
    async with crew_on(scene, written, {}) as crew:
        await scene.cluster.kill("node-2")
        try:
            await crew.acts.perform(Act(act=ActKind.ANONYMIZE, user="bob", via="node-2", may_fail=True))
        finally:
            await scene.cluster.start("node-2")
    assert last(crew, OpKind.ACT).outcome is Outcome.FAIL


async def test_an_act_that_is_not_done_gets_no_receipt_and_none_of_somebody_elses(scene, written):
    """Not even that of the same action upon the user before him."""
    async with crew_on(scene, written, {"two": {**SCRIPT, "users": 2}}) as crew:
        for user in ("two-001", "two-002", "nobody"):
            crew.population.accounts.setdefault(user, Account(user, "x", key="nobody's"))
            await crew.acts.perform(Act(act=ActKind.REST_END_SESSION, user=user, via="node-1", may_fail=True))
        acts = [one for one in crew.history.operations if one.kind is OpKind.ACT]
    assert [one.status < 300 for one in acts] == [True, True, False]
    assert [one.op for one in crew.history.receipts] == [acts[0].number, acts[1].number]


async def test_a_changed_password_is_the_one_to_log_in_with(scene, written):
    """Whoever changed it: the owner knows, and so does the next act."""
    async with crew_on(scene, written, {"changed": SCRIPT}) as crew:
        (person,) = crew.population.people["changed"]
        for kind in (ActKind.ADMIN_PASSWORD, ActKind.OWN_PASSWORD, ActKind.OWN_PASSWORD):
            via = None if kind is ActKind.ADMIN_PASSWORD else "node-1"
            await crew.acts.perform(Act(act=kind, user="changed-001", via=via))
            assert await person.log_in()


async def test_tokens_of_one_and_of_everybody_are_cleared(scene, written):
    """By the pages of the administration; no session ends with them."""
    remembering = {"users": 2, "mix": "reader", "remember-me": 1}
    async with crew_on(scene, written, {"ticked": remembering}) as crew:
        assert await value(scene, "remember-me.count", user="ticked-001") == 1
        await crew.acts.perform(Act(act=ActKind.CLEAR_TOKENS, user="ticked-001"))
        assert await value(scene, "remember-me.count", user="ticked-001") == 0
        assert await value(scene, "remember-me.count", user="ticked-002") == 1
        await crew.acts.perform(Act(act=ActKind.CLEAR_ALL_TOKENS, via="node-2"))
        assert await value(scene, "remember-me.count") == 0
        assert (await ask(crew, "ticked")).known_via is KnownVia.SESSION
    assert last(crew, OpKind.ACT).invoke.action is None


async def test_who_logs_out_is_nobody_afterwards(scene, written):
    async with crew_on(scene, written, {"leaving": SCRIPT}) as crew:
        await crew.acts.perform(Act(act=ActKind.LOGOUT, user="leaving-001"))
        assert last(crew, OpKind.LOGOUT).status < 400
        assert not (await ask(crew, "leaving")).is_let_in


async def test_an_upgrade_is_started_and_called_off(scene, written):
    async with crew_on(scene, written, {"office": SCRIPT}) as crew:
        await crew.acts.perform(Act(act=ActKind.START_UPGRADE))
        assert await value(scene, "zdu.state") == "READY_TO_UPGRADE"
        await crew.acts.perform(Act(act=ActKind.CANCEL_UPGRADE))
        assert await value(scene, "zdu.state") == "STABLE"


async def test_an_act_that_is_refused_ends_the_method_unless_it_may_fail(scene, written):
    """There is nothing to approve. What was answered is told, and recorded either way."""
    async with crew_on(scene, written, {"trying": SCRIPT}) as crew:
        with pytest.raises(HarnessError, match=r"approve-upgrade of the cluster failed: status 4\d\d.*may-fail"):
            await crew.acts.perform(Act(act=ActKind.APPROVE_UPGRADE))
        await crew.acts.perform(Act(act=ActKind.APPROVE_UPGRADE, may_fail=True))
        assert [one.status >= 400 for one in crew.history.operations if one.kind is OpKind.ACT] == [True, True]


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ({"act": "deactivate"}, "deactivate is done to somebody; say user: NAME"),
        ({"act": "deactivate", "user": "x", "via": "node-7"}, "there is no node 'node-7'.*node-1, node-2"),
        ({"act": "admin-password", "user": "nobody-001"}, "there is no user 'nobody-001'"),
        ({"act": "logout", "user": "dave"}, "dave is nobody's account in this drill's traffic"),
    ],
)
async def test_an_act_that_cannot_be_says_why(scene, written, act, words):
    async with crew_on(scene, written, {}) as crew:
        with pytest.raises(OperatorError, match=words):
            await crew.acts.perform(Act.model_validate(act))
        assert crew.history.operations == ()
