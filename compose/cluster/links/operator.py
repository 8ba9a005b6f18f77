"""The relay's operator endpoints: what the links are, and setting and healing their faults."""

import asyncio
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from compose.cluster.links.faults import make_fault
from compose.cluster.links.settings import LinkSettings
from compose.cluster.links.switchboard import Switchboard
from shared.contract import OPERATOR_PREFIX
from shared.errors import CallerError
from shared.operator_api import json_object, operator_app
from shared.settings import explain

_LINKS = TypeAdapter(list[LinkSettings])


def relay_operator_app(token: str, board: Switchboard) -> web.Application:
    """`GET /-/links`; `PUT /-/fault` with `{"link", "kind", ...settings}`; `DELETE /-/fault?link=...`, without a link
    for all; `POST /-/links` with `{"links": [...]}` opens further ones, `DELETE /-/links?link=...` takes one away;
    `POST /-/look` makes every link as open as its target is, of which `{"gone": [...], "unseen": [...]}` may say what
    is known already. Whatever was asked for is so when the answer comes."""
    links = board.links

    async def show(_request: web.Request) -> web.Response:
        return web.json_response({"links": [link.describe() for link in links.values()]})

    async def set_fault(request: web.Request) -> web.Response:
        body = await json_object(request)
        link = board.find(body.pop("link", None))
        fault = make_fault(str(body.pop("kind", "")), body, redis=link.settings.redis)
        await link.set_fault(fault)
        return web.json_response(link.describe())

    async def heal(request: web.Request) -> web.Response:
        name = request.query.get("link")
        chosen = list(links.values()) if name is None else [board.find(name)]
        return web.json_response({"hits": {link.settings.name: await link.heal() for link in chosen}})

    async def look(request: web.Request) -> web.Response:
        """What is `gone` is so for certain, what is `unseen` cannot be told from here; the others are looked at."""
        body = await json_object(request) if request.can_read_body else {}
        gone, unseen = _names(body, "gone"), _names(body, "unseen")
        await asyncio.gather(*(link.target_gone() for name, link in links.items() if name in gone))
        await asyncio.gather(*(link.look_again() for name, link in links.items() if name not in gone | unseen))
        return await show(request)

    async def add(request: web.Request) -> web.Response:
        body = await json_object(request)
        try:
            wanted = _LINKS.validate_python(body.get("links"))
        except ValidationError as error:
            raise CallerError(400, explain(error)) from error
        added = [board.add(settings) for settings in wanted]
        await asyncio.gather(*(link.look_again() for link in added))
        return web.json_response({"links": [link.describe() for link in added]})

    async def remove(request: web.Request) -> web.Response:
        await board.remove(request.query.get("link"))
        return web.Response(status=204)

    app = operator_app(token)
    app.router.add_get(f"{OPERATOR_PREFIX}/links", show)
    app.router.add_post(f"{OPERATOR_PREFIX}/links", add)
    app.router.add_delete(f"{OPERATOR_PREFIX}/links", remove)
    app.router.add_post(f"{OPERATOR_PREFIX}/look", look)
    app.router.add_put(f"{OPERATOR_PREFIX}/fault", set_fault)
    app.router.add_delete(f"{OPERATOR_PREFIX}/fault", heal)
    return app


def _names(body: dict[str, Any], key: str) -> set[str]:
    names = body.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CallerError(400, f"'{key}' must be a list of names of links")
    return set(names)
