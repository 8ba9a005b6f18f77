"""`expectations` and `thresholds`: what must have been true, in words that are Antithesis' and Jepsen's.

An expectation is one word and its subject. *always* and *never* look at everything in their window, *sometimes* wants
one case of it and is unknown without, *eventually* wants it in time, *at-end* looks once, when the run is over. The
subject is a checker, a metric, an event of the history, or a probe that was read.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from compose.drills.scenario.model import Duration, Name, Part, Real


class Event(StrEnum):
    """What can be found in a history."""

    REQUEST = "request"
    ACCEPTED = "request.accepted"
    REFUSED = "request.refused"
    FAILED = "request.failed"
    LOGIN = "login"
    LOGIN_FAILED = "login.failed"
    SILENT = "login.silent"
    THROWN_OUT = "thrown-out"
    MOVED = "moved"
    FAULT = "fault"

    @property
    def meaning(self) -> str:
        return _EVENTS[self]


_EVENTS = {
    Event.REQUEST: "any request",
    Event.ACCEPTED: "a node took the asker for its user, by session or remember-me cookie",
    Event.REFUSED: "a node took the asker for nobody",
    Event.FAILED: "no proper answer: none at all, the balancer's own, or a 5xx",
    Event.LOGIN: "a password was shown and accepted",
    Event.LOGIN_FAILED: "a password was shown and not accepted",
    Event.SILENT: "the remember-me cookie let somebody in where his session was not known",
    Event.THROWN_OUT: "the first refusal of somebody who was logged in",
    Event.MOVED: "answered by another node than the one his route named",
    Event.FAULT: "a fault came into force",
}


class Where(Part):
    """Which of them. A value may begin with `!` for everybody but that one."""

    user: str | None = None
    group: str | None = None
    node: str | None = None
    kind: str | None = None
    cause: str | None = Field(None, description="why a session ended: idle, crowd, invalidated, node-gone, ...")
    status: int | None = None
    authenticated_before: str | None = Field(None, description="by a login that was over before this mark")


class Operator(StrEnum):
    LESS = "<"
    AT_MOST = "<="
    EQUAL = "=="
    NOT_EQUAL = "!="
    AT_LEAST = ">="
    MORE = ">"


def _no_bare_duration(value: object) -> object:
    if isinstance(value, str):
        raise ValueError(f"is a number, or a duration that says its clock: {{policy: {value}}} or {{real: {value}}}")
    return value


Quantity = Annotated[Annotated[float, Field(allow_inf_nan=False)] | Duration, BeforeValidator(_no_bare_duration)]
"""A number, or a duration that says its clock."""


_COMPARISONS = ("op", "value", "equals", "within_pct", "of")
_IGNORED = {
    "checker": _COMPARISONS,
    "event": _COMPARISONS,
    "metric": ("equals",),
    "probe": ("within_pct", "of"),
}
"""By kind of subject: the words that would go unheard."""


class Subject(Part):
    """Exactly one of `checker`, `metric`, `event` and `probe`.

    A metric is compared: `op` and `value`, or `op` and an oracle (`of: oracle.crash-detection-max`), or `within-pct` of
    an oracle's (`of: oracle.rolling-restart`). A probe is
    compared with `op` and `value`, or `equals`. Further keys of a checker are its settings.
    """

    model_config = ConfigDict(extra="allow")

    checker: str | None = None
    metric: str | None = None
    event: Event | None = None
    probe: str | None = None
    where: Where = Where()
    op: Operator | None = None
    value: Quantity | None = None
    equals: float | str | None = None
    within_pct: float | None = Field(None, gt=0, le=100)
    of: str | None = None

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        given = [key for key in ("checker", "metric", "event", "probe") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError("an expectation is about one thing: checker, metric, event or probe")
        if self.settings and self.checker is None:
            raise ValueError(f"{', '.join(self.settings)}: only a checker has settings of its own")
        ignored = [key for key in _IGNORED[given[0]] if getattr(self, key) is not None]
        if ignored:
            keys = ", ".join(ignored).replace("_", "-")
            raise ValueError(f"{keys}: {'an' if given == ['event'] else 'a'} {given[0]} is not compared by that")
        if self.metric is not None and (self._is_compared == self._has_oracle or not self._has_one_number):
            raise ValueError("a metric is compared: give op and value, or within-pct and of, or op and of")
        if self.probe is not None and (self._is_compared == (self.equals is not None) or not self._has_one_number):
            raise ValueError("a probe is compared: give op and value, or equals")
        if self.probe is not None and isinstance(self.value, Part):
            raise ValueError("a probe reads a number or a word, never a duration")
        return self

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.model_extra or {})

    @property
    def _is_compared(self) -> bool:
        return self.op is not None and self.value is not None

    @property
    def _has_one_number(self) -> bool:
        """`value` without `op`, or beside `of`, would say something that nobody looks at."""
        return self.value is None or (self.op is not None and self.of is None)

    @property
    def _has_oracle(self) -> bool:
        return self.of is not None and (self.within_pct is not None) != (self.op is not None)


class Word(StrEnum):
    ALWAYS = "always"
    NEVER = "never"
    EVENTUALLY = "eventually"
    SOMETIMES = "sometimes"
    AT_END = "at-end"


Shown = Literal["held", "violated"]


class Expectation(Part):
    """`after`, `before` and `during` name a mark or a fault and limit what is looked at, in real time; `grace` moves
    the beginning. `within` is for eventually. `demonstrates` turns a violation into a pass, and its absence into a
    failure: for all variants, or for each by name. `variants` limits it to some."""

    id: Name
    because: str | None = Field(None, description="why it matters, shown with the verdict")
    always: Subject | None = None
    never: Subject | None = None
    eventually: Subject | None = None
    sometimes: Subject | None = None
    at_end: Subject | None = None

    after: str | None = None
    before: str | None = None
    during: str | None = None
    grace: Real | None = None
    within: Real | None = None
    demonstrates: Shown | dict[Name, Shown] | None = None
    variants: list[Name] | None = None

    @model_validator(mode="after")
    def _one_word(self) -> Self:
        given = [word for word in Word if getattr(self, word.name.lower()) is not None]
        if len(given) != 1:
            raise ValueError(f"an expectation has one word of {', '.join(Word)}; this one has {len(given)}")
        if (self.within is not None) != (given == [Word.EVENTUALLY]):
            raise ValueError("within belongs to eventually, and eventually needs it")
        return self

    @property
    def word(self) -> Word:
        return next(word for word in Word if getattr(self, word.name.lower()) is not None)

    @property
    def subject(self) -> Subject:
        found = getattr(self, self.word.name.lower())
        assert isinstance(found, Subject)
        return found

    def demonstrates_violation(self, variant: str) -> bool:
        shown = self.demonstrates.get(variant) if isinstance(self.demonstrates, dict) else self.demonstrates
        return shown == "violated"


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


Thresholds = dict[str, Annotated[list[str], BeforeValidator(_one_or_more)]]
"""As in k6: `"latency{phase:method}": ["p(95)<200"]`, latencies in real ms, `failed` as a rate."""
