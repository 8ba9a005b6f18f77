"""Why a session was not honoured any more: the one cause, or none that the history bears out.

What the node says of it (`session_ended`) is believed only where the history agrees: an idle limit must have passed, an
act must have been done. Where a node does not know the session, the question is whether the session still lives
somewhere: if its node's memory is lost the node is GONE, otherwise the person was MOVED.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compose.drills.case.acts import Act, Acts
from compose.drills.case.credentials import Born, Credentials
from compose.drills.case.limits import Limits
from compose.drills.case.troubles import Troubles, struck_nodes
from compose.drills.case.uses import Uses
from compose.drills.case.words import Clockface, duration
from compose.drills.history.history import History, Operation
from compose.drills.history.records import NodeChange, NodeCondition
from compose.drills.logout import Cause
from shared.actions import Action
from shared.contract import LoginReason, RouteReason
from shared.settings import Sticky

BOT_LEFT_MS = 600_000
"""Policy time that Jira's Bot Session Killer leaves a logged-in session until its second request."""
SETTLE_NS = 30 * 10**9
"""Real time for which a balancer may go on avoiding a node that is back: checks, slow start, ejection."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """`words` tell the event that is the cause, and what had to be known to say so."""

    cause: Cause
    words: tuple[str, ...]
    because_of: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """What is to be explained: at `operation` the session that `login` gave was not honoured. `born` is where the
    session shown came from."""

    operation: Operation
    login: Operation
    born: Born | None
    account: str

    @property
    def home(self) -> str | None:
        """The node that has the session, or had it."""
        return (self.born.by if self.born is not None else self.login).node

    @property
    def since_ns(self) -> int:
        return self.login.ended_ns if self.born is None else self.born.by.ended_ns


class Causes:
    """Finds the cause of one ended login at a time."""

    def __init__(
        self,
        history: History,
        credentials: Credentials,
        acts: Acts,
        troubles: Troubles,
        *,
        limits: Limits,
        switches: Mapping[str, Any],
    ) -> None:
        self._history = history
        self._credentials = credentials
        self._acts = acts
        self._troubles = troubles
        self._limits = limits
        self._bot_killer = bool(switches.get("bot_killer", True))
        self._uses = Uses(history)
        self._clock = Clockface(history.opened.policy_ms)

    def explain(self, ended: Ended) -> Explanation:
        operation = ended.operation
        left = self._uses.logout_of(operation, since_ns=ended.since_ns)
        if left is not None:
            who = "He" if left.user == operation.user else left.user
            return Explanation(Cause.LOGOUT, (f"{who} logged out himself (op {left.number}).",), (left.number,))
        if operation.invoke.session is None:
            return self._cookie_gone(ended)
        if (replaced := self._cookie_replaced(ended)) is not None:
            return replaced
        return self._by_word_of_node(ended)

    def remember_me_refused(self, ended: Ended) -> Explanation | None:
        """A remember-me cookie that is good and does not help: the CAPTCHA, or an account that may not log in."""
        answer = ended.operation.completion
        if ended.operation.invoke.token is None or answer is None:
            return None
        if answer.login_reason == LoginReason.DENIED:
            words = "The remember-me cookie was not looked at: after too many failed logins a CAPTCHA comes first."
            return Explanation(Cause.CAPTCHA, (words,))
        act = self._act(ended, Action.DEACTIVATE, Action.ANONYMIZE)
        if answer.login_reason == LoginReason.NOT_AUTHORISED and act is not None:
            return Explanation(Cause.DEACTIVATED, (self._done(act),), (act.operation.number,))
        return None

    def _cookie_gone(self, ended: Ended) -> Explanation:
        limit = self._limits.session_max_age_ms
        given = self._uses.latest_given(ended.operation)
        if limit is None or given is None or given.completion is None:
            return _unexplained("The browser no longer had a session cookie, and no age limit takes it away.")
        passed = ended.operation.invoke.policy_ms - given.invoke.policy_ms
        if passed < limit:
            return _unexplained(f"The browser no longer had the session cookie, {duration(passed)} (policy) old.")
        words = f"The session cookie reached its age limit of {duration(limit)} (policy); the browser dropped it."
        return Explanation(Cause.COOKIE_EXPIRED, (words,))

    def _cookie_replaced(self, ended: Ended) -> Explanation | None:
        """The browser shows a session that the cluster never gave it."""
        born = ended.born
        if born is not None and self._credentials.is_foreign(born.by):
            words = (
                f"{self._clock.at(born.by.invoke.policy_ms)} another application on the same host name ({born.by.node})"
                f" overwrote the session cookie (op {born.by.number})."
            )
            return Explanation(Cause.COOKIE_REPLACED, (words,), (born.by.number,))
        given = None if ended.login.completion is None else ended.login.completion.session
        if born is None and given is not None and given != ended.operation.invoke.session:
            words = f"The browser shows a session that this cluster never gave it; its own was {given}."
            return Explanation(Cause.COOKIE_REPLACED, (words,))
        return None

    def _by_word_of_node(self, ended: Ended) -> Explanation:
        answer = ended.operation.completion
        word = None if answer is None else answer.session_ended
        judges = {
            "idle": self._idle,
            "max-age": self._max_age,
            "invalidated": self._invalidated,
            "crowd": self._crowd,
            "replaced": self._replaced,
            "unknown": self._not_known,
            None: self._not_known,
        }
        if word == "overflow":
            return Explanation(Cause.OVERFLOW, (f"{ended.operation.node} was full and ended its oldest session.",))
        judge = judges.get(word)
        if judge is None:
            return _unexplained(f"{ended.operation.node} says {word!r}, and nobody did that.")
        return judge(ended)

    def _idle(self, ended: Ended) -> Explanation:
        operation, node = ended.operation, ended.operation.node
        last, uses = self._uses.last_use(operation)
        passed, limit = self._passed_ms(operation, last), self._limits.session_idle_ms
        if limit is None or passed is None:
            return Explanation(Cause.IDLE, (f"{node} says that the session was idle for too long.",))
        nothing = f"Nothing was heard of him for {duration(passed)} (policy)"
        if 0 < limit <= passed:
            return Explanation(Cause.IDLE, (f"{nothing}; the idle limit is {duration(limit)} (policy).",))
        if uses == 0 and self._bot_killer and passed >= BOT_LEFT_MS:
            words = "; a session without a second request is left 10 min (policy): the Bot Session Killer took it."
            return Explanation(Cause.BOT_KILLER, (nothing + words,))
        if (skew := self._skew_of(node, ended, limit - passed)) is not None:
            return Explanation(Cause.IDLE, (skew, f"{nothing}; by that clock the idle limit was over."))
        return _unexplained(f"{node} says idle, but {nothing[0].lower()}{nothing[1:]} and the limit is {limit} ms.")

    def _max_age(self, ended: Ended) -> Explanation:
        born = ended.login if ended.born is None else ended.born.by
        passed, limit = self._passed_ms(ended.operation, born), self._limits.session_max_age_ms
        if limit is not None and passed is not None and passed < limit:
            if (skew := self._skew_of(ended.operation.node, ended, limit - passed)) is not None:
                return Explanation(Cause.MAX_AGE, (skew, "By that clock the session was too old."))
            return _unexplained(f"The node says max-age, but the session was {duration(passed)} (policy) old.")
        told = "" if limit is None else f" of {duration(limit)} (policy)"
        return Explanation(Cause.MAX_AGE, (f"The session reached its age limit{told}.",))

    def _invalidated(self, ended: Ended) -> Explanation:
        act = self._act(ended, *Action)
        if act is None:
            return _unexplained(f"{ended.operation.node} says invalidated, but nobody did anything to {ended.account}.")
        return Explanation(Cause.INVALIDATED, (self._done(act),), (act.operation.number,))

    def _crowd(self, ended: Ended) -> Explanation:
        act = self._act(ended, *Action)
        if act is None:
            return _unexplained(
                f"{ended.operation.node} says crowd, but nobody changed anything about {ended.account}."
            )
        cause = {Action.DEACTIVATE: Cause.DEACTIVATED, Action.DELETE_USER: Cause.DELETED}.get(
            act.action or Action.ADMIN_PASSWORD, Cause.CROWD
        )
        asked = f"{ended.operation.node} asked the directory again, where the session was no longer good."
        return Explanation(cause, (self._done(act), asked), (act.operation.number,))

    def _replaced(self, ended: Ended) -> Explanation:
        by = self._uses.replaced_by(ended.operation)
        if by is None:
            return _unexplained(f"{ended.operation.node} says replaced, but nobody logged in with this session.")
        words = f"A login with this session got another one (op {by.number}); its answer never arrived or came later."
        return Explanation(Cause.REPLACED, (words,), (by.number,))

    def _not_known(self, ended: Ended) -> Explanation:
        home, answered = ended.home, ended.operation.node
        lost = self._memory_lost(ended)
        if lost is not None:
            cause = f" ({lost.cause})" if lost.cause else ""
            words = f"{self._clock.at(lost.policy_ms)} {home} went down{cause}, and its sessions with it."
            return Explanation(Cause.NODE_GONE, (words,))
        if home == answered:
            idle = self._idle(ended)
            if idle.cause is Cause.IDLE and self._limits.session_idle_ms is not None:
                return idle
            return _unexplained(f"{home} had given the session, had not been restarted, and did not know it.")
        named = ended.operation.invoke.bound_to
        if named is not None and self._credentials.is_foreign_node(named):
            words = f"Another application on the same host name overwrote the cookie that bound him: it names {named}."
            return Explanation(Cause.COOKIE_REPLACED, (words,))
        reason = self._why_moved(ended)
        if reason is None:
            return _unexplained(f"The session was on {home}, which was there; {answered} was asked all the same.")
        return Explanation(Cause.MOVED, (reason, f"The session stayed on {home}."))

    def _why_moved(self, ended: Ended) -> str | None:
        operation, home = ended.operation, ended.home
        if home is None or operation.completion is None:
            return None
        since_ns = max(ended.since_ns, self._uses.last_answer_from(home, operation))
        trouble = self._troubles.of(home, since_ns, operation.ended_ns, settle_ns=SETTLE_NS)
        if trouble is not None:
            return f"The balancer sent him elsewhere: {trouble.words}."
        if self._history.opened.sticky == Sticky.NONE:
            return "The balancer binds nobody to a node."
        if operation.invoke.bound_to is None:
            return "Stickiness was lost: the request named no node."
        if operation.completion.route is RouteReason.DRAINED and not self._is_drained_softly(home, operation):
            return f"The balancer sent him elsewhere: {home} was drained."
        if operation.completion.route is RouteReason.REDISPATCHED:
            return f"The balancer sent him elsewhere: it could not use {home}."
        return None

    def _is_drained_softly(self, node: str, operation: Operation) -> bool:
        """Then the balancer's word is not borne out: who is bound stays."""
        changes = [one for one in self._history.node_changes if one.node == node and one.real_ns <= operation.ended_ns]
        return bool(changes) and changes[-1].soft

    def _memory_lost(self, ended: Ended) -> NodeChange | None:
        return next(
            (
                change
                for change in self._history.node_changes
                if change.node == ended.home
                and change.condition is NodeCondition.DOWN
                and ended.since_ns <= change.real_ns <= ended.operation.ended_ns
            ),
            None,
        )

    def _act(self, ended: Ended, *actions: Action) -> Act | None:
        """The latest such act on the account that may have been over by then and was not before the login."""
        found = [
            act
            for act in self._acts.upon(ended.account)
            if act.action in actions
            and act.may_be_done
            and act.operation.started_ns <= ended.operation.ended_ns
            and act.operation.ended_ns >= ended.login.started_ns
        ]
        return found[-1] if found else None

    def _done(self, act: Act) -> str:
        at = self._clock.at(act.operation.invoke.policy_ms)
        where = f" on {act.operation.node}" if act.operation.node else ""
        return f"{at} {act.words}{where}, by {act.operation.user}."

    def _skew_of(self, node: str | None, ended: Ended, missing_ms: int) -> str | None:
        """A wrong clock that the session lived under, and that was off by what was missing to the limit."""
        for band in self._history.faults:
            if (
                band.kind == "clock.skew"
                and node in struck_nodes(band, [node] if node else [])
                and band.injecting.real_ns <= ended.operation.ended_ns
                and band.ends_ns >= ended.since_ns
                and abs(band.injecting.skew_ms or 0) >= missing_ms
            ):
                return f"The clock of {node} was wrong ({band.kind})."
        return None

    @staticmethod
    def _passed_ms(operation: Operation, since: Operation | None) -> int | None:
        """At most so much policy time passed for the node between the two."""
        if since is None or operation.completion is None:
            return None
        return operation.completion.policy_ms - since.invoke.policy_ms


def _unexplained(words: str) -> Explanation:
    return Explanation(Cause.UNEXPLAINED, (words,))
