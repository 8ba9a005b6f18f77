"""`/rest/auth/1/session`, and the headers by which a client knows where it stands."""

import io
import re

import pytest

from shared import contract

GOOD = {"username": "alice", "password": "alice"}


async def post(browser, body, path="/rest/auth/1/session"):
    return await browser.request("POST", path, json=body)


async def test_a_login_answers_as_the_documentation_shows(node):
    """The session object, the login info of before, and the cookie in the header."""
    browser = node.browser()
    answer = await post(browser, GOOD)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    body = answer.json()
    assert body["session"] == {"name": "JSESSIONID", "value": browser.session_id}
    assert body["loginInfo"] == {"failedLoginCount": 0, "loginCount": 1}
    assert answer.headers["Set-Cookie"] == f"JSESSIONID={browser.session_id}; Path=/; HttpOnly"
    assert answer.headers[contract.LOGIN_REASON] == "OK"


async def test_login_info_counts_and_times(node):
    """A second login shows when the first one was, and how many failed in between."""
    await post(node.browser(), GOOD)
    await node.step(5000)
    await post(node.browser(), {"username": "alice", "password": "wrong"})
    await node.step(5000)
    info = (await post(node.browser(), GOOD)).json()["loginInfo"]
    assert info == {
        "failedLoginCount": 1,
        "loginCount": 2,
        "lastFailedLoginTime": "2026-03-02T09:00:05.000+0000",
        "previousLoginTime": "2026-03-02T09:00:00.000+0000",
    }


async def test_a_wrong_password_is_401_with_a_challenge(node):
    """Login failed, and the stamp says that the password was looked at."""
    answer = await post(node.browser(), {"username": "alice", "password": "wrong"})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "JIRA REST POST"
    assert answer.json() == {"errorMessages": ["Login failed"], "errors": {}}
    assert answer.headers[contract.LOGIN_REASON] == "AUTHENTICATED_FAILED"


async def test_an_unknown_user_answers_exactly_like_a_wrong_password(node):
    """Nobody learns which names exist."""
    unknown = await post(node.browser(), {"username": "mallory", "password": "x"})
    wrong = await post(node.browser(), {"username": "alice", "password": "x"})
    assert (unknown.status, unknown.body) == (wrong.status, wrong.body)


async def test_three_failures_close_the_door(node):
    """From then on even the right password is denied without being looked at."""
    for _ in range(3):
        await post(node.browser(), {"username": "alice", "password": "wrong"})
    answer = await post(node.browser(), GOOD)
    assert answer.status == 403
    assert answer.json()["errorMessages"] == ["Login denied"]
    assert answer.headers[contract.LOGIN_REASON] == "AUTHENTICATION_DENIED"
    assert answer.headers[contract.DENIED_REASON] == f"CAPTCHA_CHALLENGE; login-url={node.url}/login.jsp"


async def test_a_logged_in_client_asks_who_it_is(node):
    """The name, a link, and the login info."""
    browser = await node.logged_in("alice")
    answer = await browser.who_am_i()
    assert answer.status == 200
    assert answer.json()["name"] == "alice"
    assert answer.json()["self"] == f"{node.url}/rest/api/latest/user?username=alice"
    assert (answer.node, answer.username, answer.known_via) == ("node-1", "alice", "web-session")
    assert re.fullmatch("[0-9a-z]{1,7}", answer.headers[contract.SESSION_HASH])
    assert re.fullmatch(r"540x\d+x1", answer.headers[contract.REQUEST_ID])


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_nobody_is_told_to_authenticate(node, method):
    """401 with the message clients look for; a dead cookie makes no difference under /rest/auth."""
    for cookies in ({}, {"JSESSIONID": "A" * 32}):
        answer = await node.browser(cookies).request(method, "/rest/auth/1/session")
        assert answer.status == 401
        assert answer.json()["errorMessages"] == [contract.NOT_AUTHENTICATED]


async def test_logging_out_ends_this_session_only(node):
    """204, the stamp OUT, a fresh session for nobody, and the user's other browser stays in."""
    here, there = await node.logged_in("alice"), await node.logged_in("alice")
    old = here.carrying(contract.SESSION_COOKIE)
    answer = await here.request("DELETE", "/rest/auth/latest/session")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers[contract.LOGIN_REASON] == "OUT"
    gone = await old.who_am_i()
    assert (gone.status, gone.session_ended) == (401, "logout")
    assert here.session_id not in (None, old.session_id)
    after = await here.request("GET", "/rest/api/2/serverInfo")
    assert (after.status, after.username, after.session_ended) == (200, None, None)
    assert (await there.who_am_i()).status == 200


async def test_logging_out_costs_this_browsers_token_only(node):
    """The other computer's remember-me cookie still logs in."""
    here, there = await node.logged_in("alice", remember=True), await node.logged_in("alice", remember=True)
    kept = here.carrying(contract.REMEMBER_ME_COOKIE)
    await here.request("DELETE", "/rest/auth/1/session")
    assert contract.REMEMBER_ME_COOKIE not in here.cookies
    assert (await kept.who_am_i()).status == 401
    assert (await there.carrying(contract.REMEMBER_ME_COOKIE).who_am_i()).status == 200


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"[]", 400),
        ("application/json", b'{"username": 5, "password": "x"}', 400),
        ("application/json", b'{"username": "a\\u0000", "password": "x"}', 400),
        ("application/json", b'{"username": "\\ud800", "password": "x"}', 400),
        ("application/json", b"[" * 100_000, 400),
        ("text/plain", b"{}", 415),
        ("application/xml", b"<a/>", 415),
        ("application/json", b'{"username": "' + b"x" * 11_000_000 + b'"}', 413),
    ],
)
async def test_a_bad_body_gets_one_clear_refusal(node, content_type, body, status):
    """Never a 500 and never a stack trace."""
    async with node.client.post(
        node.url + "/rest/auth/1/session", data=io.BytesIO(body), headers={"Content-Type": content_type}
    ) as response:
        text = await response.text()
        assert response.status == status
        assert response.headers["Content-Type"] == contract.JSON_TYPE
        assert "Traceback" not in text
        assert "rror" in text or "Large" in text


async def test_an_empty_login_is_a_failed_login(node):
    """Missing fields are as good as wrong ones."""
    assert (await post(node.browser(), {})).status == 401


async def test_other_methods_are_refused_with_what_is_allowed(node):
    """405 in JSON."""
    answer = await node.browser().request("PATCH", "/rest/auth/1/session")
    assert answer.status == 405
    assert "DELETE" in answer.headers["Allow"]
