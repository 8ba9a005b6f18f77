"""Logging of every program: structlog, one JSON object a line on standard error; constant text, facts beside it.

A line is written when it is made and not later: what a process has said before it was killed can be read.
"""

import logging
import sys
from datetime import UTC, datetime
from typing import Any, cast

import structlog
from structlog.typing import EventDict

from shared.json_text import to_json


def configure(*, level: str, **context: str) -> None:
    """Sets up this process's logging; `context` (such as node="node-1") stands in every line."""

    def add_facts(logger: Any, method: str, event: EventDict) -> EventDict:
        if "exc_info" in event:
            event = structlog.processors.format_exc_info(logger, method, event)
        event.update(context)
        event["level"] = method
        event["real_time"] = datetime.now(UTC)
        return event

    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[add_facts, _as_json],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=_as_text, foreign_pre_chain=[add_facts]),
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)


def _as_json(_logger: Any, _method: str, event: EventDict) -> bytes:
    return to_json(event, default=repr)


def _as_text(logger: Any, method: str, event: EventDict) -> str:
    return _as_json(logger, method, event).decode()


def get_logger() -> structlog.typing.FilteringBoundLogger:
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger())
