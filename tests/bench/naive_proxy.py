"""The proxy everybody writes first: aiohttp's server and client. `python -m tests.bench.naive_proxy PORT BACKEND...`.

Kept as the yardstick of bar L4, which needs no HAProxy. Sticky by the cookie SRV, like the contenders.
"""

import sys

import aiohttp
from aiohttp import web

HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection", "host"}


async def forward(request):
    nodes = request.app["nodes"]
    chosen = request.cookies.get("SRV", "0")
    url = nodes[int(chosen) % len(nodes)] + request.path_qs
    headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
    headers["X-Forwarded-For"] = request.remote
    body = request.content if request.can_read_body else None
    async with request.app["session"].request(request.method, url, headers=headers, data=body) as answer:
        passed = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
        out = web.StreamResponse(status=answer.status, headers=passed)
        await out.prepare(request)
        async for piece in answer.content.iter_any():
            await out.write(piece)
        await out.write_eof()
        return out


async def client(app):
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        app["session"] = session
        yield


if __name__ == "__main__":
    app = web.Application(client_max_size=1 << 40)
    app["nodes"] = [f"http://127.0.0.1:{port}" for port in sys.argv[2:]]
    app.cleanup_ctx.append(client)
    app.router.add_route("*", "/{path:.*}", forward)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
