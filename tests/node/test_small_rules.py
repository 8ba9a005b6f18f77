"""Small rules: the login guard, paths, cookies, and what a caller may send."""

import pytest

from node.cookies import CookieJarRules
from node.life import NodeLife
from node.login_guard import captcha_required
from node.paths import Paths
from node.rest.arguments import optional_flag, text_field, whole_number
from node.store.engine import is_storable
from shared.contract import NodeState
from shared.errors import CallerError
from shared.settings import LoginRules

JAR = CookieJarRules(LoginRules(), None, 1_209_600, "/jira")


@pytest.mark.parametrize(("failures", "limit", "needed"), [(2, 3, False), (3, 3, True), (9, 3, True), (9, 0, False)])
def test_a_captcha_is_asked_after_so_many_failures_in_a_row(failures, limit, needed):
    """The third failure is the last one that looks at the password; a limit of 0 never asks."""
    assert captcha_required(failures, max_failures=limit) is needed


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "evil", "", None, "/a\r\nSet-Cookie: x=1"]
)
def test_after_login_nobody_is_sent_elsewhere(wanted):
    """os_destination is a path of this application or it is ignored."""
    assert Paths("/jira", "http://localhost/jira").destination(wanted) is None


def test_a_destination_keeps_its_query():
    """Below the context path, with whatever parameters it had."""
    assert Paths("/jira", "").destination("/browse/TEST-3?a=b%20c&d=é") == "/jira/browse/TEST-3?a=b%20c&d=%C3%A9"


def test_cookies_look_as_tomcat_writes_them():
    """Path is the context path, HttpOnly always, Secure only behind https."""
    assert JAR.session("AB", secure=False) == "JSESSIONID=AB; Path=/jira; HttpOnly"
    assert JAR.session("AB", secure=True) == "JSESSIONID=AB; Path=/jira; Secure; HttpOnly"
    assert "Max-Age=1209600" in JAR.remember_me("1%3Aab", secure=False)
    assert "Max-Age=0" in JAR.clear_remember_me(secure=False)


def test_a_max_age_makes_the_session_cookie_permanent():
    """cookie-config/max-age of the web.xml."""
    jar = CookieJarRules(LoginRules(), 28800, 1, "/")
    assert jar.session("AB", secure=False) == "JSESSIONID=AB; Path=/; Max-Age=28800; HttpOnly"


@pytest.mark.parametrize(
    "body", [{}, {"name": None}, {"name": "  "}, {"name": 5}, {"name": "a\0b"}, {"name": "x" * 256}]
)
def test_a_bad_text_is_refused_by_the_name_of_its_field(body):
    """400 with the field in `errors`."""
    with pytest.raises(CallerError) as caught:
        text_field(body, "name")
    assert caught.value.status == 400
    assert "name" in caught.value.fields


def test_flags_may_be_texts():
    """One client library sends "false" in quotes."""
    assert optional_flag({"active": "false"}, "active") is False
    assert optional_flag({"active": True}, "active") is True
    assert optional_flag({}, "active") is None
    with pytest.raises(CallerError):
        optional_flag({"active": "maybe"}, "active")


@pytest.mark.parametrize("text", ["x", "1.5", "-1", "99999999999", "1e3"])
def test_a_bad_number_is_refused(text):
    """400, with what was sent."""
    with pytest.raises(CallerError, match="startAt"):
        whole_number(text, "startAt", default=0)


def test_what_postgres_cannot_hold_is_known_beforehand():
    """NUL and lone surrogates are nobody's name."""
    assert is_storable("ünï 😀")
    assert not is_storable("a\0")
    assert not is_storable("\ud800")


def test_a_node_does_not_come_back_to_life():
    """STOPPING is final; a move outside the table is a bug that shows."""
    life = NodeLife()
    life.move(NodeState.RUNNING)
    life.move(NodeState.STOPPING)
    with pytest.raises(AssertionError):
        life.move(NodeState.RUNNING)
