"""Clients for the question of stale accepts: they log in on every node, ask with their cookies, and are invalidated.

Each node has askers of its own, so that a node that hangs holds up nobody else's. They ask with sessions that are good
and, most of the time, with ones that have been ended, on the node that gave them. Everything is recorded on one
monotonic clock.
"""

import asyncio
import random
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from compose.drills.checkers.stale_accept import Answer, History, Invalidation, Request, Session
from shared.contract import KNOWN_VIA, SESSION_COOKIE, SESSION_ENDED, KnownVia
from tests.support.kept_connection import KeptConnection, NoAnswer, header_of, status_of

ADMIN = {"Authorization": aiohttp.encode_basic_auth("admin", "admin")}
LIMIT_S = 12.0
LIMIT = aiohttp.ClientTimeout(total=LIMIT_S)
ENDED_KEPT = 6
"""Ended sessions of a user on one node that are still tried."""
ENDED_SHARE = 0.85
"""Of the requests; they are the ones that can be stale."""
TRIED_FOR_NS = 20_000_000_000
PATHS = ("/rest/auth/1/session", "/rest/api/2/serverInfo", "/rest/api/2/serverInfo", "/rest/api/2/serverInfo")
"""The second one is answered without the database, so that what a cut-off node believes can be seen."""


@dataclass
class Person:
    """A user, with a session on each node and some that were ended."""

    name: str
    sessions: dict[str, Session] = field(default_factory=dict)
    ended: dict[str, deque] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=ENDED_KEPT)))
    logging_in: set[str] = field(default_factory=set)
    called: bool = False


class StaleLoad:
    """The clients and their record. `urls` are the nodes' own."""

    def __init__(self, client, urls, *, users, seed, prefix="user"):
        self.client = client
        self.urls = urls
        self.chance = random.Random(seed)
        self.people = [Person(f"{prefix}-{number}") for number in range(users)]
        self.requests: list[Request] = []
        self.invalidations: list[Invalidation] = []
        self.node_ends: dict[str, list[int]] = defaultdict(list)
        self.logins = 0
        self.failed_calls: dict[str, int] = defaultdict(int)
        self.answered = 0
        self._wanted = 0
        self._enough = asyncio.Event()

    @property
    def history(self):
        return History(self.requests, self.invalidations, self.node_ends)

    @property
    def longest_call_s(self):
        return max((one.ended_ns - one.called_ns for one in self.invalidations), default=0) / 1e9

    async def create_users(self):
        url = next(iter(self.urls.values()))
        for person in self.people:
            body = {
                "name": person.name,
                "password": person.name,
                "emailAddress": f"{person.name}@example.com",
                "displayName": person.name,
            }
            async with self.client.post(f"{url}/rest/api/2/user", json=body, headers=ADMIN, timeout=LIMIT) as answer:
                assert answer.status == 201, await answer.text()

    async def log_everybody_in(self):
        """On every node, before anything is broken."""
        await asyncio.gather(*(self._log_in(person, node) for person in self.people for node in self.urls))

    async def run(self, *, operations, askers=6, invalidators=6, pause_s=0.02):
        """Until so many requests have been answered."""
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._ask(node, over)) for node in self.urls for _ in range(askers)]
            tasks += [group.create_task(self._invalidate(over, pause_s)) for _ in range(invalidators)]
            self._wanted = operations
            self._enough.clear()
            await self._enough.wait()
            over.set()
            _, late = await asyncio.wait(tasks, timeout=1.0)
            for task in late:
                task.cancel()

    async def _ask(self, node, over):
        url = URL(self.urls[node])
        connection = KeptConnection(url.host, url.port)
        try:
            await self._ask_on(connection, node, over)
        finally:
            connection.close()

    async def _ask_on(self, connection, node, over):
        while not over.is_set():
            person = self.chance.choice(self.people)
            session = self._choose(person, node)
            if session is None:
                if person.called or node in person.logging_in:
                    await asyncio.sleep(0.002)
                else:
                    await self._log_in(person, node)
            else:
                await self._request(connection, session, person)

    def _choose(self, person, node):
        ended = person.ended[node]
        while ended and time.monotonic_ns() - ended[0][1] > TRIED_FOR_NS:
            ended.popleft()
        good = person.sessions.get(node)
        if ended and (good is None or self.chance.random() < ENDED_SHARE):
            if good is None and not person.called and self.chance.random() < 0.2:
                return None
            return self.chance.choice(ended)[0]
        return good

    async def _request(self, connection, session, person):
        path = self.chance.choice(PATHS)
        request = f"GET {path} HTTP/1.1\r\nHost: {session.node}\r\nCookie: {SESSION_COOKIE}={session.id}\r\n\r\n"
        started = time.monotonic_ns()
        ended = None
        try:
            head = await connection.ask(request.encode(), within_s=LIMIT_S)
            answer = judge_answer(head)
            ended = header_of(head, SESSION_ENDED)
        except NoAnswer:
            answer = Answer.INFO
            await asyncio.sleep(0.02)
        self.requests.append(Request(session, started, time.monotonic_ns(), answer, ended))
        if answer is not Answer.INFO:
            self.answered += 1
            if self.answered >= self._wanted:
                self._enough.set()
        if answer is Answer.REFUSED and person.sessions.get(session.node) is session:
            self._retire(person, session.node)

    async def _log_in(self, person, node):
        person.logging_in.add(node)
        try:
            async with self.client.post(
                f"{self.urls[node]}/rest/auth/1/session",
                json={"username": person.name, "password": person.name},
                timeout=LIMIT,
            ) as response:
                if response.status == 200:
                    session_id = (await response.json())["session"]["value"]
                    self.logins += 1
                    born = time.monotonic_ns()
                    person.sessions[node] = Session(session_id, person.name, node, born)
                else:
                    await asyncio.sleep(0.05)
        except (aiohttp.ClientError, TimeoutError, OSError):
            await asyncio.sleep(0.05)
        finally:
            person.logging_in.discard(node)

    async def _invalidate(self, over, pause_s):
        while not over.is_set():
            await asyncio.sleep(pause_s * self.chance.uniform(0.5, 1.5))
            person = self.chance.choice(self.people)
            if person.called or len(person.sessions) < max(1, len(self.urls) - 1):
                continue
            person.called = True
            node = self.chance.choice(list(self.urls))
            called = time.monotonic_ns()
            status = None
            try:
                async with self.client.delete(
                    f"{self.urls[node]}/rest/api/2/user/session/{person.name}", headers=ADMIN, timeout=LIMIT
                ) as response:
                    await response.read()
                    status = response.status
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                self.failed_calls[type(error).__name__] += 1
            finally:
                ended = time.monotonic_ns()
                returned = ended if status is not None and status < 300 else None
                self.invalidations.append(Invalidation(person.name, node, called, returned, ended))
                if status is not None and returned is None:
                    self.failed_calls[str(status)] += 1
                person.called = False
            if returned is not None:
                for at in list(person.sessions):
                    if person.sessions[at].born_ns <= called:
                        self._retire(person, at)

    def _retire(self, person, node):
        session = person.sessions.pop(node)
        person.ended[node].append((session, time.monotonic_ns()))


def judge_answer(head):
    """A node that takes the session for its user's says so in a header, whatever else goes wrong with the request."""
    known_via = header_of(head, KNOWN_VIA)
    if known_via == KnownVia.SESSION:
        return Answer.ACCEPTED
    if known_via == KnownVia.NOBODY and status_of(head) < 500:
        return Answer.REFUSED
    return Answer.INFO
