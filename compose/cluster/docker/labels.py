"""Labels: how everything we make in an engine says whose it is, so that it can be found again."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass

from compose.cluster.keeper import born_at

RUN = "dcsim.run"
CLUSTER = "dcsim.cluster"
PART = "dcsim.part"
IMAGE = "dcsim.image"
_MACHINE, _PID, _BORN = "dcsim.owner.machine", "dcsim.owner.pid", "dcsim.owner.born"


@dataclass(frozen=True, slots=True)
class Owner:
    """The command that made something: a pid means nothing without its machine, and little without its birth."""

    machine: str
    pid: int
    born: str

    @classmethod
    def this_process(cls) -> "Owner":
        return cls(platform.node(), os.getpid(), born_at(os.getpid()) or "")

    @classmethod
    def read(cls, labels: Mapping[str, str]) -> "Owner":
        """Of something that carries our labels; whatever is missing makes an owner nobody is."""
        pid = labels.get(_PID, "")
        return cls(labels.get(_MACHINE, ""), int(pid) if pid.isdigit() else 0, labels.get(_BORN, ""))

    def labels(self) -> dict[str, str]:
        return {_MACHINE: self.machine, _PID: str(self.pid), _BORN: self.born}

    @property
    def is_elsewhere(self) -> bool:
        """On another machine that uses the same engine: whether it lives cannot be seen from here."""
        return self.machine != platform.node()

    @property
    def lives(self) -> bool:
        return not self.is_elsewhere and born_at(self.pid) == self.born

    def __str__(self) -> str:
        if self.is_elsewhere:
            return f"pid {self.pid} on {self.machine}"
        return f"pid {self.pid}, {'still running' if self.lives else 'gone'}"


def run_labels(run: str, owner: Owner) -> dict[str, str]:
    return {RUN: run, **owner.labels()}
