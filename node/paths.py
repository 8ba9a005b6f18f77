"""Paths and links below the context path, and where a browser is sent."""

from dataclasses import dataclass
from urllib.parse import quote

from node.request import Request
from shared.contract import LOGIN_URL


@dataclass(frozen=True, slots=True)
class Paths:
    """The context path (`""` or `/jira`) and what follows from it."""

    context: str
    base_url: str
    login_url: str = LOGIN_URL

    @property
    def home(self) -> str:
        return self.context or "/"

    @property
    def cookie_path(self) -> str:
        return self.context or "/"

    def to(self, path: str) -> str:
        """A path of the application as a browser asks for it."""
        return f"{self.context}{path}"

    def absolute(self, path: str) -> str:
        """The same as a full link; starts with the configured base URL, which includes the context path."""
        return f"{self.base_url}{path}"

    def below_context(self, request: Request) -> str:
        """What was asked for, query included, without the context path."""
        return request.path_qs.removeprefix(self.context)

    def login_page_for(self, request: Request) -> str:
        """Where somebody is sent who must log in first, and comes back from (reference: jira.md 3.6, login.url). An
        address outside is taken as it is: that is how single sign-on is set up."""
        wanted = quote(self.below_context(request), safe="")
        url = self.login_url.replace("${originalurl}", wanted).replace("${pageCaps}", "").replace("${userRole}", "")
        return self.to(url) if url.startswith("/") else url

    def destination(self, wanted: str | None) -> str | None:
        """A path to go to after login, or None when `wanted` is not a path of this application (open redirect)."""
        if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/\\")):
            return None
        if any(ord(ch) < 32 or ord(ch) == 127 for ch in wanted):
            return None
        return self.to(quote(wanted, safe="/?&=%#:@!$'()*+,;~._-"))
