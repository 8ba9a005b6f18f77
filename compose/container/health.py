"""`python -m compose.container.health`: exit 0 if this container's node or balancer serves, else 1 and why.

Serving is `/status` with 200 AND RUNNING: a node that starts, stops or is in maintenance may answer 200 too. Asked of
the balancer, it is a node behind it that answers. Where to ask is what the program itself was told: `DCSIM_HOST`,
`DCSIM_PORT` and `DCSIM_CONTEXT_PATH`. It runs every few seconds, so it imports little.

With the argument `alive` any answer will do. That is for a balancer where whoever is unhealthy is killed, as in Docker
Swarm: with no node behind it, it says so to its clients, and killing it helps nobody.
"""

import http.client
import json
import os
import sys

from shared.addresses import own_address
from shared.errors import OperatorError

LIMIT_S = 2.0
BODY_MAX = 64 * 1024


def main() -> int:
    port = int(os.environ.get("DCSIM_PORT", "8080"))
    host = os.environ.get("DCSIM_HOST", "")
    try:
        trouble = find_trouble(
            own_address(host) if "/" in host else "127.0.0.1",
            port,
            os.environ.get("DCSIM_CONTEXT_PATH", "") + "/status",
            any_answer=sys.argv[1:] == ["alive"],
        )
    except OperatorError as error:
        trouble = str(error)
    print(trouble or "well")
    return 1 if trouble else 0


def find_trouble(host: str, port: int, path: str, *, any_answer: bool = False) -> str | None:
    """What is wrong, in words; None for 200 and RUNNING, or for any answer at all."""
    connection = http.client.HTTPConnection(host, port, timeout=LIMIT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read(BODY_MAX)
    except (OSError, http.client.HTTPException) as error:
        return f"no answer: {type(error).__name__}: {error}"
    finally:
        connection.close()
    if any_answer:
        return None
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    state = document.get("state") if isinstance(document, dict) else None
    return None if answer.status == 200 and state == "RUNNING" else f"HTTP {answer.status}, {state or 'no state'}"


if __name__ == "__main__":
    sys.exit(main())
