"""What `node.app` builds and `node.web_app` and the background work use."""

from dataclasses import dataclass

from node.caches import Caches
from node.filters.request_context import RequestMeter
from node.invalidation import InvalidationDelivery
from node.invalidation.receipts import Receipts
from node.life import NodeLife
from node.membership import Membership
from node.passwords import Passwords
from node.store.engine import Database
from node.upgrading import Upgrading
from shared.clock import PolicyClock
from shared.settings import NodeSettings


@dataclass(frozen=True, slots=True)
class Node:
    """The parts of a node that outlive a request."""

    settings: NodeSettings
    clock: PolicyClock
    caches: Caches
    database: Database
    passwords: Passwords
    delivery: InvalidationDelivery
    receipts: Receipts
    life: NodeLife
    upgrading: Upgrading
    membership: Membership
    meter: RequestMeter
