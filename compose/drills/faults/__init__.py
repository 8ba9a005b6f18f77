"""The faults a drill can inject, by name, and how the words of a file become one of them."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from compose.drills.faults.base import Fault, Hold, Unconfirmed
from compose.drills.faults.clock_skew import ClockSkew
from compose.drills.faults.link import LINK_FAULTS
from compose.drills.faults.node_gone import NodeCrash, NodeStop
from compose.drills.faults.node_hang import NodeHang
from compose.drills.faults.node_slow_loop import NodeSlowLoop
from compose.drills.faults.node_slow_start import NodeSlowStart
from compose.drills.faults.stickiness_lost import StickinessLost
from compose.drills.faults.store_outage import PostgresOutage, RedisOutage
from compose.nearest import unknown_word
from shared.errors import OperatorError

_ALL: tuple[type[Fault], ...] = (
    NodeCrash,
    NodeHang,
    NodeStop,
    NodeSlowStart,
    NodeSlowLoop,
    *LINK_FAULTS,
    RedisOutage,
    PostgresOutage,
    StickinessLost,
    ClockSkew,
)
KINDS = {kind.kind: kind for kind in _ALL}


def make_fault(kind: str, settings: Mapping[str, Any]) -> Fault:
    """Raises OperatorError for a kind there is not, with the nearest one there is, and for settings that are wrong,
    all of them in one message."""
    if kind not in KINDS:
        raise OperatorError(unknown_word(kind[:60], KINDS, kind="fault"))
    try:
        return KINDS[kind].model_validate(dict(settings))
    except ValidationError as error:
        raise OperatorError(f"{kind}: {_explain(kind, error)}") from error


def _explain(kind: str, error: ValidationError) -> str:
    """Each problem with the name of its setting; for an unknown one the nearest there is."""
    names = [field.alias or name for name, field in KINDS[kind].model_fields.items()]
    return "; ".join(_in_words(problem["loc"], problem["type"], problem["msg"], names) for problem in error.errors())


def _in_words(where: tuple[int | str, ...], what: str, message: str, names: list[str]) -> str:
    name = ".".join(map(str, where)) or "the whole"
    if what == "missing":
        return f"{name} is missing"
    if what == "extra_forbidden":
        return unknown_word(name, names, kind="setting")
    return f"{name}: {message.removeprefix('Value error, ')}"


__all__ = ["KINDS", "Fault", "Hold", "Unconfirmed", "make_fault"]
