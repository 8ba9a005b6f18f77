"""What one person decides, and how he reacts, in front of a browser that answers as the test wants."""

import random

import pytest

from compose.drills.history.records import OpKind
from compose.drills.scenario.traffic import Mix
from compose.drills.traffic.person import Account, Person
from compose.people.browser import Answer
from shared.contract import KNOWN_VIA, SERVED_BY, KnownVia


def answer(known_via, status=200):
    return Answer(status, {KNOWN_VIA: known_via, SERVED_BY: "node-1"}, b"", 1.0)


class FakeBrowser:
    """Answers every request alike, and every login so that it succeeds or not."""

    user = "office-001"
    is_remembered = True

    def __init__(self, reply, login=KnownVia.LOGIN):
        self.sent = []
        self._reply, self._login = reply, login

    async def send(self, told, *, intended_ns=None):
        self.sent.append(told)
        return len(self.sent), answer(self._login) if told.kind is OpKind.LOGIN else self._reply


def person(browser, *, mix=Mix.OFFICE, seed=1, **more):
    given = {"remembers": False, "knocks": False} | more
    return Person(Account("alice", "alice"), [browser], mix=mix, chance=random.Random(seed), **given)


SERVED = answer(KnownVia.SESSION)
REFUSED = answer(KnownVia.NOBODY, 401)
BROKEN = answer(KnownVia.NOBODY, 503)


async def decisions(reply, *, seed=1, mix=Mix.OFFICE):
    browser = FakeBrowser(reply)
    somebody = person(browser, seed=seed, mix=mix)
    for _ in range(30):
        await somebody.act()
    landed = {place + 1 for place, told in enumerate(browser.sent) if told.kind is OpKind.LOGIN}
    return [
        (told.method, told.path)
        for place, told in enumerate(browser.sent)
        if told.kind is not OpKind.LOGIN and place not in landed
    ]


async def test_decisions_do_not_depend_on_answers():
    """Served, refused, failed or alone: the same seed asks for the same, in the same order."""
    served = await decisions(SERVED)
    assert len(set(served)) > 5
    assert served == await decisions(REFUSED) == await decisions(BROKEN) == await decisions(None)
    assert served != await decisions(SERVED, seed=2)


@pytest.mark.parametrize(
    ("mix", "reply", "kinds"),
    [
        (Mix.READER, REFUSED, [OpKind.BROWSE, OpKind.LOGIN, OpKind.BROWSE]),
        (Mix.READER, SERVED, [OpKind.BROWSE]),
        (Mix.READER, BROKEN, [OpKind.BROWSE]),
        (Mix.READER, None, [OpKind.BROWSE]),
        (Mix.SCRIPT, REFUSED, [OpKind.BROWSE]),
        (Mix.THIEF, REFUSED, [OpKind.BROWSE]),
        (Mix.DASHBOARD, REFUSED, [OpKind.BROWSE]),
    ],
)
async def test_only_people_at_a_desk_log_in_again_and_only_when_a_node_says_so(mix, reply, kinds):
    """An error page, or no answer, is no login page."""
    browser = FakeBrowser(reply)
    await person(browser, mix=mix).act()
    assert [told.kind for told in browser.sent] == kinds


async def test_whoever_has_nothing_to_be_known_by_logs_in_first():
    """After a login that failed, say; and lands on a page, as browsers do."""
    browser = FakeBrowser(SERVED)
    browser.is_remembered = False
    await person(browser, mix=Mix.READER, remembers=True).act()
    assert [told.kind for told in browser.sent] == [OpKind.LOGIN, OpKind.BROWSE]
    assert browser.sent[0].form["os_cookie"] == "true"


async def test_a_guesser_shows_a_wrong_password_each_time():
    """And nothing else."""
    browser = FakeBrowser(SERVED, login=KnownVia.NOBODY)
    guesser = person(browser, knocks=True)
    await guesser.act()
    await guesser.act()
    assert [told.form["os_password"] for told in browser.sent] == ["not-his-password"] * 2


async def test_a_thief_keeps_the_password_that_he_stole():
    """The owner learns the new one from whoever reset it."""
    owner_browser, thief_browser = FakeBrowser(SERVED), FakeBrowser(SERVED)
    account = Account("alice", "old")
    make = {"remembers": False, "knocks": False, "chance": random.Random(1)}
    owner = Person(account, [owner_browser], mix=Mix.READER, **make)
    thief = Person(account, [thief_browser], mix=Mix.THIEF, **make)
    account.password = "new"
    await owner.log_in()
    await thief.log_in()
    assert owner_browser.sent[0].form["os_password"] == "new"
    assert thief_browser.sent[0].form["os_password"] == "old"


async def test_a_basic_script_shows_its_password_with_every_request():
    """It has no session to lose."""
    browser = FakeBrowser(SERVED)
    script = person(browser, mix=Mix.BASIC)
    await script.act()
    assert script.shows_password
    assert browser.sent[0].headers["Authorization"].startswith("Basic ")


async def test_two_applications_are_visited_in_turns():
    """With every act the other one."""
    here, there = FakeBrowser(SERVED), FakeBrowser(SERVED)
    make = {"remembers": False, "knocks": False, "chance": random.Random(1)}
    somebody = Person(Account("alice", "alice"), [here, there], mix=Mix.READER, **make)
    for _ in range(4):
        await somebody.act()
    assert (len(here.sent), len(there.sent)) == (2, 2)
