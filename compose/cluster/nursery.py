"""A warm interpreter from which our programs are started in milliseconds instead of seconds (Linux).

Importing what a node needs costs two seconds of processor time, and a drill starts dozens. The nursery is a program of
its own that imports the modules once and then forks: each child is a process like any other, in a session of its own,
with its own environment, log and descriptors, and runs its module as `__main__`. Nothing of a program runs before the
fork, so children share code and nothing else.

Children are forked twice and so become children of dcsim itself (`warm_start` makes it their subreaper): exit codes,
signals and stops are seen there as for any child. Requests come over a socket, one datagram each:

    {"id", "module", "name", "environment", "cwd", "descriptors": [numbers]}  with log and descriptors attached
    -> {"id", "pid"}
"""

import ctypes
import fcntl
import gc
import importlib
import json
import os
import resource
import runpy
import signal
import socket
import sys
from typing import Any

REQUEST_MAX = 256 * 1024
DESCRIPTORS_MAX = 8
OUT_OF_THE_WAY = 200
"""Descriptors that came with a request are moved above this before they are put where the child wants them."""
PR_SET_NAME = 15


def main(arguments: list[str]) -> None:
    """`arguments`: the socket's descriptor, then the modules to import. Ends when dcsim closes its end."""
    for module in arguments[1:]:
        importlib.import_module(module)
    gc.freeze()  # what was imported stays shared between all children: no collection writes to it
    with socket.socket(fileno=int(arguments[0])) as requests:
        while True:
            message, descriptors, _, _ = socket.recv_fds(requests, REQUEST_MAX, DESCRIPTORS_MAX)
            if not message:
                return
            request = json.loads(message)
            pid = _bear(request, descriptors)
            requests.send(json.dumps({"id": request["id"], "pid": pid}).encode())
            for descriptor in descriptors:
                os.close(descriptor)


def _bear(request: dict[str, Any], descriptors: list[int]) -> int:
    """Forks twice; the one in the middle ends at once, so that the child is handed to the subreaper."""
    reading, writing = os.pipe()
    middle = os.fork()
    if middle == 0:
        child = os.fork()
        if child == 0:
            _become(request, descriptors)
        os.write(writing, str(child).encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(middle, 0)
    with os.fdopen(reading, "rb") as pipe:
        return int(pipe.read())


def _become(request: dict[str, Any], descriptors: list[int]) -> None:
    """Turns this fork into the program. Does not return."""
    os.setsid()
    os.chdir(request["cwd"])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL if number != signal.SIGPIPE else signal.SIG_IGN)
    _arrange(descriptors, request["descriptors"])
    os.environ.clear()
    os.environ.update(request["environment"])
    _set_name(request["name"])
    sys.argv = [request["module"]]
    status = 0
    try:
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
    except SystemExit as error:
        status = _exit_status(error.code)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _exit_status(code: int | str | None) -> int:
    """As the interpreter does it: anything but a number is a last word."""
    if code is None or isinstance(code, int):
        return code or 0
    print(code, file=sys.stderr)
    return 1


def _arrange(given: list[int], wanted: list[int]) -> None:
    """The first given descriptor becomes standard output and error; the others get the numbers they had at dcsim's."""
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, OUT_OF_THE_WAY) for descriptor in given]
    os.closerange(3, OUT_OF_THE_WAY)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for target in (1, 2):
        os.dup2(high[0], target)
    for descriptor, target in zip(high[1:], wanted, strict=True):
        os.dup2(descriptor, target)
    for descriptor in high:
        os.close(descriptor)


def _set_name(name: str) -> None:
    """What `ps -o comm` and `top` show; without it all children would have the nursery's name."""
    ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)


if __name__ == "__main__":
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft <= OUT_OF_THE_WAY + DESCRIPTORS_MAX:
        sys.exit(f"the limit of open files is {soft}; raise it with `ulimit -n 1024`")
    main(sys.argv[1:])
