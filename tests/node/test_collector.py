"""Garbage collection in a node: what survives a full collection is set aside, and what dies later is freed all the same.

In a process of its own, since these settings are the whole interpreter's.
"""

import json
import subprocess
import sys

PROGRAM = """
import gc, json, weakref
from node.collector import keep_collections_short

class Thing:
    pass

keep_collections_short()
before = gc.get_freeze_count()
things = [Thing() for _ in range(10_000)]
gc.collect()
set_aside = gc.get_freeze_count() - before
again = weakref.ref(things[0])
things.clear()
cycle = Thing(); cycle.own = cycle
lost = weakref.ref(cycle)
del cycle
gc.collect()
print(json.dumps({"set_aside": set_aside, "freed": again() is None, "cycle_found": lost() is None}))
"""


def test_survivors_are_set_aside_and_still_freed():
    """Later collections do not walk them; their reference counts end them, and new cycles are found as before."""
    out = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True).stdout
    found = json.loads(out)
    assert found["set_aside"] >= 10_000
    assert found["freed"]
    assert found["cycle_found"]
