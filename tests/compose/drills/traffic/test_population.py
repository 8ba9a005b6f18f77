"""The people of a drill, against one real node: what they decide, and what is recorded of them."""

import itertools
from contextlib import asynccontextmanager

import pytest

from compose.drills.history.history import History
from compose.drills.history.journal import Journal, read_journal
from compose.drills.history.recorder import Recorder
from compose.drills.history.records import Opened, OpKind, Outcome
from compose.drills.scenario.traffic import Group
from compose.drills.traffic.population import Places, Population
from compose.people.administrator import Administrator
from compose.people.browser import open_client
from shared.clock import Anchor
from shared.contract import KnownVia
from shared.errors import HarnessError, OperatorError

START_MS = 1_772_442_000_000


@asynccontextmanager
async def people(tmp_path, base_url, groups, *, seed=1, create=True):
    """A population at that address, and the history of what it does."""
    async with open_client() as client:
        with Journal(tmp_path / f"history-{seed}.jsonl") as journal:
            recorder = Recorder(journal, Anchor(0, START_MS, 0, 0.0))
            recorder.write(Opened(0, START_MS, "r", "d", "t", "only", seed, "here", "", {}, "", "", {}, {}, ""))
            population = Population(
                {name: Group.model_validate(group) for name, group in groups.items()},
                Places(base_url, {"node-1": base_url}),
                client,
                recorder,
                seed=seed,
            )
            if create:
                await population.create_accounts(await Administrator.log_in(client, base_url, "admin", "admin"))
            yield population, lambda: History(journal.records)


async def test_every_operation_is_recorded_twice_with_what_knew_the_user(tmp_path, node):
    """Invoked, then answered; the login gave the session that the next request shows. The file says the same."""
    async with people(tmp_path, node.url, {"office": {"users": 1, "mix": "reader"}}) as (population, history):
        await population.log_in()
        await population.everyone("office", at_once=1)
        login, landed, browse = history().operations
        assert (landed.kind, landed.known_via) == (OpKind.BROWSE, KnownVia.SESSION)
        assert (login.kind, login.known_via, login.completion.username) == (OpKind.LOGIN, KnownVia.LOGIN, "office-001")
        assert (browse.kind, browse.known_via, browse.node) == (OpKind.BROWSE, KnownVia.SESSION, node.id)
        assert browse.invoke.session == login.completion.session
        assert browse.invoke.login_op == login.number
        assert browse.is_let_in
        assert not browse.is_asked_to_log_in
    assert tuple(read_journal(tmp_path / "history-1.jsonl")) == history().records


async def test_who_is_thrown_out_logs_in_again_if_that_is_his_habit(tmp_path, node):
    """Somebody at a desk does; a script never does, and asks on with what it has."""
    groups = {"desk": {"mix": "reader"}, "job": {"mix": "script"}}
    async with people(tmp_path, node.url, groups) as (population, history):
        await population.log_in()
        before = len(history().operations)
        for person in population.everybody:
            person.browsers[0].browser.cookies.keep(["JSESSIONID=0; Path=/"], path="/")
        await population.everyone("all", at_once=4)
        await population.everyone("all", at_once=4)
        later = history().operations[before:]
        assert [op.kind for op in later if op.user == "desk-001"] == [OpKind.LOGIN, OpKind.BROWSE, OpKind.BROWSE]
        assert [op.is_answered_by_node for op in later if op.user == "job-001"] == [True, True]
        assert not any(op.is_let_in for op in later if op.user == "job-001")


async def test_nobody_there_is_an_observation_and_no_error(tmp_path):
    """What could not be sent was certainly not done, and is the node's it was for; at the start it ends the run."""
    groups = {"office": {"users": 2, "mix": "reader", "pin-to": "node-1"}}
    async with people(tmp_path, "http://127.0.0.1:1", groups, create=False) as (population, history):
        await population.everyone("office", at_once=2)
        assert [op.outcome for op in history().operations] == [Outcome.FAIL, Outcome.FAIL]
        assert [(op.node, op.place) for op in history().operations] == [(None, "node-1")] * 2
        with pytest.raises(HarnessError, match="2 of 2 people could not log in"):
            await population.log_in()


async def test_a_rhythm_in_policy_time_is_kept_by_steps_alone(tmp_path, node):
    """Somewhere within the first beat, then once each; who has missed several beats acts once."""
    groups = {"office": {"users": 4, "mix": "reader", "every": {"policy": "10m"}}}
    async with people(tmp_path, node.url, groups) as (population, history):
        await population.log_in()
        population.begin_rhythms(START_MS)
        landed = len(history().operations) - 4
        counts = []
        for minutes in (0, 10, 20, 60):
            await population.act_until(START_MS + minutes * 60_000)
            counts.append(sum(op.kind is OpKind.BROWSE for op in history().operations) - landed)
        assert counts == [0, 4, 8, 12]


async def test_arrivals_are_due_when_they_are_due(tmp_path, node):
    """An open loop: latency counts from the instant an arrival was due, and those follow each other evenly."""
    groups = {"office": {"users": 3, "mix": "reader", "rate": "200/s"}}
    async with people(tmp_path, node.url, groups) as (population, history):
        await population.log_in()
        logins = len(history().operations)
        async with population.arriving():
            while len(history().operations) < logins + 20:
                await population.everyone("office", at_once=1)
        due = [op.invoke.intended_ns for op in history().operations[logins:] if op.invoke.intended_ns != op.started_ns]
        steps = {round((later - earlier) / 1e6, 1) for earlier, later in itertools.pairwise(due)}
        assert steps <= {round(5.0 * count, 1) for count in range(-60, 61)}
        assert all(op.started_ns >= op.invoke.intended_ns for op in history().operations)


async def test_a_stripped_route_is_counted_and_kept_again(tmp_path, node):
    """As behind a proxy that throws the balancer's cookie away."""
    async with people(tmp_path, node.url, {"office": {"users": 1, "mix": "reader"}}) as (population, history):
        jar = population.everybody[0].browsers[0].browser.cookies
        jar.keep(["ROUTEID=abc.node-2.tag; Path=/"], path="/")
        await population.everyone("office", at_once=1)
        assert history().operations[-1].invoke.bound_to == "node-2"
        assert population.forget_routes() == 1
        assert "ROUTEID" not in jar
        assert population.keep_routes() == 1
        jar.keep(["ROUTEID=abc.node-1.tag; Path=/"], path="/")
        await population.everyone("office", at_once=1)
        assert history().operations[-1].invoke.bound_to == "node-1"


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ({"pin-to": "node-9"}, "no node 'node-9'"),
        ({"login-as": "zoe"}, "no user 'zoe'"),
        ({"visits-neighbour": True}, "does not say what it is"),
    ],
)
async def test_a_group_that_needs_what_there_is_not_is_refused(tmp_path, group, words):
    """Before anybody acts."""
    with pytest.raises(OperatorError, match=words):
        async with people(tmp_path, "http://127.0.0.1:1", {"office": group}, create=False):
            pass
