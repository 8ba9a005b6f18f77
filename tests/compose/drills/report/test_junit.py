"""JUnit, as CI systems read it."""

import pytest
from defusedxml.ElementTree import fromstring

from compose.drills.finding import Evidence, Finding
from compose.drills.history.history import History
from compose.drills.judging.judgement import Judgement, VariantJudgement, Verdicted
from compose.drills.report.junit import of_run
from compose.drills.report.run import Run, VariantRun
from compose.drills.run_folder import RunFacts
from compose.drills.verdict import Verdict


def verdicted(id_, verdict, evidence=()):
    checked = 1 if verdict is Verdict.PASS else 0
    finding = Finding(verdict, f"found {id_}", checked, tuple(evidence), len(evidence))
    return Verdicted(id_, f"sentence of {id_}", "because", verdict, verdict, False, finding, "")


def run_of(*judgements, title="A drill"):
    facts = RunFacts(run="r", title=title, question="Why?", seed=7, variants=[one.variant for one in judgements])
    variants = tuple(VariantRun(one.variant, History(()), one) for one in judgements)
    verdict = Verdict.of(*(one.verdict for one in judgements))
    return Run(facts, Judgement(verdict, judgements, "Because."), variants, ())


def test_a_suite_for_each_variant_and_a_case_for_each_verdict():
    """A failure carries its evidence; unknown is an error, so that no CI shows it green."""
    bad = verdicted("bad", Verdict.FAIL, [Evidence("alice was let in", (12,))])
    before = VariantJudgement("before", Verdict.FAIL, (bad,), (verdicted("quick", Verdict.PASS),))
    after = VariantJudgement("after", Verdict.UNKNOWN, (), (), (verdicted("whole", Verdict.UNKNOWN),))
    root = fromstring(of_run(run_of(before, after)))
    assert [suite.get("name") for suite in root] == ["A drill [before]", "A drill [after]"]
    assert [(case.get("name"), [child.tag for child in case]) for case in root.iter("testcase")] == [
        ("bad", ["failure"]),
        ("quick", []),
        ("whole", ["error"]),
    ]
    failure = next(root.iter("failure"))
    assert failure.get("message") == "found bad"
    assert "alice was let in (operations 12)" in failure.text
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "1", "1")


def test_a_run_that_was_not_judged_is_an_error_and_not_an_empty_suite():
    root = fromstring(of_run(run_of(VariantJudgement("only", Verdict.UNKNOWN))))
    assert [case.get("name") for case in root.iter("testcase")] == ["judged"]
    assert root.get("errors") == "1"


def test_a_variant_that_is_unknown_though_nothing_failed_is_no_green_suite():
    """All its expectations were for other variants, so only guards were looked at."""
    judgement = VariantJudgement("other", Verdict.UNKNOWN, guards=(verdicted("whole", Verdict.PASS),))
    root = fromstring(of_run(run_of(judgement)))
    assert [(case.get("name"), len(case)) for case in root.iter("testcase")] == [("judged", 1), ("whole", 0)]
    assert next(root.iter("error")).get("message") == "no expectation was judged"


@pytest.mark.parametrize(
    "title",
    [
        "</testsuite><x>",
        "a & b",
        "\x00\x01\x1b[31m",
        "]]>",
        "\ud83d\udc40".encode("utf-16", "surrogatepass").decode("utf-16"),
    ],
)
def test_any_text_makes_readable_xml(title):
    judgement = VariantJudgement("only", Verdict.FAIL, (verdicted(title, Verdict.FAIL, [Evidence(title)]),))
    root = fromstring(of_run(run_of(judgement, title=title)))
    shown = "".join(character if character >= " " else "?" for character in title)
    assert next(root.iter("testcase")).get("name") == shown
    assert f"- {shown}" in next(root.iter("failure")).text
