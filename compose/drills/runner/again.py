"""Judging and reporting a run that is over, from its folder alone."""

from pathlib import Path

from compose.drills.report.write import write_report
from compose.drills.run_folder import RunFolder
from compose.drills.runner.run import Ran, judged
from compose.drills.scenario.load import LoadedDrill, loaded
from compose.drills.scenario.source import parse_source
from shared.errors import EXIT_INTERRUPTED, OperatorError


def report_again(path: Path) -> Ran:
    """Raises OperatorError for a folder that is no run, or whose files cannot be read."""
    folder = RunFolder(path)
    facts = folder.facts()
    drill = _drill_of(folder)
    judgement = judged(drill, folder)
    folder.write_judgement(judgement)
    code = EXIT_INTERRUPTED if facts.was_interrupted else judgement.verdict.exit_code
    folder.write_facts(facts.model_copy(update={"exit_code": code}))
    write_report(path)
    return Ran(folder, judgement, code, facts.command)


def _drill_of(folder: RunFolder) -> LoadedDrill:
    """As it was run: the file beside the run, with the values that were set."""
    path = folder.path / "drill.yaml"
    facts = folder.facts()
    settings = dict(facts.settings) | {"seed": str(facts.seed)}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path} cannot be read, so the run cannot be judged again: {error}") from error
    return loaded(parse_source(text, path), settings=settings)
