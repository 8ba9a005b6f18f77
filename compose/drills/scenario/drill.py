"""A whole drill, as it stands in its file."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field

from compose.drills.scenario.cluster import ClusterSection
from compose.drills.scenario.expectations import Expectation, Thresholds
from compose.drills.scenario.model import Name, Part
from compose.drills.scenario.steps import Step
from compose.drills.scenario.traffic import Group

ONLY = "only"
"""The name of the one variant of a drill that lists none."""


class Theme(StrEnum):
    """Where `dcsim drill list` shows it."""

    FAILOVER = "failover"
    INVALIDATION = "invalidation"
    ROLLING_RESTART = "rolling restart"
    CONFIGURATION = "configuration"


class Configuration(Part):
    """`seed` decides everything that is left to chance. Further keys are variables: `${name}` stands for their value
    anywhere in the file, and `--set name=value` changes it."""

    model_config = ConfigDict(extra="allow")

    seed: int = Field(1, ge=0, lt=2**32)

    @property
    def variables(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


def _in_utc(at: datetime) -> datetime:
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


class Time(Part):
    """Policy time begins at `start`, in UTC if it names no zone, and runs at `rate` policy seconds a real one: 0 stands
    still between steps."""

    start: Annotated[datetime, AfterValidator(_in_utc)] = datetime(2026, 3, 2, 9, tzinfo=UTC)
    rate: float = Field(0.0, ge=0, le=3600)


class HealthyProbe(Part):
    """Read before the method begins; `tolerance` is a value, or the lowest and the highest."""

    probe: str
    where: dict[str, str] = Field(default_factory=dict)
    tolerance: float | str | tuple[float, float]


class Hypothesis(Part):
    """What must be so before anything is broken; otherwise nothing is, and the verdict is unknown."""

    title: str
    probes: list[HealthyProbe] = Field(min_length=1)


class Report(Part):
    """`answer` is the line the report opens with, a Jinja template: `{{ before.stale_window_max }}` is the metric
    `stale-window-max` of the variant `before`."""

    answer: str
    compare: list[Name] = Field(default_factory=list)


class Drill(Part):
    """The top-level words are Chaos Toolkit's. `variants` are twins: the same seed, traffic and clock,
    with some values of the file replaced, each named by its path (`cluster.nodes.version`)."""

    drill: Literal[1] = Field(description="version of this format")
    title: str = Field(min_length=3, max_length=100)
    question: str = Field(min_length=10, description="what an administrator wants to know")
    teaches: str = Field(min_length=10, description="what he takes home")
    theme: Theme
    tags: list[Name] = Field(default_factory=list)
    contributions: dict[Name, Literal["high", "medium", "low", "none"]] = Field(default_factory=dict)
    configuration: Configuration = Configuration()
    cluster: ClusterSection = ClusterSection()
    variants: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    time: Time = Time()
    traffic: dict[Name, Group] = Field(default_factory=dict)
    steady_state_hypothesis: Hypothesis | None = None
    method: list[Step] = Field(min_length=1)
    rollbacks: list[Step] = Field(default_factory=list)
    expectations: list[Expectation] = Field(min_length=1)
    thresholds: Thresholds = Field(default_factory=dict)
    report: Report
