"""The history on disk: one JSON object a line, appended as things happen, so that a killed run leaves what it saw."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, TextIO

from pydantic import Discriminator, Tag, TypeAdapter, ValidationError

from compose.drills.history.records import (
    ClockChange,
    ClockReading,
    Closed,
    Completion,
    FaultChange,
    Invoke,
    Mark,
    NodeChange,
    Opened,
    Reading,
    Receipt,
    Record,
    Said,
)
from shared.errors import OperatorError

KINDS: dict[str, type[Record]] = {
    "opened": Opened,
    "invoke": Invoke,
    "completion": Completion,
    "receipt": Receipt,
    "fault": FaultChange,
    "node": NodeChange,
    "clock": ClockChange,
    "clock-reading": ClockReading,
    "mark": Mark,
    "reading": Reading,
    "said": Said,
    "closed": Closed,
}
_KIND_OF = {kind: name for name, kind in KINDS.items()}
_ADAPTERS: dict[str, TypeAdapter[Any]] = {name: TypeAdapter(kind) for name, kind in KINDS.items()}


def _kind(value: Any) -> str:
    return str(value.get("type", "")) if isinstance(value, dict) else _KIND_OF[type(value)]


class Journal:
    """Appends records to a file. `records` are those written so far, for whoever judges in the same process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: list[Record] = []
        self._file: TextIO = path.open("x", encoding="utf-8")

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def write(self, record: Record) -> None:
        self.records.append(record)
        self._file.write(as_line(record))

    def flush(self) -> None:
        self._file.flush()


def as_line(record: Record) -> str:
    name = _KIND_OF[type(record)]
    body = _ADAPTERS[name].dump_json(record, exclude_defaults=True).decode()
    return f'{{"type":"{name}",{body[1:]}\n'


def read_journal(path: Path) -> list[Record]:
    """Raises OperatorError for a file that is no history; a last line that was cut off is left out."""
    try:
        with path.open(encoding="utf-8") as file:
            return list(_records(file, path))
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path} cannot be read as a history: {error}") from error


def _records(file: TextIO, path: Path) -> Iterator[Record]:
    for number, line in enumerate(file, start=1):
        if not line.endswith("\n"):
            return
        try:
            yield _LINE.validate_json(line)
        except ValidationError as error:
            what = error.errors(include_url=False)[0]["msg"]
            raise OperatorError(f"{path}, line {number}, is no record of a history: {what}") from error


_LINE: TypeAdapter[Record] = TypeAdapter(
    Annotated[
        Annotated[Opened, Tag("opened")]
        | Annotated[Invoke, Tag("invoke")]
        | Annotated[Completion, Tag("completion")]
        | Annotated[Receipt, Tag("receipt")]
        | Annotated[FaultChange, Tag("fault")]
        | Annotated[NodeChange, Tag("node")]
        | Annotated[ClockChange, Tag("clock")]
        | Annotated[ClockReading, Tag("clock-reading")]
        | Annotated[Mark, Tag("mark")]
        | Annotated[Reading, Tag("reading")]
        | Annotated[Said, Tag("said")]
        | Annotated[Closed, Tag("closed")],
        Discriminator(_kind),
    ]
)
