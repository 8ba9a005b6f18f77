"""What this node holds against the database, and what the database knows of the cluster: for an operator who looks on.

Nothing here goes through a login, so that looking leaves no session and no Crowd entry behind.
"""

from typing import Any

from aiohttp import web

from node.caches import Caches
from node.cluster import is_alive
from node.parts import Node
from node.store import cluster_nodes, credentials, directory, remember_me
from node.store.engine import is_storable
from shared.contract import OPERATOR_PREFIX
from shared.errors import CallerError


def add_inspection_routes(app: web.Application, node: Node) -> None:
    """`GET /-/remember-me?user=`, `/-/captcha-due?user=`, `/-/divergent`, `/-/cluster`. 503 while Postgres is away."""
    settings, database = node.settings, node.database

    async def remember_me_tokens(request: web.Request) -> web.Response:
        """Of one user, by name or key, or of all."""
        user = _user(request)
        async with database.transaction() as connection:
            account = None if user is None else await directory.by_name(connection, user)
            count = await remember_me.count(connection, user if account is None else account.user_key)
        if user is not None and account is None and count == 0:
            raise CallerError(404, f"there is no user {user[:80]!r}, and no token with that key")
        return web.json_response({"count": count})

    async def captcha_due(request: web.Request) -> web.Response:
        """How many users must solve one at their next login."""
        user = _user(request)
        async with database.transaction() as connection:
            count = await credentials.count_failing(connection, at_least=settings.max_failed_logins, username=user)
        return web.json_response({"count": count if settings.max_failed_logins else 0})

    async def divergent(_request: web.Request) -> web.Response:
        keys = {session.account.user_key for session in node.caches.web_sessions.all() if session.account}
        keys |= {entry.account.user_key for entry in node.caches.crowd.all()}
        async with database.transaction() as connection:
            epochs = await directory.epochs_of(connection, keys)
        return web.json_response(_divergent(node.caches, epochs))

    async def cluster(_request: web.Request) -> web.Response:
        async with database.transaction() as connection:
            found = await cluster_nodes.all_nodes(connection)
        upgrade = await node.upgrading.current()
        now_ms = node.clock.now_ms()
        rows = [
            {"node": one.node_id, "state": one.state, "alive": is_alive(one, now_ms=now_ms), "version": one.version}
            for one in found
        ]
        return web.json_response({"nodes": rows, "upgrade": upgrade.state})

    app.router.add_get(f"{OPERATOR_PREFIX}/remember-me", remember_me_tokens)
    app.router.add_get(f"{OPERATOR_PREFIX}/captcha-due", captcha_due)
    app.router.add_get(f"{OPERATOR_PREFIX}/divergent", divergent)
    app.router.add_get(f"{OPERATOR_PREFIX}/cluster", cluster)


def _user(request: web.Request) -> str | None:
    """Whom the question is about; None: all. Raises CallerError 400 for a name that cannot be asked for."""
    user = request.query.get("user")
    if user is not None and not is_storable(user):
        raise CallerError(400, f"no user is called {user[:80]!r}: names have no NUL in them")
    return user


def _divergent(caches: Caches, epochs: dict[str, int]) -> dict[str, Any]:
    """What is older than the database has it, or belongs to somebody who is gone. A session below the floor is left
    out: the node knows that it knows nothing of it, and asks before it honours it."""

    def is_behind(user_key: str, epoch: int) -> bool:
        current = epochs.get(user_key)
        return current is None or epoch < current

    sessions = [
        session
        for session in caches.web_sessions.all()
        if session.account is not None and not caches.is_below_floor(session)
    ]
    return {
        "web_sessions": sum(is_behind(one.account.user_key, one.epoch) for one in sessions if one.account),
        "crowd": sum(is_behind(entry.account.user_key, entry.account.epoch) for entry in caches.crowd.all()),
    }
