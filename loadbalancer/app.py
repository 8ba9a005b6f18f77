"""The wiring: builds every part once, runs them in one task group, and stops them in order."""

import asyncio
import contextlib
import random
import ssl

from loadbalancer.admin import admin_app
from loadbalancer.bindings import Bindings
from loadbalancer.client import ClientConnection, Connections
from loadbalancer.cookie import RouteCookie
from loadbalancer.datapath import DataPath
from loadbalancer.discovery import Following, Source, choose_source
from loadbalancer.fleet import Fleet
from loadbalancer.health import HealthChecks
from loadbalancer.journal import Journal
from loadbalancer.nodes import Roster
from loadbalancer.placement import PLACERS
from loadbalancer.routing import NotSticky, Router, Stickiness, StickyByCookie, StickyByJvmRoute, StickyBySource
from shared import log
from shared.clock import PolicyClock
from shared.errors import OperatorError
from shared.serving import announce_ready, listen, serving
from shared.settings import BalancerSettings, Sticky

_SWEEP_S = 0.1
_HOUSEKEEPING_S = 1.0
_BACKLOG = 4096


class Balancer:
    """One balancer process. `connections` are those of clients; `source` names the nodes, or else the settings do."""

    def __init__(self, settings: BalancerSettings, *, source: Source | None = None) -> None:
        self.settings = settings
        self.clock = PolicyClock(settings.clock)
        self.connections = Connections()
        self.roster = Roster()
        self.bindings = Bindings(limit=settings.max_bindings, idle_ms=settings.binding_idle_s * 1000)
        self.journal = Journal(path=settings.access_log, kept=settings.access_log_kept)
        placer = PLACERS[settings.placement]()
        self.router = Router(self.roster, self._stickiness(), placer, self.bindings)
        self.path = DataPath(settings, roster=self.roster, router=self.router, clock=self.clock, journal=self.journal)
        self.fleet = Fleet(settings, self.roster, self.path)
        self.following = Following(
            source or choose_source(settings),
            self.fleet,
            self.roster,
            self.bindings,
            interval_s=settings.discovery_interval_s,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Serves until `stop` is set: accept no more, finish, time limit, return."""
        settings = self.settings
        loop = asyncio.get_running_loop()
        checks = HealthChecks(settings, self.roster, self.clock, chance=random.Random())  # jitter, no secret
        tls = tls_context(settings)
        public = listen(settings.host, settings.port, reuse_port=settings.reuse_port)
        admin = listen(settings.admin_host, settings.admin_port, reuse_port=settings.reuse_port)
        port, admin_port = public.getsockname()[1], admin.getsockname()[1]
        proto = "https" if tls else "http"
        async with serving(admin_app(self), admin, stop_grace_s=1.0), asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.following.run())]
            await self.following.first_look.wait()
            tasks += [
                group.create_task(checks.run()),
                group.create_task(self._sweep()),
                group.create_task(self._keep_house()),
            ]
            await checks.first_round.wait()
            server = await loop.create_server(
                lambda: ClientConnection(self.path, self.connections, loop, proto=proto),
                sock=public,
                backlog=_BACKLOG,
                ssl=tls,
            )
            announce_ready(settings.ready_fd, port=port, admin_port=admin_port)
            log.get_logger().info("balancer ready", port=port, admin_port=admin_port, nodes=len(self.roster))
            await stop.wait()
            server.close()
            await self._finish()
            for task in tasks:
                task.cancel()
        await self.following.close()
        self.fleet.close()
        self.journal.close()

    async def _finish(self) -> None:
        """Lets running requests finish within the limit, then breaks off what is left."""
        self.path.stopping = True
        for connection in list(self.connections):
            connection.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.stop_grace_s):
                await self.connections.wait_empty()
        for connection in list(self.connections):
            connection.break_off()
        await self.connections.wait_empty()

    async def _sweep(self) -> None:
        """Deadlines of all connections and of ejections; one pass instead of a timer per request."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SWEEP_S)
            now = loop.time()
            for connection in list(self.connections):
                if now >= connection.deadline:
                    connection.sweep()
            for node in self.roster:
                node.settle(now)

    async def _keep_house(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_HOUSEKEEPING_S)
            now = loop.time()
            self.path.trim_pools(now)
            self.bindings.expire(self.clock.now_ms())
            self.journal.flush()
            for node in self.roster:
                node.counters.rate.tick(node.counters.requests, now)

    def _stickiness(self) -> Stickiness:
        settings = self.settings
        if settings.sticky is Sticky.COOKIE:
            cookie = RouteCookie(
                settings.admin_token.get_secret_value(),
                name=settings.route_cookie,
                attributes=settings.route_cookie_attributes + ("; Secure" if settings.tls_certificate else ""),
            )
            return StickyByCookie(cookie, self.bindings, self.clock)
        if settings.sticky is Sticky.JVM_ROUTE:
            return StickyByJvmRoute(settings.session_cookie, self.roster, self.bindings, self.clock)
        if settings.sticky is Sticky.SOURCE:
            return StickyBySource(self.bindings, self.clock)
        return NotSticky()


def tls_context(settings: BalancerSettings) -> ssl.SSLContext | None:
    """The server side of TLS, or None for plain http. Raises OperatorError when the files are no use."""
    if settings.tls_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise OperatorError(f"cannot use the certificate {settings.tls_certificate}: {error}") from error
    context.set_alpn_protocols(["http/1.1"])
    return context
