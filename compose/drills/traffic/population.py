"""All the people of one run: their accounts, who they are by seed, and when they act.

Groups come by rate in real time, as an open loop: an arrival is due when it is due, whether the one before has been
answered or not, and latency counts from there. Or they act every so much policy time, when a step lets it pass. Or
when a step says so.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from compose.cluster.together import at_most
from compose.drills.history.recorder import Recorder
from compose.drills.scenario.traffic import Group
from compose.drills.traffic.person import Account, Person
from compose.drills.traffic.recording import RecordingBrowser
from compose.people.administrator import Administrator
from compose.people.browser import Browser
from compose.people.cookie_jar import CookieJar
from shared import contract
from shared.accounts import SEED_USERS
from shared.errors import HarnessError, OperatorError

PATIENCE_S = 10.0
"""How long a virtual user waits for an answer (real); then he does not know what came of it."""
ALL = "all"
AT_ONCE = 16
"""Logins of the setup under way at the same time."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where people go: the balancer, nodes by name for those who are pinned to one, and the neighbour application.
    `session_cookie` and `remember_me_cookie` are what the application calls them, `neighbour_cookie` what the other
    one calls its session's."""

    base_url: str
    nodes: Mapping[str, str]
    session_cookie: str = contract.SESSION_COOKIE
    remember_me_cookie: str = contract.REMEMBER_ME_COOKIE
    neighbour_url: str | None = None
    neighbour_cookie: str = contract.SESSION_COOKIE


@dataclass
class _Rhythm:
    """A person who acts every so much policy time, and when he does next."""

    person: Person
    every_ms: int
    next_ms: int


class Population:
    """See the module. Accounts of a group are named GROUP-001 and so on; the seed accounts can be borrowed by name."""

    def __init__(
        self,
        groups: Mapping[str, Group],
        places: Places,
        client: aiohttp.ClientSession,
        recorder: Recorder,
        *,
        seed: int,
    ) -> None:
        """Raises OperatorError for a group that borrows an account, or talks to a node, which there is not."""
        self.groups = groups
        self._places = places
        self._client = client
        self._recorder = recorder
        self._seed = seed
        self.accounts = {user.username: Account(user.username, user.password) for user in SEED_USERS}
        self._own: list[Account] = []
        for name, group in groups.items():
            if group.login_as is None:
                self._own += [Account(f"{name}-{n:03}", f"{name}-{n:03}") for n in range(1, group.users + 1)]
        self.accounts |= {account.username: account for account in self._own}
        self.people = {name: self._make_group(name, group) for name, group in groups.items()}
        self._rhythms: list[_Rhythm] = []

    @property
    def everybody(self) -> list[Person]:
        return [person for people in self.people.values() for person in people]

    def account(self, username: str) -> Account:
        """Raises OperatorError when nobody is called that."""
        if username not in self.accounts:
            known = [*(user.username for user in SEED_USERS), *(f"{name}-001, ..." for name in self.groups)]
            raise OperatorError(f"there is no user {username!r} in this drill; there are {', '.join(known)}")
        return self.accounts[username]

    def owner(self, account: Account) -> Person | None:
        """The person whose account it is; a thief who uses it too does not own it."""
        owners = (person for person in self.everybody if person.account is account and not person.is_thief)
        return next(owners, None)

    async def create_accounts(self, administrator: Administrator) -> None:
        """Raises HarnessError when the cluster refuses one."""

        async def create(account: Account) -> None:
            account.key = await administrator.create_user(account.username, account.password)

        await at_most(AT_ONCE, (create(account) for account in self._own))

    async def log_in(self) -> None:
        """Everybody whose group does. Raises HarnessError when somebody is not let in: then there is nothing to
        rehearse."""
        people = [person for name in self.groups for person in self.people[name] if self._logs_in(name, person)]
        answers = await at_most(AT_ONCE, (person.log_in() for person in people))
        if not all(answers):
            refused = [person.name for person, answer in zip(people, answers, strict=True) if not answer]
            raise HarnessError(f"{len(refused)} of {len(people)} people could not log in at the start: {refused[0]}")

    def _logs_in(self, name: str, person: Person) -> bool:
        group = self.groups[name]
        return group.log_in and not group.knocks and not person.shows_password

    async def everyone(self, name: str, *, at_once: int, times: int = 1) -> None:
        """Each person of the group, or of all, acts `times` times, in orders drawn by seed. Raises OperatorError for an
        unknown group."""
        for turn in range(times):
            people = self.everybody if name == ALL else list(self._of(name))
            self._chance(name, "order", turn).shuffle(people)
            await at_most(at_once, (person.act() for person in people))

    def accounts_of(self, name: str) -> list[str]:
        """The accounts of a group, each once, in an order drawn by seed. Raises OperatorError for an unknown group."""
        accounts = list(dict.fromkeys(person.account.username for person in self._of(name)))
        self._chance(name, "acts").shuffle(accounts)
        return accounts

    def _of(self, name: str) -> list[Person]:
        if name not in self.people:
            raise OperatorError(f"there is no group {name!r} in the traffic; there is {', '.join(self.people)}")
        return self.people[name]

    def begin_rhythms(self, now_ms: int) -> None:
        """People with a rhythm in policy time start somewhere within their first beat, by seed."""
        for name, group in self.groups.items():
            if group.every is not None:
                chance = self._chance(name, "rhythm")
                for person in self.people[name]:
                    first_ms = now_ms + 1 + chance.randrange(group.every.ms)
                    self._rhythms.append(_Rhythm(person, group.every.ms, first_ms))

    async def act_until(self, now_ms: int) -> None:
        """Whoever has come due by then acts, once, however long ago it was."""
        due = [rhythm for rhythm in self._rhythms if rhythm.next_ms <= now_ms]
        due.sort(key=lambda rhythm: rhythm.next_ms)
        for rhythm in due:
            rhythm.next_ms += ((now_ms - rhythm.next_ms) // rhythm.every_ms + 1) * rhythm.every_ms
        await at_most(AT_ONCE, (rhythm.person.act() for rhythm in due))

    @asynccontextmanager
    async def arriving(self) -> AsyncIterator[None]:
        """Groups with a rate come for the length of the block; at its end those under way are waited for."""
        under_way: set[asyncio.Task[None]] = set()
        sources = [
            asyncio.create_task(self._arrive(name, group.rate, under_way))
            for name, group in self.groups.items()
            if group.rate is not None
        ]
        try:
            yield
        finally:
            for source in sources:
                source.cancel()
            await asyncio.gather(*sources, return_exceptions=True)
            if under_way:
                _, late = await asyncio.wait(under_way, timeout=PATIENCE_S)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)
        for source in sources:
            if not source.cancelled() and (error := source.exception()) is not None:
                raise error

    def forget_routes(self) -> int:
        """From now on nobody keeps the cookie that binds him to a node. Returns how many people had one."""
        browsers = [browser for person in self.everybody for browser in person.browsers]
        return sum(browser.strip_routes() for browser in browsers)

    def keep_routes(self) -> int:
        """Route cookies are kept again. Returns how many were thrown away since `forget_routes`, its own included."""
        browsers = [browser for person in self.everybody for browser in person.browsers]
        return sum(browser.keep_routes() for browser in browsers)

    async def _arrive(self, name: str, rate: float, under_way: set[asyncio.Task[None]]) -> None:
        """Arrivals at even distances; who it is each time is drawn by seed."""
        chance = self._chance(name, "arrivals")
        people = self.people[name]
        loop = asyncio.get_running_loop()
        began_s, began_ns = loop.time(), self._recorder.real_ns()
        number = 0
        while True:
            due_s = number / rate
            await asyncio.sleep(max(0.0, began_s + due_s - loop.time()))
            person = chance.choice(people)
            task = asyncio.create_task(person.act(intended_ns=began_ns + round(due_s * 1e9)))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            number += 1

    def _make_group(self, name: str, group: Group) -> list[Person]:
        if group.pin_to is not None and group.pin_to not in self._places.nodes:
            nodes = ", ".join(self._places.nodes)
            raise OperatorError(f"traffic.{name}: there is no node {group.pin_to!r} to be pinned to; there is {nodes}")
        wanted = round(group.users * group.remember_me)
        remembering = set(self._chance(name, "remember-me").sample(range(group.users), wanted))
        return [self._make_person(name, group, number, number in remembering) for number in range(group.users)]

    def _make_person(self, name: str, group: Group, number: int, remembers: bool) -> Person:
        label = f"{name}-{number + 1:03}"
        account = self.account(self._account_name(group, label, number))
        jar = CookieJar(now_ms=self._recorder.policy_ms)
        logins: dict[str, int] = {}
        url = self._places.nodes[group.pin_to] if group.pin_to is not None else self._places.base_url
        browsers = [self._browser(url, jar, logins, label, name, self._places.session_cookie, pinned_to=group.pin_to)]
        if group.visits_neighbour:
            if self._places.neighbour_url is None:
                raise OperatorError(f"traffic.{name} visits a neighbour, but cluster.neighbour does not say what it is")
            browsers.append(
                self._browser(self._places.neighbour_url, jar, logins, label, name, self._places.neighbour_cookie)
            )
        return Person(
            account,
            browsers,
            mix=group.mix,
            remembers=remembers,
            knocks=group.knocks,
            chance=self._chance(name, "person", number),
        )

    def _account_name(self, group: Group, label: str, number: int) -> str:
        """His own, one that all of the group share, or that of his namesake in another group."""
        if group.login_as in self.groups:
            return f"{group.login_as}-{number + 1:03}"
        return group.login_as or label

    def _browser(
        self,
        url: str,
        jar: CookieJar,
        logins: dict[str, int],
        user: str,
        group: str,
        session_cookie: str,
        *,
        pinned_to: str | None = None,
    ) -> RecordingBrowser:
        return RecordingBrowser(
            Browser(self._client, url, jar, patience_s=PATIENCE_S),
            self._recorder,
            user=user,
            group=group,
            logins=logins,
            session_cookie=session_cookie,
            remember_me_cookie=self._places.remember_me_cookie,
            pinned_to=pinned_to,
        )

    def _chance(self, *what: object) -> random.Random:
        return random.Random("/".join(map(str, (self._seed, *what))))
