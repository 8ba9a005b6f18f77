"""Anonymizing a user: a task in the background of the node that was asked, one at a time in the whole cluster."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

from node.admin_actions import AdminActions
from node.cluster import is_alive
from node.identity import Account
from node.life import NodeLife
from node.store import anonymizations
from node.store.anonymizations import COMPLETED, GONE, VALIDATION_FAILED, AnonymizationTask
from node.store.cluster_nodes import all_nodes
from node.store.engine import Database
from node.to_the_end import ToTheEnd
from shared.clock import PolicyClock
from shared.contract import NodeState
from shared.errors import CallerError, DcsimError, DependencyError
from shared.log import get_logger

log = get_logger()

RETRY_S = 0.5
"""Real time between two attempts to report the end of a task."""


class Spawn(Protocol):
    """Starts something in the background of the node; its TaskGroup owns it."""

    def __call__(self, work: Coroutine[Any, Any, None], /) -> object: ...


class Anonymizing:
    """Starts tasks and reports them; the change itself is `AdminActions.anonymize`."""

    def __init__(
        self,
        database: Database,
        actions: AdminActions,
        clock: PolicyClock,
        life: NodeLife,
        *,
        node_id: str,
        spawn: Spawn,
    ) -> None:
        self._database = database
        self._actions = actions
        self._clock = clock
        self._life = life
        self._node_id = node_id
        self._spawn = spawn
        self._own: set[int] = set()
        """The tasks this node is at."""
        self._to_the_end = ToTheEnd()

    def problem_with(self, account: Account, actor: Account) -> str | None:
        """Why the task would fail its validation, or None."""
        return "You cannot anonymize yourself." if account.user_key == actor.user_key else None

    async def start(self, account: Account, actor: Account) -> AnonymizationTask:
        """Raises CallerError 409 while another task runs. A task that fails its validation is accepted and then
        fails, as public notes on the real one tell."""
        return await self._to_the_end(self._start(account, actor))

    async def _start(self, account: Account, actor: Account) -> AnonymizationTask:
        task_id = None
        try:
            async with self._database.transaction() as connection:
                await anonymizations.lock(connection)
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
                self._own.add(task_id)  # before the commit: whoever unlocks what he reads looks here
        except DependencyError as error:
            if task_id is not None:  # and nobody knows whether it was written
                self._spawn(self._end(task_id, f"The task was not started. {error}"))
            raise
        assert task is not None
        self._spawn(self._run(task_id, account, self.problem_with(account, actor)))
        return task

    async def unlock(self) -> None:
        """Gives up a task whose node is gone, or is this one and is not at it. Raises CallerError 404 without a task
        and 409 while its node lives."""
        now_ms = self._clock.now_ms()
        async with self._database.transaction() as connection:
            task = await anonymizations.running(connection)
            if task is None:
                raise CallerError(404, "There is no running user anonymization to unlock.")
            nodes = {node.node_id: node for node in await all_nodes(connection)}
            owner = nodes.get(task.executing_node)
            is_dropped = task.executing_node == self._node_id and task.task_id not in self._own
            if not is_dropped and owner is not None and is_alive(owner, now_ms=now_ms):
                raise CallerError(409, f"The executing node {task.executing_node} is still alive.")
            await anonymizations.finish(connection, task.task_id, VALIDATION_FAILED, now_ms=now_ms, error=GONE)

    async def _run(self, task_id: int, account: Account, problem: str | None) -> None:
        if problem is None:
            problem = await self._anonymize(account)
        await self._end(task_id, problem)

    async def _end(self, task_id: int, problem: str | None) -> None:
        """Writes down how the task ended, as soon as the database takes it; gives up only when the node stops."""
        while not await self._is_ended(task_id, problem):
            if self._life.state is NodeState.STOPPING:
                log.error("anonymization cannot report its end", task_id=task_id)
                break
            await asyncio.sleep(RETRY_S)
        self._own.discard(task_id)

    async def _is_ended(self, task_id: int, problem: str | None) -> bool:
        status = COMPLETED if problem is None else VALIDATION_FAILED
        try:
            async with self._database.transaction() as connection:
                await anonymizations.lock(connection)  # behind a commit that was sent and never answered
                await anonymizations.finish(connection, task_id, status, now_ms=self._clock.now_ms(), error=problem)
        except DependencyError as error:
            log.warning("anonymization cannot report its end yet", task_id=task_id, error=str(error))
            return False
        return True

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
            except Exception:  # a bug of ours ends this task and not the node
                log.exception("unexpected error")
                return f"Unexpected error; the log of {self._node_id} has the details."
        return problem
