"""The issue navigator and the issue page, and the cookies in which they keep their state."""

import re
from urllib.parse import quote

import pytest

from node.pages.basic_search import BasicSearch
from node.pages.browser_state import read_conglomerate, with_entry
from tests.support.forms import text_of
from tests.support.issues import found

NAVIGATOR = "jira.issue.navigator.type"
CONGLOMERATE = "AJS.conglomerate.cookie"


def keys(answer):
    return re.findall(r'<a href="/browse/(TEST-\d+)">', text_of(answer))


def cookie_line(answer, name):
    return next(line for line in answer.headers.getall("Set-Cookie") if line.startswith(f"{name}="))


async def test_the_last_search_view_is_kept_for_ten_years(node):
    """Basic at first; the view used last comes back without being asked for."""
    alice = await node.logged_in("alice")
    first = await alice.request("GET", "/issues/")
    assert 'id="type"' in text_of(first)
    assert cookie_line(first, NAVIGATOR) == f"{NAVIGATOR}=basic; Path=/; Max-Age=315360000"
    await alice.request("GET", "/issues/?view=advanced")
    assert alice.cookies[NAVIGATOR] == "advanced"
    assert 'id="jql"' in text_of(await alice.request("GET", "/issues/"))


async def test_a_query_in_the_address_is_the_advanced_view(node):
    """As links from elsewhere have it; the query of the documented sample."""
    admin = await node.logged_in("admin")
    answer = await admin.request("GET", f"/issues/?jql={quote('type=Bug AND status=Closed')}")
    assert keys(answer) == ["TEST-20", "TEST-17", "TEST-13", "TEST-2"]


async def test_the_page_says_what_scripts_are_not_told(node):
    """Nobody sees 21 issues and a warning, dave 23 and none."""
    nobody = await node.browser().request("GET", "/issues/")
    dave = await (await node.logged_in("dave")).request("GET", "/issues/")
    assert "21 issues" in text_of(nobody)
    assert "You are not logged in" in text_of(nobody)
    assert "Bob Baker</option>" not in text_of(nobody)
    assert "23 issues" in text_of(dave)
    assert "You are not logged in" not in text_of(dave)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?jql=type%3D", 400),
        ("?jql=x%3D1", 400),
        ("?view=basic&type=%22", 400),
        ("?startAt=x", 400),
        ("?view=odd", 200),
        ("?startAt=99", 200),
    ],
)
async def test_what_cannot_be_searched_is_said_on_the_page(node, query, status):
    """A message, the form to correct it, and no stack trace; what was typed is no HTML."""
    answer = await node.browser().request("GET", f"/issues/{query}&text=%3Cscript%3E")
    assert answer.status == status
    assert (b'role="alert"' in answer.body) is (status == 400)
    assert b"<script>" not in answer.body


async def test_pages_of_a_search(node):
    """Twenty at a time, the links keep the search."""
    admin = await node.logged_in("admin")
    first = await admin.request("GET", "/issues/?view=basic")
    link = re.search(r'href="([^"]+)" rel="next"', text_of(first))[1].replace("&amp;", "&")
    second = await admin.request("GET", f"/issues/{link}")
    assert len(keys(first)) == 20
    assert len(keys(second)) == 5
    assert not set(keys(first)) & set(keys(second))
    assert 'rel="prev"' in text_of(second)


@pytest.mark.parametrize(
    ("search", "jql"),
    [
        (BasicSearch(), ""),
        (BasicSearch(type="Bug", status="Closed"), "type = Bug AND status = Closed"),
        (BasicSearch(assignee="currentUser()"), "assignee = admin"),
        (BasicSearch(assignee="EMPTY"), "assignee IS EMPTY"),
        (BasicSearch(assignee="bob", text="node"), "assignee = bob AND summary ~ node"),
    ],
)
def test_the_basic_view_is_a_query(search, jql):
    """The choices find what the query finds that one would have typed."""
    assert found(search.jql) == found(jql)


async def test_an_issue_and_who_may_see_it(node):
    """The page, the login page for nobody, 403 for somebody who may not, 404 for none."""
    dave = await node.logged_in("dave")
    assert "Bob Baker" in text_of(await dave.request("GET", "/browse/TEST-3"))
    anonymous = await node.browser().request("GET", "/browse/TEST-18")
    assert (anonymous.status, anonymous.headers["Location"]) == (
        302,
        "/login.jsp?permissionViolation=true&os_destination=%2Fbrowse%2FTEST-18&page_caps=&user_role=",
    )
    assert (await dave.request("GET", "/browse/TEST-18")).status == 403
    assert (await dave.request("GET", "/browse/TEST-99")).status == 404


async def test_the_last_tab_is_kept_for_a_year(node):
    """Also on another issue, beside what other pages keep in the same cookie."""
    alice = await node.logged_in("alice")
    alice.cookies[CONGLOMERATE] = "|other=1"
    answer = await alice.request("GET", "/browse/TEST-3?tab=comments")
    assert cookie_line(answer, CONGLOMERATE) == f"{CONGLOMERATE}=|other=1|issue-tab=comments; Path=/; Max-Age=31536000"
    assert "Does it happen with remember-me ticked?" in text_of(answer)
    other = await alice.request("GET", "/browse/TEST-10")
    assert "Only on nodes before 9.11." in text_of(other)
    subtasks = await alice.request("GET", "/browse/TEST-4?tab=subtasks")
    assert keys(subtasks) == ["TEST-5", "TEST-6"]
    odd = await alice.request("GET", "/browse/TEST-4?tab=none")
    assert keys(odd) == ["TEST-5", "TEST-6"]


def test_the_conglomerate_is_bounded_and_forgives():
    """Garbage is left out, a changed entry moves to the end, the oldest of too many goes."""
    assert read_conglomerate('"|a=1||b=|x|c=2"') == {"a": "1", "c": "2"}
    assert with_entry("|a=1|b=2", "a", "3") == "|b=2|a=3"
    full = "".join(f"|k{number}=1" for number in range(40))
    assert list(read_conglomerate(with_entry(full, "new", "1")))[0::19] == ["k21", "new"]
