"""`/rest/api/2/user`: reading and changing users, and ending their sessions (reference: jira.md 4.3)."""

import secrets
from typing import Any

from aiohttp import web

from node.admin_actions import AdminActions
from node.answers import answer, json_answer, no_content
from node.identity import Account
from node.passwords import Passwords
from node.paths import Paths
from node.profiles import ProfileChange, Profiles, name_taken, refuse_odd_name, refuse_self
from node.request import Request
from node.rest.arguments import (
    PASSWORD_MAX,
    json_body,
    optional_flag,
    optional_text,
    text_field,
    whole_number,
)
from node.rest.beans import user_bean
from node.routes import Needs, Route, rest
from node.store import directory, users
from node.store.engine import Database
from shared.accounts import USERS
from shared.clock import PolicyClock
from shared.errors import CallerError
from shared.versions import Version


def user_routes(
    database: Database,
    passwords: Passwords,
    actions: AdminActions,
    profiles: Profiles,
    clock: PolicyClock,
    *,
    paths: Paths,
    version: Version,
) -> list[Route]:
    """`DELETE user/session/{username}` is there from 9.11 on only."""

    async def named(request: Request) -> Account:
        return await find_user(database, request.query.get("username"), request.query.get("key"))

    async def read(request: Request) -> web.Response:
        return json_answer(user_bean(await named(request), paths))

    async def search(request: Request) -> web.Response:
        text = request.query.get("username", request.query.get("query", ""))
        start = whole_number(request.query.get("startAt"), "startAt", default=0)
        limit = whole_number(request.query.get("maxResults"), "maxResults", default=50)
        async with database.transaction() as connection:
            found = await directory.search(connection, "" if text == "." else text, start=start, limit=min(limit, 1000))
        return json_answer([user_bean(account, paths) for account in found])

    async def create(request: Request) -> web.Response:
        body = await json_body(request)
        name = text_field(body, "name")
        refuse_odd_name(name)
        email = text_field(body, "emailAddress")
        display_name = text_field(body, "displayName")
        password = optional_text(body, "password", limit=PASSWORD_MAX) or secrets.token_urlsafe()
        credential = await passwords.hash(password)
        async with database.transaction() as connection:
            await users.lock_names(connection)
            if await directory.by_name(connection, name) is not None:
                raise name_taken()
            user_key = await users.create(
                connection,
                username=name,
                display_name=display_name,
                email=email,
                credential=credential,
                groups=(USERS,),
                now_ms=clock.now_ms(),
            )
            account = await directory.by_key(connection, user_key)
        assert account is not None
        return json_answer(user_bean(account, paths), 201)

    async def update(request: Request) -> web.Response:
        account = await named(request)
        body = await json_body(request)
        change = ProfileChange(
            username=optional_text(body, "name"),
            display_name=_given_text(body, "displayName"),
            email=_given_text(body, "emailAddress"),
            active=optional_flag(body, "active"),
        )
        await profiles.change(account, change, actor=request.context.user)
        return json_answer(user_bean(await find_user(database, None, account.user_key), paths))

    async def delete(request: Request) -> web.Response:
        account = await named(request)
        refuse_self(request.context.user, account, "delete")
        await actions.delete_user(account)
        return no_content()

    async def change_password(request: Request) -> web.Response:
        account = await named(request)
        password = text_field(await json_body(request), "password", limit=PASSWORD_MAX)
        await actions.change_password(account, password)
        return no_content()

    async def end_sessions(request: Request) -> web.Response:
        await actions.end_sessions(await find_user(database, request.variables["username"], None))
        return answer(200, {})

    routes = [
        rest("GET", "/user", read),
        rest("GET", "/user/search", search),
        rest("POST", "/user", create, Needs.ADMIN),
        rest("PUT", "/user", update, Needs.ADMIN),
        rest("DELETE", "/user", delete, Needs.ADMIN),
        rest("PUT", "/user/password", change_password, Needs.ADMIN),
    ]
    if version.has_rest_end_session:
        routes.append(rest("DELETE", "/user/session/{username}", end_sessions, Needs.ADMIN))
    return routes


async def find_user(database: Database, username: str | None, user_key: str | None) -> Account:
    """By name where both are given. Raises CallerError 400 when neither is, or both are empty, and 404 when nobody has
    it."""
    wanted = username or user_key
    if not wanted:
        raise CallerError(400, "Either the 'username' or the 'key' query parameter must be given.")
    async with database.transaction() as connection:
        look_up = directory.by_name if username else directory.by_key
        account = await look_up(connection, wanted)
    if account is None:
        noun = "named" if username else "with the key"
        raise CallerError(404, f"The user {noun} '{wanted[:255]}' does not exist")
    return account


def _given_text(body: dict[str, Any], name: str) -> str | None:
    """None leaves the old one; what is given must hold as much as a new user's. Raises CallerError 400 naming it."""
    return None if body.get(name) is None else text_field(body, name)
