"""What is said of drills on a terminal: the list, what one would do, and how one ended."""

import io

import pytest
from rich.console import Console

from compose.cli.drill_text import EVIDENCE_SHOWN, catalog_data, catalog_table, drill_plan, outcome_text, summary_table
from compose.drills.catalog import catalog
from compose.drills.judging import judge_run
from compose.drills.run_folder import RunFacts, RunFolder
from compose.drills.runner.run import Ran
from compose.drills.scenario.drill import ONLY
from compose.drills.scenario.load import load_drill, loaded
from compose.drills.scenario.source import parse_source
from shared.errors import EXIT_INTERRUPTED
from tests.support.drills import a_drill
from tests.support.histories import Story

EVERYTHING = """\
drill: 1
title: Every kind of step
question: Is each of them told in words?
teaches: That it is.
theme: rolling restart
configuration: {seed: 7}
cluster: {nodes: {count: 3, versions: {node-3: "9.10"}}}
variants: {one: {}, two: {}}
traffic:
  office: {users: 5, mix: reader, rate: 2/s, remember-me: 0.5}
  wallboard: {mix: dashboard, every: {policy: 5m}}
  late: {mix: reader}
method:
  - say: Listen to   this.
  - {name: reset, do: {act: admin-password, user: office-001, via: node-1}}
  - fault: {inject: node.crash, target: one, as: crash}
  - {when: [two], fault: {clear: crash}}
  - node: {do: upgrade, target: node-3, to: "9.11"}
  - advance: {by: {policy: 20m}}
  - advance: {next: true}
  - everyone: {group: office, times: 3}
  - hold: {real: 2s}
  - wait-until: {probe: nodes.up, equals: 3, within: {real: 5s}}
  - rolling-upgrade: {to: "9.12", order: start-first}
  - rolling-restart: {}
  - mark: over
  - rate: 60
  - rate: 0
  - do: {act: rest-end-session, group: office, over: {policy: 15m}}
  - parallel:
      - hold: {real: 1s}
      - repeat: {times: 2, steps: [{everyone: {group: late}}]}
expectations:
  - {id: served, always: {event: request}}
report: {answer: "so be it"}
"""


def printed(what):
    out = io.StringIO()
    Console(file=out, width=200).print(what, highlight=False)
    return out.getvalue()


@pytest.fixture
def plan(tmp_path):
    drill = loaded(parse_source(EVERYTHING, tmp_path / "every.yaml"))
    return [line.strip() for line in printed(drill_plan(drill)).splitlines()]


def test_a_plan_says_what_stands_there_and_who_comes(plan):
    """For each variant; policy time with its start, and the seed."""
    assert plan[:3] == ["Every kind of step", "Is each of them told in words?", "Teaches: That it is."]
    at = plan.index("one")
    assert plan[at + 1 : at + 6] == [
        "cluster   3 nodes of Jira 9.11 (node-3 9.10), delivery fenced, sticky by cookie",
        "policy    starts 2026-03-02 09:00 UTC, seed 7",
        "traffic   office: 5 x reader, 2/s (real), 50% remembered",
        "traffic   wallboard: 1 x dashboard, each every 5 min (policy)",
        "traffic   late: 1 x reader, when told",
    ]
    assert "two" in plan


def test_a_plan_says_each_step_in_words_and_draws_its_targets(plan):
    """The same for both variants, since they have the same seed."""
    steps = plan[plan.index("one") + 6 : plan.index("two") - 1]
    broken = steps.pop(2)
    assert broken in {f"3. break node.crash on node-{n}" for n in (1, 2, 3)}
    assert plan.count(broken) == 2
    assert steps == [
        '1. say "Listen to this."',
        "2. reset: admin-password of office-001 through node-1",
        "4. mend crash (in two only)",
        "5. upgrade node-3 to Jira 9.11",
        "6. let policy time pass: 20 min (policy)",
        "7. let policy time pass: to the next deadline",
        "8. everyone of office acts, 3 times",
        "9. let traffic go on for 2 s (real)",
        "10. wait for nodes.up, at most 5 s (real)",
        "11. rolling upgrade to Jira 9.12, start-first",
        "12. rolling restart, stop-first",
        "13. mark over",
        "14. policy time runs 60 times as fast as real time",
        "15. policy time stands still",
        "16. rest-end-session of each of office, over 15 min (policy)",
        "17. at the same time:",
        "1. let traffic go on for 1 s (real)",
        "2. 2 times:",
        "1. everyone of late acts, once",
    ]


def test_the_list_groups_drills_by_theme_each_with_its_question():
    drills = [load_drill(path) for path in catalog().values()]
    text = printed(catalog_table(drills))
    headings = [
        line.strip()
        for line in text.splitlines()
        if line.strip() in {"Failover", "Invalidation", "Rolling restart", "Configuration"}
    ]
    assert headings == ["Failover", "Invalidation", "Rolling restart", "Configuration"]
    assert all(one["question"] in text and one["name"] in text for one in catalog_data(drills))
    assert "dcsim drill run NAME" in text


def ended(tmp_path, story, *expectations, exit_code=0, **more):
    drill = a_drill(*expectations, **more)
    folder = RunFolder(tmp_path)
    folder.write_facts(RunFacts(run="r", title="A drill", question="why?", seed=1, variants=[ONLY]))
    return Ran(folder, judge_run({ONLY: drill}, {ONLY: story.history()}), exit_code, "dcsim drill run x --seed 1")


def told():
    """Five requests that failed, and whatever every run has."""
    story = Story()
    story.node("node-1", "up", says="9.11")
    for mark in ("setup", "setup:end", "method"):
        story.mark(mark)
    story.login("alice")
    for _ in range(5):
        story.failed("alice")
    story.mark("method:end")
    story.close()
    return story


def test_an_end_shows_some_of_the_evidence_and_how_much_there_is(tmp_path):
    """The last line is the command that repeats the run; guards that held are not worth a line."""
    lines = outcome_text(ended(tmp_path, told(), {"never": {"event": "request.failed"}})).splitlines()
    assert lines[0] == "[only] fail"
    assert lines[1] == "  fail     e1: 5 of 6 opportunities, and none was allowed."
    assert all("alice GET /browse/TEST-1" in line for line in lines[2 : 2 + EVIDENCE_SHOWN])
    assert lines[2 + EVIDENCE_SHOWN].strip() == "and 2 more"
    assert lines[-3:] == [
        "FAIL: so be it",
        f"report: {tmp_path / 'report.html'}",
        "again:  dcsim drill run x --seed 1",
    ]
    assert not any("history-complete" in line for line in lines)


def test_an_end_says_what_was_demonstrated_and_which_guard_did_not_hold(tmp_path):
    story = told()
    story.problem("node-2 ended unasked")
    never = {"never": {"event": "request.failed"}, "demonstrates": "violated"}
    text = outcome_text(ended(tmp_path, story, never))
    assert "  pass     e1 (demonstrated): 5 of 6 opportunities" in text
    assert "  unknown  as-planned: node-2 ended unasked" in text
    assert "!! only: node-2 ended unasked" in text
    assert "UNKNOWN: so be it" in text


def test_an_end_that_somebody_brought_about_early_is_no_verdict_on_the_whole(tmp_path):
    """What the run came to by then is said as that, also where it is one line among those of other drills."""
    ran = ended(tmp_path, told(), {"never": {"event": "request.failed"}}, exit_code=EXIT_INTERRUPTED)
    assert "INTERRUPTED, FAIL SO FAR: so be it" in outcome_text(ran).splitlines()
    assert "interrupted, fail so far" in printed(summary_table([ran]))


def test_the_summary_has_a_line_for_each_drill(tmp_path):
    ran = ended(tmp_path, told(), {"always": {"event": "request"}})
    text = printed(summary_table([ran, ran]))
    assert text.count("A drill") == 2
    assert text.count("pass") == 2
