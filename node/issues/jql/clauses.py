"""What a query is made of, as frozen values. Two queries that mean the same text are equal."""

from dataclasses import dataclass
from enum import StrEnum


class Operator(StrEnum):
    """The value is how Jira's messages write it."""

    EQUALS = "="
    NOT_EQUALS = "!="
    LESS = "<"
    GREATER = ">"
    LESS_OR_EQUAL = "<="
    GREATER_OR_EQUAL = ">="
    LIKE = "~"
    NOT_LIKE = "!~"
    IN = "in"
    NOT_IN = "not in"
    IS = "is"
    IS_NOT = "is not"

    @property
    def opposite(self) -> "Operator":
        """What `NOT` makes of it. On an issue without a value neither the operator nor its opposite holds."""
        return _OPPOSITES[self]

    @property
    def relational(self) -> bool:
        return self in (Operator.LESS, Operator.GREATER, Operator.LESS_OR_EQUAL, Operator.GREATER_OR_EQUAL)


_PAIRS = (
    (Operator.EQUALS, Operator.NOT_EQUALS),
    (Operator.LESS, Operator.GREATER_OR_EQUAL),
    (Operator.GREATER, Operator.LESS_OR_EQUAL),
    (Operator.LIKE, Operator.NOT_LIKE),
    (Operator.IN, Operator.NOT_IN),
    (Operator.IS, Operator.IS_NOT),
)
_OPPOSITES = dict(_PAIRS) | {negative: positive for positive, negative in _PAIRS}


@dataclass(frozen=True, slots=True)
class Value:
    """A text or a number; a number is kept as written."""

    text: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    name: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Empty:
    """`EMPTY` or `NULL`."""


@dataclass(frozen=True, slots=True)
class Many:
    """A list in parentheses."""

    operands: "tuple[Operand, ...]"


Operand = Value | Call | Empty | Many


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison; the field is written as in the query."""

    field: str
    operator: Operator
    operand: Operand


@dataclass(frozen=True, slots=True)
class And:
    """All of them, at least two."""

    parts: "tuple[Where, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them, at least two."""

    parts: "tuple[Where, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """Not this."""

    part: "Where"


Where = Clause | And | Or | Not


@dataclass(frozen=True, slots=True)
class Sort:
    """One field of ORDER BY; `descending` None is the field's own direction."""

    field: str
    descending: bool | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query; without `where` it finds everything."""

    where: Where | None = None
    order: tuple[Sort, ...] = ()
