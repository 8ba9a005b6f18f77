"""A program that tells what it finds around it and does what its environment asks for."""

import json
import os
import signal
import sys
from pathlib import Path

if __name__ == "__main__":
    if "CHATTY_RAISE" in os.environ:
        raise RuntimeError("as asked")
    if "CHATTY_WRITE" in os.environ:
        os.write(int(os.environ["CHATTY_WRITE"]), b"written")
    if "CHATTY_WAIT" in os.environ:
        signal.pause()
    descriptors = [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]
    facts = {
        "pid": os.getpid(),
        "parent": os.getppid(),
        "session": os.getsid(0),
        "environment": dict(os.environ),
        "name": Path("/proc/self/comm").read_text().strip(),
        "descriptors": sorted(number for number in descriptors if os.path.exists(f"/proc/self/fd/{number}")),
    }
    print(json.dumps(facts))
    sys.exit(int(os.environ.get("CHATTY_EXIT", "0")))
