"""Kinds of fields: what may be written beside them, and how their values compare with it.

A kind turns the values of a query into *targets* once, and then compares each issue's values with the targets. A
target None stands for EMPTY.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar, cast

from node.issues.jql.clauses import Operator, Value
from node.issues.jql.errors import Unusable
from node.issues.jql.functions import Yields
from node.issues.jql.instants import DAY_MS, Span, day_start, parse_date
from node.issues.jql.scope import Scope
from node.issues.jql.text_match import TextQuery, parse_text
from node.issues.model import KEY_PATTERN, Named, Priority

V = TypeVar("V")
T = TypeVar("T")

EQUALITY = frozenset({Operator.EQUALS, Operator.NOT_EQUALS, Operator.IN, Operator.NOT_IN})
EMPTINESS = frozenset({Operator.IS, Operator.IS_NOT})
ORDER = frozenset(operator for operator in Operator if operator.relational)
TEXT = frozenset({Operator.LIKE, Operator.NOT_LIKE})

_DATE_FORMATS = (
    "Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', "
    "or a period format e.g. '-5d', '4w 2d'."
)


class Kind(ABC, Generic[V, T]):
    """`V` is a value of an issue, `T` a target."""

    operators: frozenset[Operator]
    takes: Yields | None = None

    @abstractmethod
    def targets(self, value: Value, field: str, scope: Scope) -> "list[T | None]":
        """What the value means here. Raises Unusable with Jira's message."""

    def from_function(self, result: object) -> T:
        """The result of a function that yields what this kind takes, as a target."""
        return cast(T, result)

    def wrong_function(self, name: str, field: str) -> str:
        """The message for a function that yields something else."""
        return f"A value provided by the function '{name}' is invalid for the field '{field}'."

    @abstractmethod
    def equal(self, value: V, target: T) -> bool:
        """Is the value the target? For texts: does it contain it?"""


class OrderedKind(Kind[V, T]):
    """A kind whose values come before or after a target: `<`, `>`, `<=`, `>=`."""

    @abstractmethod
    def compare(self, value: V, target: T) -> int | None:
        """Negative, zero or positive as the value is below, at or above the target; None when they do not compare."""


class TextKind(Kind[str, TextQuery]):
    """Running text: `~` and `!~`."""

    operators = TEXT | EMPTINESS

    def targets(self, value: Value, field: str, scope: Scope) -> list[TextQuery | None]:
        text = value.text.strip()
        if not text:
            raise Unusable(f"The field '{field}' does not support searching for an empty string.")
        if text[0] in "*?":
            raise Unusable(f"The text query '{text}' for field '{field}' is not allowed to start with '{text[0]}'.")
        return [parse_text(text)]

    def equal(self, value: str, target: TextQuery) -> bool:
        return target.matches(value)


class InstantKind(OrderedKind[int, Span]):
    """Policy ms since the epoch. A bare number is ms since the epoch, too."""

    operators = EQUALITY | EMPTINESS | ORDER
    takes = Yields.INSTANT

    def targets(self, value: Value, field: str, scope: Scope) -> list[Span | None]:
        span = Span.instant(int(value.text)) if value.number else parse_date(value.text, scope.now_ms)
        if span is None:
            raise Unusable(f"Date value '{value.text}' for field '{field}' is invalid. {_DATE_FORMATS}")
        return [self.from_function(span)]

    def wrong_function(self, name: str, field: str) -> str:
        return f"A date for the field '{field}' provided by the function '{name}' is not valid."

    def equal(self, value: int, target: Span) -> bool:
        return target.start_ms <= value <= target.end_ms

    def compare(self, value: int, target: Span) -> int:
        return value - target.start_ms


class DayKind(InstantKind):
    """A calendar day, as the ms of its midnight: an instant of the query counts as its whole day."""

    def from_function(self, result: object) -> Span:
        start_ms = day_start(super().from_function(result).start_ms)
        return Span(start_ms, start_ms + DAY_MS - 1)


class UserKind(Kind[str, str]):
    """A user key; the query says the user name, the full name or the e-mail address."""

    operators = EQUALITY | EMPTINESS
    takes = Yields.USERS

    def targets(self, value: Value, field: str, scope: Scope) -> list[str | None]:
        person = scope.people.named(value.text)
        if person is None:
            raise Unusable(_no_such_value(value, field))
        return [person.user_key]

    def equal(self, value: str, target: str) -> bool:
        return value == target


class NamedKind(Kind[Named, Named]):
    """One of the things an administrator defined, by name or by id. `empty` is a name for having none."""

    operators = EQUALITY | EMPTINESS

    def __init__(self, definitions: Callable[[Scope], Iterable[Named]], *, empty: str | None = None) -> None:
        self._definitions = definitions
        self._empty = empty

    def targets(self, value: Value, field: str, scope: Scope) -> list[Named | None]:
        word = value.text.casefold()
        if word == self._empty:
            return [None]
        definitions = list(self._definitions(scope))
        found = [one for one in definitions if word in (name.casefold() for name in one.words)]
        found = found or [one for one in definitions if word == one.id]
        if not found:
            raise Unusable(_no_such_value(value, field))
        return [*found]

    def equal(self, value: Named, target: Named) -> bool:
        return value.id == target.id


class PriorityKind(NamedKind, OrderedKind[Named, Named]):
    """Priorities also have an order: more important is greater."""

    operators = EQUALITY | EMPTINESS | ORDER

    def compare(self, value: Named, target: Named) -> int:
        assert isinstance(value, Priority)
        assert isinstance(target, Priority)
        return value.rank - target.rank


class LabelKind(Kind[str, str]):
    """A label; any word may be asked for, in any case."""

    operators = EQUALITY | EMPTINESS

    def targets(self, value: Value, field: str, scope: Scope) -> list[str | None]:
        return [value.text.casefold()]

    def equal(self, value: str, target: str) -> bool:
        return value.casefold() == target


class KeyKind(OrderedKind[tuple[str, int], tuple[str, int]]):
    """An issue by key or id; keys compare by number within one project."""

    operators = EQUALITY | EMPTINESS | ORDER

    def targets(self, value: Value, field: str, scope: Scope) -> list[tuple[str, int] | None]:
        word = value.text.upper()
        issue = scope.by_id_or_key.get(word)
        if issue is not None:
            return [(issue.project.key, issue.number)]
        if value.number:
            raise Unusable(f"A value with ID '{value.text}' does not exist for the field '{field}'.")
        if KEY_PATTERN.fullmatch(word) is None:
            raise Unusable(f"The issue key '{value.text}' for field '{field}' is invalid.")
        raise Unusable(f"An issue with key '{value.text}' does not exist for field '{field}'.")

    def equal(self, value: tuple[str, int], target: tuple[str, int]) -> bool:
        return value == target

    def compare(self, value: tuple[str, int], target: tuple[str, int]) -> int | None:
        return value[1] - target[1] if value[0] == target[0] else None


class CountKind(OrderedKind[int, int]):
    """A whole number from 0 up."""

    operators = EQUALITY | ORDER
    _digits = re.compile(r"[0-9]{1,18}")

    def targets(self, value: Value, field: str, scope: Scope) -> list[int | None]:
        if self._digits.fullmatch(value.text) is None:
            raise Unusable(
                f"Value '{value.text}' is invalid for the '{field}' field. "
                f"{field.capitalize()} must be a positive whole number."
            )
        return [int(value.text)]

    def equal(self, value: int, target: int) -> bool:
        return value == target

    def compare(self, value: int, target: int) -> int:
        return value - target


AnyKind = Kind[Any, Any]


def _no_such_value(value: Value, field: str) -> str:
    if value.number:
        return f"A value with ID '{value.text}' does not exist for the field '{field}'."
    return f"The value '{value.text}' does not exist for the field '{field}'."
