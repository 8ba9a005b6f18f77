"""What the contenders forward to: `python -m tests.bench.node PORT`, 300 bytes of JSON from aiohttp on uvloop."""

import sys

import uvloop
from aiohttp import web

JSON = b'{"key":"' + b"x" * 290 + b'"}'


async def api(_request):
    return web.Response(body=JSON, content_type="application/json")


async def status(_request):
    return web.json_response({"state": "RUNNING"})


async def upload(request):
    async for _ in request.content.iter_any():
        pass
    return web.Response(text="ok")


async def download(request):
    left, piece = int(request.query["n"]), b"x" * 262144
    answer = web.StreamResponse()
    answer.content_length = left
    await answer.prepare(request)
    while left:
        await answer.write(piece[:left])
        left -= min(left, len(piece))
    return answer


if __name__ == "__main__":
    uvloop.install()
    app = web.Application(client_max_size=1 << 40)
    app.router.add_get("/api", api)
    app.router.add_get("/status", status)
    app.router.add_post("/upload", upload)
    app.router.add_get("/download", download)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
