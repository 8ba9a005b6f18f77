"""JUnit: a suite for each variant, a case for each expectation, threshold and guard.

A failure is one with its evidence. Unknown is an error, because CI systems count that as not passed; `skipped` would
be green.
"""

import re
from collections.abc import Iterable
from typing import Any

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from compose.drills.judging.judgement import VariantJudgement, Verdicted
from compose.drills.report.run import Run, VariantRun
from compose.drills.report.verdicts import measured
from compose.drills.verdict import Verdict

EVIDENCE = 20
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def of_run(run: Run) -> str:
    return as_text(suites_of(run))


def suites_of(run: Run) -> list[TestSuite]:
    return [_suite(run, variant) for variant in run.variants]


def as_text(suites: Iterable[TestSuite]) -> str:
    xml: Any = JUnitXml("dcsim drill")
    for suite in suites:
        xml.add_testsuite(suite)
    xml.update_statistics()
    text: bytes | str = xml.tostring()
    return (text.decode("utf-8") if isinstance(text, bytes) else text).rstrip() + "\n"


def lost_suite(name: str, why: str) -> TestSuite:
    """A run of which nothing can be read."""
    suite = TestSuite(clean(name))
    suite.add_testcase(_case("run", clean(name), Error(clean(why), "unknown")))
    return suite


def clean(text: str) -> str:
    """What XML cannot hold, even escaped, is left visible as a question mark."""
    return _NOT_XML.sub("?", text)


def _suite(run: Run, variant: VariantRun) -> TestSuite:
    name = clean(f"{run.facts.title} [{variant.name}]")
    suite = TestSuite(name)
    if variant.opened is not None:
        suite.timestamp = variant.opened.started_utc
    for key, value in (("seed", str(run.facts.seed)), ("run", run.facts.run), ("command", run.facts.command)):
        suite.add_property(key, clean(value))
    judgement = variant.judgement
    cases = list(_cases(judgement, name))
    if judgement.verdict is not Verdict.PASS and all(case.is_passed for case in cases):
        why = "; ".join(run.problems) or "no expectation was judged"
        cases.insert(0, _case("judged", name, Error(clean(why), str(judgement.verdict))))
    cases[0].time = variant.history.ends_ns / 1e9
    for case in cases:
        suite.add_testcase(case)
    return suite


def _cases(judgement: VariantJudgement, suite: str) -> Iterable[TestCase]:
    kinds = (
        ("expectation", judgement.expectations),
        ("threshold", judgement.thresholds),
        ("guard", judgement.guards),
    )
    for kind, judged in kinds:
        for one in judged:
            yield _case(clean(one.id), f"{suite}.{kind}", _outcome(one))


def _case(name: str, classname: str, outcome: Error | Failure | None) -> TestCase:
    case = TestCase(name, classname, 0.0)
    if outcome is not None:
        case.result = [outcome]
    return case


def _outcome(one: Verdicted) -> Error | Failure | None:
    if one.verdict is Verdict.PASS:
        return None
    kind = Failure if one.verdict is Verdict.FAIL else Error
    outcome = kind(clean(one.finding.summary), str(one.verdict))
    outcome.text = clean("\n".join(_words(one)))
    return outcome


def _words(one: Verdicted) -> Iterable[str]:
    finding = one.finding
    yield one.sentence
    if one.because:
        yield one.because
    if one.demonstrates:
        yield f"this drill demonstrates a violation; found was: {one.as_found}"
    yield from (f"{name}: {measured(value)}" for name, value in finding.measures.items())
    for evidence in finding.evidence[:EVIDENCE]:
        operations = f" (operations {', '.join(map(str, evidence.operations))})" if evidence.operations else ""
        yield f"- {evidence.text}{operations}"
    left = max(finding.evidence_total, len(finding.evidence)) - EVIDENCE
    if left > 0:
        yield f"and {left} more"
