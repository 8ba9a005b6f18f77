"""Cookies as browsers keep them, on policy time."""

import pytest

from compose.people.cookie_jar import CookieJar

HOUR_MS = 3_600_000


class Clock:
    now_ms = 1_000_000

    def __call__(self):
        return self.now_ms


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def jar(clock):
    return CookieJar(now_ms=clock)


def test_a_cookie_lives_to_its_age_on_the_clock_it_was_given(jar, clock):
    """The last millisecond is inside, the next is not."""
    jar.keep(["token=1; Path=/; Max-Age=3600"], path="/login.jsp")
    clock.now_ms += HOUR_MS - 1
    assert jar.header("/") == "token=1"
    clock.now_ms += 1
    assert jar.header("/") == ""
    assert "token" not in jar
    assert len(jar) == 0


@pytest.mark.parametrize("end", ["Max-Age=0", "Max-Age=-1", "Expires=Thu, 01 Jan 1970 00:00:10 GMT"])
def test_a_cookie_that_is_over_is_forgotten(jar, end):
    """An order to delete works whatever clock there is."""
    for one in (jar, CookieJar()):
        one.keep(["a=1; Path=/"], path="/")
        one.keep([f"a=; Path=/; {end}"], path="/")
        assert dict(one) == {}


def test_max_age_wins_over_expires(jar):
    """Whatever the order they come in."""
    jar.keep(["a=1; Expires=Thu, 01 Jan 1970 00:00:10 GMT; Max-Age=60; Path=/"], path="/")
    assert jar["a"] == "1"


def test_a_session_cookie_outlives_any_time(jar, clock):
    """Nothing but the end of the browser ends it."""
    jar.keep(["JSESSIONID=A; Path=/"], path="/")
    clock.now_ms += 1000 * 24 * HOUR_MS
    assert jar["JSESSIONID"] == "A"


def test_two_applications_on_one_path_overwrite_each_other(jar):
    """The port is not part of a cookie's identity, so the second JSESSIONID of the same path takes the first's place."""
    jar.keep(["JSESSIONID=first; Path=/"], path="/")
    jar.keep(["JSESSIONID=second; Path=/"], path="/")
    assert jar.header("/any") == "JSESSIONID=second"


def test_paths_keep_cookies_apart_and_the_longest_comes_first(jar):
    """A cookie is sent below its path only, to whole path segments."""
    jar.keep(["a=root; Path=/"], path="/")
    jar.keep(["a=jira; Path=/jira"], path="/jira/login.jsp")
    assert jar.header("/jira/x") == "a=jira; a=root"
    assert jar.header("/jirafa") == "a=root"
    assert jar.header("/jira") == "a=jira; a=root"
    assert jar["a"] == "jira"
    assert jar.shown_at("/jira/x") == {"a": "jira"}
    assert jar.shown_at("/wiki") == {"a": "root"}


def test_without_a_path_it_belongs_to_the_folder_of_the_request(jar):
    """RFC 6265, 5.1.4."""
    jar.keep(["a=1"], path="/jira/secure/Dashboard.jspa")
    assert jar.header("/jira/secure/x") == "a=1"
    assert jar.header("/jira/browse") == ""


def test_what_cannot_be_read_is_left_out(jar):
    """One bad line takes no other with it, and a bad age is none."""
    jar.keep(["=;;\x00", "b=2; Max-Age=soon; Path=/"], path="/")
    assert dict(jar) == {"b": "2"}


def test_forgetting_takes_every_path(jar):
    """As when somebody clears one cookie by name."""
    jar.keep(["a=1; Path=/", "a=2; Path=/x", "b=3; Path=/"], path="/")
    del jar["a"]
    assert dict(jar) == {"b": "3"}
    with pytest.raises(KeyError):
        del jar["a"]


def test_a_cookie_that_is_set_by_hand_is_for_the_whole_host(jar):
    """As tests and people with developer tools do."""
    jar["a"] = "1"
    assert jar.header("/any/where") == "a=1"
