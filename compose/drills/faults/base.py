"""What every fault has: settings that check themselves, a beginning, a look from outside, an end.

Adding one: a file here with one class, its settings as fields, its entry in `faults/__init__.py`, a test that sees it
strike and heal, and a line in the table of the README's drills.
"""

from typing import ClassVar, Protocol

from compose.drills.scenario.model import Part
from compose.drills.scene import Scene


class Unconfirmed(Exception):
    """From outside nothing can be seen of the fault. Its message says what was looked at and what was seen."""


class Hold(Protocol):
    """A fault that is in force on one target."""

    async def confirm(self) -> str:
        """What is seen from outside, in words, once the fault is in force; raises Unconfirmed when nothing is."""
        ...

    async def heal(self) -> int | None:
        """Undoes what this fault did and nothing else, also after half an injection. Returns how often it struck, None
        where nobody counts. Healing twice does nothing the second time."""
        ...


class Fault(Part):
    """Settings of one kind of fault. `targets` says what it can strike: node, link, store, balancer or cluster."""

    kind: ClassVar[str]
    targets: ClassVar[str]

    async def inject(self, scene: Scene, target: str) -> Hold:
        """Returns when the fault is in force. Raises OperatorError for a target it cannot strike."""
        raise NotImplementedError
