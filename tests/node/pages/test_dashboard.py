"""The dashboard's gadgets, as its script asks for them."""

import pytest

from tests.support.forms import text_of
from tests.support.nodes import running_node

GADGET = "/rest/dcsim/1.0/gadget"


async def test_a_gadget_is_a_piece_of_the_page(node):
    """The page has it from the start, and the script gets it alone."""
    alice = await node.logged_in("alice")
    page = text_of(await alice.request("GET", "/secure/Dashboard.jspa"))
    for name, shown in (
        ("session", '<dd id="known-via">web-session</dd>'),
        ("assigned", "CAPTCHA locks out the build server"),
        ("cluster", "node-1"),
        ("strip", "web-session"),
    ):
        piece = await alice.request("GET", f"{GADGET}/{name}")
        assert (piece.status, piece.headers["Content-Type"]) == (200, "text/html;charset=UTF-8")
        assert shown in text_of(piece)
        assert "<html" not in text_of(piece)
        assert text_of(piece) in page
        assert f'data-source="{GADGET}/{name}"' in page


async def test_a_gadget_whose_session_is_over_gets_no_login_page(node):
    """401 and the reason, so that the script can say it."""
    alice = await node.logged_in("alice")
    await node.step(5 * 3_600_000)
    answer = await alice.request("GET", f"{GADGET}/session")
    assert (answer.status, answer.session_ended) == (401, "idle")
    assert (await node.browser().request("GET", f"{GADGET}/session")).status == 401
    assert (await (await node.logged_in("bob")).request("GET", f"{GADGET}/none")).status == 404


async def test_a_refresh_is_a_use_of_the_session(node):
    """Six hours of policy time with a refresh an hour, against a page that is left alone."""
    watching, away = await node.logged_in("alice"), await node.logged_in("alice")
    for _ in range(6):
        await node.step(3_600_000)
        assert (await watching.request("GET", f"{GADGET}/session")).status == 200
    assert (await watching.who_am_i()).status == 200
    assert (await away.who_am_i()).session_ended == "idle"


async def test_a_silent_node_is_shown_as_such(stores, database_url):
    """Five minutes without a heartbeat: NO HEARTBEAT here, ACTIVE and not alive by REST."""
    async with running_node(stores, database_url, "node-1") as node:
        async with running_node(stores, database_url, "node-2", heartbeat_s=1e9):
            await node.step(5 * 60_000)
            admin = await node.logged_in("admin")
            assert "NO HEARTBEAT" in text_of(await admin.request("GET", f"{GADGET}/cluster"))
        assert "OFFLINE" in text_of(await admin.request("GET", f"{GADGET}/cluster"))


@pytest.mark.parametrize("interval", [60.0, 7.5])
async def test_the_interval_is_the_operators_unless_the_user_chooses(stores, database_url, interval):
    """The default is among the choices and selected."""
    async with running_node(stores, database_url, gadget_refresh_s=interval) as node:
        page = text_of(await (await node.logged_in("alice")).request("GET", "/secure/Dashboard.jspa"))
        assert f'<option value="{interval:g}" selected>' in page
