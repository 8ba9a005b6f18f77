"""`result.json`, for programs that rely on its keys."""

import json

from compose.drills.report.page import variants_of
from compose.drills.report.result import as_json
from compose.drills.report.run import read_run
from tests.support.sample_run import Sample

TOP = "format run title question answer teaches theme verdict exit_code problems seed version command variants divergences"
VARIANT = (
    "name verdict complete expectations thresholds guards metrics logouts people requests policy_time nodes delivery"
    " switches"
)
VERDICTED = "id sentence because window verdict as_found demonstrates summary checked evidence evidence_total measures"


def test_the_keys_are_those_that_are_documented(tmp_path):
    Sample().write(tmp_path / "run")
    run = read_run(tmp_path / "run")
    result = json.loads(as_json(run, variants_of(run)))
    assert list(result) == TOP.split()
    assert list(result["variants"][0]) == VARIANT.split()
    assert list(result["variants"][0]["expectations"][0]) == VERDICTED.split()
    assert result["format"] == 1


def test_it_says_in_numbers_what_the_page_shows(tmp_path):
    """The victim is wrongly in before 9.11 and thrown out after, and that is where the twins part."""
    Sample().write(tmp_path / "run")
    run = read_run(tmp_path / "run")
    result = json.loads(as_json(run, variants_of(run)))
    before, after = result["variants"]
    assert (before["people"]["wrongly-in"], after["people"]["wrongly-in"]) == (1, 0)
    assert sum(before["people"].values()) == 40
    assert before["policy_time"] == {"jumps": 2, "skipped_ms": 880_000}
    assert before["metrics"]["stale-window-max"] == {"value": 880_000.0, "unit": "policy ms"}
    (parted,) = result["divergences"]
    assert (parted["user"], parted["left_outcome"], parted["right_outcome"]) == (
        "user-000",
        "wrongly let in",
        "thrown out",
    )
