"""Drill files: what they become, and what is said about one that cannot be used."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from compose.drills.scenario.drill import ONLY
from compose.drills.scenario.load import loaded
from compose.drills.scenario.source import parse_source
from shared.errors import OperatorError
from shared.settings import Placement
from shared.versions import Version
from tests.support.drills import HEAD

SMALL = (
    HEAD
    + """\
configuration: {victim: office-001, people: 3}
cluster: {nodes: {version: 9.10}}
traffic:
  office: {users: "${people}", mix: reader}
method:
  - id: roll
    rolling-restart: {order: stop-first}
  - do: {act: admin-password, user: "${victim}"}
expectations:
  - {id: served, never: {event: request.failed}}
report: {answer: "x"}
"""
)


def load(text=SMALL, **settings):
    return loaded(
        parse_source(text, Path("small.yaml")), settings={key.replace("_", "."): v for key, v in settings.items()}
    )


def refusal(text, **settings):
    with pytest.raises(OperatorError) as caught:
        load(text, **settings)
    return str(caught.value)


def test_a_file_without_variants_has_one():
    """A version without quotes is read as it was written, and a variable keeps its kind."""
    drill = load().variants[ONLY]
    assert drill.cluster.nodes.version == Version(9, 10)
    assert drill.traffic["office"].users == 3
    assert drill.method[1].do.user == "office-001"


def test_variants_are_whole_drills_that_differ_in_the_values_they_name():
    """A step is named by its id; a mapping that does not stand in the file is made."""
    text = (
        SMALL
        + "variants:\n  a: {}\n  b: {method.roll.order: start-first, cluster.balancer.placement: prefer-restarted}\n"
    )
    found = load(text)
    assert list(found.variants) == ["a", "b"]
    assert found.variants["a"].method[0].rolling_restart.order == "stop-first"
    assert found.variants["b"].method[0].rolling_restart.order == "start-first"
    assert found.variants["b"].cluster.balancer.placement is Placement.PREFER_RESTARTED
    assert found.variants["a"].cluster.balancer.placement is Placement.ROUND_ROBIN


@pytest.mark.parametrize(("text", "hour"), [("2026-03-02T09:00:00", 9), ("2026-03-02T09:00:00+02:00", 7)])
def test_a_start_without_a_zone_is_utc(text, hour):
    """Whatever zone the machine is in, which the same drill has nothing to do with."""
    start = load(f"{SMALL}time: {{start: {text}}}\n").drill.time.start
    assert start == datetime(2026, 3, 2, hour, tzinfo=UTC)


def test_a_variant_can_set_a_variable():
    """Wherever it stands, in the file and in what the variant changes beside it."""
    twins = """variants:
  short: {configuration.people: 1, "title": "Of ${people}"}
  long: {}
"""
    found = load(SMALL + twins).variants
    assert [drill.traffic["office"].users for drill in found.values()] == [1, 3]
    assert found["short"].title == "Of 1"


def test_set_changes_variables_and_values():
    """A name is a variable's, a path any value's."""
    found = load(seed="7", victim="bob", cluster_nodes_count="5").variants[ONLY]
    assert (found.configuration.seed, found.method[1].do.user, found.cluster.nodes.count) == (7, "bob", 5)


def test_a_variable_can_come_from_the_environment(monkeypatch):
    """Or from its default; without either the drill is refused."""
    text = SMALL.replace("victim: office-001", "victim: {type: env, key: DRILL_VICTIM, default: alice}")
    assert load(text).drill.method[1].do.user == "alice"
    monkeypatch.setenv("DRILL_VICTIM", "dave")
    assert load(text).drill.method[1].do.user == "dave"
    monkeypatch.delenv("DRILL_VICTIM")
    assert "DRILL_VICTIM is not set" in refusal(text.replace(", default: alice", ""))


@pytest.mark.parametrize(("said", "default"), [("dave", "alice"), ("007", "alice"), (None, "9.10"), (None, "3")])
def test_what_the_environment_said_is_a_setting_that_repeats_the_drill(monkeypatch, said, default):
    """So that a run is judged again by what it was run with, wherever and whenever."""
    text = SMALL.replace("victim: office-001", f"victim: {{type: env, key: DRILL_VICTIM, default: {default}}}")
    text = text.replace("A small drill", "Of ${victim}")
    if said is not None:
        monkeypatch.setenv("DRILL_VICTIM", said)
    first = load(text.replace('user: "${victim}"', "user: bob"))
    monkeypatch.setenv("DRILL_VICTIM", "somebody else")
    again = load(text.replace('user: "${victim}"', "user: bob"), **first.settings)
    assert again.drill.title == first.drill.title == f"Of {said or default}"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("theme: failover", "theme: failovr", 5, "did you mean failover?"),
        ("mix: reader", "mix: readr", 9, "did you mean reader?"),
        ("users:", "usres:", 9, "traffic.office.usres: is no key of a drill here; did you mean users?"),
        ("rolling-restart:", "rolling-restrat:", 12, "did you mean rolling-restart?"),
        ("event: request.failed", "event: request.faild", 15, "did you mean request.failed?"),
        ("cluster: {nodes: {version: 9.10}}", "cluster: {crowd: {ttl: 15m}}", 7, "{policy: 15m} or {real: 15m}"),
        ("cluster: {nodes: {version: 9.10}}", "cluster: {crowd: {ttl: {sim: 15m}}}", 7, "did you mean policy?"),
        ("cluster: {nodes: {version: 9.10}}", "cluster: {lease: {policy: 2s}}", 7, "did you mean real?"),
        ("nodes: {version: 9.10}", "nodes: {version: nine}", 7, "is not a Jira version"),
        ("nodes: {version: 9.10}", "nodes: {count: 99}", 7, "less than or equal to 32"),
        ("mix: reader", "rate: 40", 9, "requests per real second, such as 40/s"),
        ("mix: reader", "rate: 4/s, every: {policy: 1m}", 9, "either rate (real time) or every (policy time)"),
        ("mix: reader", "every: {policy: 0s}", 9, "is longer than nothing"),
        ("cluster: {nodes: {version: 9.10}}", "cluster: {session: {idle: {policy: 900ms}}}", 7, "in whole seconds"),
        ("cluster: {nodes: {version: 9.10}}", "cluster: {crowd: {ttl: {policy: 1500ms}}}", 7, "in whole seconds"),
        ("event: request.failed", "event: request.failed, op: '>', value: 5", 15, "op, value: an event is not compared"),
        ("event: request.failed", "checker: availability, of: x, op: '<'", 15, "op, of: a checker is not compared"),
        ("event: request.failed", "metric: rate, equals: 3", 15, "equals: a metric is not compared by that"),
        ("event: request.failed", "metric: rate, op: '<', value: 3, of: x", 15, "op and value, or within-pct and of"),
        ("event: request.failed", "metric: rate, value: 3, of: x, within-pct: 5", 15, "op and value, or within-pct"),
        ("event: request.failed", "metric: rate, op: '<', value: .inf", 15, "finite number"),
        ("event: request.failed", "probe: sessions, op: '<', value: {policy: 15m}", 15, "never a duration"),
        ("event: request.failed", "probe: sessions, op: '<', value: 3, equals: 3", 15, "op and value, or equals"),
        ("event: request.failed", "probe: sessions, op: '<', of: x", 15, "of: a probe is not compared by that"),
        ("event: request.failed", "metric: x, op: '<=', value: 15m", 15, "a duration that says its clock"),
        ("event: request.failed", "metric: x", 15, "give op and value, or within-pct and of"),
        ("never: {", "never: {checker: a, ", 15, "about one thing"),
        ("${victim}", "${victm}", 13, "did you mean victim?"),
        ("theme: failover", "theme: failover\ntheme: failover", 6, "stands here twice, first in line 5"),
        ("report: {", "report: [", 16, "this is no YAML"),
        ("victim: office-001", "victim: 2026-99-99", 6, "'2026-99-99' cannot be read as timestamp; put a text in quotes"),
        ("victim: office-001", "victim: !!int x", 6, "'x' cannot be read as int"),
        ("victim: office-001", "victim: !!bool x", 6, "'x' cannot be read as bool"),
        ("victim: office-001", "victim: !!timestamp x", 6, "'x' cannot be read as timestamp"),
        ("victim: office-001", f"victim: {'9' * 5000}", 6, "cannot be read as int"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_and_the_nearest_right_word(old, new, line, words):
    """Whatever it is: a key, a word, a number, a duration without its clock."""
    assert old in SMALL
    said = refusal(SMALL.replace(old, new))
    assert f"small.yaml, line {line}" in said
    assert words in said


def test_all_problems_are_told_together():
    """So that nobody mends a file line by line."""
    said = refusal(SMALL.replace("failover", "x").replace("reader", "y").replace("9.10", "z"))
    assert said.count("\n") == 3


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"victm": "bob"}, "did you mean victim?"),
        ({"method_rol_order": "x"}, "did you mean roll?"),
        ({"title_x": "1"}, "is a single value"),
        ({"cluster_nodes_cnt": "3"}, "did you mean count?"),
        ({"method_²_at": "3"}, "give an id, or 1 to"),
        ({"victim": "2026-99-99"}, "--set victim, line 1: '2026-99-99' cannot be read as timestamp"),
        ({"victim": "[" * 3000}, "--set victim: nested too deeply"),
        ({"victim": "&a [*a]"}, "--set victim, line 1: an anchor contains itself"),
    ],
)
def test_a_setting_that_leads_nowhere_is_refused(settings, words):
    """With the nearest name that leads somewhere."""
    assert words in refusal(SMALL, **settings)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words", "a: &x [*x]", "? [a, b]\n: c"])
def test_what_is_no_drill_at_all_is_refused(text):
    """With one line and no stack trace."""
    assert refusal(text).startswith("small.yaml")


def test_an_override_that_leads_nowhere_names_its_line():
    """A variant is looked at as strictly as the file."""
    said = refusal(SMALL + "variants:\n  a: {method.rol.order: start-first}\n")
    assert "small.yaml, line 18" in said
    assert "did you mean roll?" in said
