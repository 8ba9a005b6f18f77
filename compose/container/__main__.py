"""The entry of our image: `node`, `balancer`, `links`, `dcsim ...` or `idle`, as process 1 of a container.

The kernel delivers to process 1 only signals it has asked for, so SIGTERM is asked for before anything else is done:
a container that is stopped while it is still importing must end at once, and not be killed when its grace is over.
Nothing but the standard library is imported before that.
"""

import os
import runpy
import signal
import sys
from types import FrameType
from typing import NoReturn

PROGRAMS = {"node": "node", "balancer": "loadbalancer", "links": "compose.cluster.links"}
EXIT_USAGE = 2


def main(arguments: list[str]) -> int:
    """Becomes the program; returns an exit code where that does not end the process by itself."""
    signal.signal(signal.SIGTERM, _end)
    what, *rest = arguments or [""]
    if what == "idle":
        return _wait()
    if what == "dcsim":
        os.execv(sys.executable, [sys.executable, "-P", "-c", _COMMAND_LINE, *rest])
    if what in PROGRAMS and not rest:
        runpy.run_module(PROGRAMS[what], run_name="__main__", alter_sys=True)
        return 0
    known = ", ".join([*PROGRAMS, "dcsim ...", "idle"])
    print(f"error: {' '.join(arguments)!r} is nothing this image can run; it can run {known}", file=sys.stderr)
    return EXIT_USAGE


_COMMAND_LINE = "import sys; from compose.cli import main; sys.exit(main())"


def _wait() -> int:
    """A container to run commands in, with `docker exec`."""
    while True:
        signal.pause()


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    """For as long as the program has not said itself what SIGTERM means."""
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
