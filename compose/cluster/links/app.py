"""The wiring of the relay program: its links, each in a task, and the operator's door."""

import asyncio

from compose.cluster.links.operator import relay_operator_app
from compose.cluster.links.settings import RelaySettings
from compose.cluster.links.switchboard import Switchboard
from shared.log import get_logger
from shared.serving import announce_ready, listen, serving

log = get_logger()


async def run_relay(settings: RelaySettings, stop: asyncio.Event) -> None:
    """Relays until `stop` is set. Ready at once: a link whose target does not listen yet refuses, as that would."""
    operator = listen(settings.operator_host, settings.operator_port, reuse_port=True)
    port = operator.getsockname()[1]
    async with asyncio.TaskGroup() as group:
        board = Switchboard(host=settings.host, spawn=group.create_task)
        for link in settings.links:
            board.add(link)
        app = relay_operator_app(settings.admin_token.get_secret_value(), board)
        async with serving(app, operator, stop_grace_s=settings.stop_grace_s):
            announce_ready(settings.ready_fd, operator_port=port)
            log.info("links ready", links=len(settings.links), operator_port=port)
            await stop.wait()
        board.close()
