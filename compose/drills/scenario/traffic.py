"""`traffic`: who uses the cluster, how often, and what they do."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from compose.drills.scenario.model import Part, SomePolicy, UserName


class Mix(StrEnum):
    """What the people of a group do; `compose.drills.traffic.mixes` has the shares."""

    OFFICE = "office"
    DASHBOARD = "dashboard"
    SCRIPT = "script"
    BASIC = "basic"
    READER = "reader"
    THIEF = "thief"

    @property
    def meaning(self) -> str:
        return _MIXES[self]


_MIXES = {
    Mix.OFFICE: "people at desks, in the proportions of Atlassian's DC App Performance Toolkit; log in when asked",
    Mix.DASHBOARD: "wallboards whose gadgets refresh; nobody sits in front of them, so nobody logs in again",
    Mix.SCRIPT: "REST scripts that logged in once, keep their cookies and never log in again",
    Mix.BASIC: "REST scripts that show their password with each request",
    Mix.READER: "people who send the cheapest request there is, and log in when asked; for drills that count",
    Mix.THIEF: "somebody with a stolen password or session: reads, and never logs in again",
}


def _per_second(value: object) -> object:
    if isinstance(value, str) and value.endswith("/s"):
        return value.removesuffix("/s")
    raise ValueError("a rate is requests per real second, such as 40/s")


Rate = Annotated[
    float,
    BeforeValidator(_per_second),
    Field(gt=0, le=1000),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?/s$", "examples": ["40/s"]}),
]


class Group(Part):
    """People who do the same things. They come by `rate` in real time from the end of setup to the end of the method,
    or each of them `every` so much policy time, which then passes in `advance` steps only; with neither they act when
    a step says `everyone`. All are logged in before the method begins unless `log-in` is false."""

    users: int = Field(1, ge=1, le=5000)
    mix: Mix = Mix.OFFICE
    rate: Rate | None = None
    every: SomePolicy | None = None
    remember_me: float = Field(0.0, ge=0, le=1, description="share of the users who tick the box")
    login_as: UserName | None = Field(
        None, description="an account that all of them use (alice, office-001), or a group whose accounts they use"
    )
    pin_to: str | None = Field(None, description="talk to this node directly, past the balancer: node-2")
    log_in: bool = Field(True, description="log in during setup")
    knocks: bool = Field(False, description="knows a wrong password; every login fails")
    visits_neighbour: bool = Field(False, description="uses the neighbour application with the same browser, in turns")

    @model_validator(mode="after")
    def _one_rhythm(self) -> Self:
        if self.rate is not None and self.every is not None:
            raise ValueError("give either rate (real time) or every (policy time), not both")
        return self
