"""`dcsim drill`: list, show, lint, run and report. What each does is in `drill_text`, `drill_run` and below."""

from pathlib import Path
from typing import Annotated

import typer

from compose.cluster.where import Where

drill_app = typer.Typer(
    no_args_is_help=True, help="Break a cluster on purpose, and get a verdict with the operations that prove it."
)

Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A variable of the drill, or any value by its path."),
]
Seed = Annotated[int | None, typer.Option(help="What everything that is left to chance is drawn from.")]
Nodes = Annotated[int | None, typer.Option(help="Nodes of the cluster, instead of what the drill says.")]
Which = Annotated[str, typer.Argument(metavar="DRILL", help="A name or number from the list, or a file of yours.")]


@drill_app.command("list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """List the drills that come with dcsim, each with the question it answers."""
    import json

    from compose.cli import flags
    from compose.cli.drill_text import catalog_data, catalog_table
    from compose.drills.catalog import catalog
    from compose.drills.scenario.load import load_drill

    drills = [load_drill(path) for path in catalog().values()]
    if as_json:
        print(json.dumps(catalog_data(drills)))
    else:
        flags.console().print(catalog_table(drills))


@drill_app.command("show")
def show_command(drill: Which, settings: Set = None, seed: Seed = None, nodes: Nodes = None) -> None:
    """Say what a drill would do, targets drawn, without doing it."""
    from compose.cli import flags
    from compose.cli.drill_text import drill_plan
    from compose.drills.scenario.check import require_good

    loaded = _load(drill, settings, seed, nodes)
    require_good(loaded)
    flags.console().print(drill_plan(loaded))


@drill_app.command("lint")
def lint_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Drill files.")],
    settings: Set = None,
) -> None:
    """Say what is wrong with drill files: line, what was found, and the nearest right word. Exit 0 or 2."""
    import sys

    from compose.cli.flags import pairs
    from compose.drills.catalog import find_drill
    from compose.drills.scenario.check import require_good
    from compose.drills.scenario.load import load_drill
    from shared.errors import EXIT_USAGE, OperatorError

    bad = 0
    for file in files:
        try:
            require_good(load_drill(find_drill(str(file)), settings=pairs(settings or (), flag="--set")))
        except OperatorError as error:
            bad += 1
            print(f"error: {error}", file=sys.stderr)
        else:
            print(f"{file}: good")
    if bad:
        raise typer.Exit(EXIT_USAGE)


@drill_app.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of drill files, for editors that complete and check while one writes."""
    from compose.drills.scenario.schema import schema_text

    print(schema_text(), end="")


@drill_app.command("words")
def words_command() -> None:
    """Print the words a drill may use: faults, probes, checkers, metrics and the like, with their meanings."""
    from compose.drills.vocabulary import vocabulary_text

    print(vocabulary_text(), end="")


@drill_app.command("run")
def run_command(
    drill: Annotated[
        list[str], typer.Argument(metavar="DRILL...", help="Names or numbers from the list, files of yours, or all.")
    ],
    settings: Set = None,
    seed: Seed = None,
    nodes: Nodes = None,
    on: Annotated[Where, typer.Option(help="Where nodes run.")] = Where.PROCESSES,
    runs: Annotated[Path, typer.Option(help="Where the folder of the run is made.")] = Path("dcsim-runs"),
    junit: Annotated[Path | None, typer.Option(help="Write one JUnit file for everything that was run here.")] = None,
    postgres_url: Annotated[str | None, typer.Option(help="Use this Postgres. Default: a private one.")] = None,
    redis_url: Annotated[str | None, typer.Option(help="Use this Redis or Valkey. Default: a private one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as one JSON array.")] = False,
) -> None:
    """Run drills. Exit 0 pass, 1 fail, 3 unknown, 4 the harness broke, 130 interrupted."""
    from compose.cli.drill_run import Order, run_drills
    from compose.drills.catalog import catalog
    from compose.drills.runner.run import RunOptions
    from compose.drills.scenario.check import require_good

    names = list(catalog()) if drill == ["all"] else drill
    loaded = [_load(name, settings, seed, nodes) for name in names]
    for one in loaded:
        require_good(one)
    given = [flag for text in settings or () for flag in ("--set", text)]
    given += [] if nodes is None else ["--nodes", str(nodes)]
    given += [] if on is Where.PROCESSES else ["--on", str(on)]
    orders = [
        Order(
            one, RunOptions(on=on, runs=runs, postgres_url=postgres_url, redis_url=redis_url, arguments=(name, *given))
        )
        for name, one in zip(names, loaded, strict=True)
    ]
    raise typer.Exit(run_drills(orders, junit=junit, as_json=as_json))


@drill_app.command("report")
def report_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
) -> None:
    """Judge a run again from what it recorded, and write its report again."""
    from compose.cli import flags
    from compose.cli.drill_text import outcome_text
    from compose.drills.runner.again import report_again

    ran = report_again(run)
    flags.console().print(outcome_text(ran))
    raise typer.Exit(ran.exit_code)


def _load(drill: str, settings: list[str] | None, seed: int | None, nodes: int | None):  # type: ignore[no-untyped-def]
    from compose.cli.flags import pairs
    from compose.drills.catalog import find_drill
    from compose.drills.scenario.load import load_drill

    chosen = pairs(settings or (), flag="--set")
    if seed is not None:
        chosen["seed"] = str(seed)
    if nodes is not None:
        chosen["cluster.nodes.count"] = str(nodes)
    return load_drill(find_drill(drill), settings=chosen)
