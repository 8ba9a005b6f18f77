"""A drill of a few lines to judge histories by, the judgement of one expectation, and how a small drill's file begins."""

from compose.drills.judging import judge_run
from compose.drills.scenario.drill import ONLY, Drill

HEAD = """\
drill: 1
title: A small drill
question: What happens when nothing does?
teaches: That nothing happens then.
theme: failover
"""
"""Of a drill's file; what else it needs follows in each test."""


def a_drill(*expectations, **more):
    """Each expectation as a file has it; an `id` is given if there is none."""
    named = [{"id": f"e{number}", **one} for number, one in enumerate(expectations, start=1)]
    return Drill.model_validate(
        {
            "drill": 1,
            "title": "A drill",
            "question": "what will come of it?",
            "teaches": "that it comes out",
            "theme": "failover",
            "method": [{"mark": "nothing"}],
            "expectations": named or [{"id": "served", "always": {"event": "request"}}],
            "report": {"answer": "so be it"},
        }
        | more
    )


def judged(story, *expectations, **more):
    """The judgement of the one variant."""
    return judge_run({ONLY: a_drill(*expectations, **more)}, {ONLY: story.history()}).variants[0]


def verdict_of(story, **expectation):
    (one,) = judged(story, expectation).expectations
    return one.verdict
