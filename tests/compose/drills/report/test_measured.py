"""Rates and latencies in slices, and the limits on them."""

from compose.drills.case.case import Case
from compose.drills.case.scope import whole_run
from compose.drills.finding import Finding
from compose.drills.judging.judgement import Verdicted
from compose.drills.metrics import METRICS
from compose.drills.report.measured import Limit, failure_limits, latency_limits, rate_limits, slices_of, totals_of
from compose.drills.verdict import Verdict
from tests.compose.drills.report.variants import variant_of
from tests.support.histories import Story


def threshold(text):
    finding = Finding(Verdict.UNKNOWN, "")
    return Verdicted(text, text, None, Verdict.UNKNOWN, Verdict.UNKNOWN, False, finding, "")


def test_what_is_offered_is_completed_or_failed():
    story = Story()
    for number in range(10):
        (story.failed if number == 4 else story.ask)("alice")
    slices, totals = slices_of(variant_of(story)), totals_of(variant_of(story))
    width_s = slices.middles_s[0] * 2
    assert round(sum(slices.offered) * width_s) == 10
    assert round(sum(slices.completed) * width_s) == 9
    assert round(sum(slices.failed) * width_s) == 1
    assert max(share for share in slices.failed_share if share is not None) == 1.0
    assert (totals.offered, totals.completed, totals.failed) == (10, 9, 1)


def test_quantiles_are_values_that_were_measured():
    story = Story()
    for ms in range(1, 101):
        story.ask("alice", took=ms / 1000)
    totals = totals_of(variant_of(story))
    assert (totals.p50, totals.p95, totals.p99, totals.slowest) == (50.0, 95.0, 99.0, 100.0)


def test_what_failed_has_no_latency():
    """As the metric has it: the balancer is quick to say that it can reach nobody."""
    story = Story()
    for _ in range(4):
        story.ask("alice", took=0.2)
        story.failed("alice", took=0.001)
    variant = variant_of(story)
    slices, totals = slices_of(variant), totals_of(variant)
    assert totals.p50 == METRICS["latency-p50"].measure(whole_run(Case(story.history()))).value == 200.0
    assert {one for one in slices.p50 if one is not None} == {200.0}


def test_a_request_under_way_during_a_jump_is_left_out_of_the_latencies():
    """The jump is the drill's doing."""
    story = Story()
    story.ask("alice", took=3, meanwhile=lambda: story.policy(minutes=1))
    story.ask("alice", took=0.01)
    variant = variant_of(story)
    assert slices_of(variant).left_out == 1
    assert totals_of(variant).slowest == 10.0


def test_limits_are_read_from_thresholds():
    """Of latencies in ms, of failures as a share; one written twice is drawn once."""
    texts = (
        "latency{phase:method,group:office}: p(95)<200",
        "latency: max<900",
        "failed: rate<0.01",
        "requests: rate>=5",
    )
    phased, slowest, failed, rate = texts
    thresholds = [threshold(text) for text in (*texts, phased)]
    assert latency_limits(thresholds) == [Limit(phased, 200.0, "method"), Limit(slowest, 900.0)]
    assert failure_limits(thresholds) == [Limit(failed, 0.01)]
    assert rate_limits(thresholds) == [Limit(rate, 5.0)]
    assert latency_limits([threshold("forced-logins: value<3")]) == []


def test_nothing_measured_is_nothing_and_not_zero():
    totals = totals_of(variant_of(Story()))
    assert (totals.offered, totals.p50, totals.slowest) == (0, None, None)
