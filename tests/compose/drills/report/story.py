"""Histories of a few lines, written by hand: each call is one thing that happened, a real second after the last."""

from compose.drills.history.history import History
from compose.drills.history.records import (
    ClockChange,
    Closed,
    Completion,
    FaultChange,
    FaultPhase,
    Invoke,
    Mark,
    Opened,
    OpKind,
    Outcome,
    Receipt,
)
from compose.drills.judging.judgement import VariantJudgement
from compose.drills.report.run import VariantRun
from compose.drills.report.variant import Variant
from compose.drills.verdict import Verdict
from shared.actions import Action
from shared.contract import BalancerError, KnownVia

S = 1_000_000_000
START_MS = 1_772_442_000_000


class Story:
    """Operations are numbered from 1 in the order they are told; each takes 10 ms."""

    def __init__(self, *, seed=1, switches=None, nodes=("node-1", "node-2")):
        self.now_ns = 0
        self.policy_ms = START_MS
        self.op = 0
        self.login_of = {}
        self.session_of = {}
        self.records = [
            Opened(0, START_MS, "r", "d", "A drill", "only", seed, "processes", "2026-11-21T10:00:00Z",
                   dict.fromkeys(nodes, "9.11"), "fenced", "cookie", {}, switches or {}, "dcsim drill run d")
        ]  # fmt: skip

    def tell(self, user, *, kind=OpKind.BROWSE, node="node-1", via=KnownVia.SESSION, outcome=Outcome.OK, status=200,
             path="/browse/A-1", group="office", login_op="his", took_ns=10_000_000, session=None, username=None,
             action=None, victim=None, ended=None, error=None):  # fmt: skip
        """Returns the operation's number. `login_op` "his" is the person's last login, whose session he also shows."""
        self.now_ns += S
        self.op += 1
        login = self.login_of.get(user) if login_op == "his" else login_op
        shown = session or self.session_of.get(user)
        self.records.append(
            Invoke(self.now_ns, self.policy_ms, self.op, user, group, kind, "GET", path, self.now_ns, shown, None,
                   None, None if kind is OpKind.LOGIN else login, action, victim)
        )  # fmt: skip
        if kind is OpKind.LOGIN and via is KnownVia.LOGIN:
            self.login_of[user] = self.op
        if via in (KnownVia.LOGIN, KnownVia.REMEMBER_ME):
            self.session_of[user] = shown = f"s-{self.op}"
        if outcome is not None:
            served_as = (username or user) if via is not KnownVia.NOBODY else None
            self.records.append(
                Completion(self.now_ns + took_ns, self.policy_ms, self.op, outcome, status, node, via, served_as, ended,
                           balancer_error=error, session=shown)
            )  # fmt: skip
        return self.op

    def log_in(self, user, **more):
        return self.tell(user, kind=OpKind.LOGIN, via=KnownVia.LOGIN, status=302, **more)

    def refused(self, user, **more):
        return self.tell(user, via=KnownVia.NOBODY, status=302, **more)

    def fails(self, user):
        return self.tell(user, node=None, via=KnownVia.NOBODY, status=503, error=BalancerError.NO_NODE)

    def act(self, victim, action=Action.ADMIN_PASSWORD, *, user="admin", group="operators", status=204, **more):
        return self.tell(
            user, kind=OpKind.ACT, group=group, action=action, victim=victim, status=status, login_op=None, **more
        )

    def receipt(self, nodes, *, op=None, origin="node-1", waited_ms=5.0, user="alice"):
        self.records.append(
            Receipt(self.now_ns, self.policy_ms, op, "admin-password", user, origin, 1, nodes, waited_ms, 1.0)
        )

    def jump(self, ms):
        self.now_ns += S
        before, self.policy_ms = self.policy_ms, self.policy_ms + ms
        self.records.append(ClockChange(self.now_ns, self.policy_ms, before, 0.0))

    def mark(self, name):
        self.records.append(Mark(self.now_ns, self.policy_ms, name))

    def fault(self, name, phase=FaultPhase.CONFIRMED, *, target="node-2", detail=""):
        self.now_ns += S
        self.records.append(FaultChange(self.now_ns, self.policy_ms, name, "node.crash", target, phase, detail))

    def end(self):
        self.records.append(Closed(self.now_ns + S, self.policy_ms))
        return self

    @property
    def history(self):
        return History(self.records)

    def variant(self, name="only", index=0, **judged):
        history = self.history
        run = VariantRun(name, history, VariantJudgement(name, Verdict.PASS, **judged))
        return Variant(run, index, 0, history.ends_ns)
