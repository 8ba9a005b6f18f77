"""A value together with the place that decided it, and with the value it won over."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Origin(StrEnum):
    """Who decided a value."""

    FILE = "file"
    JIRA = "Jira's default"
    """As Jira ships the file, used when the file was not given."""
    SERAPH = "Seraph's default"
    """The library's own value, used when the given seraph-config.xml does not set the parameter."""
    TOMCAT = "Tomcat's default"
    """The server's own value, used when no web.xml sets the element."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from: an element in a line of a file, or a default."""

    origin: Origin
    element: str
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.origin is Origin.FILE else str(self.origin)
        return f"{where} ({self.element})"


@dataclass(frozen=True, slots=True)
class Sourced(Generic[T_co]):
    """A value in force; `overrides` is what would be in force without it."""

    value: T_co
    source: Source
    overrides: "Sourced[T_co] | None" = None


def by_default(value: T, origin: Origin, element: str) -> Sourced[T]:
    """A value no file decided."""
    return Sourced(value, Source(origin, element))


def first(*candidates: Sourced[T] | None, default: Sourced[T]) -> Sourced[T]:
    """The first candidate there is, remembering the one it wins over; else the default."""
    there = [candidate for candidate in candidates if candidate is not None]
    if not there:
        return default
    winner, *losers = there
    return replace(winner, overrides=first(*losers, default=losers[0])) if losers else winner
