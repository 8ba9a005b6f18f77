"""Several runs together."""

from defusedxml.ElementTree import fromstring

from compose.drills.report.write import JUNIT, MARKDOWN, write_summary
from compose.drills.verdict import Verdict
from tests.support.sample_run import Sample


def test_all_runs_stand_in_one_junit_file_and_one_table(tmp_path):
    """With one verdict: unknown as soon as one is."""
    folders = [
        Sample(title="First").write(tmp_path / "a").path,
        Sample(title="Second", invalidate=False).write(tmp_path / "b").path,
    ]
    overview = write_summary(folders, tmp_path / "all")
    assert [(row.title, row.verdict) for row in overview.rows] == [("First", Verdict.PASS), ("Second", Verdict.UNKNOWN)]
    assert overview.verdict is Verdict.UNKNOWN
    root = fromstring((tmp_path / "all" / JUNIT).read_text())
    assert [suite.get("name") for suite in root] == [
        "First [before]",
        "First [after]",
        "Second [before]",
        "Second [after]",
    ]
    table = (tmp_path / "all" / MARKDOWN).read_text()
    assert table.startswith("## Drills: 1 pass, 0 fail, 1 unknown")
    assert "`dcsim drill run stolen-password --seed 4711`" in table


def test_a_command_in_the_table_can_be_copied(tmp_path):
    """Nothing in it is escaped, as nothing in it is read as Markdown."""
    run = Sample(people=["alice"]).write(tmp_path / "a")
    run.write_facts(run.facts().model_copy(update={"command": "dcsim drill run my_drill.yaml"}))
    assert "| `dcsim drill run my_drill.yaml` |" in write_summary([run.path], tmp_path / "all").markdown


def test_a_folder_that_cannot_be_read_is_a_line_and_an_error(tmp_path):
    """It hides none of the others."""
    (tmp_path / "broken").mkdir()
    good = Sample(people=["alice"]).write(tmp_path / "good").path
    overview = write_summary([tmp_path / "broken", good], tmp_path / "all")
    assert overview.rows[0].verdict is Verdict.UNKNOWN
    assert "it has no readable run.json" in overview.rows[0].answer
    assert fromstring(overview.junit).get("errors") == "1"


def test_no_run_at_all_is_unknown(tmp_path):
    assert write_summary([], tmp_path / "all").verdict is Verdict.UNKNOWN
