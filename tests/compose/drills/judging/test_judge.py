"""A whole judgement: what it holds, and that it can be written and read."""

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from compose.drills.judging import check_drill, judge_run
from compose.drills.judging.judgement import Judgement
from compose.drills.scenario.drill import ONLY
from compose.drills.verdict import Verdict
from tests.support.drills import a_drill
from tests.support.histories import Story


def thrown_out(number):
    """So many people are thrown out by a crash."""
    story = Story()
    story.node("node-2", "up", says="9.11")
    for user in range(number):
        story.login(f"user-{user}")
    story.mark("setup:end")
    story.mark("method")
    story.ask("user-0")
    story.node("node-1", "down", cause="node.crash")
    for user in range(number):
        story.refused(f"user-{user}", node="node-2")
    story.mark("method:end")
    story.close()
    return story.history()


def test_a_judgement_holds_metrics_logouts_and_the_answer():
    drill = a_drill({"always": {"event": "request"}}, report={"answer": "{{ forced_logins }} thrown out"})
    judgement = judge_run({ONLY: drill}, {ONLY: thrown_out(2)})
    (only,) = judgement.variants
    assert (judgement.verdict, judgement.answer) == (Verdict.PASS, "2 thrown out")
    assert only.metrics["forced-logins-per-user"].value == 1
    assert [(logout.user, logout.cause) for logout in only.logouts] == [
        ("user-0", "node-gone"),
        ("user-1", "node-gone"),
    ]


def test_it_can_be_written_and_read_back():
    drill = a_drill({"never": {"checker": "stale-accept"}}, thresholds={"failed": "rate<1"})
    judgement = judge_run({ONLY: drill}, {ONLY: thrown_out(2)})
    adapter = TypeAdapter(Judgement)
    assert adapter.validate_json(adapter.dump_json(judgement)) == judgement


def test_an_expectation_of_other_variants_is_not_judged():
    drill = a_drill({"always": {"event": "request"}, "variants": ["after"]}, {"never": {"event": "request.failed"}})
    judgement = judge_run({"before": drill}, {"before": thrown_out(1)})
    assert [one.id for one in judgement.variants[0].expectations] == ["e2"]


def test_a_variant_without_an_expectation_of_its_own_passes_nothing():
    drill = a_drill({"always": {"event": "request"}, "variants": ["after"]})
    assert judge_run({"before": drill}, {"before": thrown_out(1)}).verdict is Verdict.UNKNOWN


def test_an_answer_that_cannot_be_filled_in_costs_the_answer_and_nothing_else():
    drill = a_drill({"always": {"event": "request"}}, report={"answer": "{{ nothing }}"})
    judgement = judge_run({ONLY: drill}, {ONLY: thrown_out(1)})
    assert (judgement.verdict, judgement.answer) == (Verdict.PASS, "")
    assert "nothing" in judgement.problems[0]


@given(st.lists(st.sampled_from(Verdict)))
def test_a_failure_outweighs_the_unknown_and_that_outweighs_a_pass(verdicts):
    """Whatever the order, and nothing at all is unknown."""
    found = Verdict.of(*verdicts)
    assert found is Verdict.of(*reversed(verdicts))
    assert (found is Verdict.FAIL) == (Verdict.FAIL in verdicts)
    assert (found is Verdict.PASS) == (set(verdicts) == {Verdict.PASS})


def test_a_good_drill_has_no_problems():
    drill = a_drill(
        {"always": {"metric": "stale-window-max", "op": "<=", "value": {"policy": "15m"}}},
        {"always": {"metric": "detection-time", "op": "<=", "of": "oracle.crash-detection-max"}},
        {"never": {"event": "thrown-out", "where": {"cause": "!idle", "authenticated-before": "nothing"}}},
        {"always": {"checker": "stickiness", "settle": {"real": "5s"}}},
        thresholds={"latency{phase:method}": "p(95)<200"},
    )
    assert check_drill(drill) == []


def test_every_problem_is_told_with_the_nearest_right_word():
    drill = a_drill(
        {"always": {"checker": "stickines"}},
        {"always": {"checker": "stickiness", "setle": {"real": "5s"}}},
        {"always": {"metric": "forced-login", "op": "<", "value": 1}},
        {"always": {"metric": "stale-window-max", "op": "<", "value": {"real": "15m"}}},
        {"always": {"metric": "stale-window-max", "op": "<", "value": 15}},
        {"always": {"metric": "forced-logins-per-user", "of": "oracle.roling-restart", "within-pct": 5}},
        {"always": {"metric": "stale-window-max", "of": "oracle.rolling-restart", "within-pct": 5}},
        {"never": {"event": "thrown-out", "where": {"cause": "iddle"}}},
        {"never": {"event": "request", "where": {"authenticated-before": "nothin"}}},
        {"never": {"event": "request.refused", "where": {"cause": "idle"}}},
        {"id": "e1", "never": {"event": "request"}},
        thresholds={"latency": "p(95)", "failed{group:nobody}": "rate<1"},
    )
    wanted = [
        "e1: there is no checker 'stickines'; did you mean stickiness?",
        "did you mean settle?",
        "did you mean forced-logins",
        "policy time",
        "{policy: ...}",
        "did you mean oracle.rolling-restart",
        "held against in count",
        "did you mean idle",
        "did you mean nothing",
        "request.refused has no cause",
        "the id stands there twice",
        "cannot be read",
        "no group 'nobody'",
    ]
    problems = check_drill(drill)
    assert [word for word, problem in zip(wanted, problems, strict=True) if word not in problem] == []
