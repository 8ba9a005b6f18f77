"""Garbage collection of a process that holds a million sessions: no full collection may stop it for long.

Sessions form no cycles and are freed by their reference counts, but every full collection walks all of them: a fifth of
a second at a million. So whatever survives a full collection is set aside (`gc.freeze`), and the next one looks only at
what came since. That is the moment to do it, because what has just survived is no garbage. What is set aside is still
freed when its count drops to zero; only a cycle that was alive just then and dies later is never found, and the few
requests in flight at so rare a moment are all that can be.
"""

import gc

THRESHOLDS = (700, 10, 2)
"""Python's own but for the last: a full collection after some 20,000 new containers, and therefore over that many."""


def keep_collections_short() -> None:
    """For the rest of this process. Called once, when everything that lasts has been imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    gc.callbacks.append(_freeze_survivors)


def _freeze_survivors(phase: str, info: dict[str, int]) -> None:
    if phase == "stop" and info["generation"] == 2:
        gc.freeze()
