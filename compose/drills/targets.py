"""Whom a fault or a step strikes: a selector and the names there are, in; names out.

Pure but for the `Random` that is handed in, so that `dcsim drill show` tells what a run will do, and the same seed
draws the same. A selector is a name, a list of names, `all`, `one`, or a share such as `50%`. For a link either end, or
the whole, may be one of these: `node-1->redis`, `all->redis`, `one->redis`, `node-2->all`, `balancer->50%`.
"""

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from compose.nearest import nearest
from shared.errors import OperatorError

ARROW = "->"
_SHARE = re.compile(r"(\d{1,3})%")
Selector = str | Sequence[str] | None


class TargetKind(StrEnum):
    """What there can be many of, and so has to be chosen; of the rest a cluster has one."""

    NODE = "node"
    LINK = "link"
    STORE = "store"
    BALANCER = "balancer"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Known:
    """The names one can choose from, in their order."""

    nodes: tuple[str, ...]
    links: tuple[str, ...] = ()

    def of(self, kind: TargetKind) -> tuple[str, ...]:
        return self.links if kind is TargetKind.LINK else self.nodes


def links_of(node_ids: Iterable[str]) -> tuple[str, ...]:
    """The links a cluster with these nodes has, as long as no store of it is reached with TLS."""
    nodes = tuple(node_ids)
    return tuple(f"balancer->{node}" for node in nodes) + tuple(
        f"{node}->{store}" for node in nodes for store in ("postgres", "redis")
    )


def resolve(
    selector: Selector, kind: TargetKind, known: Known, chance: random.Random, *, only: str | None = None
) -> tuple[str, ...]:
    """The targets, each once, in the order they are known. Of a share it is that many, rounded down, but one at least.
    `only` is the name of a store, of which one is meant and none can be chosen.

    Raises OperatorError for a selector that is missing, unknown or means nobody, naming what there is.
    """
    if kind not in (TargetKind.NODE, TargetKind.LINK):
        return (_the_only(selector, only or str(kind)),)
    names = known.of(kind)
    selectors = [selector] if isinstance(selector, str) else list(selector or ())
    if not selectors:
        raise OperatorError(f"say which {kind} it strikes; {_there_is(kind, names)}")
    chosen = {name for one in selectors for name in _select(one, kind, names, chance)}
    return tuple(name for name in names if name in chosen)


def _the_only(selector: Selector, only: str) -> str:
    given = [selector] if isinstance(selector, str) else list(selector or ())
    if given not in ([], [only]):
        raise OperatorError(f"this strikes {only} and nothing else; leave target out instead of {', '.join(given)}")
    return only


def _select(selector: str, kind: TargetKind, names: Sequence[str], chance: random.Random) -> list[str]:
    if kind is TargetKind.LINK and not _is_quantity(selector):
        return _select_links(selector, names, chance)
    if not _is_quantity(selector):
        if selector not in names:
            raise OperatorError(_unknown(selector, kind, names))
        return [selector]
    if not names:
        raise OperatorError(f"{selector} of no {kind} is nobody; {_there_is(kind, names)}")
    return _draw(selector, names, chance)


def _select_links(selector: str, names: Sequence[str], chance: random.Random) -> list[str]:
    selector = selector if ARROW in selector else selector.replace(":", ARROW, 1)
    left, arrow, right = selector.partition(ARROW)
    found = [name for name in names if arrow and _fits(left, right, *name.split(ARROW, 1))]
    if not found:
        raise OperatorError(_unknown(selector, TargetKind.LINK, names))
    for quantity in (left, right):
        if _is_quantity(quantity):
            found = _draw(quantity, found, chance)
    return found


def _fits(left: str, right: str, source: str, target: str) -> bool:
    return (_is_quantity(left) or left == source) and (_is_quantity(right) or right == target)


def _is_quantity(selector: str) -> bool:
    return selector in ("all", "one") or _SHARE.fullmatch(selector) is not None


def _draw(quantity: str, names: Sequence[str], chance: random.Random) -> list[str]:
    if quantity == "all":
        return list(names)
    if quantity == "one":
        return [chance.choice(names)]
    share = _SHARE.fullmatch(quantity)
    assert share is not None
    percent = int(share.group(1))
    if not 1 <= percent <= 100:
        raise OperatorError(f"{quantity} is no share; give 1% to 100%")
    return chance.sample(list(names), max(1, len(names) * percent // 100))


def _unknown(selector: str, kind: TargetKind, names: Sequence[str]) -> str:
    near = nearest(selector, names)
    hint = f"; did you mean {near}?" if near else ""
    return f"there is no {kind} {selector[:80]!r}{hint}; {_there_is(kind, names)}"


def _there_is(kind: TargetKind, names: Sequence[str]) -> str:
    if not names:
        return f"this cluster has no {kind}s"
    return f"there is {', '.join(names)}, and all, one, or a share such as 50%"
