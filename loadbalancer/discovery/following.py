"""Keeps the fleet in step with whoever names the nodes.

Who is no longer named is treated as in a soft drain: whoever is bound to it is still served, nobody new comes. It is
forgotten when the checks find it gone, or when nobody is bound to it any more, and never while a request runs on it. A
source that fails changes nothing; neither does one that names nobody, because a cluster is more likely to be misjudged
than to be gone. Both are told in the log, the metrics and the status, once when they begin and once when they end.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from loadbalancer.bindings import Bindings
from loadbalancer.discovery.source import Sightings, Source
from loadbalancer.fleet import Fleet
from loadbalancer.nodes import Node, Roster
from loadbalancer.policy import Health
from shared.errors import CallerError, DependencyError
from shared.log import get_logger

log = get_logger()


@dataclass(slots=True)
class Looks:
    """What the looks so far add up to. `trouble` is why the last one changed nothing, None when it was good."""

    good: int = 0
    failed: int = 0
    trouble: str | None = "nobody has looked yet"
    good_at: float | None = None
    last: Sightings = field(default_factory=lambda: Sightings(()))


class Following:
    """One source, followed until cancelled. `first_look` is set when there has been one, good or not."""

    def __init__(self, source: Source, fleet: Fleet, roster: Roster, bindings: Bindings, *, interval_s: float) -> None:
        self.source = source
        self.looks = Looks()
        self.first_look = asyncio.Event()
        self._fleet = fleet
        self._roster = roster
        self._bindings = bindings
        self._interval_s = interval_s
        self._found: set[str] = set()

    async def run(self) -> None:
        while True:
            await self.look()
            self.first_look.set()
            if self.source.lasting:
                return
            await asyncio.sleep(self._interval_s)

    async def look(self) -> None:
        """One look, and what follows from it."""
        try:
            sightings = await self.source.look()
        except DependencyError as error:
            self._failed(str(error))
        else:
            self._saw(sightings)
        self._forget_gone()

    async def close(self) -> None:
        await self.source.close()

    @property
    def leaving(self) -> list[Node]:
        """Nodes that are no longer named and not yet forgotten."""
        return [node for node in self._roster if not node.listed]

    def refuse_if_found(self, node_id: str) -> None:
        """Raises CallerError 409 for a node that only its source can add, change or remove."""
        if node_id in self._found and not self.source.lasting:
            raise CallerError(
                409,
                f"{node_id} is found by discovery ({self.source.words}), which would undo this at its next look; "
                f"drain it, put it into maintenance, or change it there",
            )

    def describe(self, now: float) -> dict[str, Any]:
        """For the status page and the metrics; ages are seconds of real time."""
        looks = self.looks
        return {
            "source": self.source.words,
            "trouble": looks.trouble,
            "last_good_s_ago": None if looks.good_at is None else round(now - looks.good_at, 3),
            "looks": looks.good,
            "looks_failed": looks.failed,
            "found": [node.id for node in looks.last.nodes],
            "leaving": [node.id for node in self.leaving],
            "mistakes": list(looks.last.mistakes),
            "silent": list(looks.last.silent),
        }

    def _saw(self, sightings: Sightings) -> None:
        self._tell_new_mistakes(sightings)
        self.looks.last = sightings
        if not sightings.nodes and not self.source.lasting:
            self._failed(f"{self.source.words}: nobody there says which node he is")
            return
        now = asyncio.get_running_loop().time()
        if self.looks.failed and self.looks.trouble:
            log.info("discovery works again", source=self.source.words)
        self.looks.good += 1
        self.looks.good_at, self.looks.trouble = now, None
        for upstream in sightings.nodes:
            self._put(upstream.id, self._fleet.put(upstream, now))
        for node_id in self._found.difference(upstream.id for upstream in sightings.nodes):
            if node := self._roster.get(node_id):
                node.named(False, now)

    def _put(self, node_id: str, node: Node) -> None:
        if node_id not in self._found:
            self._found.add(node_id)
            log.info("node found", node=node_id, host=node.upstream.host, port=node.upstream.port)

    def _failed(self, trouble: str) -> None:
        self.looks.failed += 1
        if trouble != self.looks.trouble:
            log.warning("discovery fails; the nodes stay as they are", source=self.source.words, trouble=trouble)
        self.looks.trouble = trouble

    def _tell_new_mistakes(self, sightings: Sightings) -> None:
        for mistake in set(sightings.mistakes).difference(self.looks.last.mistakes):
            log.warning("discovery found a mistake", mistake=mistake)

    def _forget_gone(self) -> None:
        for node in self.leaving:
            if not node.running and (node.health is Health.DOWN or not self._bindings.sessions(node.id)):
                self._fleet.forget(node.id)
                self._found.discard(node.id)
                log.info("node forgotten", node=node.id, was=node.health)
