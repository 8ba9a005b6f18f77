"""`python -m node`: one application node, set up by its environment."""

import asyncio
import sys

from node.app import run_node
from node.collector import keep_collections_short
from shared import log
from shared.errors import DcsimError
from shared.serving import report, run_program
from shared.settings import NodeSettings


def main() -> int:
    try:
        settings = NodeSettings.from_environment()
    except DcsimError as error:
        return report(error)
    keep_collections_short()
    log.configure(level=settings.log_level, node=settings.node_id)

    async def run(stop: asyncio.Event) -> None:
        await run_node(settings, stop)

    return run_program(run)


if __name__ == "__main__":
    sys.exit(main())
