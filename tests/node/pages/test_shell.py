"""What is around every page: the strip, the security headers, static files, the banner for old browsers."""

import re

from node.pages.assets import load_assets
from tests.support.forms import post_form, text_of
from tests.support.nodes import running_node

OLD = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"}
PAGES = ["/login.jsp", "/secure/Dashboard.jspa", "/issues/", "/browse/TEST-3", "/secure/ViewProfile.jspa", "/nothing"]


def strip_of(answer):
    """The strip's entries by name, without markup."""
    strip = text_of(answer).partition('id="strip"')[2].partition("</dl>")[0]
    entries = re.findall(r"<dt>(.*?)</dt><dd.*?>(.*?)</dd>", strip)
    return {name: re.sub(r"<[^>]+>", "", value) for name, value in entries}


async def test_every_page_says_what_answered_it(node):
    """Node, user, what knew him and when the session ends, also on error pages."""
    alice = await node.logged_in("alice")
    for path in PAGES:
        strip = strip_of(await alice.request("GET", path))
        assert (strip["Node"], strip["User"], strip["Known via"]) == ("node-1", "alice", "web-session"), path
        assert strip["Session"].endswith("ends 2026-03-02 14:00:00"), path
        assert strip["Policy time"] == "2026-03-02 09:00:00", path


async def test_the_strip_tells_why_a_session_is_gone(node):
    """A visitor with a cookie of another life is nobody, and the reason is there."""
    alice = await node.logged_in("alice")
    await node.step(5 * 3_600_000)
    answer = await alice.request("GET", "/issues/")
    assert strip_of(answer)["User"] == "nobody"
    assert answer.session_ended == "idle"


async def test_no_page_carries_code_or_style_of_its_own(node):
    """The policy forbids it and no page relies on it; nothing is loaded from elsewhere, and each has its landmarks."""
    alice = await node.logged_in("alice")
    for path in PAGES:
        answer = await alice.request("GET", path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        page = text_of(answer)
        assert not re.search(r"<style|<script(?![^>]* src=)| style=| on[a-z]+=", page), path
        assert all(address.startswith("/") for address in re.findall(r'(?:src|href)="([^"?#][^"]*)"', page)), path
        assert 'lang="en"' in page
        assert 'href="#content"' in page
        assert page.count("<h1>") == page.count("<main") == 1, path


async def test_static_files_are_kept_for_good(node):
    """Each file a page names is there, immutable, sets no cookie and uses no session."""
    alice = await node.logged_in("alice")
    page = text_of(await alice.request("GET", "/secure/Dashboard.jspa"))
    files = set(re.findall(r'(?:src|href)="(/s/[^"]+)"', page))
    assert {file.rpartition("/")[2] for file in files} == {"dcsim.css", "gadgets.js", "icon.svg"}
    await node.step(5 * 3_600_000 - 1)
    for file in files:
        answer = await alice.request("GET", file)
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
        assert "Set-Cookie" not in answer.headers
    await node.step(1)
    assert (await alice.who_am_i()).session_ended == "idle"


async def test_only_the_files_that_are_meant(node):
    """No way out of the folder, and nothing but reading."""
    root = f"/s/{load_assets().digest}"
    for path, method, status in (
        (f"{root}/none.css", "GET", 404),
        (f"{root}/../layout.html", "GET", 404),
        (f"{root}/%2e%2e/__init__.py", "GET", 404),
        ("/s/", "GET", 404),
        (f"{root}/dcsim.css", "POST", 405),
        (f"{root}/dcsim.css", "HEAD", 200),
    ):
        assert (await node.browser().request(method, path)).status == status, path


async def test_the_files_of_another_version_are_served_but_not_kept(node):
    """During a rolling upgrade a page of one node may ask another node."""
    answer = await node.browser().request("GET", "/s/0123456789ab/dcsim.css")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")


async def test_below_a_context_path_files_move_too(stores, database_url):
    """The page's own addresses work."""
    async with running_node(stores, database_url, context_path="/jira") as node:
        page = text_of(await node.browser().request("GET", "/login.jsp"))
        css = re.search(r'href="(/jira/s/[^"]+css)"', page)[1]
        assert (await node.client.get(node.settings.url + css)).status == 200


async def test_an_old_browser_is_told_once(node):
    """The banner is there until acknowledged; the cookie ends with the browser; new browsers never see it."""
    browser = node.browser()
    assert "no longer supported" not in text_of(await browser.request("GET", "/login.jsp"))
    assert "no longer supported" in text_of(await browser.request("GET", "/login.jsp", headers=OLD))
    answer = await post_form(browser, "/secure/UnsupportedBrowser.jspa", returnUrl="/issues/?a=b")
    assert (answer.status, answer.headers["Location"]) == (302, "/issues/?a=b")
    (line,) = [line for line in answer.headers.getall("Set-Cookie") if line.startswith("UNSUPPORTED")]
    assert line == "UNSUPPORTED_BROWSER_WARNING=handled; Path=/"
    assert "no longer supported" not in text_of(await browser.request("GET", "/login.jsp", headers=OLD))
    elsewhere = await post_form(browser, "/secure/UnsupportedBrowser.jspa", returnUrl="//evil.example")
    assert elsewhere.headers["Location"] == "/"
