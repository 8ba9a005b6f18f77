"""A run as it goes, for people: one screen on a terminal, plain lines in a pipe. Both are fed with the records."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from compose.drills.history.history import Operation
from compose.drills.history.records import (
    ClockChange,
    Completion,
    FaultChange,
    FaultPhase,
    Invoke,
    Mark,
    NodeChange,
    Opened,
    Record,
    Said,
)
from compose.drills.runner.so_far import VerdictSoFar
from compose.drills.scenario.drill import Drill
from compose.durations import in_words
from shared.contract import KnownVia

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

PHASES = ("setup", "baseline", "method", "rollback", "end")


class Tally:
    """What became of each person so far, by what the latest answer said of him."""

    def __init__(self) -> None:
        self._invokes: dict[int, Invoke] = {}
        self._state: dict[str, str] = {}
        self.requests = 0
        self.failed = 0
        self.thrown_out = 0
        self.silent = 0
        self.phase = "starting"
        self.step = ""
        self.faults: dict[str, str] = {}
        self.nodes: dict[str, str] = {}
        self.real_ms = 0
        self.passed_ms = 0
        self._began_ms = 0

    def see(self, record: Record) -> None:
        self.real_ms = record.real_ns // 1_000_000
        self.passed_ms = record.policy_ms - self._began_ms if self._began_ms else 0
        match record:
            case Opened():
                self._began_ms, self.passed_ms = record.policy_ms, 0
            case Invoke():
                self._invokes[record.op] = record
            case Completion():
                self._completed(record)
            case Mark() if record.name in PHASES:
                self.phase, self.step = record.name, ""
            case Mark() if not record.name.endswith(":end"):
                self.step = record.name
            case FaultChange():
                if record.phase is FaultPhase.HEALED:
                    self.faults.pop(record.fault, None)
                else:
                    self.faults[record.fault] = f"{record.kind} on {record.target}"
            case NodeChange():
                self.nodes[record.node] = f"{record.version} {record.condition}"

    @property
    def states(self) -> Counter[str]:
        return Counter(self._state.values())

    def _completed(self, record: Completion) -> None:
        invoke = self._invokes.pop(record.op, None)
        if invoke is None:
            return
        operation = Operation(invoke, record)
        self.requests += 1
        if operation.is_failed:
            self.failed += 1
            self._state[operation.user] = "unserved"
        elif operation.is_asked_to_log_in:
            self.thrown_out += 1
            self._state[operation.user] = "thrown out"
        elif record.known_via is KnownVia.REMEMBER_ME:
            self.silent += 1
            self._state[operation.user] = "in"
        elif record.username is not None:
            self._state[operation.user] = "in"
        else:
            self._state[operation.user] = "out"


class View(Protocol):
    """Shows runs. `watch` is told every record of the variant that was begun last."""

    def begin(self, drill: Drill, variant: str) -> None: ...

    def watch(self, record: Record) -> None: ...

    def note(self, text: str) -> None: ...


class PlainView:
    """One line for what a reader of a log wants to know: phases, steps, faults, problems."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._tally = Tally()

    def begin(self, drill: Drill, variant: str) -> None:
        self._tally = Tally()
        self.note(f"{drill.title} [{variant}]")

    def watch(self, record: Record) -> None:
        self._tally.see(record)
        text = words_of(record)
        if text is not None:
            self.note(f"{self._tally.real_ms / 1000:7.1f} s  {text}")

    def note(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)


class LiveView:
    """The same lines above a panel that moves."""

    def __init__(self, console: "Console") -> None:
        from rich.live import Live

        self._plain = PlainView(console)
        self._title = ""
        self._tally = Tally()
        self._so_far = VerdictSoFar()
        self.live = Live(console=console, refresh_per_second=8, transient=True, get_renderable=self._panel)

    def __enter__(self) -> "LiveView":
        self._so_far.start()
        self.live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.live.stop()
        self._so_far.stop()

    def begin(self, drill: Drill, variant: str) -> None:
        self._title, self._tally = f"{drill.title} [{variant}]", Tally()
        self._so_far.begin(drill, variant)
        self._plain.begin(drill, variant)

    def watch(self, record: Record) -> None:
        self._tally.see(record)
        self._so_far.watch(record)
        self._plain.watch(record)

    def note(self, text: str) -> None:
        self._plain.note(text)

    def _panel(self) -> "RenderableType":
        from rich.panel import Panel
        from rich.table import Table
        from rich.text import Text

        tally = self._tally
        grid = Table.grid(padding=(0, 2))
        grid.add_row("phase", f"{tally.phase}  {tally.step}")
        grid.add_row("time", f"{tally.real_ms / 1000:.1f} s (real)   {in_words(tally.passed_ms)} (policy) passed")
        people = ", ".join(f"{count} {state}" for state, count in sorted(tally.states.items())) or "nobody yet"
        grid.add_row("people", people)
        logins = f"{tally.thrown_out} thrown out, {tally.silent} silent logins"
        grid.add_row("so far", f"{tally.requests} requests, {tally.failed} failed, {logins}")
        grid.add_row("nodes", ", ".join(f"{node} {words}" for node, words in tally.nodes.items()))
        grid.add_row("faults", ", ".join(tally.faults.values()) or "none")
        grid.add_row("verdict so far", self._so_far.words)
        return Panel(grid, title=Text(self._title), title_align="left")


def words_of(record: Record) -> str | None:
    """A record as a line for people, if it is one they follow a run by."""
    match record:
        case Mark() if not record.name.endswith(":end"):
            return f"== {record.name}" if record.name in PHASES else f"-- {record.name}"
        case Said():
            return f"!! {record.text}" if record.is_problem else record.text
        case FaultChange():
            hits = "" if record.hits is None else f", struck {record.hits} times"
            detail = f": {record.detail}" if record.detail else ""
            return f"fault {record.fault} ({record.kind} on {record.target}) {record.phase}{hits}{detail}"
        case NodeChange() if record.cause != "start":
            return f"{record.node} is {record.condition}, Jira {record.version}"
        case ClockChange() if record.policy_ms - record.before_ms >= 3_600_000:
            return f"policy time jumps by {in_words(record.policy_ms - record.before_ms)}"
    return None


@contextmanager
def view_of_run(console: "Console") -> Iterator[View]:
    """A moving screen on a terminal, plain lines otherwise."""
    if not console.is_terminal:
        yield PlainView(console)
        return
    with LiveView(console) as view:
        yield view
