"""`dcsim up` as a command: real nodes and stores, from its first line to the last thing it removes."""

import signal

from compose.cluster.ports import require_free
from compose.people.browser import Browser, open_client
from tests.support.dcsim_command import dcsim
from tests.support.eventually import eventually


async def run(command, *arguments: str) -> tuple[int, str, str]:
    """Another dcsim, in another terminal of the same user."""
    async with dcsim(
        *arguments,
        TMPDIR=str(command.temporary),
        XDG_RUNTIME_DIR=str(command.temporary),
    ) as other:
        return await other.end()


async def test_a_real_cluster_from_json_to_sigterm():
    """One JSON object on one line as the contract has it, accounts that can log in, policy time that can be steered
    from another terminal; and after SIGTERM exit code 0 and no process, no port, no file."""
    async with dcsim("up", "--nodes", "2", "--node-version", "node-2=9.10", "--json") as command:
        said = await command.ready()

        assert list(said) == ["base_url", "nodes", "balancer_admin_url", "console_url", "admin_token", "accounts"]
        assert [(node["id"], node["version"]) for node in said["nodes"]] == [("node-1", "9.11"), ("node-2", "9.10")]
        assert said["console_url"] is None
        assert said["accounts"][0] == {"username": "admin", "password": "admin", "admin": True}
        assert [account["username"] for account in said["accounts"]] == ["admin", "alice", "bob", "carol", "dave"]
        async with open_client() as client:
            browser = Browser(client, said["base_url"])
            await browser.log_in("alice", "alice", remember=False)
            assert (await browser.who_am_i()).status == 200

            code, shown, errors = await run(command, "clock", "step", "6h")
            assert (code, errors) == (0, "")
            assert "6 h (policy) later than before" in shown
            assert (await browser.who_am_i()).status == 401

        command.signal(signal.SIGTERM)
        assert await command.end() == (0, "", "")
        await command.nothing_left(within_s=0)
        for url in (said["base_url"], said["balancer_admin_url"], *(node["url"] for node in said["nodes"])):
            require_free(int(url.rpartition(":")[2]))


async def test_nothing_of_a_real_cluster_outlives_kill_9():
    """Ten seconds after the command was killed there is no process and no file of it."""
    async with dcsim("up", "--nodes", "1", "--json") as command:
        await command.ready()
        assert len(command.note_processes()) >= 6
        assert list(command.temporary.rglob("*.json"))

        command.process.kill()
        await command.end()

        await command.nothing_left(within_s=10)


async def test_kill_9_while_it_starts_leaves_nothing_either():
    """Postgres is being made at that moment."""
    async with dcsim("up", "--json") as command:
        await eventually(lambda: "initdb" in command.note_processes().values(), within_s=30)
        command.process.kill()
        await command.end()

        await command.nothing_left(within_s=10)


async def test_ctrl_c_while_it_starts_is_an_interruption():
    """Nothing was ready, so this is no orderly end, whichever signal it was."""
    async with dcsim("up") as command:
        await eventually(lambda: "initdb" in command.note_processes().values(), within_s=30)
        command.signal(signal.SIGTERM)

        assert await command.end() == (130, "", "")
        await command.nothing_left(within_s=0)
