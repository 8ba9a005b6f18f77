"""`dcsim clock`: reads and steers the policy time of a cluster that `dcsim up` runs in another terminal."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from compose.cli.which import Which

if TYPE_CHECKING:
    from compose.cluster.steering import Steered, Steering

clock_app = typer.Typer(help="Read and steer the policy time of a running cluster.")


@clock_app.command()
def show(cluster: Which = None) -> None:
    """Say what time it is for limits and expiries, and how fast it runs, in every process."""
    from compose.cli.clock_text import reading_text

    async def read(steering: "Steering") -> str:
        return reading_text(await steering.read())

    _steer(cluster, read)


@clock_app.command()
def step(
    by: Annotated[str | None, typer.Argument(help="How far, in policy time, such as 90s, 15m, 5h or 14d.")] = None,
    to: Annotated[str | None, typer.Option(help="Or to which instant, such as 2026-03-02T09:15:00Z.")] = None,
    cluster: Which = None,
) -> None:
    """Jump forward: whatever would have expired by then has expired."""
    from compose.durations import parse_instant_ms, parse_ms
    from shared.errors import OperatorError

    if (by is None) is (to is None):
        raise OperatorError("say either how far to step, such as 15m, or where to with --to")
    by_ms = None if by is None else parse_ms(by)
    to_ms = None if to is None else parse_instant_ms(to)
    _change(cluster, lambda steering: steering.step(by_ms=by_ms, to_ms=to_ms))


@clock_app.command("next")
def next_(cluster: Which = None) -> None:
    """Jump to the next moment at which somebody's session, Crowd entry or remember-me token ends."""
    from compose.cli.clock_text import next_text

    async def act(steering: "Steering") -> str:
        return next_text(*await steering.run_to_next())

    _steer(cluster, act)


@clock_app.command(context_settings={"ignore_unknown_options": True})
def skew(
    node: Annotated[str, typer.Argument(help="The process to put out of step, such as node-2.")],
    by: Annotated[str, typer.Argument(help="How far it is ahead, such as 7m, or behind, such as -7m; 0s ends it.")],
    cluster: Which = None,
) -> None:
    """Put one node's policy clock out of step with the cluster's, as a bad NTP server would."""
    from compose.cli.clock_text import reading_text
    from compose.durations import parse_ms

    skew_ms = -parse_ms(by[1:]) if by.startswith("-") else parse_ms(by.removeprefix("+"))

    async def act(steering: "Steering") -> str:
        return reading_text({node: await steering.skew(node, skew_ms)})

    _steer(cluster, act)


@clock_app.command()
def rate(
    per_second: Annotated[float, typer.Argument(help="Policy seconds per real second: 1 is real speed, at most 3600.")],
    cluster: Which = None,
) -> None:
    """Let policy time run faster or slower than real time."""
    _change(cluster, lambda steering: steering.rate(per_second))


@clock_app.command()
def pause(cluster: Which = None) -> None:
    """Stop policy time; nothing expires until it runs again."""
    _change(cluster, lambda steering: steering.pause())


@clock_app.command()
def resume(cluster: Which = None) -> None:
    """Let policy time run at real speed again."""
    _change(cluster, lambda steering: steering.resume())


def _change(cluster: str | None, change: "Callable[[Steering], Awaitable[Steered]]") -> None:
    from compose.cli.clock_text import steered_text

    async def act(steering: "Steering") -> str:
        return steered_text(await change(steering))

    _steer(cluster, act)


def _steer(cluster: str | None, act: "Callable[[Steering], Awaitable[str]]") -> None:
    """Finds the cluster, does the thing, prints what came of it."""
    import asyncio

    from compose.cluster.admin_client import open_admin_client
    from compose.cluster.running import find_running
    from compose.cluster.steering import Steering

    running = find_running(cluster)

    async def with_client() -> str:
        async with open_admin_client(running.admin_token) as client:
            return await act(Steering(client, lambda: running.operator_urls))

    typer.echo(asyncio.run(with_client()))
