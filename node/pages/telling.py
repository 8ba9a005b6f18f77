"""What an action ended, in sentences: here, in the database, and at the other nodes. Pure."""

from collections.abc import Sequence

from node.admin_actions import Outcome
from node.invalidation.receipts import NodeReceipt
from shared.settings import CrowdGate, Delivery, NodeSettings


def tell(outcome: Outcome, settings: NodeSettings) -> list[str]:
    """The facts of one action on the node that performed it."""
    facts = []
    if outcome.event is not None:
        facts.append(f"On {settings.node_id}: {_count(outcome.here.sessions, 'session')} ended.")
    facts.append(f"In the database: {_count(outcome.tokens, 'remember-me token')} deleted.")
    if outcome.event is None:
        facts.append("Sessions that are open stay open.")
    else:
        facts.append(_elsewhere(outcome.event.position, outcome.elsewhere, settings))
    return facts


def tell_deactivation(outcome: Outcome, settings: NodeSettings) -> list[str]:
    """Deactivating is not in Atlassian's table: whether it ends sessions at once is a model switch."""
    if outcome.event is not None:
        return tell(outcome, settings)
    until = f"at the next look at the directory, after at most {settings.crowd_ttl_s // 60} minutes of policy time"
    if settings.switches.crowd_gate is CrowdGate.EITHER:
        until = "only by idling or a restart, since the Crowd gate is 'either'"
    return [
        "The user cannot log in any more, neither with a password nor by a remember-me cookie.",
        f"Sessions that are open end {until}, on every node.",
    ]


def _elsewhere(position: int, receipts: Sequence[NodeReceipt], settings: NodeSettings) -> str:
    entry = f"entry {position} of the invalidation log"
    if not settings.version.invalidates_cluster_wide:
        return f"Other nodes: not told, as before 9.11 ({entry}). {_until(settings)}"
    if settings.delivery is Delivery.LOCAL:
        return f"Other nodes: not told, since delivery is 'local' ({entry}). {_until(settings)}"
    if receipts:
        each = ", ".join(f"{part.node_id} {part.outcome} after {part.after_ms:.0f} ms (real)" for part in receipts)
        return f"Other nodes: {each} ({entry})."
    return f"Other nodes: told by {settings.delivery} ({entry}); each ends the user's sessions when it hears of it."


def _until(settings: NodeSettings) -> str:
    if settings.switches.crowd_gate is CrowdGate.EITHER:
        return "Sessions there live until they idle out or the node restarts."
    minutes = settings.crowd_ttl_s // 60
    return f"Sessions there live until their Crowd entry runs out, at most {minutes} minutes of policy time."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
