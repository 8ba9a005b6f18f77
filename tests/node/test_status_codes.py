"""Every status that the documents name for a REST call, produced for real (reference: jira.md 4).

Not produced, and why: 403 of `GET user` (there is no permission to browse users here), 404 of `PUT myself/password` (its
user is logged in, so he exists), 500 of `POST user` and of the cluster calls (a change that could not be written is 503
here, with Retry-After). `GET /status` is in test_cluster.py.
"""

import base64
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from node.store import anonymizations, cluster_nodes, upgrades
from node.store.cluster_nodes import ClusterNode
from node.store.engine import open_database
from node.store.upgrades import Upgrade
from node.upgrade import UpgradeState
from shared.contract import LOGIN_REASON
from shared.schema import anonymizations as tasks
from tests.support.nodes import running_node
from tests.support.stores import SEEDED_AT_MS

pytestmark = pytest.mark.asyncio(loop_scope="module")

AUTH, API = "/rest/auth/1", "/rest/api/2"
USER, CLUSTER, ZDU = f"{API}/user", f"{API}/cluster", f"{API}/cluster/zdu"
ANONYMIZATION = f"{USER}/anonymization"
NEW_USER = {"name": "{new}", "password": "x", "emailAddress": "e@example.com", "displayName": "Eve"}
FAR_AHEAD_MS = SEEDED_AT_MS + 10**12
"""A heartbeat that is never missed."""


@dataclass(frozen=True)
class Call:
    """`who` calls; `{user}` and `{key}` stand for a user made for this call alone, `{new}` for a name nobody has."""

    status: int
    method: str
    path: str
    who: str | None
    body: object = None
    given: str = "nothing"
    form: dict | None = None
    headers: dict = field(default_factory=dict)
    basic: str | None = None
    on: str = "cluster"

    def __str__(self):
        return f"{self.status} {self.method} {self.path} {self.who or 'nobody'} {self.given}"


CALLS = [
    # 4.1 /rest/auth/1/session
    Call(200, "POST", f"{AUTH}/session", None, {"username": "alice", "password": "alice"}),
    Call(401, "POST", f"{AUTH}/session", None, {"username": "{user}", "password": "wrong"}),
    Call(403, "POST", f"{AUTH}/session", None, {"username": "{user}", "password": "{user}"}, "three failures"),
    Call(200, "GET", f"{AUTH}/session", "alice"),
    Call(401, "GET", f"{AUTH}/session", None),
    Call(204, "DELETE", f"{AUTH}/session", "{user}"),
    Call(401, "DELETE", f"{AUTH}/session", None),
    Call(401, "GET", f"{API}/myself", None, basic="{user}:wrong"),
    Call(403, "GET", f"{API}/myself", None, basic="{user}:wrong", given="three failures"),
    # 4.2 websudo
    Call(302, "POST", "/secure/admin/WebSudoAuthenticate.jspa", "admin", form={"webSudoPassword": "admin"},
         headers={"X-Atlassian-Token": "no-check"}),
    Call(204, "DELETE", f"{AUTH}/websudo", "admin"),
    # 4.3 users
    Call(200, "GET", f"{API}/myself", "alice"),
    Call(401, "GET", f"{API}/myself", None),
    Call(204, "PUT", f"{API}/myself/password", "{user}", {"password": "new", "currentPassword": "{user}"}),
    Call(400, "PUT", f"{API}/myself/password", "alice", {"password": "new", "currentPassword": "wrong"}),
    Call(401, "PUT", f"{API}/myself/password", None, {"password": "new", "currentPassword": "x"}),
    Call(403, "PUT", f"{API}/myself/password", "alice", {"password": "new", "currentPassword": "alice"}, on="single"),
    Call(204, "PUT", f"{USER}/password?username={{user}}", "admin", {"password": "new"}),
    Call(204, "PUT", f"{USER}/password?key={{key}}", "admin", {"password": "new"}),
    Call(400, "PUT", f"{USER}/password?username=alice", "admin", {}),
    Call(401, "PUT", f"{USER}/password?username=alice", None, {"password": "new"}),
    Call(403, "PUT", f"{USER}/password?username=alice", "alice", {"password": "new"}),
    Call(404, "PUT", f"{USER}/password?username={{new}}", "admin", {"password": "new"}),
    Call(200, "GET", f"{USER}?username=alice", "alice"),
    Call(401, "GET", f"{USER}?username=alice", None),
    Call(404, "GET", f"{USER}?username={{new}}", "alice"),
    Call(201, "POST", USER, "admin", NEW_USER),
    Call(400, "POST", USER, "admin", NEW_USER | {"name": "alice"}),
    Call(401, "POST", USER, None, NEW_USER),
    Call(403, "POST", USER, "alice", NEW_USER),
    Call(200, "PUT", f"{USER}?username={{user}}", "admin", {"active": "false"}),
    Call(400, "PUT", f"{USER}?username={{user}}", "admin", {"displayName": 5}),
    Call(401, "PUT", f"{USER}?username=alice", None, {"displayName": "A"}),
    Call(403, "PUT", f"{USER}?username=alice", "alice", {"displayName": "A"}),
    Call(404, "PUT", f"{USER}?username={{new}}", "admin", {"displayName": "A"}),
    Call(204, "DELETE", f"{USER}?username={{user}}", "admin"),
    Call(204, "DELETE", f"{USER}/?username={{user}}", "admin"),
    Call(400, "DELETE", f"{USER}?username=admin", "admin"),
    Call(401, "DELETE", f"{USER}?username=alice", None),
    Call(403, "DELETE", f"{USER}?username=alice", "alice"),
    Call(404, "DELETE", f"{USER}?username={{new}}", "admin"),
    Call(200, "DELETE", f"{USER}/session/{{user}}", "admin"),
    Call(401, "DELETE", f"{USER}/session/alice", None),
    Call(403, "DELETE", f"{USER}/session/alice", "alice"),
    Call(404, "DELETE", f"{USER}/session/{{new}}", "admin"),
    Call(404, "DELETE", f"{USER}/session/alice", "admin", on="single"),
    Call(200, "GET", f"{ANONYMIZATION}?userKey={{key}}", "admin"),
    Call(400, "GET", f"{ANONYMIZATION}?userKey=nobody", "admin"),
    Call(403, "GET", f"{ANONYMIZATION}?userKey={{key}}", "alice"),
    Call(202, "POST", ANONYMIZATION, "admin", {"userKey": "{key}"}, "no task"),
    Call(400, "POST", ANONYMIZATION, "admin", {"userKey": "nobody"}),
    Call(403, "POST", ANONYMIZATION, "alice", {"userKey": "{key}"}),
    Call(409, "POST", ANONYMIZATION, "admin", {"userKey": "{key}"}, "a task runs"),
    Call(200, "GET", f"{ANONYMIZATION}/progress", "admin", given="a task runs"),
    Call(403, "GET", f"{ANONYMIZATION}/progress", "alice"),
    Call(404, "GET", f"{ANONYMIZATION}/progress?taskId=1", "admin"),
    Call(204, "DELETE", f"{ANONYMIZATION}/unlock", "admin", given="a task whose node is gone"),
    Call(400, "DELETE", f"{ANONYMIZATION}/unlock", "admin", on="single"),
    Call(403, "DELETE", f"{ANONYMIZATION}/unlock", "alice"),
    Call(404, "DELETE", f"{ANONYMIZATION}/unlock", "admin", given="no task"),
    Call(409, "DELETE", f"{ANONYMIZATION}/unlock", "admin", given="a task runs"),
    # 4.4 others
    Call(200, "GET", f"{API}/serverInfo", None),
    Call(200, "GET", f"{API}/issue/TEST-3", "alice"),
    Call(404, "GET", f"{API}/issue/TEST-9999", "alice"),
    Call(401, "GET", f"{API}/issue/TEST-18", None),
    Call(403, "GET", f"{API}/issue/TEST-18", "dave"),
    Call(200, "GET", f"{API}/search", None),
    Call(200, "POST", f"{API}/search", "alice", {"jql": "project = TEST"}),
    Call(200, "GET", f"{CLUSTER}/nodes", "admin"),
    Call(401, "GET", f"{CLUSTER}/nodes", "alice"),
    Call(401, "GET", f"{CLUSTER}/nodes", None),
    Call(405, "GET", f"{CLUSTER}/nodes", "admin", on="single"),
    Call(200, "PUT", f"{CLUSTER}/node/dead/offline", "admin", given="a dead node"),
    Call(401, "PUT", f"{CLUSTER}/node/dead/offline", "alice", given="a dead node"),
    Call(404, "PUT", f"{CLUSTER}/node/none/offline", "admin"),
    Call(405, "PUT", f"{CLUSTER}/node/node-1/offline", "admin"),
    Call(405, "PUT", f"{CLUSTER}/node/dead/offline", "admin", given="an offline node"),
    Call(405, "PUT", f"{CLUSTER}/node/node-1/offline", "admin", on="single"),
    Call(204, "DELETE", f"{CLUSTER}/node/dead", "admin", given="an offline node"),
    Call(401, "DELETE", f"{CLUSTER}/node/dead", "alice", given="an offline node"),
    Call(404, "DELETE", f"{CLUSTER}/node/none", "admin"),
    Call(405, "DELETE", f"{CLUSTER}/node/dead", "admin", given="a dead node"),
    Call(200, "GET", f"{ZDU}/state", "admin"),
    Call(401, "GET", f"{ZDU}/state", "alice"),
    Call(200, "POST", f"{ZDU}/start", "admin", given="STABLE"),
    Call(409, "POST", f"{ZDU}/start", "admin", given="READY_TO_UPGRADE"),
    Call(200, "POST", f"{ZDU}/cancel", "admin", given="READY_TO_UPGRADE"),
    Call(409, "POST", f"{ZDU}/cancel", "admin", given="STABLE"),
    Call(200, "POST", f"{ZDU}/approve", "admin", given="READY_TO_RUN_UPGRADE_TASKS"),
    Call(409, "POST", f"{ZDU}/approve", "admin", given="READY_TO_UPGRADE"),
    Call(200, "POST", f"{ZDU}/retryUpgrade", "admin", given="UPGRADE_TASKS_FAILED"),
    Call(409, "POST", f"{ZDU}/retryUpgrade", "admin", given="STABLE"),
    *(Call(401, "POST", f"{ZDU}/{order}", who)
      for order in ("start", "cancel", "approve", "retryUpgrade") for who in ("alice", None)),
    Call(404, "GET", f"{API}/nothing", "admin"),
    Call(405, "PATCH", f"{API}/myself", "alice"),
    Call(415, "POST", f"{API}/search", "alice", form={"jql": ""}),
]  # fmt: skip


class World:
    """Two nodes of one database, who is logged in on them, and ways to bring about what a call presupposes."""

    def __init__(self, nodes, database):
        self.nodes = nodes
        self.database = database
        self.browsers = {}
        self.counter = 0

    async def browser(self, who, on):
        if who is None:
            return self.nodes[on].browser()
        if (who, on) not in self.browsers:
            self.browsers[who, on] = await self.nodes[on].logged_in(who)
        return self.browsers[who, on]

    async def fresh_user(self):
        """A name and a key; the password is the name."""
        self.counter += 1
        name = f"user-{self.counter}"
        admin = await self.browser("admin", "cluster")
        body = {"name": name, "password": name, "emailAddress": "u@example.com", "displayName": name}
        return name, (await admin.request("POST", USER, json=body)).json()["key"]

    async def bring_about(self, given, user):
        async with self.database.transaction() as connection:
            await cluster_nodes.remove(connection, "busy")
            if given == "a task runs":  # on a node that lives
                await cluster_nodes.join(
                    connection,
                    ClusterNode("busy", "ACTIVE", 0, "127.0.0.1", 40001, 9_110_000, "9.11.0", "http://x", FAR_AHEAD_MS),
                )
            if given in ("no task", "a task runs", "a task whose node is gone"):
                await connection.execute(tasks.delete())
            if given.startswith("a task"):
                owner = "busy" if given == "a task runs" else "gone"
                await anonymizations.submit(
                    connection, user_key="x", username="x", full_name="X", node_id=owner, now_ms=SEEDED_AT_MS
                )
            if given in ("a dead node", "an offline node"):
                state = "ACTIVE" if given == "a dead node" else "OFFLINE"
                await cluster_nodes.join(
                    connection, ClusterNode("dead", state, 0, "127.0.0.1", 40001, 9_110_000, "9.11.0", "http://x", 0)
                )
            if given in set(UpgradeState):
                build = 9_110_000 if given == "READY_TO_UPGRADE" else 9_100_000
                upgrade = Upgrade(UpgradeState(given), build, "9.10.0")
                await cluster_nodes.remove(connection, "dead")
                await upgrades.append(connection, upgrade, now_ms=SEEDED_AT_MS)
        if given == "three failures":
            for _ in range(3):
                await self.nodes["cluster"].browser().log_in(user, "wrong")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(stores):
    async with AsyncExitStack() as stack:
        url = await stores.fresh_database()
        stack.push_async_callback(stores.drop_database, url)
        database = await stack.enter_async_context(open_database(url, pool_size=1))
        single = {"is_clustered": False, "read_only_directory": True, "version": "9.10"}
        other = await stores.fresh_database()
        stack.push_async_callback(stores.drop_database, other)
        nodes = {
            "cluster": await stack.enter_async_context(running_node(stores, url)),
            "single": await stack.enter_async_context(running_node(stores, other, **single)),
        }
        yield World(nodes, database)


def fill(value, names):
    """The value with its placeholders filled in, whatever it is made of."""
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace(f"{{{name}}}", text)
        return value
    return {key: fill(inner, names) for key, inner in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("call", CALLS, ids=str)
async def test_a_documented_status(world, call):
    """The documents' status for this call, and a body of the kind REST callers parse."""
    everything = f"{call.who}{call.path}{call.body}{call.basic}"
    user, key = await world.fresh_user() if "{user}" in everything or "{key}" in everything else ("", "")
    names = {"user": user, "key": key, "new": f"new-{CALLS.index(call)}"}
    await world.bring_about(call.given, user)
    headers = dict(call.headers)
    if call.basic:
        headers["Authorization"] = "Basic " + base64.b64encode(fill(call.basic, names).encode()).decode()
    browser = await world.browser(fill(call.who, names), call.on)
    answer = await browser.request(
        call.method, fill(call.path, names), json=fill(call.body, names), form=call.form, headers=headers
    )
    assert answer.status == call.status, answer.body[:500]
    if answer.status >= 400 and not call.basic:
        assert {"errorMessages", "errors"} <= set(answer.json()) or {"message", "status-code"} <= set(answer.json())
    if call.given == "three failures":
        assert answer.headers[LOGIN_REASON] == "AUTHENTICATION_DENIED"
