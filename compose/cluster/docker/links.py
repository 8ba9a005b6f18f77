"""Links between containers: the relay's faults, and for `cut` the network itself is taken away as well.

A cut takes the node off the network over which the link runs, so that nothing can pass whatever the node tries. The
relay cuts the link too, and when it is healed the relay resets what lost something: both ends learn at the same moment
that they have been apart, as they do where there is only the relay, instead of when some retransmission gets through.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from compose.cluster.admin_client import AdminClient
from compose.cluster.docker.container import join
from compose.cluster.docker.engine import Gone
from compose.cluster.docker.events import Event
from compose.cluster.docker.networks import Net, Place
from compose.cluster.docker.run import Run
from compose.cluster.links.faults.cut import Cut
from compose.cluster.links.panel import LinkReading, Links, full_name

_NETWORK_OF = {"postgres": Net.DB, "redis": Net.BUS}


class ContainerLinks(Links):
    """See the module. `places` are every node's, by network. Raises HarnessError when the engine does not confirm
    that a node has left a network, or that it is back."""

    def __init__(
        self,
        client: AdminClient,
        url: str | None,
        *,
        run: Run,
        container_name: Callable[[str], str],
        places: Mapping[str, Mapping[Net, Place]],
    ) -> None:
        super().__init__(client, url)
        self._run = run
        self._container_name = container_name
        self._places = places
        self._cut: dict[str, int] = {}
        self._one_at_a_time = asyncio.Lock()

    async def read(self) -> list[LinkReading]:
        return [replace(link, hits=link.hits + self._cut.get(link.name, 0)) for link in await super().read()]

    async def fault(self, link: str, kind: str, **settings: Any) -> LinkReading:
        name = full_name(link)
        async with self._one_at_a_time:
            reading = await super().fault(name, kind, **settings)
            if kind != Cut.kind:
                await self._come_back(name)
                return reading
            await self._leave(name, hits=reading.connections)
            return replace(reading, hits=reading.hits + self._cut.get(name, 0))

    async def look(self, *, gone: Sequence[str] = ()) -> None:
        """The relay cannot reach a node over the network that was taken from it, and must not refuse for it: a cut is
        silent."""
        await self._client.look(self.url, gone=gone, unseen=sorted(set(self._cut) - set(gone)))

    async def heal(self, link: str) -> int:
        """As everywhere; the relay does not see what never gets to it, so the connections that ran over the network
        when it was taken away count as hits."""
        name = full_name(link)
        async with self._one_at_a_time:
            cut_off = await self._come_back(name)
            return cut_off + await super().heal(name)

    async def heal_all(self) -> dict[str, int]:
        async with self._one_at_a_time:
            cut_off = {name: await self._come_back(name) for name in list(self._cut)}
            return {name: hits + cut_off.get(name, 0) for name, hits in (await super().heal_all()).items()}

    async def _leave(self, link: str, *, hits: int) -> None:
        """A node that is not there has nothing to leave: the relay alone cuts its link, also when it comes back."""
        node, place = self._node_and_place(link)
        engine, container = self._run.engine, await self._on(node, place)
        if container is None:
            return
        self._cut[link] = hits
        async with self._run.events.confirmed(f"{node} off {place.network.name}", _left(place, container)):
            await engine.call(
                f"take {node} off {place.network.name}",
                engine.api.disconnect_container_from_network,
                container,
                place.network.id,
                force=True,
            )

    async def _come_back(self, link: str) -> int:
        """To the same address and under the same names, which the engine forgets with every disconnect. A node that
        was started anew meanwhile is on all its networks already. Returns how many connections had been cut off."""
        if link not in self._cut:
            return 0
        node, place = self._node_and_place(link)
        try:
            container = await self._id_of(node)
            if await self._on(node, place) is None:
                async with self._run.events.confirmed(f"{node} on {place.network.name}", _joined(place, container)):
                    await join(self._run.engine, container, place)
        except Gone:
            pass  # it has been removed, and will be on its networks when it is made again
        return self._cut.pop(link)

    async def _on(self, node: str, place: Place) -> str | None:
        """The id of the node's container, if it is there and on that network."""
        try:
            described = await self._described(node)
        except Gone:
            return None
        return str(described["Id"]) if place.network.name in described["NetworkSettings"]["Networks"] else None

    async def _id_of(self, node: str) -> str:
        return str((await self._described(node))["Id"])

    async def _described(self, node: str) -> Mapping[str, Any]:
        engine = self._run.engine
        described: Mapping[str, Any] = await engine.call(
            f"describe {node}", engine.api.inspect_container, self._container_name(node)
        )
        return described

    def _node_and_place(self, link: str) -> tuple[str, Place]:
        """Whose network is to be left for a link to be cut: always the node's, as everybody else has other links."""
        source, _, target = link.partition("->")
        node, net = (source, _NETWORK_OF[target]) if target in _NETWORK_OF else (target, Net.FRONT)
        return node, self._places[node][net]


def _left(place: Place, container: str) -> Callable[[Event], bool]:
    return lambda event: event.of == place.network.id and event.releases(container)


def _joined(place: Place, container: str) -> Callable[[Event], bool]:
    def matches(event: Event) -> bool:
        what = event.kind, event.action, event.of, event.attributes.get("container")
        return what == ("network", "connect", place.network.id, container)

    return matches
