"""`token-finality`: what deletes a token, and what it is to show one afterwards."""

import pytest

from compose.drills.verdict import Verdict
from shared.actions import Action
from tests.support.histories import Story

ALL = "/secure/admin/user/AllUsersRememberMeCookies.jspa"
ONE = "/secure/admin/user/UserRememberMeCookies.jspa"


def remembered(**opened):
    story = Story(**opened)
    story.login("alice", remember=True)
    return story


def test_a_token_that_an_act_deleted_and_that_lets_somebody_in_fails(check):
    story = remembered()
    act = story.act("alice")
    back = story.silent("alice")
    found = check("token-finality", story)
    assert found.verdict is Verdict.FAIL
    assert found.evidence[0].operations == (act, back)


def test_refused_it_is_evidence(check):
    story = remembered()
    story.act("alice")
    story.refused("alice")
    assert check("token-finality", story).verdict is Verdict.PASS


def test_never_shown_again_it_says_nothing(check):
    """Beside a session that is good nobody looks at it either."""
    story = remembered()
    story.act("alice")
    story.ask("alice")
    assert check("token-finality", story).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(("path", "victim"), [(ALL, None), (ONE, "alice")])
def test_the_administrators_pages_delete_tokens_and_nothing_else(path, victim, check):
    story = remembered()
    story.act(victim, None, path=path, status=200)
    story.silent("alice")
    assert check("token-finality", story).verdict is Verdict.FAIL
    assert check("stale-accept", story).verdict is Verdict.UNKNOWN


def test_another_users_token_stays(check):
    story = remembered()
    story.act("bob", None, path=ONE, status=200)
    story.silent("alice")
    assert check("token-finality", story).verdict is Verdict.UNKNOWN


def test_a_logout_deletes_the_token_it_shows(check):
    story = remembered()
    story.logout("alice")
    story.give("alice", token="t-alice-1", bound="node-1")
    story.silent("alice")
    assert check("token-finality", story).verdict is Verdict.FAIL


@pytest.mark.parametrize(("clears", "verdict"), [(True, Verdict.FAIL), (False, Verdict.UNKNOWN)])
def test_ending_sessions_by_rest_deletes_tokens_as_the_switch_says(clears, verdict, check):
    story = remembered(switches={"rest_delete_clears_tokens": clears})
    story.act("alice", Action.REST_END_SESSION)
    story.silent("alice")
    assert check("token-finality", story).verdict is verdict
