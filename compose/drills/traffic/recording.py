"""A browser whose every request is recorded twice: when it is sent, and when it is known what came of it.

It also knows what the records need and no answer says: which login the cookies it shows came from.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TypeVar
from urllib.parse import unquote

import aiohttp

from compose.drills.history.recorder import Recorder
from compose.drills.history.records import Completion, Invoke, OpKind, Outcome
from compose.people.browser import Answer, Browser
from shared import contract
from shared.actions import Action

_Word = TypeVar("_Word", bound=StrEnum)
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""Nobody can have carried out what could not even be sent."""
NO_ANSWER = (aiohttp.ClientError, TimeoutError, OSError)
Follow = Callable[[Answer], Awaitable[tuple[Answer, Outcome]]]
"""From the answer that began something to the one that tells its end, and what came of it."""


@dataclass(frozen=True, slots=True)
class Told:
    """One request before it is sent. `about` is for acts: what is done, and to whom."""

    kind: OpKind
    method: str
    path: str
    form: Mapping[str, str] | aiohttp.FormData | None = None
    json: object = None
    headers: Mapping[str, str] | None = None
    about: tuple[Action | None, str | None] = (None, None)


class RecordingBrowser:
    """One person's browser at one application, which calls its cookies `session_cookie` and `remember_me_cookie`.
    `logins` notes which login each session and token came from; who visits several applications has one for all.
    `pinned_to` is the node it talks to past the balancer."""

    def __init__(
        self,
        browser: Browser,
        recorder: Recorder,
        *,
        user: str,
        group: str,
        logins: dict[str, int] | None = None,
        session_cookie: str = contract.SESSION_COOKIE,
        remember_me_cookie: str = contract.REMEMBER_ME_COOKIE,
        pinned_to: str | None = None,
    ) -> None:
        self.browser = browser
        self.user = user
        self._recorder = recorder
        self._group = group
        self._session_cookie = session_cookie
        self._remember_me_cookie = remember_me_cookie
        self._pinned_to = pinned_to
        self._login_of = {} if logins is None else logins
        self._strips_routes = False
        self._stripped = 0

    @property
    def is_remembered(self) -> bool:
        """Has the browser anything to be known by?"""
        return self._login_op() is not None

    async def send(
        self, told: Told, *, intended_ns: int | None = None, follow: Follow | None = None
    ) -> tuple[int, Answer | None]:
        """The operation's number, and the answer; None when there was none. Never raises for a cluster that does not
        answer: that too is an observation. With `follow` the operation is over when what it began is."""
        op = self._recorder.new_op()
        sent_ns = self._recorder.real_ns()
        known_by = self._login_op()
        action, victim = told.about
        self._recorder.write(
            Invoke(
                sent_ns,
                self._recorder.policy_ms(),
                op,
                self.user,
                self._group,
                told.kind,
                told.method,
                told.path,
                sent_ns if intended_ns is None else intended_ns,
                session=self._session(),
                token=self._token(),
                bound_to=self._bound_to(),
                login_op=known_by,
                action=action,
                victim=victim,
                pinned_to=self._pinned_to,
            )
        )
        answer: Answer | None = None
        outcome, why = Outcome.OK, None
        try:
            answer = await self.browser.request(
                told.method, told.path, json=told.json, form=told.form, headers=told.headers
            )
            if follow is not None:
                answer, outcome = await follow(answer)
        except NO_ANSWER as error:
            is_sent = answer is not None or not isinstance(error, _NOT_SENT)
            answer = None
            outcome, why = Outcome.INFO if is_sent else Outcome.FAIL, _words(error)
        except asyncio.CancelledError:
            self._complete(op, Outcome.INFO, None, "the run ended")
            raise
        if self._strips_routes:
            self._strip_route()
        self._learn(op, told.kind, answer, known_by)
        self._complete(op, outcome, answer, why)
        return op, answer

    def strip_routes(self) -> bool:
        """From now on the balancer's cookie is thrown away, as behind a proxy that strips it. Was there one?"""
        self._strips_routes = True
        return self._strip_route()

    def keep_routes(self) -> int:
        """The cookie is kept again. How often it was thrown away."""
        self._strips_routes = False
        stripped, self._stripped = self._stripped, 0
        return stripped

    def _strip_route(self) -> bool:
        had_one = contract.ROUTE_COOKIE in self.browser.cookies
        self.browser.cookies.pop(contract.ROUTE_COOKIE, None)
        self._stripped += had_one
        return had_one

    def _learn(self, op: int, kind: OpKind, answer: Answer | None, known_by: int | None) -> None:
        """What the answer gave is as old as what it was given for: a login, or the login that the cookie shown has."""
        if answer is None:
            return
        born = op if kind is OpKind.LOGIN else known_by
        if answer.known_via is contract.KnownVia.NOBODY or born is None:
            return
        for name in (self._session(), self._token()):
            if name is not None:
                self._login_of.setdefault(name, born)
                if kind is OpKind.LOGIN and answer.known_via is contract.KnownVia.LOGIN:
                    self._login_of[name] = op

    def _complete(self, op: int, outcome: Outcome, answer: Answer | None, error: str | None) -> None:
        real_ns, policy_ms = self._recorder.real_ns(), self._recorder.policy_ms()
        if answer is None:
            self._recorder.write(Completion(real_ns, policy_ms, op, outcome, error=error))
            return
        self._recorder.write(
            Completion(
                real_ns,
                policy_ms,
                op,
                outcome,
                status=answer.status,
                node=answer.node,
                known_via=answer.known_via,
                username=answer.username,
                session_ended=answer.session_ended,
                login_reason=answer.headers.get(contract.LOGIN_REASON),
                denied_reason=answer.headers.get(contract.DENIED_REASON),
                route=_word(contract.RouteReason, answer.headers.get(contract.ROUTE_REASON)),
                balancer_error=_word(contract.BalancerError, answer.headers.get(contract.BALANCER_ERROR)),
                session=self._session(),
                token=self._token(),
            )
        )

    def _login_op(self) -> int | None:
        """The latest login that anything shown came from."""
        known = [self._login_of[name] for name in (self._session(), self._token()) if name in self._login_of]
        return max(known, default=None)

    def _session(self) -> str | None:
        value = self.browser.shown(self._session_cookie)
        return None if not value else "s-" + sha256(value.partition(".")[0].encode()).hexdigest()[:10]

    def _token(self) -> str | None:
        """The row of the token; its secret stays in the jar."""
        value = self.browser.shown(self._remember_me_cookie)
        row = unquote(value or "").partition(":")[0].strip('"')
        return f"t-{row[:20]}" if row else None

    def _bound_to(self) -> str | None:
        parts = (self.browser.shown(contract.ROUTE_COOKIE) or "").split(".")
        if len(parts) == 3:
            return parts[1]
        _, dot, route = (self.browser.shown(self._session_cookie) or "").partition(".")
        return route if dot else None


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (str(error) or type(error).__name__)[:200]


def _word(kind: type[_Word], value: str | None) -> _Word | None:
    return kind(value) if value is not None and value in kind._value2member_map_ else None
