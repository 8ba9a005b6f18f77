"""The one door to the report: a run's folder in, its report files beside it out."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from compose.drills.report import junit, markdown, page, result, several
from compose.drills.report.run import read_run
from compose.drills.report.several import Overview

HTML, JUNIT, JSON, MARKDOWN = "report.html", "junit.xml", "result.json", "summary.md"


def write_report(run_folder: Path) -> None:
    """Writes `report.html`, `junit.xml`, `result.json` and `summary.md`, replacing earlier ones. May be called for any
    run at any time, also one that was cut off or never judged; the same folder gives the same bytes.

    Raises OperatorError for a folder that is no run, or whose files cannot be read.
    """
    run = read_run(run_folder)
    variants = page.variants_of(run)
    _replace(run_folder / JUNIT, junit.of_run(run))
    _replace(run_folder / JSON, result.as_json(run, variants))
    _replace(run_folder / MARKDOWN, markdown.of_run(run, variants))
    _replace(run_folder / HTML, page.render(run, variants))


def write_summary(run_folders: Sequence[Path], into: Path, lost: Mapping[str, str] | None = None) -> Overview:
    """Of several runs: one `junit.xml` and one `summary.md` in the folder `into`, and what to print. A folder that
    cannot be read is a line of its own and leaves the whole unknown; so is each drill that was `lost`, by name and why:
    it could not be run."""
    overview = several.look_at(run_folders, lost)
    into.mkdir(parents=True, exist_ok=True)
    _replace(into / JUNIT, overview.junit)
    _replace(into / MARKDOWN, overview.markdown)
    return overview


def _replace(path: Path, text: str) -> None:
    """Whole or not at all, so that nobody reads half a report."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8", newline="\n")
    os.replace(draft, path)
