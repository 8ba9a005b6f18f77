"""Zero-downtime upgrade: the states of a cluster, what an administrator may order, and what its nodes' builds make of
them.

    STABLE --start--> READY_TO_UPGRADE <--builds--> MIXED <--builds--> READY_TO_RUN_UPGRADE_TASKS --approve--.
      ^ ^----cancel---------'                                                                                v
      '--------------------------------- done --------------------------------------- RUNNING_UPGRADE_TASKS
                                                          UPGRADE_TASKS_FAILED <--broke--' ^
                                                                   '--------retry----------'

Source: the developer page "Zero downtime upgrades for Jira Data Center applications" (reference: jira.md 8.3).
Inferred: only nodes that are ACTIVE count, and cancelling is possible as long as no upgraded node is there. No I/O.
"""

from collections.abc import Collection
from enum import StrEnum


class UpgradeState(StrEnum):
    STABLE = "STABLE"
    READY_TO_UPGRADE = "READY_TO_UPGRADE"
    MIXED = "MIXED"
    READY_TO_RUN = "READY_TO_RUN_UPGRADE_TASKS"
    RUNNING = "RUNNING_UPGRADE_TASKS"
    FAILED = "UPGRADE_TASKS_FAILED"


class Order(StrEnum):
    """What an administrator may order; the value is the last part of the resource's path."""

    START = "start"
    CANCEL = "cancel"
    APPROVE = "approve"
    RETRY = "retryUpgrade"


_ORDERS = {
    (UpgradeState.STABLE, Order.START): UpgradeState.READY_TO_UPGRADE,
    (UpgradeState.READY_TO_UPGRADE, Order.CANCEL): UpgradeState.STABLE,
    (UpgradeState.READY_TO_RUN, Order.APPROVE): UpgradeState.RUNNING,
    (UpgradeState.FAILED, Order.RETRY): UpgradeState.RUNNING,
}
_DECIDED_BY_BUILDS = frozenset({UpgradeState.READY_TO_UPGRADE, UpgradeState.MIXED, UpgradeState.READY_TO_RUN})

REFUSALS = {
    Order.START: "The cluster is being upgraded already.",
    Order.CANCEL: "There is no upgrade that can be cancelled; roll back the nodes that are upgraded already.",
    Order.APPROVE: "There is no upgrade to approve; every node must run the new version first.",
    Order.RETRY: "There is no failed upgrade to retry.",
}
"""What is said, with 409, to an order that does not fit the state."""


def ordered(state: UpgradeState, order: Order) -> UpgradeState | None:
    """The state after the order, or None when it does not fit."""
    return _ORDERS.get((state, order))


def with_builds(state: UpgradeState, builds: Collection[int], *, old_build: int) -> UpgradeState:
    """The state that the builds of the active nodes make of `state`; `old_build` is what it ran at the start."""
    if state not in _DECIDED_BY_BUILDS or not builds:
        return state
    if all(build == old_build for build in builds):
        return UpgradeState.READY_TO_UPGRADE
    if old_build not in builds and len(set(builds)) == 1:
        return UpgradeState.READY_TO_RUN
    return UpgradeState.MIXED
