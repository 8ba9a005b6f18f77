"""The faults of links, `link.cut` to `link.reset`: what the relay can do to a connection between two parts.

Which bytes are lost, held or refused is written where it is done, in `compose.cluster.links.faults`; these are the same
faults as a drill names them. Other than there, durations say their clock.
"""

from typing import Any, ClassVar

from pydantic import Field

from compose.drills.faults.base import Fault, Hold, Unconfirmed, or_heal
from compose.drills.scenario.model import Real, real
from compose.drills.scene import Scene
from compose.drills.targets import TargetKind
from shared.errors import OperatorError


class LinkFault(Fault):
    """`relay_kind` is the relay's name of it."""

    targets = TargetKind.LINK
    relay_kind: ClassVar[str]

    def relay_settings(self) -> dict[str, Any]:
        """What the relay is told beside the kind."""
        return {}

    async def inject(self, scene: Scene, target: str) -> Hold:
        links = {link.name: link for link in await scene.cluster.links.read()}
        if target not in links:
            raise OperatorError(f"there is no link {target!r}; there is {', '.join(links)}")
        if (there := links[target].fault) is not None:
            raise OperatorError(
                f"{target} has a fault already, {there['kind']}; a link has one at a time, so clear that one first"
            )
        hold = BrokenLink(scene, target, self.relay_kind)
        async with or_heal(hold):
            await scene.cluster.links.fault(target, self.relay_kind, **self.relay_settings())
        return hold


class BrokenLink:
    """One link with one fault of ours."""

    def __init__(self, scene: Scene, link: str, relay_kind: str) -> None:
        self._links = scene.cluster.links
        self._link = link
        self._kind = relay_kind
        self._hits: int | None = None

    async def confirm(self) -> str:
        """As the relay, a process of its own, tells it; a reset link must refuse, too."""
        reading = next((link for link in await self._links.read() if link.name == self._link), None)
        if reading is None or reading.fault is None or reading.fault["kind"] != self._kind:
            raise Unconfirmed(f"{self._link} should have {self._kind}, and the relay says it has {reading}")
        if self._kind == "reset" and reading.is_open:
            raise Unconfirmed(f"{self._link} should refuse, and the relay says it is open")
        state = "open" if reading.is_open else "refuses"
        return (
            f"{self._link}: the relay has {self._kind}; {state}, {reading.connections} connections, {reading.hits} hits"
        )

    async def heal(self) -> int | None:
        if self._hits is None:
            self._hits = await self._links.heal(self._link)
        return self._hits


class Cut(LinkFault):
    """Nothing arrives either way and nobody is told."""

    kind, relay_kind = "link.cut", "cut"


class CutIn(LinkFault):
    """What the dialling side should hear is lost."""

    kind, relay_kind = "link.cut-in", "cut-in"


class CutOut(LinkFault):
    """What the dialling side sends is lost."""

    kind, relay_kind = "link.cut-out", "cut-out"


class Freeze(LinkFault):
    """Nothing moves and nothing is lost."""

    kind, relay_kind = "link.freeze", "freeze"


class Reset(LinkFault):
    """Connections break off, and whoever dials is refused."""

    kind, relay_kind = "link.reset", "reset"


class Delay(LinkFault):
    """Everything arrives later, each way: by `by`, and up to `jitter` more or less."""

    kind, relay_kind = "link.delay", "delay"

    by: Real
    jitter: Real = real("0s")
    seed: int = 0

    def relay_settings(self) -> dict[str, Any]:
        return {"ms": self.by.ms, "jitter_ms": self.jitter.ms, "seed": self.seed}


class MessageFault(LinkFault):
    """Strikes that share of the published messages on a link to redis, and nothing else."""

    share: float = Field(1.0, gt=0, le=1)
    seed: int = Field(0, description="draws which messages; the same for the same connection in each run")

    def relay_settings(self) -> dict[str, Any]:
        return {"share": self.share, "seed": self.seed}


class Drop(MessageFault):
    """They never arrive."""

    kind, relay_kind = "link.drop", "drop"


class Duplicate(MessageFault):
    """They arrive `copies` times."""

    kind, relay_kind = "link.duplicate", "duplicate"

    copies: int = Field(2, ge=2, le=10)

    def relay_settings(self) -> dict[str, Any]:
        return {**super().relay_settings(), "copies": self.copies}


class Reorder(MessageFault):
    """They wait until `window` of them do, at most `hold`, and arrive shuffled."""

    kind, relay_kind = "link.reorder", "reorder"

    window: int = Field(3, ge=1, le=1000)
    hold: Real = real("100ms")

    def relay_settings(self) -> dict[str, Any]:
        return {**super().relay_settings(), "window": self.window, "hold_ms": self.hold.ms}


LINK_FAULTS: tuple[type[LinkFault], ...] = (Cut, CutIn, CutOut, Freeze, Delay, Drop, Duplicate, Reorder, Reset)
