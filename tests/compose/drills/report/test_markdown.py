"""`summary.md`: what stands in a comment of a review."""

import pytest

from compose.drills.report.markdown import code, code_block, of_run, plain
from compose.drills.report.page import variants_of
from compose.drills.report.run import read_run
from tests.support.sample_run import Sample


def test_it_has_question_answer_verdicts_people_and_the_command(tmp_path):
    Sample().write(tmp_path / "run")
    run = read_run(tmp_path / "run")
    lines = of_run(run, variants_of(run)).splitlines()
    assert lines[0] == "## 🔵 pass: Stolen password, one node deaf"
    assert any(line.startswith("> An admin resets a stolen password") for line in lines)
    assert "**14 min 40 s (policy) on node-2 before 9.11, nowhere after it.**" in lines
    assert "| 🔵 pass | before | no-stale-accept | 7 requests were let in (as this drill demonstrates) |" in lines
    assert any(line.startswith("| before | 1 | ") for line in lines)
    assert lines[-3:] == ["```sh", "dcsim drill run stolen-password --seed 4711", "```"]


def test_a_guard_is_shown_only_where_it_did_not_hold(tmp_path):
    Sample(interrupted_at_ms=9_000).write(tmp_path / "run")
    run = read_run(tmp_path / "run")
    assert "| 🔶 unknown | before | history-complete | the history was cut off |" in of_run(run, variants_of(run))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("dcsim drill run my_drill.yaml", "`dcsim drill run my_drill.yaml`"),
        ("dcsim drill run a|b", r"`dcsim drill run a\|b`"),
        ("dcsim drill run 'a`b'", "`` dcsim drill run 'a`b' ``"),
    ],
)
def test_a_command_in_a_table_can_be_copied(text, shown):
    assert code(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", r"a\|b"),
        ("<b>", r"\<b\>"),
        ("two\nlines", "two lines"),
        ("@everyone", "@\u200beveryone"),
        ("[x](y)", r"\[x\](y)"),
        ("see https://example.com", "see https\u200b://example.com"),
        ("p(95)<200", r"p(95)\<200"),
    ],
)
def test_text_is_shown_and_does_nothing(text, shown):
    """It is no cell of a table, no tag, no mention and no link."""
    assert plain(text) == shown


def test_a_fence_is_longer_than_any_in_the_command():
    assert code_block("echo ```").splitlines() == ["````sh", "echo ```", "````"]
