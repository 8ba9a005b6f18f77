"""The matrix for people (a rich table with its evidence) and for programs (JSON)."""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from compose.durations import in_words
from compose.matrix.result import CellResult, Clock, MatrixResult, Observation
from shared.actions import MATRIX_ACTIONS, Cell, Reach
from shared.settings import Delivery, Switches
from shared.versions import Version

_MARKS = {Cell.YES: ("yes", "green"), Cell.NO: ("no", "yellow"), Cell.NOT_AVAILABLE: ("N/A", "dim")}


def as_json(result: MatrixResult, *, switches: Switches, delivery: Delivery) -> dict[str, Any]:
    """Everything that was measured; durations carry their unit in the name and their clock beside them."""
    return {
        "delivery": delivery,
        "switches": switches.model_dump(mode="json"),
        "cells": [_cell_json(cell) for cell in result.cells],
        "rest_end_session": [
            {
                "version": str(check.version),
                "caller": check.caller,
                "expected": check.expected,
                "measured": check.measured,
                "right": check.right,
            }
            for check in result.statuses
        ],
        "right": result.exit_code == 0,
    }


def as_table(result: MatrixResult, versions: list[Version]) -> RenderableType:
    """The table as Atlassian prints it; a cell that was measured otherwise than the table says is marked WRONG."""
    table = Table(title="Are the user's sessions ended at once?", title_justify="left", show_lines=False)
    table.add_column("Action")
    for version in versions:
        for reach in Reach:
            table.add_column(f"{version}\n{reach}", justify="center")
    for action in MATRIX_ACTIONS:
        cells = [result.cell(action, version, reach) for version in versions for reach in Reach]
        table.add_row(action.sentence, *(_mark(cell) for cell in cells))
    return Group(table, _score(result), Text(), _evidence(result, versions))


def conditions(*, switches: Switches, delivery: Delivery) -> Text:
    """The model under which it was measured: what Atlassian does not document is a switch, and every report says so."""
    chosen = ", ".join(f"{name}={_plain(value)}" for name, value in switches.model_dump(mode="json").items())
    return Text(f"Delivery from 9.11 on: {delivery}. Model switches: {chosen}.", "dim")


def _plain(value: object) -> str:
    return str(value).lower()


def _mark(cell: CellResult) -> Text:
    word, style = _MARKS[cell.measured]
    return Text(word, style) if cell.right else Text(f"{word} WRONG", "bold white on red")


def _score(result: MatrixResult) -> Text:
    right = sum(cell.right for cell in result.cells)
    statuses = sum(check.right for check in result.statuses)
    style = "green" if result.exit_code == 0 else "bold red"
    return Text(
        f"{right} of {len(result.cells)} cells as documented; "
        f"{statuses} of {len(result.statuses)} answers of DELETE user/session as documented",
        style,
    )


def _evidence(result: MatrixResult, versions: list[Version]) -> Table:
    """One row for each cell: its nodes, and the slowest of them."""
    table = Table(title="Measured", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in ("Version", "Action", "Nodes", "Web session refused", "Remember-me cookie"):
        table.add_column(heading)
    for version in versions:
        for action in MATRIX_ACTIONS:
            for reach in Reach:
                cell = result.cell(action, version, reach)
                if cell.observations:
                    table.add_row(str(version), str(action), *_summary(cell))
                elif reach is Reach.LOCAL:
                    table.add_row(str(version), str(action), "", f"not available (status {cell.status})", "")
    return table


def _summary(cell: CellResult) -> tuple[str, str, str]:
    slowest = max(cell.observations, key=_lateness)
    walked_in = [observation.node for observation in cell.observations if observation.remember_me_walks_in]
    return (
        ", ".join(observation.node for observation in cell.observations) + f" ({cell.reach})",
        refusal(slowest),
        f"walks back in on {', '.join(walked_in)}" if walked_in else "refused",
    )


def _lateness(observation: Observation) -> tuple[bool, bool, float]:
    return observation.after_ms is None, observation.clock is Clock.POLICY, observation.after_ms or 0.0


def refusal(observation: Observation) -> str:
    """When a node refused, and on which clock: "after 3 ms (real)"."""
    if observation.after_ms is None:
        return f"still accepted after {in_words(observation.accepted_until_ms)} (policy)"
    if observation.clock is Clock.REAL:
        return f"after {observation.after_ms:.0f} ms (real)"
    still_in = in_words(observation.accepted_until_ms)
    return f"after {in_words(int(observation.after_ms))} (policy), still in at {still_in}"


def _cell_json(cell: CellResult) -> dict[str, Any]:
    return {
        "action": cell.action,
        "version": str(cell.version),
        "reach": cell.reach,
        "expected": cell.expected,
        "measured": cell.measured,
        "right": cell.right,
        "status": cell.status,
        "evidence": [
            {
                "node": observation.node,
                "refused_after_ms": None if observation.after_ms is None else round(observation.after_ms, 1),
                "clock": observation.clock,
                "accepted_until_policy_ms": observation.accepted_until_ms,
                "session_ended": observation.session_ended,
                "remember_me_walks_in": observation.remember_me_walks_in,
            }
            for observation in cell.observations
        ],
    }
