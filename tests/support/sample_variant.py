"""One variant of a run that never ran: people, three nodes and their sessions, and real records of it all."""

import random
from dataclasses import dataclass

from compose.drills.history.journal import Journal
from compose.drills.history.records import (
    ClockChange,
    Closed,
    Completion,
    FaultChange,
    FaultPhase,
    Invoke,
    Mark,
    NodeChange,
    NodeCondition,
    Opened,
    OpKind,
    Outcome,
    Receipt,
    Said,
)
from shared.actions import Action
from shared.contract import BalancerError, KnownVia, RouteReason

MS = 1_000_000
START_MS = 1_772_442_000_000
NODES = ("node-1", "node-2", "node-3")
CRASHED, DEAF = "node-2", "node-3"


@dataclass
class Browser:
    name: str
    session: str | None = None
    token: str | None = None
    node: str | None = None
    login_op: int | None = None


class Cut(Exception):
    """The run ends here, in the middle of things."""


class VariantModel:
    """Plays one variant of a `tests.support.sample_run.Sample`. What a person decides comes from one stream of chance,
    what the cluster does from another, so that twins have the same people."""

    def __init__(self, sample, name: str, version: str, journal: Journal) -> None:
        self.sample, self.name, self.version, self.journal = sample, name, version, journal
        self.people = random.Random(sample.seed)
        self.cluster = random.Random(sample.seed + 1)
        self.now_ms = 0.0
        self.policy_ms = START_MS
        self.ops = 0
        self.sessions: dict[str, tuple[str, str]] = {}
        self.ended: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self.down: set[str] = set()
        self.turn = 0
        self.crowd_ends_ms = 1 << 62
        self.reset_op = 0
        self.crashed_at_ms = 0.0

    @property
    def at(self) -> tuple[int, int]:
        return int(self.now_ms * MS), self.policy_ms

    def play(self) -> None:
        try:
            self._play()
        except Cut:
            return
        self.journal.write(Closed(*self.at))

    def _play(self) -> None:
        sample = self.sample
        self._open()
        browsers = [Browser(name) for name in sample.people]
        self._mark("setup")
        for browser in browsers:
            self._log_in(browser)
        self._mark("method")
        visits = [browser for browser in browsers for _ in range(sample.per_person)]
        self.people.shuffle(visits)
        pause_ms = max(0.1, (sample.lasts_ms - self.now_ms) / max(1, len(visits)))
        third = len(visits) // 3
        for index, browser in enumerate(visits):
            if index == third and sample.invalidate:
                self._deafen()
                self._reset_password(browsers[0])
            if index in (third + third // 4, third + third // 2) and sample.invalidate:
                self._advance(440_000)
            if index == 2 * third and sample.crash:
                self._crash()
            if index == 2 * third + third // 2 and sample.crash:
                self._recover()
            self._pass(pause_ms)
            self._visit(browser)
        if sample.invalidate:
            self._fault("deaf", "link.cut", f"{DEAF}->redis", FaultPhase.HEALED, "hears again", 3)

    def _open(self) -> None:
        sample = self.sample
        self.journal.write(
            Opened(
                0,
                START_MS,
                "2026-03-02-stolen-password-7f3a",
                "stolen-password",
                sample.title,
                self.name,
                sample.seed,
                "processes",
                "2026-11-21T10:00:00Z",
                dict.fromkeys(NODES, self.version),
                "pubsub" if self.version == "9.11" else "local",
                "cookie",
                {
                    "session_idle_ms": 18_000_000,
                    "session_max_age_ms": None,
                    "crowd_ttl_ms": 900_000,
                    "remember_me_age_ms": 1_209_600_000,
                },
                {"crowd_gate": "both", "rest_delete_clears_tokens": True, "bot_killer": True},
                f"dcsim drill run stolen-password --seed {sample.seed}",
            )
        )
        for node in NODES:
            self._node(node, NodeCondition.UP, "started")

    def _pass(self, ms: float) -> None:
        self.now_ms += ms
        cut = self.sample.interrupted_at_ms
        if cut is not None and self.now_ms >= cut:
            raise Cut

    def _mark(self, name: str) -> None:
        self.journal.write(Mark(*self.at, name))

    def _node(self, node: str, condition: NodeCondition, cause: str) -> None:
        self.journal.write(NodeChange(*self.at, node, condition, self.version, self.version, cause))

    def _fault(self, name, kind, target, phase, detail="", hits=None) -> None:
        self.journal.write(FaultChange(*self.at, name, kind, target, phase, detail, hits))

    def _deafen(self) -> None:
        self._fault("deaf", "link.cut", f"{DEAF}->redis", FaultPhase.INJECTING)
        self._pass(15)
        self._fault("deaf", "link.cut", f"{DEAF}->redis", FaultPhase.CONFIRMED, "subscription silent for 200 ms")
        self._pass(100)

    def _crash(self) -> None:
        self._fault("crash", "node.crash", CRASHED, FaultPhase.INJECTING)
        self._node(CRASHED, NodeCondition.DOWN, "crash")
        self._pass(20)
        self._fault("crash", "node.crash", CRASHED, FaultPhase.CONFIRMED, "connection refused")
        self.down.add(CRASHED)
        for session, (node, _) in list(self.sessions.items()):
            if node == CRASHED:
                del self.sessions[session]
                self.ended[session] = "node-gone"
        self.crashed_at_ms = self.now_ms

    def _recover(self) -> None:
        self.down.discard(CRASHED)
        self._node(CRASHED, NodeCondition.UP, "restart")
        self._fault("crash", "node.crash", CRASHED, FaultPhase.HEALED, "RUNNING again", 4)

    def _advance(self, by_ms: int) -> None:
        before = self.policy_ms
        self.policy_ms += by_ms
        self._pass(5)
        self.journal.write(ClockChange(*self.at, before, 0.0))

    def _reset_password(self, victim: Browser) -> None:
        self.policy_ms += 1
        self.ops += 1
        op, started = self.ops, self.at
        self.reset_op = op
        self.journal.write(
            Invoke(
                *started, op, "admin", "operators", OpKind.ACT, "POST", "/rest/api/2/user/password",
                started[0], "s-admin", None, "node-1", None, Action.ADMIN_PASSWORD, victim.name,
            )
        )  # fmt: skip
        waited = self.cluster.uniform(2, 6)
        self._pass(4 + waited)
        self.journal.write(
            Completion(*self.at, op, Outcome.OK, 204, "node-1", KnownVia.SESSION, "admin", route=RouteReason.BOUND)
        )
        is_new = self.version == "9.11"
        told = {
            node: ("applied", 0.4)
            if node == "node-1"
            else (("told" if node == DEAF else "applied"), round(self.cluster.uniform(1, 3), 2))
            if is_new
            else ("not told", 0.0)
            for node in NODES
        }
        hears = {node for node, (outcome, _) in told.items() if outcome == "applied"}
        for session, (node, user) in list(self.sessions.items()):
            if user == victim.name and node in hears:
                del self.sessions[session]
                self.ended[session] = "invalidated"
        self.tokens = {token: user for token, user in self.tokens.items() if user != victim.name}
        self.crowd_ends_ms = self.policy_ms + 870_000
        self.journal.write(
            Receipt(*self.at, op, str(Action.ADMIN_PASSWORD), victim.name, "node-1", 1, told, round(waited, 2), 4.0)
        )
        self.journal.write(Said(*self.at, f"the password of {victim.name} was reset"))

    def _log_in(self, browser: Browser) -> None:
        remember = self.people.random() < self.sample.remember_me
        op = self._invoke(browser, OpKind.LOGIN, "POST", "/login.jsp")
        node = self._place(browser)
        self._pass(self.cluster.lognormvariate(1.6, 0.4))
        browser.session, browser.login_op, browser.node = f"s{op}", op, node
        self.sessions[browser.session] = (node, browser.name)
        if remember:
            browser.token = f"t{op}"
            self.tokens[browser.token] = browser.name
        self.journal.write(
            Completion(
                *self.at, op, Outcome.OK, 302, node, KnownVia.LOGIN, browser.name, login_reason="OK",
                route=RouteReason.NEW, session=browser.session, token=browser.token,
            )
        )  # fmt: skip

    def _place(self, browser: Browser) -> str:
        up = [node for node in NODES if node not in self.down]
        if browser.node in up:
            return browser.node
        self.turn += 1
        return up[self.turn % len(up)]

    def _invoke(self, browser: Browser, kind: OpKind, method: str, path: str) -> int:
        self.ops += 1
        late_ns = int(self.cluster.uniform(0, 2) * MS)
        real_ns, policy_ms = self.at
        self.journal.write(
            Invoke(
                real_ns, policy_ms, self.ops, browser.name, "office", kind, method, path, max(0, real_ns - late_ns),
                browser.session, browser.token, browser.node, browser.login_op if kind is not OpKind.LOGIN else None,
            )
        )  # fmt: skip
        return self.ops

    def _visit(self, browser: Browser) -> None:
        kind = OpKind.WRITE if self.people.random() < 0.1 else OpKind.BROWSE
        path = f"/browse/TEST-{self.people.randint(1, 400)}"
        op = self._invoke(browser, kind, "POST" if kind is OpKind.WRITE else "GET", path)
        self._pass(self.cluster.lognormvariate(2, 0.5))
        if browser.node in self.down and self.now_ms - self.crashed_at_ms < 700:
            self._unserved(op)
            return
        node = self._place(browser)
        moved = RouteReason.REDISPATCHED if node != browser.node else RouteReason.BOUND
        browser.node = node
        at_node, _ = self.sessions.get(browser.session, (None, None))
        if at_node == node and not self._crowd_ended(browser):
            self._answer(op, node, KnownVia.SESSION, browser, moved)
        elif browser.token in self.tokens:
            old = self.ended.get(browser.session, "node-gone")
            browser.session = f"s{op}"
            self.sessions[browser.session] = (node, browser.name)
            self._answer(op, node, KnownVia.REMEMBER_ME, browser, moved, ended=old, session=browser.session)
        else:
            old = self.ended.get(browser.session, "crowd" if at_node == node else "node-gone")
            self._answer(op, node, KnownVia.NOBODY, browser, moved, ended=old)
            browser.session = browser.token = None
            self._log_in(browser)

    def _crowd_ended(self, browser: Browser) -> bool:
        """Only of logins from before the reset; later ones know the new password."""
        is_victim = browser.name == self.sample.people[0]
        return is_victim and self.policy_ms >= self.crowd_ends_ms and (browser.login_op or 0) < self.reset_op

    def _unserved(self, op: int) -> None:
        if self.cluster.random() < 0.3:
            self.journal.write(Completion(*self.at, op, Outcome.INFO, error="the connection was closed"))
        else:
            error = BalancerError.UNREACHABLE
            self.journal.write(Completion(*self.at, op, Outcome.OK, 502, None, balancer_error=error))

    def _answer(self, op, node, via, browser, route, *, ended=None, session=None) -> None:
        known = via is not KnownVia.NOBODY
        self.journal.write(
            Completion(
                *self.at, op, Outcome.OK, 200 if known else 302, node, via, browser.name if known else None, ended,
                route=route, session=session,
            )
        )  # fmt: skip
