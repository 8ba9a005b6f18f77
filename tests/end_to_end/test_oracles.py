"""Whole runs against arithmetic: what hundreds of people meet is what can be worked out beforehand.

Every number comes from what the people saw, and every formula from `compose.drills.oracles`.
"""

from pathlib import Path

import pytest

from compose.drills.history.history import NS_PER_MS
from compose.drills.oracles import (
    crash_detection_max,
    crash_detection_min,
    forced_logins_naive,
    forced_logins_restarted_first,
    forced_logins_start_first,
)
from compose.drills.scenario.load import load_drill
from tests.support.drill_runs import LONGEST_S, run_for_real

pytestmark = [pytest.mark.soak, pytest.mark.timeout(LONGEST_S + 60)]
DRILLS = Path(__file__).with_name("drills")
PEOPLE = 600
MINUTE_MS = 60_000


def setting(**values):
    return [word for name, value in values.items() for word in ("--set", f"{name.replace('__', '.')}={value}")]


async def rolling_restart(runs, *, nodes, **values):
    drill = str(DRILLS / "rolling-restart.yaml")
    run = await run_for_real(runs, drill, "--nodes", str(nodes), *setting(**values))
    assert len({one.user for one in run.history().operations if one.invoke.group == "office"}) == PEOPLE
    assert run.metric("failed-requests") == 0
    assert run.metric("unexplained-logouts") == 0
    return run


@pytest.mark.parametrize("nodes", [2, 3, 4])
async def test_most_people_are_thrown_out_more_than_once_by_a_rolling_restart(tmp_path, nodes):
    """((N-1)/N)((N/(N-1))^N - 1) times each, within five percent: 1.5, 1.583 and 1.620."""
    run = await rolling_restart(tmp_path, nodes=nodes)
    assert run.metric("forced-logins-per-user") == pytest.approx(forced_logins_naive(nodes), rel=0.05)
    assert run.code == 0, run.said


@pytest.mark.parametrize("nodes", [2, 3, 4])
async def test_restarted_nodes_first_is_once_and_one_in_n_twice(tmp_path, nodes):
    run = await rolling_restart(tmp_path, nodes=nodes, cluster__balancer__placement="prefer-restarted")
    assert run.metric("forced-logins-per-user") == pytest.approx(forced_logins_restarted_first(nodes), rel=0.05)
    assert run.code == 0, run.said


async def test_new_nodes_first_is_once_each(tmp_path):
    run = await rolling_restart(
        tmp_path, nodes=3, cluster__balancer__placement="prefer-restarted", method__roll__order="start-first"
    )
    assert run.metric("forced-logins-per-user") == pytest.approx(forced_logins_start_first(), rel=0.05)
    assert run.code == 0, run.said


async def test_with_remember_me_nobody_is_asked(tmp_path):
    """Every one of them comes back silently instead."""
    run = await rolling_restart(tmp_path, nodes=3, **{"traffic.office.remember-me": 1})
    assert run.metric("forced-logins") == 0
    assert run.metric("silent-logins-per-user") == pytest.approx(forced_logins_naive(3), rel=0.05)
    assert run.code == 0, run.said


async def test_before_9_11_a_changed_password_is_good_for_up_to_fifteen_minutes(tmp_path):
    """Seven and a half on average, of policy time: whatever is left of the Crowd entry."""
    run = await run_for_real(tmp_path, "d17", *setting(people=PEOPLE))
    assert run.metric("stale-window-max") <= 15 * MINUTE_MS
    assert run.metric("stale-window-mean") == pytest.approx(7.5 * MINUTE_MS, rel=0.05)
    assert run.code == 0, run.said


async def test_a_rolling_restart_with_a_soft_drain_fails_nothing_of_a_hundred_requests_a_second(tmp_path):
    """And every logout has its one cause."""
    run = await run_for_real(tmp_path, str(DRILLS / "soft-drain.yaml"))
    assert run.metric("failed-requests") == 0
    assert run.metric("unexplained-logouts") == 0
    assert run.metric("requests") >= 1000
    assert run.code == 0, run.said


async def test_a_dead_node_is_found_within_the_time_of_its_checks(tmp_path):
    """Each of three: by people at once, since it refuses them, and by the balancer after `fall` checks."""
    path = DRILLS / "crash-detection.yaml"
    run = await run_for_real(tmp_path, str(path))
    drill, history = load_drill(path).drill, run.history()
    killed = [(band.injecting.real_ns, band.starts_ns) for band in history.faults]
    found = [mark.real_ns for mark in history.marks if mark.name == "found"]
    assert len(killed) == 3
    for (before_ns, since_ns), at_ns in zip(killed, found, strict=True):
        assert at_ns - before_ns >= crash_detection_min(drill) * NS_PER_MS
        assert at_ns - since_ns <= crash_detection_max(drill) * NS_PER_MS
    assert run.metric("detection-time") <= crash_detection_max(drill)
    assert run.code == 0, run.said
