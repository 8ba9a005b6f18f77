"""The answer line: numbers with their units, and mistakes found before anything runs."""

import pytest

from compose.drills.finding import Measure, Unit
from compose.drills.judging import check_answer
from compose.drills.judging.answer import render_answer
from compose.drills.judging.comparing import formatted
from compose.drills.verdict import Verdict
from shared.errors import OperatorError

BEFORE = {"stale-window-max": Measure(899_999, Unit.POLICY_MS), "stale-accepts": Measure(43)}
AFTER = {"stale-window-max": Measure(None, Unit.POLICY_MS), "stale-accepts": Measure(0)}


def rendered(template, **variants):
    verdicts = dict.fromkeys(variants, Verdict.PASS)
    return render_answer(template, variants, verdicts, Verdict.FAIL)


def test_a_metric_stands_under_its_variant_with_unit_and_clock():
    answer = rendered("{{ before.stale_window_max }}, {{ after.stale_window_max }}", before=BEFORE, after=AFTER)
    assert answer == "14 min 59 s (policy), not measured"


def test_without_variants_a_metric_stands_by_itself():
    assert rendered("{{ stale_accepts }} of them, {{ verdict }}", only=BEFORE) == "43 of them, fail"


def test_a_dash_in_a_variants_name_becomes_an_underscore():
    assert rendered("{{ start_first.stale_accepts }}", **{"start-first": AFTER, "naive": BEFORE}) == "0"


def test_numbers_can_be_asked_and_spaces_shrink():
    template = "{% if before.stale_accepts > 0 %}  still\n in {% else %} out {% endif %}{{ before.verdict }}"
    assert rendered(template, before=BEFORE, after=AFTER) == "still in pass"


@pytest.mark.parametrize("asked", ["{n} == 0", "not {n}", "{n} <= 0", "{n} >= 0", "{n} != 1", "{n} < m", "{n} in [0]"])
def test_a_number_can_be_asked_whatever_a_number_can(asked):
    """Nobody got in, and every way to say so agrees."""
    template = "{% set m = before.stale_accepts %}{% if Q %}nobody{% else %}somebody{% endif %}"
    question = asked.format(n="after.stale_accepts")
    assert rendered(template.replace("Q", question), before=BEFORE, after=AFTER) == "nobody"


@pytest.mark.parametrize("asked", ["{n} > 9", "{n} <= 9", "{n} == 0", "{n}", "before.stale_accepts > {n}"])
def test_what_was_not_measured_cannot_be_compared(asked):
    """Either answer would be a wrong sentence; whether it was measured can be asked."""
    question = asked.format(n="after.stale_window_max")
    with pytest.raises(OperatorError, match="stale-window-max was not measured, so it cannot be compared"):
        rendered("{% if Q %}yes{% else %}no{% endif %}".replace("Q", question), before=BEFORE, after=AFTER)
    assert rendered("{{ after.stale_window_max.value is none }}", before=BEFORE, after=AFTER) == "True"


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        (Measure(4.2, Unit.REAL_MS), "4.2 ms (real)"),
        (Measure(250, Unit.REAL_MS), "250 ms (real)"),
        (Measure(1234, Unit.REAL_MS), "1.2 s (real)"),
        (Measure(59_999, Unit.POLICY_MS), "59 s (policy)"),
        (Measure(18_000_000, Unit.POLICY_MS), "5 h (policy)"),
        (Measure(0.0734, Unit.RATIO), "7.34 %"),
        (Measure(0.0001, Unit.RATIO), "0.010%"),
        (Measure(0, Unit.RATIO), "0 %"),
        (Measure(1.58333), "1.58"),
        (Measure(118), "118"),
        (Measure(118.25), "118.2"),
        (Measure(None), "not measured"),
    ],
)
def test_a_number_is_as_exact_as_a_reader_needs_it(measure, words):
    assert formatted(measure) == words


@pytest.mark.parametrize(
    ("measure", "limit", "words"),
    [
        (Measure(900_900, Unit.POLICY_MS), 900_000, "15 min 0.9 s (policy)"),
        (Measure(900_000, Unit.POLICY_MS), 900_000, "15 min (policy)"),
        (Measure(900_900, Unit.POLICY_MS), 600_000, "15 min (policy)"),
        (Measure(200.04, Unit.REAL_MS), 200, "200.04 ms (real)"),
        (Measure(0.99999, Unit.RATIO), 1, "99.999 %"),
        (Measure(99.96), 100, "99.96"),
    ],
)
def test_a_number_does_not_read_as_a_limit_that_it_is_not(measure, limit, words):
    """Nobody can see why it failed otherwise."""
    assert formatted(measure, limit=limit) == words


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ befor.stale_accepts }}", "did you mean before"),
        ("{{ before.stale_acepts }}", "did you mean stale_accepts"),
        ("{{ stale_accepts }}", "of which variant? Write before.stale_accepts"),
        ("{{ before.stale_accepts", "no template"),
        ("{% for %}", "no template"),
        ("{{ before.stale_accepts | shout }}", "cannot be filled in"),
        ("{{ before.stale_accepts.nothing.at.all }}", "cannot be filled in"),
        ("{{ before.__class__ }}", "no metric"),
        ("{{ before['stale_acepts'] }} {{ before['stale_acepts'] + 1 }}", "cannot be filled in"),
    ],
)
def test_a_template_that_no_run_could_fill_in_is_refused(template, words):
    with pytest.raises(OperatorError) as caught:
        check_answer(template, ["before", "after"])
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "template",
    [
        "nothing to fill in",
        "{{ before.stale_window_max }} and {{ after.verdict }}: {{ verdict }}",
        "{% for one in [before, after] %}{{ one.stale_accepts }} {% endfor %}",
        "{% set most = before.stale_accepts %}{{ most }}",
    ],
)
def test_a_good_template_is_let_through(template):
    check_answer(template, ["before", "after"])


def test_a_drill_without_variants_is_the_only_one():
    check_answer("{{ stale_accepts }}", [])
