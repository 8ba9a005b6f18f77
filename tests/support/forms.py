"""Sending the pages' forms as a browser does: with the token that the page would have carried."""

from compose.people.browser import Answer, Browser
from shared.contract import XSRF_COOKIE


async def post_form(browser: Browser, path: str, **fields: str) -> Answer:
    """Posts a form with the token of the browser's cookie, which is what our pages put into their forms."""
    if XSRF_COOKIE not in browser.cookies:
        await browser.request("GET", "/login.jsp")
    return await browser.request("POST", path, form={"atl_token": browser.cookies[XSRF_COOKIE], **fields})


async def confirm_password(browser: Browser, password: str) -> None:
    """Opens the secure administrator session."""
    answer = await post_form(browser, "/secure/admin/WebSudoAuthenticate.jspa", webSudoPassword=password)
    assert answer.status == 302, answer


def text_of(answer: Answer) -> str:
    return answer.body.decode()
