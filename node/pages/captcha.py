"""`/captcha`: the picture of the challenge that the login page poses, and its question in words."""

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from node import captcha
from node.answers import picture_answer, text_answer
from node.request import Request
from node.routes import Needs, Route
from shared.clock import PolicyClock

if TYPE_CHECKING:
    from captcha.image import ImageCaptcha

AS_QUESTION = "question"
WIDTH, HEIGHT = 200, 70


def captcha_routes(clock: PolicyClock) -> list[Route]:
    """`GET /captcha` is a PNG, `GET /captcha?as=question` plain text; both are about the session's one challenge."""
    painter = _Painter()

    async def show(request: Request) -> web.Response:
        session = request.context.session
        assert session is not None, "the anonymous_session filter has opened one"
        now_ms = clock.now_ms()
        challenge = captcha.posed(session, now_ms=now_ms) or captcha.pose(session, now_ms=now_ms)
        if request.query.get("as") == AS_QUESTION:
            return text_answer(challenge.question)
        picture = await asyncio.to_thread(painter.paint, challenge.text)
        return picture_answer(picture)

    return [Route("GET", "/captcha", show, Needs.ANYONE)]


class _Painter:
    """Imported at the first picture: the library and its font cost a starting node more than most of them ever need."""

    def __init__(self) -> None:
        self._image: ImageCaptcha | None = None

    def paint(self, text: str) -> bytes:
        if self._image is None:
            from captcha.image import ImageCaptcha

            self._image = ImageCaptcha(width=WIDTH, height=HEIGHT)
        return self._image.generate(text).getvalue()
