"""The faults a link can have, one a file, and how an operator's words become one of them."""

from typing import Any

from pydantic import ValidationError

from compose.cluster.links.faults.base import NO_FAULT, Fault
from compose.cluster.links.faults.cut import Cut
from compose.cluster.links.faults.delay import Delay
from compose.cluster.links.faults.drop import Drop
from compose.cluster.links.faults.duplicate import Duplicate
from compose.cluster.links.faults.freeze import Freeze
from compose.cluster.links.faults.one_way import CutIn, CutOut
from compose.cluster.links.faults.reorder import Reorder
from compose.cluster.links.faults.reset import Reset
from shared.errors import OperatorError
from shared.settings import explain

KINDS: dict[str, type[Fault]] = {
    kind.kind: kind for kind in (Reset, Cut, CutIn, CutOut, Freeze, Delay, Drop, Duplicate, Reorder)
}


def make_fault(kind: str, settings: dict[str, Any], *, redis: bool) -> Fault:
    """Raises OperatorError for a kind or a setting there is not, and for message faults where no messages travel."""
    if kind not in KINDS:
        raise OperatorError(f"there is no fault {kind[:40]!r}; there are {', '.join(KINDS)}")
    if KINDS[kind].needs_redis and not redis:
        raise OperatorError(f"{kind} is about messages, which travel only on links to redis")
    try:
        return KINDS[kind].model_validate(settings)
    except ValidationError as error:
        raise OperatorError(f"{kind}: {explain(error)}") from error


__all__ = ["KINDS", "NO_FAULT", "Fault", "make_fault"]
