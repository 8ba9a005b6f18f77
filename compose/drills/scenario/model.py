"""What every part of a drill file has in common: kebab-case keys, none unknown, and durations that say their clock."""

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from compose.durations import in_words, parse_ms
from shared.errors import OperatorError


class Part(BaseModel):
    """A mapping in a drill file."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=lambda name: name.replace("_", "-"), populate_by_name=True
    )


def _milliseconds(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("is a number with a unit, such as 250ms, 20s, 15m, 5h or 14d")
    try:
        return parse_ms(value)
    except OperatorError as error:
        raise ValueError(str(error)) from error


Milliseconds = Annotated[
    int,
    BeforeValidator(_milliseconds),
    WithJsonSchema({"type": "string", "pattern": r"^(\d+(\.\d+)?(ms|s|m|h|d))+$", "examples": ["250ms", "15m"]}),
]


def _says_its_clock(value: Any) -> Any:
    if isinstance(value, str | int | float):
        raise ValueError(f"a duration says its clock: {{policy: {value}}} or {{real: {value}}}")
    return value


class _Real(Part):
    """Real time: what a stopwatch shows. Sockets, checks, latencies."""

    real: Milliseconds

    @property
    def ms(self) -> int:
        return self.real

    @property
    def s(self) -> float:
        return self.real / 1000

    def __str__(self) -> str:
        return f"{in_words(self.real)} (real)"


class _Policy(Part):
    """Policy time: what limits and expiries are judged by, and what a drill can let pass at once."""

    policy: Milliseconds

    @property
    def ms(self) -> int:
        return self.policy

    @property
    def s(self) -> float:
        return self.policy / 1000

    def __str__(self) -> str:
        return f"{in_words(self.policy)} (policy)"


_Span = TypeVar("_Span", _Real, _Policy)

Real = Annotated[_Real, BeforeValidator(_says_its_clock)]
Policy = Annotated[_Policy, BeforeValidator(_says_its_clock)]
Duration = Annotated[_Real | _Policy, BeforeValidator(_says_its_clock)]


def _some(span: _Span) -> _Span:
    if span.ms <= 0:
        raise ValueError("is longer than nothing")
    return span


def _whole(span: _Span) -> _Span:
    if span.ms % 1000:
        raise ValueError("is in whole seconds, as Jira counts it")
    return span


SomeReal = Annotated[Real, AfterValidator(_some)]
SomePolicy = Annotated[Policy, AfterValidator(_some)]
WholePolicy = Annotated[Policy, AfterValidator(_whole)]
"""A limit that Jira's own files give in seconds, or minutes: what a fraction would become is another limit, or none."""


def real(text: str) -> _Real:
    """A default, as a file would have it."""
    return _Real.model_validate({"real": text})


def policy(text: str) -> _Policy:
    return _Policy.model_validate({"policy": text})


def is_policy(duration: _Real | _Policy) -> bool:
    return isinstance(duration, _Policy)


Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
"""A name that a person chooses in the file: lower case, digits, dashes."""
UserName = Annotated[str, Field(min_length=1, max_length=80)]
