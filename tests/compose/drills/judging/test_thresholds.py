"""`thresholds`, in k6's notation."""

import pytest

from compose.drills.judging.thresholds import parse_threshold
from compose.drills.verdict import Verdict
from shared.errors import OperatorError
from tests.support.drills import judged
from tests.support.histories import Story

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN


def four_requests():
    """Three answered after 100, 200 and 300 ms in the method, one that failed after it."""
    story = Story()
    story.mark("method")
    for took in (0.1, 0.2, 0.3):
        story.ask("alice", took=took)
    story.mark("method:end", after=0.1)
    story.failed("bob", group="scripts")
    return story


@pytest.mark.parametrize(
    ("key", "limit", "verdict"),
    [
        ("latency", "p(50)<=200", PASS),
        ("latency", "p(50) < 200", FAIL),
        ("latency", "p(99.9)<300.5", PASS),
        ("latency", "avg==200", PASS),
        ("latency", "med>200", FAIL),
        ("latency", "min>=100", PASS),
        ("latency", "max<300", FAIL),
        ("latency", "count==4", FAIL),
        ("failed", "rate<0.25", FAIL),
        ("failed", "rate<=0.25", PASS),
        ("failed", "count!=1", FAIL),
        ("failed{phase:method}", "rate==0", PASS),
        ("failed{ group:scripts }", "rate==1", PASS),
        ("failed{group:!scripts}", "count==0", PASS),
        ("requests", "count>3", PASS),
        ("requests", "rate<0.1", FAIL),
        ("requests{phase:method,user:bob}", "count==0", UNKNOWN),
        ("latency{phase:rollback}", "p(95)<1", UNKNOWN),
        ("latency{group:scripts}", "p(95)<1", UNKNOWN),
        ("longest-outage", "value<1", FAIL),
        ("forced-logins", "value==0", UNKNOWN),
    ],
)
def test_a_limit_holds_does_not_or_has_nothing_to_hold_for(key, limit, verdict):
    (one,) = judged(four_requests(), thresholds={key: limit}).thresholds
    assert (one.verdict, one.id) == (verdict, f"{key}: {limit}")


def test_a_label_finds_the_failures_of_a_node():
    """No node answered them; they were for the node that alice is bound to."""
    story = Story()
    story.login("alice", node="node-2")
    story.failed("alice")
    (one,) = judged(story, thresholds={"failed{node:node-2}": "rate<0.01"}).thresholds
    assert one.verdict is FAIL


def test_each_limit_has_its_own_verdict():
    found = judged(four_requests(), thresholds={"latency": ["min<1", "max<1000"]}).thresholds
    assert [one.verdict for one in found] == [FAIL, PASS]


def test_a_threshold_of_another_variant_is_not_judged():
    for label in ("after", "!only"):
        assert judged(four_requests(), thresholds={f"latency{{variant:{label}}}": "min<1"}).thresholds == ()


def test_a_threshold_of_every_variant_but_one_is_judged_in_the_others():
    (one,) = judged(four_requests(), thresholds={"latency{variant:!after}": "min<1"}).thresholds
    assert one.verdict is FAIL


def test_a_threshold_without_a_limit_is_refused():
    """It would judge nothing, and look as if it had."""
    with pytest.raises(OperatorError, match="no limit"):
        parse_threshold("latency", [])


@pytest.mark.parametrize(
    ("key", "limit", "words"),
    [
        ("latenzy", "p(95)<1", "did you mean latency"),
        ("latency{phase:methd}", "p(95)<1", "did you mean method"),
        ("latency{fase:method}", "p(95)<1", "did you mean phase"),
        ("latency{phase}", "p(95)<1", "name:value"),
        ("latency{status:ok}", "p(95)<1", "status is a number"),
        ("latency{phase:method", "p(95)<1", "cannot be read"),
        ("latency", "p95<1", "cannot be read"),
        ("latency", "p(95)<1s", "cannot be read"),
        ("latency", "p(0)<1", "no percentile"),
        ("latency", "rate<1", "no number of latency 'rate'"),
        ("failed", "p(95)<1", "no number of failed"),
        ("stale-accepts", "rate<1", "there are value"),
    ],
)
def test_what_cannot_be_read_is_said_with_the_nearest_right_word(key, limit, words):
    with pytest.raises(OperatorError) as caught:
        parse_threshold(key, [limit])
    assert words in str(caught.value)


def test_what_missed_its_limit_does_not_read_as_its_limit():
    story = Story()
    story.ask("alice", took=0.2004)
    (one,) = judged(story, thresholds={"latency": ["max<=200"]}).thresholds
    assert one.finding.summary == "max of latency is 200.4 ms (real); wanted max<=200."
