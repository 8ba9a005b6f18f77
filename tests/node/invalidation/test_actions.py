"""What an invalidating action does, here and on the other node, for each version and switch."""

import asyncpg
import pytest

from compose.people.administrator import Administrator, change_own_password
from shared.actions import MATRIX_ACTIONS, Action
from shared.contract import REMEMBER_ME_COOKIE, SESSION_COOKIE
from shared.settings import Switches
from tests.support.eventually import eventually
from tests.support.nodes import running_node, two_nodes

MINUTE_MS = 60_000
ALICE_KEY = "JIRAUSER10001"


async def perform(action, node, browser):
    """The action on alice, by an administrator at that node or by herself in that browser."""
    if action is Action.OWN_PASSWORD:
        return await change_own_password(browser, "alice", "new-secret")
    admin = await Administrator.log_in(node.client, node.url, "admin", "admin")
    return await admin.perform(action, "alice", ALICE_KEY, new_password="new-secret")


async def refused(browser):
    answer = await browser.carrying(SESSION_COOKIE).who_am_i()
    return answer.session_ended if answer.status == 401 else None


@pytest.mark.parametrize("action", MATRIX_ACTIONS)
async def test_on_9_11_every_node_refuses_at_once(pair, action):
    """Both web sessions and both remember-me cookies are void; another user notices nothing."""
    here, there = pair
    victim_here, victim_there = [await node.logged_in("alice", remember=True) for node in pair]
    bystander = await there.logged_in("bob", remember=True)
    assert (await perform(action, here, victim_here)).status < 300
    assert await refused(victim_here) == "invalidated"
    assert await eventually(lambda: refused(victim_there)) == "invalidated"
    for victim in (victim_here, victim_there):
        assert (await victim.carrying(REMEMBER_ME_COOKIE).who_am_i()).status == 401
    assert (await bystander.who_am_i()).known_via == "web-session"
    assert (await bystander.carrying(REMEMBER_ME_COOKIE).who_am_i()).status == 200


@pytest.mark.parametrize("action", [action for action in MATRIX_ACTIONS if action is not Action.REST_END_SESSION])
async def test_on_9_10_the_other_node_learns_of_it_from_its_crowd_entry(stores, database_url, action):
    """The acting node refuses at once, the other one after fifteen minutes of policy time and not a moment earlier."""
    async with two_nodes(stores, database_url, version="9.10") as (here, there):
        victim_here, victim_there = await here.logged_in("alice"), await there.logged_in("alice")
        assert (await perform(action, here, victim_here)).status < 300
        assert await refused(victim_here) == "invalidated"
        await there.step(15 * MINUTE_MS - 1)
        assert (await victim_there.who_am_i()).status == 200
        await there.step(1)
        assert await refused(victim_there) == "crowd"


async def test_a_9_10_node_among_9_11_nodes_neither_sends_nor_understands(stores, database_url):
    """In a mixed cluster invalidation is cluster-wide for the new nodes only."""
    async with (
        running_node(stores, database_url, "node-1", version="9.11") as new,
        running_node(stores, database_url, "node-2", version="9.10") as old,
        running_node(stores, database_url, "node-3", version="9.11") as other_new,
    ):
        victims = {node.id: await node.logged_in("alice") for node in (new, old, other_new)}
        await perform(Action.ADMIN_PASSWORD, new, None)
        await eventually(lambda: refused(victims["node-3"]))
        assert await refused(victims["node-2"]) is None
        bobs = {node.id: await node.logged_in("bob") for node in (new, old, other_new)}
        admin = await Administrator.log_in(old.client, old.url, "admin", "admin")
        await admin.perform(Action.ADMIN_PASSWORD, "bob", "JIRAUSER10002", new_password="x")
        assert await refused(bobs["node-2"]) == "invalidated"
        for node in (new, other_new):  # the log says it to them all, and they read it to its end
            await eventually(lambda node=node: has_applied(node, 2))
        assert [await refused(bobs[name]) for name in ("node-1", "node-3")] == [None, None]
        await perform(Action.ADMIN_PASSWORD, new, None)  # what is told after it arrives all the same
        assert [await has_applied(node, 3) for node in (new, other_new)] == [True, True]


async def has_applied(node, position):
    return f"\ndcsim_app_applied_position {position}.0\n" in await node.metrics()


async def test_9_10_has_no_resource_to_end_sessions(stores, database_url):
    """404, whoever asks, and nobody's session ends."""
    async with running_node(stores, database_url, version="9.10") as node:
        alice, admin = await node.logged_in("alice"), await node.logged_in("admin")
        for browser in (admin, alice, node.browser()):
            assert (await browser.request("DELETE", "/rest/api/2/user/session/alice")).status == 404
        assert (await alice.who_am_i()).status == 200


async def test_ending_sessions_answers_200_without_a_body(node):
    """As documented."""
    admin = await node.logged_in("admin")
    answer = await admin.request("DELETE", "/rest/api/2/user/session/alice")
    assert (answer.status, answer.body) == (200, b"")


async def test_the_browsers_cookie_may_walk_back_in_after_a_rest_delete(stores, database_url):
    """With `rest_delete_clears_tokens` off, ending the sessions is undone by the next click."""
    async with running_node(stores, database_url, switches=Switches(rest_delete_clears_tokens=False)) as node:
        thief = await node.logged_in("alice", remember=True)
        await perform(Action.REST_END_SESSION, node, None)
        answer = await thief.who_am_i()
        assert (answer.status, answer.known_via, answer.session_ended) == (200, "remember-me", "invalidated")


async def test_the_session_that_changes_its_own_password_may_be_spared(stores, database_url):
    """With `own_password_change_spares_current` the user keeps working and everybody else is out, on every node."""
    switches = Switches(own_password_change_spares_current=True)
    async with two_nodes(stores, database_url, switches=switches) as (here, there):
        user, thief_here, thief_there = [await node.logged_in("alice") for node in (here, here, there)]
        assert (await change_own_password(user, "alice", "new")).status == 204
        assert (await user.who_am_i()).status == 200
        assert await refused(thief_here) == "invalidated"
        assert await eventually(lambda: refused(thief_there)) == "invalidated"
        await here.step(15 * MINUTE_MS)
        assert (await user.who_am_i()).status == 200


async def test_a_new_login_after_the_action_is_untouched(pair):
    """Later messages and later Crowd checks never hurt whoever logged in with the new password."""
    here, there = pair
    old = await there.logged_in("alice")
    await perform(Action.ADMIN_PASSWORD, here, None)
    new = there.browser()
    assert (await new.log_in("alice", "new-secret")).status == 302
    assert (await new.who_am_i()).status == 200
    await eventually(lambda: refused(old))
    for node in pair:
        await node.step(15 * MINUTE_MS)
    assert (await new.who_am_i()).status == 200


async def test_an_old_session_does_not_live_on_a_new_logins_crowd_entry(stores, database_url):
    """Before 9.11 a thief stays in for fifteen minutes at most, even while the victim works on the same node."""
    async with two_nodes(stores, database_url, version="9.10") as (here, there):
        thief = await there.logged_in("alice")
        await perform(Action.ADMIN_PASSWORD, here, None)
        await there.step(10 * MINUTE_MS)
        victim = there.browser()
        await victim.log_in("alice", "new-secret")
        assert await refused(thief) == "crowd"
        assert (await victim.who_am_i()).status == 200


async def test_a_password_change_lifts_the_captcha(node):
    """The failed-login counter is reset with the password."""
    for _ in range(3):
        await node.browser().log_in("alice", "wrong")
    assert (await node.browser().log_in("alice", "alice")).status == 200
    await perform(Action.ADMIN_PASSWORD, node, None)
    assert (await node.browser().log_in("alice", "new-secret")).status == 302


async def test_each_action_is_one_entry_of_the_log(node, database_url):
    """Dense positions, raised epochs, and no token left."""
    await node.logged_in("alice", remember=True)
    for action in (Action.REST_END_SESSION, Action.ADMIN_PASSWORD, Action.DELETE_USER):
        await perform(action, node, None)
    connection = await asyncpg.connect(database_url)
    try:
        log = await connection.fetch(
            "SELECT position, user_key, epoch, action, origin FROM invalidation_log ORDER BY 1"
        )
        assert [tuple(row) for row in log] == [
            (1, ALICE_KEY, 1, "rest-end-session", "node-1"),
            (2, ALICE_KEY, 2, "admin-password", "node-1"),
            (3, ALICE_KEY, 3, "delete-user", "node-1"),
        ]
        assert await connection.fetchval("SELECT count(*) FROM remembermetoken") == 0
    finally:
        await connection.close()


async def test_the_knowledge_bases_statement_logs_everybody_out_at_the_next_restart(node, database_url):
    """`DELETE FROM remembermetoken;` works verbatim; live sessions stay until their node goes."""
    browser = await node.logged_in("alice", remember=True)
    connection = await asyncpg.connect(database_url)
    stored = await connection.fetchval("SELECT token FROM remembermetoken")
    assert stored not in browser.cookies[REMEMBER_ME_COOKIE]
    await connection.execute("DELETE FROM remembermetoken;")
    await connection.close()
    assert (await browser.who_am_i()).status == 200
    assert (await browser.carrying(REMEMBER_ME_COOKIE).who_am_i()).status == 401
