"""Style sheet, scripts and icon, under `/s/<digest>/<name>`.

The digest is of all files together, so a browser may keep what it got for good. A file is nobody's request: it passes
no filter, touches no session and sets no cookie.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from aiohttp import web

from node.answers import answer, text_answer
from node.request import Request
from node.routes import Needs, Route

PREFIX = "/s/"
FOR_GOOD = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
"""For the digest of another version: during a rolling upgrade a page of one node may ask another for its files."""

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Assets:
    """All files by name, and their digest."""

    files: dict[str, bytes]
    digest: str

    def address(self, name: str) -> str:
        """Below the context path. A name that does not exist is a bug of a template."""
        assert name in self.files, f"there is no asset named {name}"
        return f"{PREFIX}{self.digest}/{name}"


@cache
def load_assets() -> Assets:
    """Reads the files once."""
    folder = resources.files("node.pages") / "static"
    files = {file.name: file.read_bytes() for file in folder.iterdir() if file.name.rpartition(".")[2] in _TYPES}
    digest = hashlib.sha256(b"".join(name.encode() + files[name] for name in sorted(files))).hexdigest()[:12]
    return Assets(files, digest)


def asset_routes(assets: Assets) -> list[Route]:
    """Everything below the prefix, whatever the method."""

    async def serve(request: Request) -> web.Response:
        return _answer(assets, request.variables["file"], request.method)

    return [Route("*", PREFIX + "{file:.*}", serve, Needs.ANYONE)]


def _answer(assets: Assets, path: str, method: str) -> web.Response:
    digest, _, name = path.partition("/")
    content = assets.files.get(name)
    if content is None:
        return text_answer("There is no such file.\n", 404)
    if method not in ("GET", "HEAD"):
        return answer(405, {"Allow": "GET, HEAD"})
    kept = FOR_GOOD if digest == assets.digest else ASK_AGAIN
    return answer(200, {"Content-Type": _TYPES[name.rpartition(".")[2]], "Cache-Control": kept}, content)
