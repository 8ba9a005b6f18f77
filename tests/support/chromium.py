"""One headless Chromium, and people in it: each has a context of his own, so cookies and sessions of his own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.support.requirements import chromium_path

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
PATIENCE_MS = 15_000
NODE = "#strip .node"


@asynccontextmanager
async def running_chromium() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGUMENTS))
        yield browser
        await browser.close()


class Person:
    """Somebody with a browser window. `complaints` are script errors and what the security policy kept from loading."""

    def __init__(self, context: BrowserContext, page: Page, base_url: str) -> None:
        self.context = context
        self.page = page
        self.base_url = base_url
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text) if "Refused" in message.text else None)

    async def visit(self, path: str) -> None:
        await self.page.goto(self.base_url + path)

    async def fill_login(self, username: str, password: str, *, remember: bool = False) -> None:
        await self.page.get_by_label("Username").fill(username)
        await self.page.get_by_label("Password").fill(password)
        if remember:
            await self.page.get_by_label("Remember my login on this computer").check()
        await self.page.locator("#login-form-submit").click()

    async def log_in(self, username: str, *, remember: bool = False) -> None:
        """By the form, to the dashboard."""
        await self.visit("/login.jsp")
        await self.fill_login(username, username, remember=remember)
        await expect(self.page.locator("#dashboard")).to_be_visible()

    async def node(self) -> str:
        """The node that answered the page in front of the person."""
        return await self.page.locator(NODE).inner_text()

    async def cookie(self, name: str) -> dict | None:
        return next((cookie for cookie in await self.context.cookies() if cookie["name"] == name), None)


@asynccontextmanager
async def person(browser: Browser, base_url: str, **options: object) -> AsyncIterator[Person]:
    """A new window with no cookies; `options` are Playwright's for a context. Nothing may have been complained of."""
    context = await browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    someone = Person(context, await context.new_page(), base_url)
    try:
        yield someone
        assert someone.complaints == []
    finally:
        await context.close()
