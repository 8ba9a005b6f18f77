"""Several runs together, as `dcsim drill run all` ends: one table, one JUnit file, one verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from junitparser import TestSuite

from compose.drills.report import junit
from compose.drills.report.markdown import SIGNS, plain, sign_of
from compose.drills.report.run import Run, read_run
from compose.drills.verdict import Verdict
from shared.errors import OperatorError


@dataclass(frozen=True, slots=True)
class Row:
    """One run; `sign` is its verdict as Markdown has it. `answer` says what is wrong with a folder that cannot be
    read."""

    title: str
    verdict: Verdict
    sign: str
    answer: str
    lasted_s: float
    command: str
    folder: Path


@dataclass(frozen=True)
class Overview:
    rows: tuple[Row, ...]
    junit: str
    markdown: str

    @property
    def verdict(self) -> Verdict:
        """Unknown without any run."""
        return Verdict.of(*(row.verdict for row in self.rows))


def look_at(run_folders: Sequence[Path]) -> Overview:
    rows: list[Row] = []
    suites: list[TestSuite] = []
    for folder in run_folders:
        try:
            run = read_run(folder)
        except OperatorError as error:
            rows.append(Row(folder.name, Verdict.UNKNOWN, SIGNS[Verdict.UNKNOWN], str(error), 0.0, "", folder))
            suites.append(junit.lost_suite(folder.name, str(error)))
        else:
            rows.append(_row(run, folder))
            suites += junit.suites_of(run)
    return Overview(tuple(rows), junit.as_text(suites), _markdown(rows))


def _row(run: Run, folder: Path) -> Row:
    lasted_s = sum(variant.history.ends_ns for variant in run.variants) / 1e9
    return Row(run.facts.title, run.judgement.verdict, sign_of(run), run.answer, lasted_s, run.facts.command, folder)


def _markdown(rows: Sequence[Row]) -> str:
    counts = ", ".join(f"{sum(row.verdict is verdict for row in rows)} {verdict}" for verdict in Verdict)
    lines = [
        f"## Drills: {counts}",
        "",
        "| Verdict | Drill | Answer | Real time | To repeat it |",
        "|---|---|---|---:|---|",
    ]
    for row in rows:
        command = f"`{plain(row.command)}`" if row.command else ""
        lines.append(f"| {row.sign} | {plain(row.title)} | {plain(row.answer)} | {row.lasted_s:.1f} s | {command} |")
    return "\n".join(lines) + "\n"
