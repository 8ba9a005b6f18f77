"""Logging of every program: structlog, one JSON object a line on standard error; constant text, facts beside it.

A line is written when it is made and not later: what a process has said before it was killed can be read.
"""

import logging
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

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
        return _line(method, structlog.processors.format_exc_info(logger, method, event), context)

    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[],
        wrapper_class=_logger_class(number, context),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=_as_text, foreign_pre_chain=[foreign_line]),
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)


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
        facts["event"] = event
        if with_traceback:
            facts = dict(structlog.processors.format_exc_info(None, level, facts | {"exc_info": True}))
        if self._context:
            facts = {**self._context, **facts}
        self._logger.msg(to_json(_line(level, facts, context), default=repr))

    return write


def _ignore(_self: structlog.BoundLoggerBase, _event: str, **_facts: Any) -> None:
    pass


def _line(level: str, facts: EventDict, context: Mapping[str, str]) -> EventDict:
    facts.update(context)
    facts["level"] = level
    facts["real_time"] = datetime.now(UTC)
    return facts


def _as_text(_logger: Any, _method: str, event: EventDict) -> str:
    return to_json(event, default=repr).decode()
