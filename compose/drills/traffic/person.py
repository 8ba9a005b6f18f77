"""One virtual user.

Decisions come from a generator of his own and never depend on what the cluster answers; reactions, such as logging in
again, do. So the same seed makes the same people decide the same, whatever is broken around them.
"""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import aiohttp

from compose.drills.history.records import OpKind
from compose.drills.scenario.traffic import Mix
from compose.drills.traffic.mixes import HABITS, ISSUES, Request
from compose.drills.traffic.recording import RecordingBrowser, Told
from compose.people.browser import Answer
from shared.contract import KnownVia

WRONG_PASSWORD = "not-his-password"


@dataclass
class Account:
    """An account and what its owner knows of it. Whoever resets the password tells him, and he waits for that: he would
    only fail with the old one. `is_settled` is clear meanwhile."""

    username: str
    password: str
    key: str | None = None
    is_settled: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.is_settled.set()

    @contextmanager
    def being_changed(self) -> Iterator[None]:
        """The password is being reset for the length of the block."""
        self.is_settled.clear()
        try:
            yield
        finally:
            self.is_settled.set()


class Person:
    """See the module. One operation at a time; who is asked for a second one meanwhile does it afterwards."""

    def __init__(
        self,
        account: Account,
        browsers: list[RecordingBrowser],
        *,
        mix: Mix,
        remembers: bool,
        knocks: bool,
        chance: random.Random,
    ) -> None:
        """`browsers`: one, or one for each application that he visits in turns."""
        self.account = account
        self.browsers = browsers
        self._habits = HABITS[mix]
        self._password = account.password
        self.is_thief = mix is Mix.THIEF
        self._remembers = remembers
        self._knocks = knocks
        self._chance = chance
        self._turn = 0
        self._busy = asyncio.Lock()

    @property
    def name(self) -> str:
        return self.browsers[0].user

    @property
    def shows_password(self) -> bool:
        """With every request, so that he has no session to log in to."""
        return self._habits.shows_password

    async def act(self, *, intended_ns: int | None = None) -> None:
        """Does one thing he has decided to do, and reacts to what comes of it."""
        request, issue = self._decide()
        browser = self.browsers[self._turn % len(self.browsers)]
        self._turn += 1
        async with self._busy:
            if self._knocks:
                await self._log_in(browser, WRONG_PASSWORD, intended_ns=intended_ns)
                return
            if self._habits.logs_in_again and not browser.is_remembered and not self._habits.shows_password:
                await self.log_in_at(browser, intended_ns=intended_ns)
                return
            _, answer = await browser.send(self._told(request, issue), intended_ns=intended_ns)
            if self._habits.logs_in_again and is_refused(answer):
                await self.log_in_at(browser)

    async def log_in(self) -> bool:
        """Everywhere he goes. False when somebody does not let him in."""
        async with self._busy:
            return all([await self.log_in_at(browser) for browser in self.browsers])

    async def log_in_at(self, browser: RecordingBrowser, *, intended_ns: int | None = None) -> bool:
        """A thief knows the password that he stole, everybody else the one in force."""
        if self.is_thief:
            return await self._log_in(browser, self._password, intended_ns=intended_ns)
        await self.account.is_settled.wait()
        return await self._log_in(browser, self.account.password, intended_ns=intended_ns)

    async def _log_in(self, browser: RecordingBrowser, password: str, *, intended_ns: int | None = None) -> bool:
        form = {"os_username": self.account.username, "os_password": password, "login": "Log In"}
        if self._remembers:
            form["os_cookie"] = "true"
        _, answer = await browser.send(Told(OpKind.LOGIN, "POST", "/login.jsp", form=form), intended_ns=intended_ns)
        is_in = answer is not None and answer.known_via is KnownVia.LOGIN
        if is_in and self._habits.lands_on is not None:
            await browser.send(Told(OpKind.BROWSE, "GET", self._habits.lands_on))
        return is_in

    def _decide(self) -> tuple[Request, str]:
        """Always the same number of draws, so that nothing shifts."""
        request = self._chance.choices(
            self._habits.requests, weights=[request.share for request in self._habits.requests]
        )[0]
        return request, self._chance.choice(ISSUES)

    def _told(self, request: Request, issue: str) -> Told:
        headers: dict[str, str] = {}
        if self._habits.shows_password:
            headers["Authorization"] = aiohttp.encode_basic_auth(self.account.username, self._password)
        form = None
        if request.kind is OpKind.WRITE:
            headers["X-Atlassian-Token"] = "no-check"
            form = aiohttp.FormData()
            form.add_field("file", b"what took somebody an hour to write", filename="report.txt")
        return Told(request.kind, request.method, request.path.format(issue=issue), form=form, headers=headers)


def is_refused(answer: Answer | None) -> bool:
    """A node says that he is nobody."""
    return (
        answer is not None and answer.node is not None and answer.status < 500 and answer.known_via is KnownVia.NOBODY
    )
