"""The relay's operator endpoints: what the links are, and setting and healing their faults."""

import asyncio
from collections.abc import Mapping

from aiohttp import web

from compose.cluster.links.faults import make_fault
from compose.cluster.links.link import Link
from shared.contract import OPERATOR_PREFIX
from shared.errors import CallerError
from shared.operator_api import json_object, operator_app


def relay_operator_app(token: str, links: Mapping[str, Link]) -> web.Application:
    """`GET /-/links`; `PUT /-/fault` with `{"link", "kind", ...settings}`; `DELETE /-/fault?link=...`, without a link
    for all; `POST /-/look` makes every link as open as its target is. Whatever was asked for is so when the answer
    comes."""

    async def show(_request: web.Request) -> web.Response:
        return web.json_response({"links": [link.describe() for link in links.values()]})

    async def set_fault(request: web.Request) -> web.Response:
        body = await json_object(request)
        link = _find(links, body.pop("link", None))
        fault = make_fault(str(body.pop("kind", "")), body, redis=link.settings.redis)
        await link.set_fault(fault)
        return web.json_response(link.describe())

    async def heal(request: web.Request) -> web.Response:
        name = request.query.get("link")
        chosen = list(links.values()) if name is None else [_find(links, name)]
        return web.json_response({"hits": {link.settings.name: await link.heal() for link in chosen}})

    async def look(_request: web.Request) -> web.Response:
        await asyncio.gather(*(link.look_again() for link in links.values()))
        return await show(_request)

    app = operator_app(token)
    app.router.add_get(f"{OPERATOR_PREFIX}/links", show)
    app.router.add_post(f"{OPERATOR_PREFIX}/look", look)
    app.router.add_put(f"{OPERATOR_PREFIX}/fault", set_fault)
    app.router.add_delete(f"{OPERATOR_PREFIX}/fault", heal)
    return app


def _find(links: Mapping[str, Link], name: object) -> Link:
    link = links.get(str(name))
    if link is None:
        raise CallerError(404, f"there is no link {str(name)[:80]!r}; there is {', '.join(links)}")
    return link
