"""What the filters find out about one request, and leave on it for those after them."""

from node.identity import Account
from node.logins import LoginResult
from node.store.credentials import NEVER_LOGGED_IN, LoginCounters
from node.web_sessions import EndCause, WebSession
from node.xsrf import RequestTokens
from shared.contract import KnownVia, LoginReason


class RequestContext:
    """One request's state. Filters write it, resources read it, the outermost filter turns it into headers.

    What nobody has written yet is read from the class, so a request pays only for what is found out about it.
    """

    asked_session_id: str | None = None
    session: WebSession | None = None
    session_ended: EndCause | None = None
    account: Account | None = None
    known_via: KnownVia = KnownVia.NOBODY
    login_reason: LoginReason | None = None
    failed_login: LoginResult | None = None
    captcha_due: bool = False
    login_counters: LoginCounters = NEVER_LOGGED_IN
    xsrf_tokens: RequestTokens | None = None

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.set_cookies: dict[str, str] = {}

    def stamp(self, reason: LoginReason) -> None:
        """The first stamp wins within a request (Seraph sets it once)."""
        if self.login_reason is None:
            self.login_reason = reason

    def recognise(self, account: Account) -> None:
        """The session named somebody, who is still welcome."""
        self.account = account
        self.known_via = KnownVia.SESSION
        self.stamp(LoginReason.OK)

    def log_in(self, account: Account, session: WebSession, via: KnownVia) -> None:
        self.account = account
        self.session = session
        self.known_via = via

    def log_out(self, session: WebSession) -> None:
        """Nobody is logged in from here on; `session` is the fresh, anonymous one."""
        self.account = None
        self.session = session
        self.known_via = KnownVia.NOBODY

    @property
    def user(self) -> Account:
        """The user of a route that needs one; the access filter has made sure."""
        assert self.account is not None, "this route must be declared to need a user"
        return self.account
