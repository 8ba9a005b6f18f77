"""What users experience under a configuration, and what changes between two."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jira_config import Origin, diff, explain, read_files
from shared.jira_config.difference import Direction
from shared.jira_config.durations import duration
from shared.jira_config.experience import Audience, Situation
from shared.jira_config.sourced import Sourced, by_default
from shared.jira_config.text import difference_data, difference_text, explanation_data, explanation_text
from shared.jira_config.web_xml import TrackingMode

SHIPPED = read_files([])
HOUR, DAY = 3600, 86_400


def config(*, idle_min=300, max_age_s=None, age_s=1_209_600, overflow=False, modes=(TrackingMode.COOKIE,)):
    def value(given):
        return by_default(given, Origin.FILE, "here")

    return replace(
        SHIPPED,
        session_timeout_min=value(idle_min),
        session_cookie_max_age_s=value(max_age_s),
        remember_me_cookie_age_s=value(age_s),
        tracking_modes=value(modes),
        remember_me_overflow=overflow,
    )


def asked(given, audience):
    """Seconds until a password is asked for, in the order of Situation."""
    return [explain(given).of(audience, situation).asked_after_s for situation in Situation]


def test_as_shipped():
    """Five hours idle for the plain, two weeks for the remembered, and no limit for whoever is active."""
    assert asked(SHIPPED, Audience.PLAIN) == [5 * HOUR, None, None, 0, 0, 0]
    assert asked(SHIPPED, Audience.REMEMBERED) == [14 * DAY, None, None, 14 * DAY, 14 * DAY, 14 * DAY]


def test_two_hours_idle():
    """A shorter idle limit is felt by people without remember-me only."""
    assert asked(config(idle_min=120), Audience.PLAIN) == [2 * HOUR, None, None, 0, 0, 0]
    assert asked(config(idle_min=120), Audience.REMEMBERED) == asked(SHIPPED, Audience.REMEMBERED)


def test_forced_logout():
    """Eight hours in all three files end every login after eight hours, dashboards included."""
    forced = config(idle_min=480, max_age_s=28_800, age_s=28_800)
    assert asked(forced, Audience.PLAIN) == [8 * HOUR, 8 * HOUR, 8 * HOUR, 8 * HOUR, 0, 0]
    assert asked(forced, Audience.REMEMBERED) == [8 * HOUR] * 6
    explanation = explain(forced)
    assert "8 hours after the login" in explanation.of(Audience.PLAIN, Situation.IDLE).says
    assert not any("does not reach" in note for note in explanation.notes)
    assert any("without a password is 16 hours, not 8 hours" in note for note in explanation.notes)


def test_forced_logout_with_a_hole():
    """With the cookie left at two weeks a forced logout only renews the session of people with remember-me."""
    leaky = config(idle_min=480, max_age_s=28_800)
    assert asked(leaky, Audience.REMEMBERED) == [14 * DAY] * 6
    assert any("does not reach people with remember-me" in note for note in explain(leaky).notes)


def test_renewal_runs_past_the_token():
    """Somebody who keeps working is asked when the last session begun under the token ends."""
    given = config(max_age_s=8 * HOUR, age_s=10 * HOUR)
    assert explain(given).of(Audience.REMEMBERED, Situation.WORKING).asked_after_s == 16 * HOUR


def test_cookie_shorter_than_the_idle_limit():
    """A token that dies before the session does not shorten the session."""
    assert asked(config(age_s=60), Audience.REMEMBERED) == [5 * HOUR, None, None, 60, 60, 60]


def test_overflow_makes_remember_me_useless():
    """With an overflowing age people with remember-me fare exactly like people without."""
    given = config(age_s=2_147_484, overflow=True)
    assert asked(given, Audience.REMEMBERED) == asked(given, Audience.PLAIN)
    assert "overflow Jira's arithmetic" in explain(given).notes[0]


def test_max_age_zero():
    """A max-age of zero keeps no login without remember-me, and with it each request logs in again."""
    given = config(max_age_s=0, age_s=DAY)
    assert asked(given, Audience.PLAIN) == [0] * 6
    assert asked(given, Audience.REMEMBERED) == [DAY] * 6


def test_no_idle_limit():
    """Without an idle limit nobody idle is asked, gadgets or not."""
    explanation = explain(config(idle_min=0))
    idle, dashboard = (explanation.of(Audience.PLAIN, one) for one in (Situation.IDLE, Situation.DASHBOARD))
    assert idle.asked_after_s is dashboard.asked_after_s is None
    assert "there is no idle limit" in dashboard.says


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (config(age_s=-1), "-1 is not positive, so Seraph uses 14 days instead"),
        (config(idle_min=0), "without an idle limit abandoned sessions stay in memory"),
        (config(modes=(TrackingMode.URL,)), "the session id travels in links"),
        (config(max_age_s=60), "A script that goes on sending the cookie"),
        (config(max_age_s=60, age_s=30), "the longest time without a password is 1 minute 30 seconds, not 1 minute"),
        (replace(SHIPPED, invalidate_session_on_login=by_default(False, Origin.SERAPH, "x")), "session fixation"),
        (SHIPPED, "a rolling restart is enough"),
    ],
)
def test_remarks(given, part):
    """Each pitfall of a configuration is said in one sentence."""
    assert any(part in note for note in explain(given).notes)


def test_wasted_server_timeout():
    """A changed timeout in the file that loses is pointed out; the shipped one is not."""

    def losing(minutes):
        loser = by_default(minutes, Origin.FILE, "server")
        return replace(SHIPPED, session_timeout_min=Sourced(300, SHIPPED.session_timeout_min.source, loser))

    assert any("45 minutes, without effect" in note for note in explain(losing(45)).notes)
    assert not any("without effect" in note for note in explain(losing(30)).notes)


def test_bot_killer_remark_depends_on_the_limit():
    """The Bot Session Killer leaves limits up to ten minutes alone, so it is not mentioned there."""
    assert not any("Bot" in note for note in explain(config(idle_min=10)).notes)
    assert any("Bot" in note for note in explain(config(idle_min=11)).notes)


def test_text_names_file_and_line():
    """The text numbers each deciding setting and gives its source."""
    text = explanation_text(explain(SHIPPED))
    assert "leaves the browser idle: is asked to log in after 5 hours without a request [1]" in text
    assert "[1] session_timeout_min = 300, from Jira's default (WEB-INF/web.xml session-config/session-timeout)" in text


def test_data_is_json():
    """Explanation and difference are plain JSON; the source of each setting is in it."""
    data = json.loads(json.dumps(explanation_data(explain(SHIPPED))))
    assert len(data["users"]) == 12
    assert (data["users"][0]["who"], data["users"][0]["situation"]) == ("plain", "idle")
    assert data["settings"]["session_timeout_min"]["source"]["origin"] == "jira"
    assert data["settings"]["session_timeout_min"]["value"] == 300
    changed = json.loads(json.dumps(difference_data(diff(SHIPPED, config(idle_min=120)))))
    assert changed["users"][0]["asked"] == "sooner"


def test_difference():
    """Only what users notice is listed, with its direction, and every changed setting."""
    difference = diff(SHIPPED, config(idle_min=120))
    (change,) = difference.users
    assert (change.before.situation, change.direction) == (Situation.IDLE, Direction.SOONER)
    assert diff(config(idle_min=120), SHIPPED).users[0].direction is Direction.LATER
    assert diff(SHIPPED, config(idle_min=0)).users[0].direction is Direction.LATER
    assert diff(config(idle_min=0), SHIPPED).users[0].direction is Direction.SOONER
    assert "session_timeout_min" in difference_text(difference)


def test_difference_text_of_every_kind_of_value():
    """Truths, lists and unset values are written as a configuration file would."""
    changed = replace(config(max_age_s=60, modes=()), insecure_cookie=by_default(True, Origin.FILE, "insecure.cookie"))
    text = difference_text(diff(SHIPPED, changed))
    assert "after:  true, from" in text
    assert "before: COOKIE, URL, from Tomcat's default" in text
    assert "after:  none, from" in text
    assert "before: not set, from" in text


def test_difference_without_effect():
    """A change in a value that another file overrides is named as such; equal configurations differ in nothing."""
    loser = by_default(45, Origin.FILE, "server")
    shadowed = replace(SHIPPED, session_timeout_min=Sourced(300, SHIPPED.session_timeout_min.source, loser))
    difference = diff(SHIPPED, shadowed)
    assert (difference.users, [change.in_force for change in difference.settings]) == ((), [False])
    assert "only a value that has no effect changed; 300" in difference_text(difference)
    assert difference_text(diff(SHIPPED, SHIPPED)) == "Users notice nothing.\n\nNo setting changed."


ages = st.one_of(st.none(), st.integers(-2, 100 * HOUR))


@given(st.integers(-1, 1000), ages, st.integers(-1, 2_147_483))
def test_remember_me_never_makes_it_worse(idle_min, max_age_s, age_s):
    """Ticking the box never brings the question for a password forward."""
    given = config(idle_min=idle_min, max_age_s=max_age_s, age_s=age_s)
    for plain, remembered in zip(asked(given, Audience.PLAIN), asked(given, Audience.REMEMBERED), strict=True):
        assert remembered is None or (plain is not None and remembered >= plain)


@given(st.integers(-1, 1000), ages, st.integers(-1, 2_147_483), st.booleans())
def test_every_experience_can_be_told(idle_min, max_age_s, age_s, overflow):
    """Every configuration has a text, and every experience that takes time names who decided."""
    explanation = explain(config(idle_min=idle_min, max_age_s=max_age_s, age_s=age_s, overflow=overflow))
    assert explanation_text(explanation)
    assert all(one.decided_by for one in explanation.experiences if one.asked_after_s)


@given(st.integers(0, 10**9))
def test_duration_is_exact(seconds):
    """A duration in words names every second."""
    size = {"day": DAY, "hour": HOUR, "minute": 60, "second": 1}
    words = duration(seconds).split()
    assert sum(int(n) * size[unit.rstrip("s")] for n, unit in zip(words[::2], words[1::2], strict=True)) == seconds
