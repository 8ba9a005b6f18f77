"""The node's operator endpoints: what it is, what it remembers, its policy clock, and faults to rehearse with."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from node import captcha
from node.caches import Caches
from node.deadlines import Deadline, DeadlineKind, next_of_each
from node.inspection import add_inspection_routes
from node.invalidation.facts import backlog
from node.invalidation.receipts import Receipt
from node.loop_fault import LoopBlock, LoopFault
from node.metrics import exposition
from node.parts import Node
from node.store import directory, remember_me
from shared.contract import OPERATOR_PREFIX, NodeState
from shared.errors import CallerError, DependencyError
from shared.operator_api import add_clock_routes, describe_clock, json_object, operator_app, shown_limit

CACHES_SHOWN_MAX = 1000
RECEIPTS_SHOWN = 25


def node_operator_app(node: Node) -> web.Application:
    """All operator endpoints of one node."""
    settings, life, caches, clock, meter = node.settings, node.life, node.caches, node.clock, node.meter
    database = node.database
    loop_fault = LoopFault()

    async def status(_request: web.Request) -> web.Response:
        facts = node.delivery.facts()
        return web.json_response(
            {
                "node": settings.node_id,
                "version": str(settings.version),
                "delivery": settings.delivery,
                "state": life.state,
                "web_sessions": len(caches.web_sessions),
                "crowd_entries": len(caches.crowd),
                "requests": meter.total,
                "in_flight": meter.in_flight,
                "applied": facts.applied,
                "lag": facts.lag,
                "fenced": facts.lease_left_s == 0,
                "undelivered": {
                    name: {"count": count, "level": backlog(count)} for name, count in facts.undelivered.items()
                },
                "stale_accepts_found": node.auditor.found,
                "switches": settings.switches.model_dump(mode="json"),
                "clock": describe_clock(clock),
            }
        )

    async def show_caches(request: web.Request) -> web.Response:
        return web.json_response(_describe(caches, request.query.get("user")))

    async def show_captcha(request: web.Request) -> web.Response:
        """What a person would read in the picture; tests have no eyes."""
        session = caches.web_sessions.peek(request.query.get("session", ""))
        challenge = None if session is None else captcha.posed(session, now_ms=clock.now_ms())
        if challenge is None:
            raise CallerError(404, "no CAPTCHA is posed to that session on this node")
        return web.json_response(asdict(challenge))

    async def deadlines(_request: web.Request) -> web.Response:
        """On the cluster's clock, whatever this node's own skew."""
        now_ms = clock.now_ms()
        found = next_of_each(caches, now_ms=now_ms)
        max_age_ms = settings.remember_me_age_s * 1000
        async with database.transaction() as connection:
            token = await remember_me.next_to_expire(connection, max_age_ms=max_age_ms, now_ms=now_ms)
        if token is not None:  # good up to and including its last millisecond
            found.append(Deadline(DeadlineKind.REMEMBER_ME, token[0], token[1] + max_age_ms + 1))
        described = [asdict(replace(deadline, at_ms=deadline.at_ms - clock.skew_ms)) for deadline in found]
        return web.json_response({"deadlines": described})

    async def order_state(request: web.Request) -> web.Response:
        wanted = str((await json_object(request)).get("state", ""))
        if wanted not in NodeState._value2member_map_:
            raise CallerError(400, f"{wanted[:40]!r} is no state; there are {', '.join(NodeState)}")
        life.order(NodeState(wanted))
        return web.json_response({"state": life.state})

    async def invalidations(request: web.Request) -> web.Response:
        """What this node has invalidated, newest first; names are looked up now and null where nobody can say."""
        receipts = node.receipts.latest(shown_limit(request, default=RECEIPTS_SHOWN))
        keys = {receipt.event.user_key for receipt in receipts if receipt.event.user_key is not None}
        names: dict[str, str] = {}
        with suppress(DependencyError):
            async with database.transaction() as connection:
                names = await directory.names_of(connection, keys)
        return web.json_response({"invalidations": [_receipt(receipt, names) for receipt in receipts]})

    async def invalidate_everyone(_request: web.Request) -> web.Response:
        return web.json_response(_receipt(await node.actions.invalidate_everyone(), {}))

    async def show_faults(_request: web.Request) -> web.Response:
        return web.json_response(loop_fault.describe())

    async def set_fault(request: web.Request) -> web.Response:
        body = await json_object(request)
        loop_fault.set(LoopBlock(body.get("loop_block_ms", 0), body.get("every_ms", 0)))
        return web.json_response(loop_fault.describe())

    async def lift_faults(_request: web.Request) -> web.Response:
        """The answer's `blocks` says how often it struck."""
        loop_fault.lift()
        return web.json_response(loop_fault.describe())

    async def lift_at_the_end(_app: web.Application) -> None:
        loop_fault.lift()

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=exposition(node), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = operator_app(settings.admin_token.get_secret_value())
    app.router.add_get(f"{OPERATOR_PREFIX}/status", status)
    app.router.add_get(f"{OPERATOR_PREFIX}/caches", show_caches)
    app.router.add_put(f"{OPERATOR_PREFIX}/state", order_state)
    app.router.add_get(f"{OPERATOR_PREFIX}/captcha", show_captcha)
    app.router.add_get(f"{OPERATOR_PREFIX}/deadlines", deadlines)
    app.router.add_get(f"{OPERATOR_PREFIX}/invalidations", invalidations)
    app.router.add_post(f"{OPERATOR_PREFIX}/invalidate-everyone", invalidate_everyone)
    app.router.add_get(f"{OPERATOR_PREFIX}/metrics", metrics)
    app.router.add_get(f"{OPERATOR_PREFIX}/faults", show_faults)
    app.router.add_put(f"{OPERATOR_PREFIX}/faults", set_fault)
    app.router.add_delete(f"{OPERATOR_PREFIX}/faults", lift_faults)
    app.on_shutdown.append(lift_at_the_end)
    add_inspection_routes(app, node)
    add_clock_routes(app, clock, in_flight=lambda: meter.in_flight)
    return app


def _receipt(receipt: Receipt, names: Mapping[str, str]) -> dict[str, Any]:
    """Instants are policy ms, durations real ms; `user_key` null means everyone."""
    event = receipt.event
    return {
        "event_id": event.event_id,
        "position": event.position,
        "action": event.action,
        "user_key": event.user_key,
        "user": names.get(event.user_key or ""),
        "origin": event.origin,
        "at_ms": event.at_ms,
        "nodes": [
            {"node": part.node_id, "outcome": part.outcome, "real_ms": round(part.after_ms, 2)}
            for part in receipt.nodes
        ],
        "waited_real_ms": round(receipt.waited_ms, 2),
        "commit_real_ms": round(receipt.commit_ms, 2),
    }


def _describe(caches: Caches, username: str | None) -> dict[str, Any]:
    """At most CACHES_SHOWN_MAX of each; session ids stay secret, their hash is what X-ASESSIONID shows."""
    sessions = [
        {
            "session": session.hash,
            "user": session.account.username if session.account else None,
            "epoch": session.epoch,
            "created_ms": session.created_ms,
            "last_ms": session.last_ms,
            "ends_ms": caches.web_sessions.deadline_ms(session),
            "attributes": session.attribute_names(),
        }
        for session in caches.web_sessions.all()
        if username is None or (session.account is not None and session.account.username == username)
    ]
    entries = [
        {
            "user": entry.account.username,
            "epoch": entry.account.epoch,
            "validated_ms": entry.validated_ms,
            "ends_ms": caches.crowd.deadline_ms(entry),
        }
        for entry in caches.crowd.all()
        if username is None or entry.account.username == username
    ]
    return {
        "web_sessions": sessions[:CACHES_SHOWN_MAX],
        "web_sessions_total": len(sessions),
        "crowd": entries[:CACHES_SHOWN_MAX],
        "crowd_total": len(entries),
    }
