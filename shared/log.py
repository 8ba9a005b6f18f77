"""Logging of every program: structlog, one JSON object a line on standard error; constant text, facts beside it.

A line is written when it is made and not later: what a process has said before it was killed can be read.
"""

import logging
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from io import FileIO
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict

from shared.json_text import to_json

METHODS = {
    "debug": "debug",
    "info": "info",
    "warning": "warning",
    "error": "error",
    "exception": "error",
    "critical": "critical",
}
"""What a logger can be asked for, and the level of the line that comes of it."""


def configure(*, level: str, **context: str) -> None:
    """Sets up this process's logging; `context` (such as node="node-1") stands in every line."""

    def foreign_line(logger: Any, method: str, event: EventDict) -> EventDict:
        line = structlog.processors.format_exc_info(logger, method, event)
        line.update(context, level=method, real_time=datetime.now(UTC))
        return line

    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[],
        wrapper_class=_logger_class(number, context),
        logger_factory=lambda *_: _unbuffered(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=_as_text, foreign_pre_chain=[foreign_line]),
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)


def _unbuffered(stream: TextIO) -> Callable[[bytes], None]:
    """Writes a line to where the stream does, at once, and in one system call if the system takes it whole, so that
    lines of several programs on one pipe do not mix (up to PIPE_BUF bytes, which all but tracebacks are). What does not
    fit into a pipe that may not block is lost."""
    write = FileIO(stream.fileno(), "wb", closefd=False).write

    def write_all(line: bytes) -> None:
        while line and (written := write(line)):
            line = line[written:]

    return write_all


def get_logger() -> structlog.typing.FilteringBoundLogger:
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger())


def _logger_class(least: int, context: Mapping[str, str]) -> type[structlog.BoundLoggerBase]:
    """Loggers that make their line in one step. A chain of processors, each called through three of structlog's own
    methods, costs twice as much as the line, and a node writes one for every request."""
    levels = logging.getLevelNamesMapping()
    methods = {
        method: _method(level, context, with_traceback=method == "exception")
        if levels[level.upper()] >= least
        else _ignore
        for method, level in METHODS.items()
    }
    return type("LineLogger", (structlog.BoundLoggerBase,), methods)


def _method(level: str, context: Mapping[str, str], *, with_traceback: bool) -> Callable[..., None]:
    def write(self: structlog.BoundLoggerBase, event: str, **facts: Any) -> None:
        line = self._context | facts if self._context else facts
        line["event"] = event
        if with_traceback:
            line = dict(structlog.processors.format_exc_info(None, level, line | {"exc_info": True}))
        line["level"] = level
        line["real_time"] = datetime.now(UTC)
        line.update(context)
        self._logger(to_json(line, default=repr) + b"\n")

    return write


def _ignore(_self: structlog.BoundLoggerBase, _event: str, **_facts: Any) -> None:
    pass


def _as_text(_logger: Any, _method: str, event: EventDict) -> str:
    return to_json(event, default=repr).decode()
