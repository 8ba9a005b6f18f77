"""Databases of our own on a real server, and errors people can act on."""

import asyncio

import asyncpg
import pytest

from compose.cluster.databases import (
    ComingDatabases,
    create_database,
    drop_database,
    masked,
    require_answer,
    require_postgres_url,
    url_of_database,
)
from compose.cluster.ports import PortReservation
from compose.cluster.postgres import users_postgres
from shared.errors import DependencyError, HarnessError, OperatorError


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@db:5432/jira", "postgresql://me:***@db:5432/jira"),
        ("postgresql://me@db/jira", "postgresql://me@db/jira"),
        ("postgresql://db/jira?password=secret", "postgresql://db/jira"),
        ("postgresql://me:se%40cret@[::1]:5432/jira", "postgresql://me:***@[::1]:5432/jira"),
    ],
)
def test_a_url_is_shown_without_its_password(url, shown):
    """Wherever the password stands."""
    assert masked(url) == shown


@pytest.mark.parametrize("url", ["", "jira", "mysql://db/jira", "postgresql:///jira", "postgresql://db:port/jira"])
def test_what_is_no_postgres_url_is_refused(url):
    with pytest.raises(OperatorError, match="expected postgresql://"):
        require_postgres_url(url)


def test_the_url_of_another_database_keeps_everything_else():
    """The drivers disagree about the name of one option."""
    url = url_of_database("postgres://me:secret@db:5432/jira?sslmode=require&application_name=x", "other")

    assert url == "postgresql://me:secret@db:5432/other?ssl=require&application_name=x"


async def names(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        return {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}
    finally:
        await connection.close()


async def test_a_server_that_is_still_starting_takes_orders(stores):
    """Their URLs are known at once; they exist when it is ready."""
    booted = asyncio.Event()
    databases = ComingDatabases(stores.postgres_url, asyncio.create_task(when(booted)))
    urls = [await databases.create_database(name) for name in ("first-to-come", "second-to-come")]
    assert not {"first-to-come", "second-to-come"} & await names(stores.postgres_url)
    booted.set()
    await databases.ready()

    assert {"first-to-come", "second-to-come"} <= await names(urls[1])
    for name in ("first-to-come", "second-to-come"):
        await drop_database(stores.postgres_url, name)


async def test_a_server_that_does_not_start_has_no_databases():
    """Whoever waits for one hears why; who gives up waits for nothing."""

    async def fails():
        raise HarnessError("no room")

    databases = ComingDatabases("postgresql://nobody/none", asyncio.create_task(fails()))
    await databases.create_database("never")
    with pytest.raises(HarnessError, match="no room"):
        await databases.ready()
    await databases.give_up()

    databases = ComingDatabases("postgresql://nobody/none", asyncio.create_task(when(asyncio.Event())))
    await databases.create_database("never")
    async with asyncio.timeout(5):
        await databases.give_up()


async def when(booted):
    await booted.wait()


async def test_a_database_goes_with_whoever_is_still_connected(stores):
    """A node that died last must not keep it."""
    await create_database(stores.postgres_url, "to-go")
    connected = await asyncpg.connect(url_of_database(stores.postgres_url, "to-go"))

    await drop_database(stores.postgres_url, "to-go")

    assert "to-go" not in await names(stores.postgres_url)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connected.fetch("SELECT 1")
    connected.terminate()


async def test_on_a_users_server_only_our_databases_come_and_go(stores):
    """At the end the server has what it had before."""
    before = await names(stores.postgres_url)

    async with users_postgres(stores.postgres_url) as postgres:
        one, other = await postgres.create_database("dcsim_a"), await postgres.create_database("dcsim_b")
        await postgres.ready()
        assert await names(one) == await names(other) == before | {"dcsim_a", "dcsim_b"}

    assert await names(stores.postgres_url) == before


async def test_a_user_who_may_not_create_databases_is_told_so(stores):
    """And what would help; dcsim never falls back to the user's own database, whose tables may be Jira's."""
    connection = await asyncpg.connect(stores.postgres_url)
    await connection.execute("CREATE ROLE modest LOGIN PASSWORD 'modest-secret'")
    await connection.close()
    _, _, server = stores.postgres_url.rpartition("@")

    with pytest.raises(OperatorError, match="CREATEDB") as refusal:
        await create_database(f"postgresql://modest:modest-secret@{server}", "dcsim_c")

    assert "modest-secret" not in str(refusal.value)


async def test_a_wrong_password_is_the_operators_to_correct(stores):
    """The message masks what was given."""
    _, _, server = stores.postgres_url.rpartition("@")

    with pytest.raises(OperatorError, match=r"refuses.*check --postgres-url") as refusal:
        await require_answer(f"postgresql://dcsim:wrong-one@{server}")

    assert "wrong-one" not in str(refusal.value)


async def test_a_server_that_is_not_there_is_named():
    """With the password masked, and with what to do about it."""
    with PortReservation() as nobody, pytest.raises(DependencyError) as refusal:
        async with users_postgres(f"postgresql://me:secret@127.0.0.1:{nobody.port}/jira"):
            raise AssertionError("must not get here")

    message = str(refusal.value)
    assert f"postgresql://me:***@127.0.0.1:{nobody.port}/jira does not answer" in message
    assert "secret" not in message
    assert "leave the flag out" in message
