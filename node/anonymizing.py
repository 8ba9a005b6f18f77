"""Anonymizing a user: a task in the background of the node that was asked, one at a time in the whole cluster."""

from collections.abc import Coroutine
from typing import Any, Protocol

from sqlalchemy import func, select

from node.admin_actions import AdminActions
from node.cluster import is_alive
from node.identity import Account
from node.store import anonymizations
from node.store.anonymizations import COMPLETED, VALIDATION_FAILED, AnonymizationTask
from node.store.cluster_nodes import all_nodes
from node.store.engine import Database
from shared.clock import PolicyClock
from shared.errors import CallerError, DcsimError, DependencyError
from shared.log import get_logger
from shared.schema import TASK_LOCK

log = get_logger()


class Spawn(Protocol):
    """Starts something in the background of the node; its TaskGroup owns it."""

    def __call__(self, work: Coroutine[Any, Any, None], /) -> object: ...


class Anonymizing:
    """Starts tasks and reports them; the change itself is `AdminActions.anonymize`."""

    def __init__(
        self, database: Database, actions: AdminActions, clock: PolicyClock, *, node_id: str, spawn: Spawn
    ) -> None:
        self._database = database
        self._actions = actions
        self._clock = clock
        self._node_id = node_id
        self._spawn = spawn

    def problem_with(self, account: Account, actor: Account) -> str | None:
        """Why the task would fail its validation, or None."""
        return "You cannot anonymize yourself." if account.user_key == actor.user_key else None

    async def start(self, account: Account, actor: Account) -> AnonymizationTask:
        """Raises CallerError 409 while another task runs. A task that fails its validation is accepted and then
        fails, as public notes on the real one tell."""
        async with self._database.transaction() as connection:
            await connection.execute(select(func.pg_advisory_xact_lock(TASK_LOCK)))
            if await anonymizations.running(connection) is not None:
                raise CallerError(409, "Another user anonymization is running. Wait until it has finished.")
            task_id = await anonymizations.submit(
                connection,
                user_key=account.user_key,
                username=account.username,
                full_name=account.display_name,
                node_id=self._node_id,
                now_ms=self._clock.now_ms(),
            )
            task = await anonymizations.find(connection, task_id)
        assert task is not None
        self._spawn(self._run(task_id, account, self.problem_with(account, actor)))
        return task

    async def unlock(self) -> None:
        """Gives up a task whose node is gone. Raises CallerError 404 without one and 409 while the node lives."""
        now_ms = self._clock.now_ms()
        async with self._database.transaction() as connection:
            task = await anonymizations.running(connection)
            if task is None:
                raise CallerError(404, "There is no running user anonymization to unlock.")
            nodes = {node.node_id: node for node in await all_nodes(connection)}
            owner = nodes.get(task.executing_node)
            if owner is not None and is_alive(owner, now_ms=now_ms):
                raise CallerError(409, f"The executing node {task.executing_node} is still alive.")
            await anonymizations.finish(
                connection, task.task_id, VALIDATION_FAILED, now_ms=now_ms, error="The executing node went away."
            )

    async def _run(self, task_id: int, account: Account, problem: str | None) -> None:
        if problem is None:
            problem = await self._anonymize(account)
        status = COMPLETED if problem is None else VALIDATION_FAILED
        try:
            async with self._database.transaction() as connection:
                await anonymizations.finish(connection, task_id, status, now_ms=self._clock.now_ms(), error=problem)
        except DcsimError as error:
            log.error("anonymization cannot report its end", task_id=task_id, error=str(error))

    async def _anonymize(self, account: Account) -> str | None:
        """Why it was not done, or None. A database that did not answer may have done it, and doing it twice is doing it
        once: so it is asked a second time before the task says that nobody knows."""
        problem = None
        for _ in range(2):
            try:
                await self._actions.anonymize(account)
                return None
            except DependencyError as error:
                problem = f"It is not known whether the user was anonymized; do it again. {error}"
            except DcsimError as error:
                return str(error)
        return problem
