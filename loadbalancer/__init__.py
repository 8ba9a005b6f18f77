"""The sticky load balancer: one process, HTTP/1.1 at protocol level in front, aiohttp for its operator."""
