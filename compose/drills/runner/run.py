"""A whole run: every variant of a drill, then the judgement and the report, in one folder."""

import asyncio
import secrets
import shlex
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml

from compose.cluster.ground import Ground, Hurry, open_ground
from compose.cluster.processes import UnexpectedExit
from compose.cluster.where import Where
from compose.drills.history.history import History
from compose.drills.history.journal import read_journal
from compose.drills.judging import judge_run
from compose.drills.judging.judgement import Judgement
from compose.drills.report.write import write_report
from compose.drills.run_folder import RunFacts, RunFolder
from compose.drills.runner.live import View
from compose.drills.runner.variant import VariantRun, run_variant
from compose.drills.scenario.load import LoadedDrill
from shared.errors import EXIT_INTERRUPTED, HarnessError, OperatorError
from shared.program_version import program_version

RUNS = Path("dcsim-runs")


@dataclass(frozen=True)
class RunOptions:
    """How to run, as the command line was given. `arguments` are those that repeat the run."""

    on: Where = Where.PROCESSES
    runs: Path = RUNS
    postgres_url: str | None = None
    redis_url: str | None = None
    arguments: Sequence[str] = ()


@dataclass(frozen=True)
class Ran:
    """A run that is over: where it is, and what was found. `exit_code` is 130 for one that was interrupted."""

    folder: RunFolder
    judgement: Judgement
    exit_code: int
    command: str

    @property
    def was_interrupted(self) -> bool:
        return self.exit_code == EXIT_INTERRUPTED


@dataclass(frozen=True)
class DrillGround:
    """Stores and places for clusters, warm for as many drills as are run on it, and what ended there unasked."""

    ground: Ground
    ends: list[UnexpectedExit]


@asynccontextmanager
async def open_drill_ground(
    options: RunOptions, *, say: Callable[[str], None], hurry: Hurry
) -> AsyncIterator[DrillGround]:
    """For the length of the block. Errors as in `open_ground`."""
    ends: list[UnexpectedExit] = []
    async with open_ground(
        options.on,
        on_exit=ends.append,
        say=say,
        hurry=hurry,
        postgres_url=options.postgres_url,
        redis_url=options.redis_url,
    ) as ground:
        yield DrillGround(ground, ends)


async def run_drill(loaded: LoadedDrill, ground: DrillGround, options: RunOptions, view: View) -> Ran:
    """Runs, judges and reports. When it is cancelled, what there is is judged and reported all the same, faults are
    healed, and the result says that it was interrupted.

    Raises OperatorError for a drill that asks for what there is not, HarnessError when a cluster does not come up.
    """
    command = repeat_command(loaded, options)
    folder = _new_folder(loaded, options.runs)
    facts = _facts(loaded, folder, command)
    folder.write_facts(facts)
    (folder.path / "drill.yaml").write_text(loaded.source.text, encoding="utf-8")
    interrupted = False
    try:
        for name, drill in loaded.variants.items():
            view.begin(drill, name)
            run = VariantRun(
                name, drill, folder.path.name, loaded.source.path, folder.path / name, str(options.on), command
            )
            await run_variant(run, ground.ground, ends=ground.ends, watchers=[view.watch])
    except asyncio.CancelledError:
        interrupted = True
    judgement = await asyncio.to_thread(judged, loaded, folder)
    code = EXIT_INTERRUPTED if interrupted else judgement.verdict.exit_code
    folder.write_judgement(judgement)
    folder.write_facts(facts.model_copy(update={"exit_code": code}))
    await asyncio.to_thread(write_report, folder.path)
    return Ran(folder, judgement, code, command)


def judged(loaded: LoadedDrill, folder: RunFolder) -> Judgement:
    """From the files alone, as it can be done again at any time."""
    histories = {
        name: History(read_journal(folder.history_file(name)))
        for name in loaded.variants
        if folder.history_file(name).exists()
    }
    return judge_run(loaded.variants, histories)


def repeat_command(loaded: LoadedDrill, options: RunOptions) -> str:
    return shlex.join(["dcsim", "drill", "run", *options.arguments, "--seed", str(loaded.seed)])


def _facts(loaded: LoadedDrill, folder: RunFolder, command: str) -> RunFacts:
    drill = loaded.drill
    return RunFacts(
        run=folder.path.name,
        title=drill.title,
        question=" ".join(drill.question.split()),
        teaches=" ".join(drill.teaches.split()),
        theme=str(drill.theme),
        drill=yaml.safe_dump(drill.model_dump(mode="json", by_alias=True, exclude_none=True), sort_keys=False),
        seed=loaded.seed,
        settings=loaded.settings,
        version=program_version(),
        command=command,
        variants=list(loaded.variants),
        answer=drill.report.answer,
    )


def _new_folder(loaded: LoadedDrill, runs: Path) -> RunFolder:
    """Raises OperatorError when it cannot be made."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    path = runs / f"{stamp}-{loaded.name}-{secrets.token_hex(2)}"
    try:
        path.mkdir(parents=True)
    except OSError as error:
        raise OperatorError(
            f"{path} cannot be made for the run's files: {error}; choose another place with --runs"
        ) from error
    if shutil.disk_usage(path).free < 50 * 2**20:
        raise HarnessError(f"less than 50 MiB are free where {path} is; a run needs room for its history and logs")
    return RunFolder(path)
