"""`python -m compose.cluster.links`: the relay of one cluster, told everything by its environment (`RelaySettings`)."""

import asyncio
import sys

from compose.cluster.links.app import run_relay
from compose.cluster.links.settings import RelaySettings
from shared import log
from shared.errors import DcsimError
from shared.serving import report, run_program


def main() -> int:
    """Runs until SIGTERM or SIGINT; returns the exit code."""
    try:
        settings = RelaySettings.from_environment()
    except DcsimError as error:
        return report(error)
    log.configure(level=settings.log_level, program="links")

    async def run(stop: asyncio.Event) -> None:
        await run_relay(settings, stop)

    return run_program(run)


if __name__ == "__main__":
    sys.exit(main())
