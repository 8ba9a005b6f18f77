"""The panel through which faults of links are set, seen and healed from outside the relay."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from compose.cluster.admin_client import AdminClient
from compose.cluster.links.settings import LinkSettings
from shared.errors import OperatorError


@dataclass(frozen=True, slots=True)
class LinkReading:
    """One link as the relay describes it. `fault` is None or the fault's kind and settings; `hits` is what it has done
    so far, counted in whatever its kind counts."""

    name: str
    is_open: bool
    connections: int
    bytes_out: int
    bytes_in: int
    fault: Mapping[str, Any] | None
    hits: int

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "LinkReading":
        return cls(
            body["name"],
            body["open"],
            body["connections"],
            body["bytes_out"],
            body["bytes_in"],
            body["fault"],
            body["hits"],
        )


class Links:
    """The links of one running cluster. `url` is the relay's operator URL; None when the cluster runs without links,
    and then every method raises OperatorError.

    A link is named `node-1->redis`; `node-1:redis` names the same one, for shells. Methods raise OperatorError for a
    link or a fault that does not exist, and Silent when the relay does not answer.
    """

    def __init__(self, client: AdminClient, url: str | None) -> None:
        self._client = client
        self._url = url

    @property
    def url(self) -> str:
        if self._url is None:
            raise OperatorError("this cluster was started without links, so there is nothing to break")
        return self._url

    async def read(self) -> list[LinkReading]:
        """All links, in the order balancer, then each node's."""
        return [LinkReading.parse(link) for link in await self._client.links(self.url)]

    async def add(self, links: Iterable[LinkSettings]) -> None:
        """Opens further links, for a node that joins."""
        await self._client.add_links(self.url, [link.model_dump() for link in links])

    async def remove(self, name: str) -> None:
        """Takes a link away and breaks off what runs through it. Refused 404 for one that is not there."""
        await self._client.remove_link(self.url, name)

    async def look(self, *, gone: Sequence[str] = ()) -> None:
        """Returns when every link whose target is down refuses, and every other one does not. `gone` are those of
        which it is known."""
        await self._client.look(self.url, gone=gone)

    async def fault(self, link: str, kind: str, **settings: Any) -> LinkReading:
        """Sets a fault, in place of the one there may be. It is in force when this returns."""
        body = {**settings, "link": full_name(link), "kind": kind}
        return LinkReading.parse(await self._client.set_fault(self.url, body))

    async def heal(self, link: str) -> int:
        """Ends the fault of a link, if it has one. Returns how often it hit."""
        return (await self._client.heal(self.url, full_name(link)))[full_name(link)]

    async def heal_all(self) -> dict[str, int]:
        """Ends every fault. Returns how often each link was hit."""
        return await self._client.heal(self.url, None)

    @asynccontextmanager
    async def faulted(self, link: str, kind: str, **settings: Any) -> AsyncIterator[LinkReading]:
        """The fault for the length of the block; healed whatever happens in it."""
        reading = await self.fault(link, kind, **settings)
        try:
            yield reading
        finally:
            await self.heal(link)


def full_name(link: str) -> str:
    """`node-1:redis` as `node-1->redis`."""
    return link if "->" in link else link.replace(":", "->", 1)
