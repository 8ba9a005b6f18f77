"""Links between containers: the relay's faults, and for `cut` the network itself is taken away as well.

A cut takes the node off the network over which the link runs, so that nothing can pass whatever the node tries. The
relay cuts the link too, and when it is healed the relay resets what lost something: both ends learn at the same moment
that they have been apart, as they do where there is only the relay, instead of when some retransmission gets through.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
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
        self._cut: set[str] = set()
        self._one_at_a_time = asyncio.Lock()

    async def fault(self, link: str, kind: str, **settings: Any) -> LinkReading:
        name = full_name(link)
        async with self._one_at_a_time:
            reading = await super().fault(name, kind, **settings)
            if kind == Cut.kind:
                await self._leave(name)
            else:
                await self._come_back(name)
            return reading

    async def look(self, *, gone: Sequence[str] = ()) -> None:
        """The relay cannot reach a node over the network that was taken from it, and must not refuse for it: a cut is
        silent."""
        await self._client.look(self.url, gone=gone, unseen=sorted(self._cut - set(gone)))

    async def heal(self, link: str) -> int:
        async with self._one_at_a_time:
            await self._come_back(full_name(link))
            return await super().heal(link)

    async def heal_all(self) -> dict[str, int]:
        async with self._one_at_a_time:
            for name in list(self._cut):
                await self._come_back(name)
            return await super().heal_all()

    async def _leave(self, link: str) -> None:
        """A node that is not there has nothing to leave: the relay alone cuts its link, also when it comes back."""
        node, place = self._node_and_place(link)
        engine, container = self._run.engine, self._container_name(node)
        if not await self._is_on(container, place):
            return
        self._cut.add(link)
        async with self._run.events.confirmed(f"{node} off {place.network.name}", _about("disconnect", place)):
            await engine.call(
                f"take {node} off {place.network.name}",
                engine.api.disconnect_container_from_network,
                container,
                place.network.id,
                force=True,
            )

    async def _come_back(self, link: str) -> None:
        """To the same address and under the same names, which the engine forgets with every disconnect. A node that
        was started anew meanwhile is on all its networks already."""
        if link not in self._cut:
            return
        self._cut.discard(link)
        node, place = self._node_and_place(link)
        container = self._container_name(node)
        try:
            if not await self._is_on(container, place):
                async with self._run.events.confirmed(f"{node} on {place.network.name}", _about("connect", place)):
                    await join(self._run.engine, container, place)
        except Gone:
            return  # it has been removed, and will be on its networks when it is made again

    async def _is_on(self, container: str, place: Place) -> bool:
        engine = self._run.engine
        try:
            described = await engine.call(f"describe {container}", engine.api.inspect_container, container)
        except Gone:
            return False
        return place.network.name in described["NetworkSettings"]["Networks"]

    def _node_and_place(self, link: str) -> tuple[str, Place]:
        """Whose network is to be left for a link to be cut: always the node's, as everybody else has other links."""
        source, _, target = link.partition("->")
        node, net = (source, _NETWORK_OF[target]) if target in _NETWORK_OF else (target, Net.FRONT)
        return node, self._places[node][net]


def _about(action: str, place: Place) -> "Any":
    def matches(event: Event) -> bool:
        return event.kind == "network" and event.action == action and event.of == place.network.id

    return matches
