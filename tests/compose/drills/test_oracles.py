"""The closed forms against a small simulation of what they describe, and which drill gets which."""

import random

import pytest

from compose.drills import oracles
from compose.drills.finding import Unit
from compose.drills.oracles import ORACLES, oracle
from compose.drills.scenario.drill import Drill
from shared.errors import OperatorError

USERS = 20_000


def rolled(nodes, chance, *, restarted_first):
    """Forced logins per user of a stop-first rolling restart: everybody comes back between two nodes."""
    at = [user % nodes for user in range(USERS)]
    forced = 0
    for down in range(nodes):
        others = [node for node in range(nodes) if node != down]
        restarted = [node for node in others if node < down]
        for user in range(USERS):
            if at[user] == down:
                forced += 1
                at[user] = chance.choice(restarted if restarted_first and restarted else others)
    return forced / USERS


@pytest.mark.parametrize("nodes", [2, 3, 4, 8])
def test_a_rolling_restart_comes_out_as_computed(nodes):
    chance = random.Random(nodes)
    assert rolled(nodes, chance, restarted_first=False) == pytest.approx(oracles.forced_logins_naive(nodes), rel=0.02)
    first = rolled(nodes, chance, restarted_first=True)
    assert first == pytest.approx(oracles.forced_logins_restarted_first(nodes), rel=0.02)


def test_the_published_numbers_come_out():
    """Of the reference: 1.500, 1.583, 1.620, 1.641."""
    assert [round(oracles.forced_logins_naive(nodes), 3) for nodes in (2, 3, 4, 5)] == [1.5, 1.583, 1.62, 1.641]


def test_a_crowd_entry_of_any_age_alike_lasts_half_its_lifetime_on_average():
    chance, given = random.Random(1), a_drill()
    ttl_ms = given.cluster.crowd.ttl.ms
    left = [ttl_ms - chance.uniform(0, ttl_ms) for _ in range(USERS)]
    assert sum(left) / USERS == pytest.approx(oracle("oracle.staleness-mean").of(given), rel=0.02)
    assert max(left) <= oracle("oracle.staleness-max").of(given)


def test_a_crash_is_detected_within_the_bounds():
    """Checks at even distances, the crash at any time between two of them."""
    chance, given = random.Random(1), a_drill()
    health = given.cluster.balancer.health
    times = []
    for _ in range(USERS):
        to_next_ms = chance.uniform(0, health.interval.ms)
        times.append(to_next_ms + (health.fall - 1) * health.interval.ms)
    assert min(times) >= oracle("oracle.crash-detection-min").of(given)
    assert sum(times) / USERS == pytest.approx(oracle("oracle.crash-detection-mean").of(given), rel=0.02)
    assert max(times) + health.timeout.ms <= oracle("oracle.crash-detection-max").of(given)


def a_drill(*, placement="round-robin", order="stop-first", nodes=3, remember=0.0, parallelism=1, delivery="fenced"):
    return Drill.model_validate(
        {
            "drill": 1,
            "title": "A drill",
            "question": "what will come of it?",
            "teaches": "that it comes out",
            "theme": "rolling restart",
            "cluster": {
                "nodes": {"count": nodes},
                "delivery": delivery,
                "balancer": {"placement": placement},
            },
            "traffic": {"office": {"users": 10, "remember-me": remember}},
            "method": [
                {"repeat": {"times": 1, "steps": [{"rolling-restart": {"order": order, "parallelism": parallelism}}]}}
            ],
            "expectations": [{"id": "a", "always": {"checker": "availability"}}],
            "report": {"answer": "so be it"},
        }
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 19 / 12),
        ({"placement": "prefer-restarted"}, 4 / 3),
        ({"order": "start-first"}, 1),
        ({"nodes": 2}, 1.5),
        ({"remember": 0.5}, 19 / 24),
        ({"remember": 1.0}, 0),
        ({"parallelism": 2}, None),
        ({"nodes": 1}, None),
    ],
)
def test_the_drill_decides_which_closed_form_holds(changes, expected):
    """None where none does."""
    found = oracle("oracle.rolling-restart").measure(a_drill(**changes)).value
    assert found == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(("delivery", "lost"), [("pubsub", 1), ("queue", 0), ("fenced", 0), ("local", 1)])
def test_what_a_node_cut_off_the_bus_misses_depends_on_the_delivery(delivery, lost):
    assert oracle("oracle.lost-share").of(a_drill(delivery=delivery)) == lost


@pytest.mark.parametrize("name", ORACLES)
def test_every_oracle_says_its_unit(name):
    word = {Unit.COUNT: "(count)", Unit.RATIO: "(ratio)", Unit.REAL_MS: "(real ms)", Unit.POLICY_MS: "(policy ms)"}
    assert word[ORACLES[name].unit] in ORACLES[name].meaning


def test_an_unknown_oracle_gets_the_nearest_name():
    with pytest.raises(OperatorError, match=r"did you mean oracle\.rolling-restart"):
        oracle("oracle.roling-restart")
