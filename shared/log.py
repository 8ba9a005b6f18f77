"""Logging of every program: structlog, one JSON object a line on standard error; constant text, facts beside it."""

import json
import logging
import sys
from typing import Any, cast

import structlog
from structlog.typing import EventDict

_ENCODER = json.JSONEncoder(default=repr)


def configure(*, level: str, **context: str) -> None:
    """Sets up this process's logging; `context` (such as node="node-1") stands in every line."""

    def add_context(_logger: Any, _method: str, event: EventDict) -> EventDict:
        event.update(context)
        return event

    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        add_context,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="real_time"),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_as_json)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(_as_json),
            foreign_pre_chain=[*shared, structlog.processors.format_exc_info],
        )
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)


def _as_json(event: EventDict, **_options: Any) -> str:
    """With one encoder for all lines; `json.dumps` would make a new one for each that has a fallback."""
    return _ENCODER.encode(event)


def get_logger() -> structlog.typing.FilteringBoundLogger:
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger())
