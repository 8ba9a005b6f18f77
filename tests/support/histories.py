"""Histories of a few lines, written by hand: a `Story` is told call by call and ends in a `History`.

Each call lets a real second pass, unless `after` says otherwise (in real seconds); policy time stands still unless
`policy` moves it. People are on node-1 with session `s-NAME` unless a call says otherwise.
"""

from compose.drills.history.history import History
from compose.drills.history.records import (
    ClockChange,
    ClockReading,
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
    Reading,
    Receipt,
    Record,
    Said,
)
from shared.actions import Action
from shared.contract import BalancerError, KnownVia

SECOND_NS = 10**9
START_MS = 1_772_442_000_000
"""2026-03-02 09:00 UTC."""
MINUTE_MS = 60_000
LIMITS = {
    "session_idle_ms": 300 * MINUTE_MS,
    "session_max_age_ms": None,
    "crowd_ttl_ms": 15 * MINUTE_MS,
    "remember_me_age_ms": 14 * 24 * 60 * MINUTE_MS,
}


class Story:
    """See the module. Calls that send something return the number of the operation. They last `took` seconds, None for
    one that nobody saw the end of; `meanwhile` is called when half of them are over."""

    def __init__(self, *, nodes=("node-1", "node-2", "node-3"), version="9.11", versions=None, limits=None, **opened):
        self.records: list[Record] = []
        self.real_ns = 0
        self.policy_ms = START_MS
        self._number = 0
        self._holds: dict[str, dict] = {}
        has = {node: (versions or {}).get(node, version) for node in nodes}
        values = {
            "run": "run",
            "drill": "drill",
            "title": "A drill",
            "variant": "only",
            "seed": 1,
            "on": "processes",
            "started_utc": "2026-03-02T09:00:00Z",
            "nodes": has,
            "delivery": "fenced",
            "sticky": "cookie",
            "limits": {**LIMITS, **(limits or {})},
            "switches": {},
            "command": "dcsim drill run drill",
        } | opened
        self._add(Opened(0, START_MS, **values))

    # People

    def login(self, user, *, node="node-1", remember=False, account=None, session=None, after=1.0, took=0.1, **more):
        """He shows his password and is let in; `remember` gives him a token."""
        held = self._holds.get(user, {})
        session = session or f"s-{user}-{self._number + 1}"
        token = f"t-{user}-{self._number + 1}" if remember else held.get("token")
        op = self._ask(
            user,
            OpKind.LOGIN,
            node,
            after=after,
            took=took,
            method="POST",
            path="/login.jsp",
            known=KnownVia.LOGIN,
            account=account or user,
            gives=(session, token),
            **more,
        )
        self._holds[user] = {
            "session": session,
            "token": token,
            "login": op,
            "bound": node,
            "account": account or user,
        }
        return op

    def ask(self, user, *, node=None, known=KnownVia.SESSION, kind=OpKind.BROWSE, after=1.0, took=0.1, **more):
        """A request that is let in by the session, or by what `known` says."""
        held = self._holds.get(user, {})
        node = node or held.get("bound", "node-1")
        gives = (held.get("session"), held.get("token"))
        op = self._ask(
            user,
            kind,
            node,
            after=after,
            took=took,
            known=known,
            account=None if known is KnownVia.NOBODY else held.get("account", user),
            gives=gives,
            **more,
        )
        if user in self._holds:
            self._holds[user]["bound"] = node
        return op

    def refused(self, user, *, ended="unknown", status=401, **more):
        """A request after which he is nobody; `ended` is what the node says of his session."""
        return self.ask(user, known=KnownVia.NOBODY, status=status, ended=ended, **more)

    def silent(self, user, *, node=None, ended="unknown", **more):
        """The remember-me cookie lets him in, and he gets a new session."""
        held = self._holds[user]
        session = f"s-{user}-{self._number + 1}"
        node = node or held["bound"]
        op = self._ask(
            user,
            more.pop("kind", OpKind.BROWSE),
            node,
            after=more.pop("after", 1.0),
            took=0.1,
            known=KnownVia.REMEMBER_ME,
            account=held["account"],
            gives=(session, held["token"]),
            ended=ended,
            **more,
        )
        held |= {"session": session, "bound": node}
        return op

    def logout(self, user, **more):
        op = self.ask(user, kind=OpKind.LOGOUT, path="/logout", known=KnownVia.NOBODY, **more)
        self.forget(user, "session", "token", "login")
        return op

    def failed(self, user, *, status=503, outcome=Outcome.OK, error=BalancerError.NO_NODE, after=1.0, took=0.1, **more):
        """No proper answer: the balancer's own, or none."""
        return self._ask(
            user,
            more.pop("kind", OpKind.BROWSE),
            None,
            after=after,
            took=took,
            outcome=outcome,
            status=status if outcome is Outcome.OK else None,
            known=KnownVia.NOBODY,
            account=None,
            error=error,
            **more,
        )

    def act(
        self,
        victim,
        action=Action.ADMIN_PASSWORD,
        *,
        node="node-1",
        status=204,
        outcome=Outcome.OK,
        by="admin",
        path="/rest/api/2/user/password",
        after=1.0,
        took=0.1,
        **more,
    ):
        """An administrator's call, or whose `by` says, with Basic authentication."""
        return self._ask(
            by,
            OpKind.ACT,
            node,
            group=more.pop("group", "operators"),
            after=after,
            took=took,
            method="PUT",
            path=path,
            action=action,
            victim=victim,
            status=status,
            outcome=outcome,
            known=KnownVia.BASIC,
            account=by,
            **more,
        )

    def forget(self, user, *what):
        """His browser no longer has it: session, token, bound, login."""
        for name in what:
            self._holds[user][name] = None

    def give(self, user, **values):
        """His browser has this instead: session="s-other"."""
        self._holds[user] |= values

    # Everything else

    def wait(self, seconds):
        self.real_ns += round(seconds * SECOND_NS)

    def policy(self, *, minutes=0.0, ms=0, late=()):
        """Policy time jumps."""
        before = self.policy_ms
        self.policy_ms += round(minutes * MINUTE_MS) + ms
        self._add(ClockChange(self.real_ns, self.policy_ms, before, 0.0, late))

    def mark(self, name, *, after=0.0):
        self.wait(after)
        self._add(Mark(self.real_ns, self.policy_ms, name))

    def node(self, name, condition, *, version="9.11", says=None, cause="", soft=False, after=0.5):
        self.wait(after)
        self._add(NodeChange(self.real_ns, self.policy_ms, name, NodeCondition(condition), version, says, cause, soft))

    def fault(self, name, *, kind="node.crash", target="node-1", confirmed=True, skew_ms=None, after=0.5):
        """Injected, and seen to be in force half a second later, or not."""
        self.wait(after)
        self._change(name, kind, target, FaultPhase.INJECTING, skew_ms=skew_ms)
        self.wait(0.5)
        self._change(name, kind, target, FaultPhase.CONFIRMED if confirmed else FaultPhase.UNCONFIRMED, "seen")

    def heal(self, name, *, kind="node.crash", target="node-1", hits=None, after=0.5):
        self.wait(after)
        self._change(name, kind, target, FaultPhase.HEALED, hits=hits)

    def reading(self, probe, value, *, error=None, after=0.1, **where):
        self.wait(after)
        self._add(Reading(self.real_ns, self.policy_ms, probe, value, where, error))

    def clock(self, process, *, says=0, skew=0, after=0.1):
        """`says` ms after the beginning."""
        self.wait(after)
        self._add(ClockReading(self.real_ns, self.policy_ms, process, START_MS + says, skew))

    def receipt(self, op=None, *, waited_ms=1.0, **nodes):
        """`receipt(3, node_1=("applied", 4.0))`."""
        parts = {name.replace("_", "-"): part for name, part in nodes.items()}
        self._add(
            Receipt(self.real_ns, self.policy_ms, op, "admin-password", "alice", "node-1", 1, parts, waited_ms, 1.0)
        )

    def problem(self, text):
        self._add(Said(self.real_ns, self.policy_ms, text, True))

    def close(self, *, interrupted=False):
        self.wait(1)
        self._add(Closed(self.real_ns, self.policy_ms, interrupted))

    def history(self):
        return History(self.records)

    def _change(self, name, kind, target, phase, detail="", hits=None, skew_ms=None):
        self._add(FaultChange(self.real_ns, self.policy_ms, name, kind, target, phase, detail, hits, skew_ms))

    def _ask(
        self,
        user,
        kind,
        node,
        *,
        after,
        took,
        known,
        account,
        gives=(None, None),
        group="office",
        method="GET",
        path="/browse/TEST-1",
        status=200,
        outcome=Outcome.OK,
        ended=None,
        error=None,
        route=None,
        late_ns=0,
        login_reason=None,
        denied=None,
        meanwhile=lambda: None,
        **about,
    ):
        held = self._holds.get(user, {})
        self.wait(after)
        self._number += 1
        op = self._number
        shown = {name: about.pop(name, held.get(name)) for name in ("session", "token")}
        self._add(
            Invoke(
                self.real_ns,
                self.policy_ms,
                op,
                user,
                group,
                kind,
                method,
                path,
                self.real_ns - late_ns,
                bound_to=about.pop("bound", held.get("bound")),
                login_op=about.pop("login_op", held.get("login")),
                **shown,
                **about,
            )
        )
        if took is None:
            return op
        self.wait(took / 2)
        meanwhile()
        self.wait(took / 2)
        answered = outcome is Outcome.OK
        keeps = shown if answered else {"session": None, "token": None}
        self._add(
            Completion(
                self.real_ns,
                self.policy_ms,
                op,
                outcome,
                status=status if answered else None,
                node=node if answered else None,
                known_via=known if answered else KnownVia.NOBODY,
                username=account if answered else None,
                session_ended=ended,
                login_reason=login_reason,
                denied_reason=denied,
                route=route,
                balancer_error=error if answered else None,
                session=gives[0] if gives[0] is not None or known is KnownVia.LOGIN else keeps["session"],
                token=gives[1] if gives[1] is not None else keeps["token"],
                error=None if answered else "gone",
            )
        )
        return op

    def _add(self, record):
        self.records.append(record)
