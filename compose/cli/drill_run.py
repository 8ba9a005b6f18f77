"""What `dcsim drill run` does around the runs: signals, the view, the last lines, the files for machines."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from compose.cli import flags
from compose.cli.drill_text import outcome_text, summary_table
from compose.cli.signals import Ending, listening
from compose.drills.report.several import look_at
from compose.drills.report.write import write_summary
from compose.drills.runner.live import view_of_run
from compose.drills.runner.run import Ran, RunOptions, open_drill_ground, run_drill
from compose.drills.scenario.load import LoadedDrill
from compose.drills.verdict import Verdict
from shared.errors import EXIT_BROKEN, EXIT_INTERRUPTED, HarnessError, OperatorError


@dataclass(frozen=True)
class Order:
    """One drill, and how to run it."""

    drill: LoadedDrill
    options: RunOptions


def run_drills(orders: Sequence[Order], *, junit: Path | None, as_json: bool) -> int:
    """Runs them one after the other. Returns the exit code of all together: 130 if somebody ended it, else 4 if one of
    several could not be run; with a single one its error is raised. Raises OperatorError, before anything is run, where
    `junit` could not be written."""
    said = Console(stderr=True) if as_json else flags.console()
    if junit is not None:
        _make_room_for(junit)
    ran: list[Ran] = []
    broken: dict[str, HarnessError] = {}
    interrupted = asyncio.run(_until_ended(orders, said, ran, broken))
    folders = [one.folder.path for one in ran]
    lost = {name: str(error) for name, error in broken.items()}
    if len(orders) > 1 and (ran or lost):
        write_summary(folders, orders[0].options.runs, lost)
    if junit is not None and (ran or lost):
        junit.write_text(look_at(folders, lost).junit, encoding="utf-8")
    if len(orders) == 1 and broken:
        raise next(iter(broken.values()))
    if as_json:
        sys.stdout.write(json.dumps([_data(one) for one in ran]) + "\n")
    elif len(orders) > 1 and ran:
        said.print(summary_table(ran))
        for one in ran:
            if one.judgement.verdict is not Verdict.PASS:
                said.print(f"again:  {one.command}", highlight=False, markup=False, soft_wrap=True)
    for name, words in lost.items():
        print(f"error: {name}: {words}", file=sys.stderr)
    if interrupted:
        return EXIT_INTERRUPTED
    if broken:
        return EXIT_BROKEN
    return Verdict.of(*(one.judgement.verdict for one in ran)).exit_code


def _make_room_for(junit: Path) -> None:
    try:
        junit.parent.mkdir(parents=True, exist_ok=True)
        writable = not junit.is_dir() and os.access(junit if junit.exists() else junit.parent, os.W_OK)
    except OSError as error:
        raise OperatorError(f"--junit {junit} cannot be written: {error.strerror}; give another file") from error
    if not writable:
        raise OperatorError(f"--junit {junit} cannot be written; give a file, in a directory of yours")


async def _until_ended(orders: Sequence[Order], said: Console, ran: list[Ran], broken: dict[str, HarnessError]) -> bool:
    """Was it interrupted? What has been run by then is in `ran`, the interrupted run included."""
    with listening() as ending:
        working = asyncio.create_task(_run_all(orders, said, ran, broken, ending))
        asked = asyncio.create_task(ending.asked.wait())
        await asyncio.wait({working, asked}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            working.cancel()
        asked.cancel()
        with suppress(asyncio.CancelledError):
            await working
        return ending.by is not None


async def _run_all(
    orders: Sequence[Order], said: Console, ran: list[Ran], broken: dict[str, HarnessError], ending: Ending
) -> None:
    """All on one ground: Postgres and Valkey start once. One that the harness cannot run does not keep the others from
    being run; after an interruption no further drill is begun."""
    with view_of_run(said) as view:

        def hurry(kill: Callable[[], None]) -> None:
            ending.hurry = kill

        async with open_drill_ground(orders[0].options, say=view.note, hurry=hurry) as ground:
            for order in orders:
                try:
                    one = await run_drill(order.drill, ground, order.options, view)
                except HarnessError as error:
                    broken[order.drill.name] = error
                    if len(orders) > 1:
                        view.note(f"!! {error}")
                    continue
                ran.append(one)
                view.note(outcome_text(one))
                if ending.by is not None:
                    return


def _data(one: Ran) -> dict[str, object]:
    return {
        "run": str(one.folder.path),
        "title": one.folder.facts().title,
        "verdict": one.judgement.verdict,
        "answer": one.judgement.answer,
        "exit_code": one.exit_code,
        "report": str(one.folder.path / "report.html"),
        "command": one.command,
    }
