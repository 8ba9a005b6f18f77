"""`python -m loadbalancer`: one balancer, told everything by its environment (`shared.settings.BalancerSettings`)."""

import asyncio
import sys

from loadbalancer.app import Balancer
from shared import log
from shared.errors import DcsimError
from shared.serving import report, run_program
from shared.settings import BalancerSettings


def main() -> int:
    """Runs until SIGTERM or SIGINT; returns the exit code."""
    try:
        settings = BalancerSettings.from_environment()
    except DcsimError as error:
        return report(error)
    log.configure(level=settings.log_level, program="balancer")

    async def serve(stop: asyncio.Event) -> None:
        await Balancer(settings).run(stop)

    return run_program(serve)


if __name__ == "__main__":
    sys.exit(main())
