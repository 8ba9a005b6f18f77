"""Several runs together, as `dcsim drill run all` ends: one table, one JUnit file, one verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from junitparser import TestSuite

from compose.drills.report import junit
from compose.drills.report.markdown import SIGNS, code, plain, sign_of
from compose.drills.report.run import Run, read_run
from compose.drills.verdict import Verdict
from shared.errors import OperatorError


@dataclass(frozen=True, slots=True)
class Row:
    """One run; `sign` is its verdict as Markdown has it. `answer` says what is wrong with a folder that cannot be
    read; one without a folder was not run."""

    title: str
    verdict: Verdict
    sign: str
    answer: str
    lasted_s: float
    command: str
    folder: Path | None


@dataclass(frozen=True)
class Overview:
    rows: tuple[Row, ...]
    junit: str
    markdown: str

    @property
    def verdict(self) -> Verdict:
        """Unknown without any run."""
        return Verdict.of(*(row.verdict for row in self.rows))


def look_at(run_folders: Sequence[Path], lost: Mapping[str, str] | None = None) -> Overview:
    """`lost` are the drills that could not be run, by name, and why."""
    rows: list[Row] = []
    suites: list[TestSuite] = []
    for folder in run_folders:
        try:
            run = read_run(folder)
        except OperatorError as error:
            rows.append(_lost(folder.name, str(error), folder))
            suites.append(junit.lost_suite(folder.name, str(error)))
        else:
            rows.append(_row(run, folder))
            suites += junit.suites_of(run)
    for name, why in (lost or {}).items():
        rows.append(_lost(name, why, None))
        suites.append(junit.lost_suite(name, why))
    return Overview(tuple(rows), junit.as_text(suites), _markdown(rows))


def _lost(name: str, why: str, folder: Path | None) -> Row:
    return Row(name, Verdict.UNKNOWN, SIGNS[Verdict.UNKNOWN], why, 0.0, "", folder)


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
        command = code(row.command) if row.command else ""
        lines.append(f"| {row.sign} | {plain(row.title)} | {plain(row.answer)} | {row.lasted_s:.1f} s | {command} |")
    return "\n".join(lines) + "\n"
