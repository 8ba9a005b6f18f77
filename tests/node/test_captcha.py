"""The CAPTCHA: when it is asked for, how it is answered, and what becomes of it."""

import re

import pytest

from node import captcha
from node.logins import LoginResult, Logins, SessionGuard
from node.web_sessions import SessionLimits, WebSessions
from shared.contract import LOGIN_REASON
from tests.support.fenced_nodes import fenced_nodes
from tests.support.nodes import running_node
from tests.support.slow_passwords import SlowPasswords


@pytest.fixture
def session():
    return WebSessions(SessionLimits(0), capacity=1).open(None, now_ms=0)


@pytest.mark.parametrize("proof", ["text", "answer"])
def test_the_picture_or_the_question_will_do(session, proof):
    """In any letter case, and once."""
    challenge = captcha.pose(session, now_ms=0)
    answer = f" {getattr(challenge, proof).lower()} "
    assert captcha.solve(session, answer, now_ms=0)
    assert not captcha.solve(session, answer, now_ms=0)


def test_a_wrong_answer_uses_the_challenge_up(session):
    """Guessing again needs a new one."""
    challenge = captcha.pose(session, now_ms=0)
    assert not captcha.solve(session, "", now_ms=0)
    assert not captcha.solve(session, challenge.text, now_ms=0)


def test_a_challenge_does_not_wait_for_ever(session):
    """Ten minutes."""
    challenge = captcha.pose(session, now_ms=0)
    assert captcha.posed(session, now_ms=captcha.LIFE_MS - 1) is challenge
    assert captcha.posed(session, now_ms=captcha.LIFE_MS) is None
    assert not captcha.solve(session, challenge.text, now_ms=captcha.LIFE_MS)


def test_the_question_asks_for_its_answer():
    """Whoever can add gets in."""
    for _ in range(50):
        challenge = captcha.new_challenge(now_ms=0)
        one, other = re.findall("|".join(sorted(captcha.NUMBERS, key=len, reverse=True)), challenge.question)
        assert int(challenge.answer) == captcha.NUMBERS.index(one) + captcha.NUMBERS.index(other)
        assert re.fullmatch(f"[{captcha.LETTERS}]{{5}}", challenge.text)


async def locked_out(node, username="alice"):
    """A browser whose user has just failed for the third time."""
    browser = node.browser()
    for _ in range(3):
        answer = await browser.log_in(username, "wrong")
    assert (answer.status, answer.headers[LOGIN_REASON]) == (200, "AUTHENTICATED_FAILED")
    return browser, answer.body.decode()


async def answer_to(node, browser):
    return await node.operator("GET", f"/captcha?session={browser.session_id}")


async def log_in(browser, answer, password="alice"):
    form = {"os_username": "alice", "os_password": password, "os_captcha": answer}
    return await browser.request("POST", "/login.jsp", form=form)


async def test_the_third_failure_poses_a_challenge(node):
    """Not the second, and not for a name that does not exist."""
    browser = node.browser()
    for _ in range(2):
        assert b"os_captcha" not in (await browser.log_in("alice", "wrong")).body
    page = (await browser.log_in("alice", "wrong")).body.decode()
    assert 'name="os_captcha"' in page
    assert (await answer_to(node, browser))["question"] in page
    for _ in range(4):
        stranger = await node.browser().log_in("mallory", "wrong")
        assert (b"os_captcha" in stranger.body, stranger.headers[LOGIN_REASON]) == (False, "AUTHENTICATED_FAILED")


async def test_without_an_answer_the_password_is_not_looked_at(node):
    """Denied, with a new challenge."""
    browser, _ = await locked_out(node)
    before = await answer_to(node, browser)
    answer = await browser.log_in("alice", "alice")
    assert (answer.status, answer.headers[LOGIN_REASON]) == (200, "AUTHENTICATION_DENIED")
    assert b"os_captcha" in answer.body
    assert (await answer_to(node, browser)) != before


@pytest.mark.parametrize("proof", ["text", "answer"])
async def test_solved_with_the_right_password_the_block_is_lifted(node, proof):
    """For every client: the counter starts at nought again."""
    browser, _ = await locked_out(node)
    logged_in = await log_in(browser, (await answer_to(node, browser))[proof])
    assert (logged_in.status, logged_in.headers[LOGIN_REASON]) == (302, "OK")
    assert (await browser.who_am_i()).username == "alice"
    script = node.browser()
    good = {"username": "alice", "password": "alice"}
    assert (await script.request("POST", "/rest/auth/1/session", json=good)).status == 200


async def test_solved_with_a_wrong_password_it_starts_again(node):
    """The password was looked at this time."""
    browser, _ = await locked_out(node)
    answer = await log_in(browser, (await answer_to(node, browser))["text"], password="wrong")
    assert (answer.headers[LOGIN_REASON], b"os_captcha" in answer.body) == ("AUTHENTICATED_FAILED", True)


@pytest.mark.parametrize(
    ("password", "is_person", "result"),
    [
        ("alice", False, LoginResult.CAPTCHA_NEEDED),
        ("wrong", False, LoginResult.CAPTCHA_NEEDED),
        ("alice", True, LoginResult.OK),
        ("wrong", True, LoginResult.WRONG_PASSWORD),
    ],
)
async def test_guesses_at_one_time_are_guesses_in_a_row(database_url, password, is_person, result):
    """Three failed while this one was being checked, which is therefore the fourth: its password must not be found
    out, right or wrong, unless it is somebody who has solved a CAPTCHA."""
    async with fenced_nodes(database_url, 1) as (node,):

        def logins(passwords):
            return Logins(
                node.database,
                passwords,
                node.caches,
                node.policy,
                remember_me_age_ms=1,
                max_failed_logins=3,
                session_guard=SessionGuard(),
            )

        async def three_fail():
            for due in (False, False, True):
                failed = await logins(node.passwords).by_password("alice", "guess")
                assert (failed.result, failed.captcha_due) == (LoginResult.WRONG_PASSWORD, due)

        slow = logins(SlowPasswords(node.passwords, three_fail))
        attempt = await slow.by_password("alice", password, is_person=is_person)
        assert (attempt.result, attempt.captcha_due) == (result, result is not LoginResult.OK)


async def test_a_wrong_answer_is_denied(node):
    """Whatever the password was; and the challenge before it is void."""
    browser, _ = await locked_out(node)
    used = (await answer_to(node, browser))["text"]
    assert (await log_in(browser, "WRONG")).headers[LOGIN_REASON] == "AUTHENTICATION_DENIED"
    assert (await log_in(browser, used)).headers[LOGIN_REASON] == "AUTHENTICATION_DENIED"


async def test_the_page_keeps_asking_when_it_is_reloaded(node):
    """With a new challenge each time, until the session forgets it."""
    browser, page = await locked_out(node)
    reloaded = (await browser.request("GET", "/login.jsp")).body.decode()
    assert ("os_captcha" in page, "os_captcha" in reloaded) == (True, True)
    await node.step(captcha.LIFE_MS)
    assert b"os_captcha" not in (await browser.request("GET", "/login.jsp")).body


async def test_another_node_knows_the_counter_but_not_the_answer(pair):
    """Counters are in Postgres, the challenge is in the session of one node."""
    first, second = pair
    browser, _ = await locked_out(first)
    moved = second.browser(browser.cookies)
    answer = await log_in(moved, (await answer_to(first, browser))["text"])
    assert answer.headers[LOGIN_REASON] == "AUTHENTICATION_DENIED"
    assert b"os_captcha" in answer.body
    assert (await log_in(moved, (await answer_to(second, moved))["text"])).status == 302


async def test_a_new_password_lifts_the_block(node):
    """The administrator's way out for service accounts."""
    await locked_out(node)
    admin = await node.logged_in("admin")
    await admin.request("PUT", "/rest/api/2/user/password?username=alice", json={"password": "new"})
    assert (await node.browser().log_in("alice", "new")).status == 302


async def test_the_picture_is_a_png_and_the_question_is_text(node):
    """Of the challenge that stands; neither may be cached."""
    browser, _ = await locked_out(node)
    challenge = await answer_to(node, browser)
    picture = await browser.request("GET", "/captcha")
    assert (picture.headers["Content-Type"], picture.body[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    question = await browser.request("GET", "/captcha?as=question")
    assert question.body.decode() == challenge["question"]
    assert "no-store" in picture.headers["Cache-Control"]
    assert "no-store" in question.headers["Cache-Control"]
    assert (await answer_to(node, browser)) == challenge


async def test_whoever_asks_for_a_picture_gets_one(node):
    """Also before any failure; it opens a session to keep the answer in."""
    browser = node.browser()
    assert (await browser.request("GET", "/captcha")).status == 200
    assert (await answer_to(node, browser))["text"]


@pytest.mark.parametrize("session_id", ["", "A" * 32])
async def test_the_operator_is_told_when_none_is_posed(node, session_id):
    """404 for a session that is not there."""
    url = f"http://127.0.0.1:{node.settings.operator_port}/-/captcha?session={session_id}"
    async with node.client.get(url, headers={"X-Dcsim-Token": "test-admin-token"}) as response:
        assert response.status == 404


async def test_the_guard_can_be_switched_off(stores, database_url):
    """`max_failed_logins` 0: nobody is ever asked."""
    async with running_node(stores, database_url, max_failed_logins=0) as node:
        browser = node.browser()
        for _ in range(5):
            assert b"os_captcha" not in (await browser.log_in("alice", "wrong")).body
        assert (await browser.log_in("alice", "alice")).status == 302
