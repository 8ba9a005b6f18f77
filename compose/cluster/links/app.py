"""The wiring of the relay program: its links, each in a task, and the operator's door."""

import asyncio

from compose.cluster.links.link import Link
from compose.cluster.links.operator import relay_operator_app
from compose.cluster.links.settings import RelaySettings
from shared.log import get_logger
from shared.serving import announce_ready, listen, serving

log = get_logger()


async def run_relay(settings: RelaySettings, stop: asyncio.Event) -> None:
    """Relays until `stop` is set. Ready at once: a link whose target does not listen yet refuses, as that would."""
    links = {link.name: Link(link, host=settings.host) for link in settings.links}
    operator = listen(settings.operator_host, settings.operator_port, reuse_port=True)
    port = operator.getsockname()[1]
    app = relay_operator_app(settings.admin_token.get_secret_value(), links)
    async with serving(app, operator, stop_grace_s=settings.stop_grace_s), asyncio.TaskGroup() as group:
        tasks = [group.create_task(link.run()) for link in links.values()]
        announce_ready(settings.ready_fd, operator_port=port)
        log.info("links ready", links=len(links), operator_port=port)
        await stop.wait()
        for task in tasks:
            task.cancel()
