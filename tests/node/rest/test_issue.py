"""Issues, searches, fields and attachments over HTTP."""

import io

import aiohttp
import pytest

from tests.support.issues import NOW_MS
from tests.support.nodes import running_node

ISSUE = "/rest/api/2/issue"
SEARCH = "/rest/api/2/search"
NO_CHECK = {"X-Atlassian-Token": "no-check"}


async def upload(node, browser, *files, key="TEST-3", part="file", headers=NO_CHECK):
    """POSTs files as a browser's form would; `files` are (name, content)."""
    form = aiohttp.FormData(quote_fields=False)
    for name, content in files:
        form.add_field(part, io.BytesIO(content), filename=name, content_type="application/octet-stream")
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    async with node.client.post(
        f"{node.url}{ISSUE}/{key}/attachments", data=form, headers={"Cookie": cookies, **headers}
    ) as response:
        return response.status, await response.json(content_type=None)


async def test_the_issue_of_the_tutorial(node):
    """TEST-3 with its people under their real keys; by key in any case and by id."""
    alice = await node.logged_in("alice")
    body = (await alice.request("GET", f"{ISSUE}/TEST-3")).json()
    assert (body["key"], body["fields"]["summary"]) == ("TEST-3", "Session is gone after a node restart")
    reporter = body["fields"]["reporter"]
    myself = (await alice.request("GET", "/rest/api/2/myself")).json()
    assert (reporter["name"], reporter["key"]) == ("alice", myself["key"])
    assert body["fields"]["updated"].startswith("2026-02-28")
    for other in ("test-3", body["id"]):
        assert (await alice.request("GET", f"{ISSUE}/{other}")).json()["self"] == body["self"]


@pytest.mark.parametrize(
    ("query", "fields"),
    [("?fields=summary,status", {"summary", "status"}), ("?fields=summary&fields=votes", {"summary", "votes"})],
)
async def test_only_some_fields(node, query, fields):
    """Names after commas and repeated parameters both select."""
    body = (await node.browser().request("GET", f"{ISSUE}/TEST-3{query}")).json()
    assert set(body["fields"]) == fields


@pytest.mark.parametrize(
    ("who", "key", "status"),
    [
        ("alice", "TEST-999", 404),
        ("alice", "x", 404),
        (None, "TEST-18", 401),
        ("dave", "TEST-18", 403),
        ("admin", "TEST-18", 200),
    ],
)
async def test_issues_that_are_not_for_everybody(node, who, key, status):
    """404 when there is none, 401 for nobody, 403 for somebody who may not."""
    browser = node.browser() if who is None else await node.logged_in(who)
    answer = await browser.request("GET", f"{ISSUE}/{key}")
    assert answer.status == status
    assert status == 200 or answer.json()["errorMessages"]


async def test_a_search_without_a_login_is_no_error(node):
    """The trap: 200 and fewer issues for nobody, by GET and by POST."""
    for who, total in ((None, 21), ("dave", 23), ("admin", 25)):
        browser = node.browser() if who is None else await node.logged_in(who)
        by_query = await browser.request("GET", SEARCH)
        by_body = await browser.request("POST", SEARCH, json={"jql": ""})
        assert (by_query.status, by_query.json()["total"]) == (200, total)
        assert by_body.json() == by_query.json()


async def test_a_search_with_a_dead_session_is_an_error(node):
    """os_authType any: a JSESSIONID nobody knows is refused rather than served less."""
    answer = await node.browser({"JSESSIONID": "0" * 32}).request("GET", SEARCH)
    assert answer.status == 401


async def test_the_query_of_the_seed(node):
    """What the documented sample asks for, and who it is assigned to."""
    admin = await node.logged_in("admin")
    found = (await admin.request("POST", SEARCH, json={"jql": "type=Bug AND status=Closed"})).json()
    assert [issue["key"] for issue in found["issues"]] == ["TEST-20", "TEST-17", "TEST-13", "TEST-2"]
    mine = (await admin.request("GET", f"{SEARCH}?jql=assignee%3DcurrentUser()&fields=summary")).json()
    assert [(issue["key"], list(issue["fields"])) for issue in mine["issues"]] == [("TEST-17", ["summary"])]


@pytest.mark.parametrize("jql", ["type=", "nothing = 1", "assignee = nobody"])
async def test_a_bad_query_is_told_what_is_wrong(node, jql):
    """400 with a message."""
    answer = await node.browser().request("POST", SEARCH, json={"jql": jql})
    assert answer.status == 400
    assert answer.json()["errorMessages"]


async def test_users_in_issues_are_read_anew(node):
    """A renamed user shows at once; a deleted one under the key; a new one can be asked for."""
    admin = await node.logged_in("admin")
    await admin.request("PUT", "/rest/api/2/user?username=bob", json={"name": "robert"})
    found = (await admin.request("POST", SEARCH, json={"jql": "assignee = robert"})).json()
    assert found["total"] == 5
    await admin.request("DELETE", "/rest/api/2/user?username=robert")
    fields = (await admin.request("GET", f"{ISSUE}/TEST-3")).json()["fields"]
    assert (fields["assignee"]["name"], fields["assignee"]["active"]) == ("JIRAUSER10002", False)
    eve = {"name": "eve", "emailAddress": "e@example.com", "displayName": "Eve"}
    await admin.request("POST", "/rest/api/2/user", json=eve)
    assert (await admin.request("POST", SEARCH, json={"jql": "assignee = eve"})).json()["total"] == 0


async def test_the_fields(node):
    """An array with ids; the library reads it before its first search."""
    answer = await node.browser().request("GET", "/rest/api/2/field")
    assert b'"id":"summary"' in answer.body


async def test_two_nodes_have_the_same_issues_and_files(pair):
    """What is attached on one is there on the other, byte for byte."""
    first, second = pair
    alice, bob = await first.logged_in("alice"), await second.logged_in("bob")
    content = bytes(range(256)) * 300
    status, stored = await upload(first, alice, ("Übersicht.txt", content), ("b.bin", b"b"))
    assert (status, [file["filename"] for file in stored]) == (200, ["Übersicht.txt", "b.bin"])
    fields = (await bob.request("GET", f"{ISSUE}/TEST-3?fields=attachment,created")).json()["fields"]
    assert fields["attachment"] == [
        {**file, "self": file["self"].replace(first.url, second.url)} for file in rebased(stored, first, second)
    ]
    download = await bob.request("GET", stored[0]["content"].removeprefix(first.url))
    assert (download.status, download.body) == (200, content)
    assert download.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%C3%9Cbersicht.txt"
    assert download.headers["Content-Security-Policy"] == "sandbox"
    described = await bob.request("GET", f"/rest/api/2/attachment/{stored[0]['id']}")
    assert described.json()["size"] == len(content)


def rebased(stored, first, second):
    """The same JSON with the other node's address."""
    import json

    return json.loads(json.dumps(stored).replace(first.url, second.url))


async def test_files_are_hidden_with_their_issue(node):
    """The login page for nobody, 403 for somebody who may not see the issue, 404 for a number nobody has."""
    admin, dave = await node.logged_in("admin"), await node.logged_in("dave")
    _, (stored,) = await upload(node, admin, ("secret.txt", b"s"), key="TEST-18")
    path = stored["content"].removeprefix(node.url)
    assert (await node.browser().request("GET", path)).status == 302
    assert (await dave.request("GET", path)).status == 403
    assert (await dave.request("GET", f"/rest/api/2/attachment/{stored['id']}")).status == 403
    assert (await dave.request("GET", "/secure/attachment/99/x")).status == 404
    assert (await dave.request("GET", "/rest/api/2/attachment/99")).status == 404
    assert (await dave.request("GET", "/rest/api/2/attachment/x")).status == 400
    assert (await upload(node, dave, ("a", b""), key="TEST-18"))[0] == 403


async def test_uploads_that_are_refused(node, monkeypatch):
    """Each with its own status, and none of them leaves a file behind."""
    alice = await node.logged_in("alice")
    assert (await upload(node, node.browser(), ("a", b"")))[0] == 401
    assert (await upload(node, alice, ("a", b""), part="other"))[0] == 400
    assert (await upload(node, alice, ("a/b", b"")))[0] == 400
    assert (await upload(node, alice, ("ok", b"1"), ("..", b"2")))[0] == 400
    assert (await upload(node, alice, ("big", bytes(10 * 1024 * 1024 + 1))))[0] == 413
    assert (await alice.request("POST", f"{ISSUE}/TEST-3/attachments", json={}, headers=NO_CHECK)).status == 415
    monkeypatch.setattr("node.issues.attachments.COUNT_MAX", 1)
    assert (await upload(node, alice, ("a", b"1"), ("b", b"2")))[0] == 507
    fields = (await alice.request("GET", f"{ISSUE}/TEST-3")).json()["fields"]
    assert fields["attachment"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"--x", b"--x\r\n\r\n", b"--y\r\n\r\nz\r\n--y--", b"--x\r\nContent-Disposition: form-data; name=\"file\"",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "multipart/form-data"])
async def test_a_form_that_is_none(node, body, kind):
    """400, never a stack trace."""
    alice = await node.logged_in("alice")
    headers = {"Content-Type": kind, "Cookie": f"JSESSIONID={alice.session_id}", **NO_CHECK}
    async with node.client.post(f"{node.url}{ISSUE}/TEST-3/attachments", data=body, headers=headers) as response:
        assert response.status == 400
        assert "form" in (await response.text())


async def test_issues_are_as_old_as_the_cluster(stores, database_url):
    """A node that starts later, at another policy time, counts back from the same moment."""
    async with running_node(stores, database_url, "node-1") as node:
        await node.step(5 * 86_400_000)
        one = (await node.browser().request("GET", f"{ISSUE}/TEST-25")).json()["fields"]["created"]
    assert one == "2026-03-02T09:00:00.000+0000"
    assert NOW_MS == 1_772_442_000_000
