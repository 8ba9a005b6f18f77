"""`/rest/api/2/user` and `myself`: shapes, statuses and who may do what."""

import json

import pytest

from compose.people.browser import Browser
from tests.support.eventually import eventually
from tests.support.nodes import running_node

USER = "/rest/api/2/user"
ERRORS = {"errorMessages", "errors"}
NEW = {"name": "eve", "password": "eve", "emailAddress": "eve@example.com", "displayName": "Eve Evans"}


@pytest.fixture
async def admin(node) -> Browser:
    return await node.logged_in("admin")


@pytest.fixture
async def alice(node) -> Browser:
    return await node.logged_in("alice")


async def test_myself_has_every_key_of_the_public_trace(alice, node):
    """The user's bean, as a real node answered it."""
    body = (await alice.request("GET", "/rest/api/2/myself")).json()
    assert set(body) == {
        "self", "key", "name", "emailAddress", "avatarUrls", "displayName", "active", "deleted", "timeZone", "locale",
        "groups", "applicationRoles", "expand",
    }  # fmt: skip
    assert set(body["avatarUrls"]) == {"16x16", "24x24", "32x32", "48x48"}
    assert body["groups"]["items"][0]["name"] == "jira-software-users"
    assert (await node.browser().request("GET", "/rest/api/2/myself")).status == 401


@pytest.mark.parametrize("query", ["username=bob", "username=BOB"])
async def test_a_user_is_found_by_name_in_any_case_or_by_key(alice, query):
    """Also under `latest`, and with the slash a client library puts at the end."""
    by_name = await alice.request("GET", f"{USER}?{query}")
    assert (by_name.status, by_name.json()["displayName"]) == (200, "Bob Baker")
    by_key = await alice.request("GET", f"/rest/api/latest/user/?key={by_name.json()['key']}")
    assert by_key.json() == by_name.json()
    without_a_name = await alice.request("GET", f"{USER}?username=&key={by_name.json()['key']}")
    assert without_a_name.json() == by_name.json()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("username=nobody", 404),
        ("key=X1", 404),
        ("", 400),
        ("username=", 400),
        ("username=&key=", 400),
        ("username=nobody&key=JIRAUSER10001", 404),
        ("username=a%00b", 404),
    ],
)
async def test_a_user_who_is_not_there(alice, query, status):
    """404 with the name that was asked for, 400 when none was."""
    answer = await alice.request("GET", f"{USER}?{query}")
    assert answer.status == status
    assert set(answer.json()) == ERRORS


async def test_users_are_searched_by_part_of_a_name(alice):
    """Percent signs and underscores are letters, not patterns."""
    found = await alice.request("GET", f"{USER}/search?username=ALI")
    assert b'"alice"' in found.body
    assert b'"bob"' not in found.body
    assert (await alice.request("GET", f"{USER}/search?username=%25")).body == b"[]"
    assert (await alice.request("GET", f"{USER}/search?username=.&maxResults=x")).status == 400


async def test_a_user_is_created_and_can_log_in(admin, node):
    """201 with the bean and a new key; the same name again is refused by its field."""
    created = await admin.request("POST", USER, json=NEW)
    assert (created.status, created.json()["name"]) == (201, "eve")
    assert created.json()["key"].startswith("JIRAUSER")
    assert (await (await node.logged_in("eve")).who_am_i()).username == "eve"
    again = await admin.request("POST", USER, json=NEW)
    assert (again.status, again.json()["errors"]) == (
        400,
        {"username": "A user with that username already exists."},
    )


@pytest.mark.parametrize(
    "change",
    [
        {"name": None}, {"name": ""}, {"name": "Eve"}, {"name": " eve"}, {"name": "e<ve"}, {"name": 5}, {"name": "x" * 300},
        {"emailAddress": None}, {"displayName": []}, {"password": 7}, {"name": "e\u0000ve"},
    ],
)  # fmt: skip
async def test_a_bad_new_user_is_refused_by_field(admin, change):
    """400, and nobody is created."""
    answer = await admin.request("POST", USER, json=NEW | change)
    assert answer.status == 400
    assert answer.json()["errors"]
    assert (await admin.request("GET", f"{USER}?username=eve")).status == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", USER, NEW),
        ("PUT", f"{USER}?username=bob", {"displayName": "x"}),
        ("DELETE", f"{USER}?username=bob", None),
        ("PUT", f"{USER}/password?username=bob", {"password": "x"}),
        ("DELETE", f"{USER}/session/bob", None),
        ("GET", f"{USER}/anonymization?userKey=JIRAUSER10002", None),
        ("POST", f"{USER}/anonymization", {"userKey": "JIRAUSER10002"}),
        ("GET", f"{USER}/anonymization/progress", None),
        ("DELETE", f"{USER}/anonymization/unlock", None),
    ],
)
async def test_only_administrators_change_users(node, alice, method, path, body):
    """401 for nobody, 403 for somebody without the right, and bob stays as he is."""
    bob = await node.logged_in("bob")
    nobody = await node.browser().request(method, path, json=body)
    somebody = await alice.request(method, path, json=body)
    assert (nobody.status, somebody.status) == (401, 403)
    assert set(nobody.json()) == set(somebody.json()) == ERRORS
    assert (await bob.who_am_i()).status == 200


async def test_an_unknown_user_is_404_for_every_change(admin):
    """As documented for each of them."""
    for method, path, body in (
        ("PUT", f"{USER}?username=nobody", {"displayName": "x"}),
        ("DELETE", f"{USER}?username=nobody", None),
        ("PUT", f"{USER}/password?username=nobody", {"password": "x"}),
        ("DELETE", f"{USER}/session/nobody", None),
    ):
        assert (await admin.request(method, path, json=body)).status == 404


async def test_a_user_is_changed_and_renamed(admin, node):
    """The key stays; the session of the renamed user goes on."""
    bob = await node.logged_in("bob")
    key = (await bob.request("GET", "/rest/api/2/myself")).json()["key"]
    changed = await admin.request("PUT", f"{USER}?username=bob", json={"name": "robert", "displayName": "Robert"})
    assert (changed.status, changed.json()["key"], changed.json()["name"]) == (200, key, "robert")
    assert (await bob.request("GET", "/rest/api/2/myself")).json()["name"] == "robert"
    taken = await admin.request("PUT", f"{USER}?username=robert", json={"name": "alice"})
    assert (taken.status, taken.json()["errors"]) == (400, {"username": "A user with that username already exists."})


@pytest.mark.parametrize("field", ["displayName", "emailAddress"])
async def test_a_user_keeps_a_name_and_an_address(admin, field):
    """Blank ones are refused by field, as for a new user; null leaves them as they are."""
    before = (await admin.request("GET", f"{USER}?username=bob")).json()
    refused = await admin.request("PUT", f"{USER}?username=bob", json={field: " "})
    assert (refused.status, list(refused.json()["errors"])) == (400, [field])
    left = await admin.request("PUT", f"{USER}?username=bob", json={field: None})
    assert (left.status, left.json()["displayName"], left.json()["emailAddress"]) == (
        200,
        before["displayName"],
        before["emailAddress"],
    )


async def test_an_administrator_cannot_lock_himself_out(admin):
    """Neither by deleting nor by deactivating the account he is using."""
    assert (await admin.request("DELETE", f"{USER}?username=admin")).status == 400
    assert (await admin.request("PUT", f"{USER}?username=admin", json={"active": False})).status == 400
    assert (await admin.who_am_i()).status == 200


async def test_own_password_needs_the_current_one(alice, node):
    """400, not 403, for a wrong current password, and nothing has changed."""
    path = "/rest/api/2/myself/password"
    wrong = await alice.request("PUT", path, json={"password": "new", "currentPassword": "wrong"})
    assert (wrong.status, list(wrong.json()["errors"])) == (400, ["currentPassword"])
    assert (await alice.request("PUT", path, json={"password": "new"})).status == 400
    assert (await alice.who_am_i()).status == 200
    good = await alice.request("PUT", path, json={"password": "new", "currentPassword": "alice"})
    assert (good.status, good.body) == (204, b"")
    assert (await node.browser().log_in("alice", "alice")).status == 200
    assert (await node.browser().log_in("alice", "new")).status == 302


async def test_anonymizing_is_a_task_that_renames_and_disables(admin, node):
    """202 at once, COMPLETED soon after, and the person cannot be recognised or log in."""
    key = (await admin.request("GET", f"{USER}?username=bob")).json()["key"]
    assert (await admin.request("GET", f"{USER}/anonymization?userKey={key}")).json()["success"] is True
    started = await admin.request("POST", f"{USER}/anonymization", json={"userKey": key})
    assert (started.status, started.json()["status"]) == (202, "IN_PROGRESS")
    progress = await finished(admin, started.json()["progressUrl"])
    assert (progress["status"], progress["currentProgress"]) == ("COMPLETED", 100)
    assert progress["executingNode"] == "node-1"
    person = (await admin.request("GET", f"{USER}?key={key}")).json()
    assert person["name"] == f"jirauser{key.removeprefix('JIRAUSER')}"
    assert person["active"] is False
    assert "bob" not in str(person).lower()
    assert (await node.browser().log_in(person["name"], "bob")).status == 200


async def test_a_name_that_is_taken_keeps_nobody_from_being_anonymized(admin):
    """He gets the next one, and keeps it when it is done again."""
    key = (await admin.request("GET", f"{USER}?username=bob")).json()["key"]
    name = key.lower()
    taken = {"name": name, "emailAddress": "x@example.com", "displayName": "x"}
    assert (await admin.request("POST", USER, json=taken)).status == 201
    for _ in range(2):
        started = await admin.request("POST", f"{USER}/anonymization", json={"userKey": key})
        assert (await finished(admin, started.json()["progressUrl"]))["status"] == "COMPLETED"
        assert (await admin.request("GET", f"{USER}?key={key}")).json()["name"] == f"{name}-2"


async def test_a_name_may_fill_its_column(admin):
    """All 255 characters of it."""
    user = {"name": "x" * 255, "emailAddress": "x@example.com", "displayName": "x"}
    assert (await admin.request("POST", USER, json=user)).status == 201


async def test_nobody_anonymizes_himself(admin):
    """Accepted and then failed, as the real one does it."""
    key = (await admin.request("GET", "/rest/api/2/myself")).json()["key"]
    assert (await admin.request("GET", f"{USER}/anonymization?userKey={key}")).status == 400
    started = await admin.request("POST", f"{USER}/anonymization", json={"userKey": key})
    assert started.status == 202
    progress = await finished(admin, started.json()["progressUrl"])
    assert progress["status"] == "VALIDATION_FAILED"
    assert "yourself" in str(progress["errors"])


async def test_anonymization_refusals(admin):
    """400 for an unknown key, 404 without any task, with the text a client looks for."""
    assert (await admin.request("POST", f"{USER}/anonymization", json={"userKey": "X"})).status == 400
    missing = await admin.request("GET", f"{USER}/anonymization/progress?taskId=99999")
    assert (missing.status, missing.json()["errorMessages"]) == (
        404,
        ["A user anonymization task could not be found"],
    )
    assert (await admin.request("DELETE", f"{USER}/anonymization/unlock")).status == 404


async def test_the_server_says_what_it_is(node):
    """Clients read version numbers and the deployment type before anything else."""
    info = (await node.browser().request("GET", "/rest/api/2/serverInfo")).json()
    assert (info["version"], info["versionNumbers"], info["deploymentType"]) == ("9.11.0", [9, 11, 0], "Server")


async def test_the_cluster_lists_its_nodes(stores, database_url):
    """A version each, alive or not; only administrators may look, and others get a 401."""
    async with (
        running_node(stores, database_url, "node-1", version="9.10") as first,
        running_node(stores, database_url, "node-2"),
    ):
        admin, alice = await first.logged_in("admin"), await first.logged_in("alice")
        nodes = json.loads((await admin.request("GET", "/rest/api/2/cluster/nodes")).body)
        assert [(n["nodeId"], n["nodeVersion"], n["state"], n["alive"]) for n in nodes] == [
            ("node-1", "9.10.0", "ACTIVE", True),
            ("node-2", "9.11.0", "ACTIVE", True),
        ]
        assert (await alice.request("GET", "/rest/api/2/cluster/nodes")).status == 401


@pytest.mark.parametrize(
    "path", ["/rest/api/2/nothing", "/rest/nothing", "/nothing", "/rest/api/3/myself", "/%00", "/%ff"]
)
async def test_unknown_paths_are_404(node, path):
    """JSON below /rest, a page elsewhere."""
    answer = await node.browser().request("GET", path)
    assert answer.status == 404
    assert (answer.headers["Content-Type"].startswith("application/json")) is path.startswith("/rest/")


async def finished(admin, progress_url):
    async def done():
        body = (await admin.request("GET", progress_url)).json()
        return body if body["status"] != "IN_PROGRESS" else None

    return await eventually(done)
