"""The parts of one node that outlive a request: built by `app`, shown by `operator` and `metrics`."""

from dataclasses import dataclass

from node.admin_actions import AdminActions
from node.auditor import Auditor
from node.caches import Caches
from node.filters.request_context import RequestMeter
from node.invalidation import InvalidationDelivery
from node.invalidation.receipts import Receipts
from node.life import NodeLife
from node.logins import Logins
from node.membership import Membership
from node.passwords import Passwords
from node.session_gate import DirectoryReader
from node.store.engine import Database
from node.upgrading import Upgrading
from shared.clock import PolicyClock
from shared.settings import NodeSettings


@dataclass(frozen=True, slots=True)
class Node:
    """Who belongs together; each part says itself what it is."""

    settings: NodeSettings
    clock: PolicyClock
    caches: Caches
    database: Database
    passwords: Passwords
    logins: Logins
    reader: DirectoryReader
    delivery: InvalidationDelivery
    receipts: Receipts
    actions: AdminActions
    auditor: Auditor
    life: NodeLife
    upgrading: Upgrading
    membership: Membership
    meter: RequestMeter
