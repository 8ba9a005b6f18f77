"""What every fault has: settings that check themselves, a beginning, a look from outside, an end.

Adding one: a file here with one class, its settings as fields, its entry in `faults/__init__.py`, a test that sees it
strike and heal, and a line in the table of the README's drills.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar, Protocol

from compose.drills.scenario.model import Part
from compose.drills.scene import Scene
from compose.drills.targets import TargetKind


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
    """Settings of one kind of fault. `targets` says what it can strike, `only` the name where there is
    nothing to choose."""

    kind: ClassVar[str]
    targets: ClassVar[TargetKind]
    only: ClassVar[str | None] = None

    async def inject(self, scene: Scene, target: str) -> Hold:
        """Returns when the fault is in force; when it raises, or is cancelled, nothing of it is left. Raises
        OperatorError for a target it cannot strike."""
        raise NotImplementedError


@asynccontextmanager
async def or_heal(hold: Hold) -> AsyncIterator[None]:
    """Around the steps of an injection: what is half done when one of them fails is undone."""
    try:
        yield
    except BaseException:
        await asyncio.shield(hold.heal())
        raise
