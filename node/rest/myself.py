"""`/rest/api/2/myself`: the user about himself."""

from aiohttp import web

from node.answers import json_answer, no_content
from node.identity import Account
from node.own_password import OwnPassword
from node.paths import Paths
from node.request import Request
from node.rest.arguments import PASSWORD_MAX, json_body, text_field
from node.rest.beans import user_bean
from node.routes import Route, rest
from node.store import directory
from node.store.engine import Database
from shared.contract import NOT_AUTHENTICATED
from shared.errors import CallerError


def myself_routes(database: Database, own_password: OwnPassword, *, paths: Paths) -> list[Route]:
    async def current(request: Request) -> Account:
        async with database.transaction() as connection:
            account = await directory.by_key(connection, request.context.user.user_key)
        if account is None:  # possible with `crowd.gate: either`, where a session outlives its user
            raise CallerError(401, NOT_AUTHENTICATED)
        return account

    async def read(request: Request) -> web.Response:
        return json_answer(user_bean(await current(request), paths))

    async def change_password(request: Request) -> web.Response:
        body = await json_body(request)
        new = text_field(body, "password", limit=PASSWORD_MAX)
        old = text_field(body, "currentPassword", limit=PASSWORD_MAX)
        await own_password.change(await current(request), old=old, new=new, session=request.context.session)
        return no_content()

    return [rest("GET", "/myself", read), rest("PUT", "/myself/password", change_password)]
