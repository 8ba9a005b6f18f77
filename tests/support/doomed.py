"""A program that holds a process and some paths through the safety net, tells about them, and waits for its own end.

Argument: what the children do with SIGTERM, `ends` or `ignores` it. Prints one JSON line once everything is there.
"""

import asyncio
import json
import signal
import sys
from pathlib import Path

from compose.cluster.safety_net import spread_safety_net
from compose.cluster.spawn import Command, spawn

ENDS = ("/bin/sleep", "1000")
IGNORES = ("/bin/sh", "-c", "trap '' TERM; while :; do sleep 1000; done")


async def main(manner: str) -> None:
    async with spread_safety_net() as net:
        with net.directory("doomed") as tree:
            file = Path(tree.parent) / f"{tree.name}-directory" / "file"
            net.hold_file(file)
            file.parent.mkdir()
            file.write_text("here")
            arguments = ENDS if manner == "ends" else IGNORES
            child = await spawn(Command(arguments), name="child", log=tree / "log", net=net)
            unnamed = await asyncio.create_subprocess_exec(*ENDS, env=net.environment, start_new_session=True)
            stopped = await spawn(Command(ENDS), name="stopped", log=tree / "log", net=net)
            stopped.send_signal(signal.SIGSTOP)
            pids = [child.pid, unnamed.pid, stopped.pid]
            print(json.dumps({"pids": pids, "tree": str(tree), "file": str(file)}), flush=True)
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
