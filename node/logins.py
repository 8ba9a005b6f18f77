"""Logging in: by password, by remember-me cookie. Joins the rules (`remember_me`, `login_guard`) to the store.

Both ways end in a session that carries the user's epoch as it was read together with the password hash or the token,
so that an invalidation between that reading and the session's birth still voids it (reference: invalidation.md P5).
"""

from collections import Counter
from dataclasses import dataclass
from enum import Enum

from node import captcha, login_guard, remember_me
from node.caches import Caches, Mark
from node.identity import Account
from node.passwords import Passwords
from node.remember_me import Judgement, RememberMeCookie
from node.store import credentials
from node.store import remember_me as tokens
from node.store.credentials import NEVER_LOGGED_IN, Credentials, LoginCounters
from node.store.engine import Database
from node.web_sessions import WebSession
from shared.clock import PolicyClock
from shared.contract import LoginReason


class LoginResult(Enum):
    """How an attempt ended, each with the reason Seraph stamps for it."""

    OK = LoginReason.OK
    WRONG_PASSWORD = LoginReason.FAILED
    CAPTCHA_NEEDED = LoginReason.DENIED
    NOT_AUTHORISED = LoginReason.NOT_AUTHORISED


@dataclass(frozen=True, slots=True)
class PasswordLogin:
    """A finished attempt, `since` the mark before the database was read. `account` and `counters` (as they were before
    it) are there when it was OK; `captcha_due` says that the next attempt of this user needs a CAPTCHA."""

    result: LoginResult
    since: Mark
    account: Account | None = None
    counters: LoginCounters = NEVER_LOGGED_IN
    remember_me_cookie: RememberMeCookie | None = None
    captcha_due: bool = False


@dataclass(frozen=True, slots=True)
class CookieLogin:
    """What a remember-me cookie brought: an account, or a judgement that costs the cookie. `captcha_due` is a good
    cookie of somebody who must answer a CAPTCHA first, for which he needs the login page."""

    judgement: Judgement
    since: Mark
    account: Account | None = None
    captcha_due: bool = False


@dataclass(frozen=True, slots=True)
class SessionGuard:
    """What a login does to a session that is not the user's own: `invalidate.session.on.login` and its exclude list."""

    renew: bool = True
    forgetting: tuple[str, ...] = ()


class Logins:
    """The login service of one node."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        caches: Caches,
        clock: PolicyClock,
        *,
        remember_me_age_ms: int,
        max_failed_logins: int,
        session_guard: SessionGuard,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._caches = caches
        self._clock = clock
        self._remember_me_age_ms = remember_me_age_ms
        self._max_failed_logins = max_failed_logins
        self._session_guard = session_guard
        self.results: Counter[LoginResult] = Counter()
        """Attempts by password since the start, and below those by cookie."""
        self.by_cookie_results: Counter[Judgement] = Counter()

    def solves_captcha(self, session: WebSession, answer: str) -> bool:
        """Uses up the session's challenge."""
        return captcha.solve(session, answer, now_ms=self._clock.now_ms())

    async def by_password(
        self, username: str, password: str, *, remember: bool = False, is_person: bool = False
    ) -> PasswordLogin:
        """Checks a password and counts the attempt; `is_person` is somebody who has just solved a CAPTCHA.

        Raises DependencyError when Postgres does not answer.
        """
        attempt = await self._try_password(username, password, remember=remember, is_person=is_person)
        self.results[attempt.result] += 1
        return attempt

    async def _try_password(self, username: str, password: str, *, remember: bool, is_person: bool) -> PasswordLogin:
        since = self._caches.mark()
        async with self._database.transaction() as connection:
            found = await credentials.load(connection, username)
        if found is None:
            await self._passwords.matches(None, password)
            return PasswordLogin(LoginResult.WRONG_PASSWORD, since)
        if self._is_captcha_due(found.counters.current_failed_login_count) and not is_person:
            return await self._refuse(found, LoginResult.CAPTCHA_NEEDED, since)
        if not await self._passwords.matches(found.credential, password):
            return await self._refuse(found, LoginResult.WRONG_PASSWORD, since, is_person=is_person)
        if not found.account.active:
            return PasswordLogin(LoginResult.NOT_AUTHORISED, since)
        accepted = await self._accept(found, since, remember=remember, is_person=is_person)
        return accepted or await self._refuse(found, LoginResult.CAPTCHA_NEEDED, since)

    async def is_password_of(self, account: Account, password: str) -> bool:
        """Does somebody who is logged in know the password too? Counts nothing and asks for no CAPTCHA."""
        async with self._database.transaction() as connection:
            found = await credentials.of_key(connection, account.user_key)
        return await self._passwords.matches(found.credential if found else None, password)

    async def by_cookie(self, cookie: RememberMeCookie) -> CookieLogin:
        """Judges a remember-me cookie and deletes the row it names when it does not fit."""
        login = await self._try_cookie(cookie)
        self.by_cookie_results[login.judgement] += 1
        return login

    async def _try_cookie(self, cookie: RememberMeCookie) -> CookieLogin:
        now_ms = self._clock.now_ms()
        since = self._caches.mark()
        async with self._database.transaction() as connection:
            row = await tokens.load(connection, cookie.token_id)
            judgement = remember_me.judge(cookie, row, max_age_ms=self._remember_me_age_ms, now_ms=now_ms)
            if judgement.clears_cookie_and_row:
                await tokens.delete(connection, cookie.token_id)
                return CookieLogin(judgement, since)
            assert row is not None
            if row.account is None or not row.account.active:
                return CookieLogin(judgement, since)
            counters = await credentials.counters_of(connection, row.account.user_key)
            if self._is_captcha_due(counters.current_failed_login_count):
                return CookieLogin(judgement, since, captcha_due=True)
            await credentials.record_success(connection, row.account.user_key, now_ms=now_ms)
            return CookieLogin(judgement, since, row.account)

    def disown(self, session: WebSession) -> None:
        """Seraph takes the user out of the session before it asks whether the one who proved himself may log in."""
        self._caches.web_sessions.give(session, None)

    async def forget_browser(self, cookie: RememberMeCookie) -> None:
        """Logout: this browser's token goes, the user's other browsers keep theirs."""
        async with self._database.transaction() as connection:
            await tokens.delete(connection, cookie.token_id)

    def establish(self, account: Account, current: WebSession | None, *, since: Mark) -> WebSession | None:
        """The session of somebody who just proved to be `account`; None when an invalidation overtook the proof.

        A session of somebody else is replaced, so that nobody can plant an id before a login (session fixation),
        unless the guard is switched off; the user's own session keeps its id (reference: jira.md 3.4). One that ended
        while the password was judged is none any more.
        """
        if current is not None and current.ended:
            current = None
        now_ms = self._clock.now_ms()
        own = current is not None and current.account is not None and current.account.user_key == account.user_key
        if current is not None and own:
            return current if self._caches.prove_again(current, account, since=since, now_ms=now_ms) else None
        guard = self._session_guard
        if current is not None and not guard.renew:
            return current if self._caches.hand_over(current, account, since=since, now_ms=now_ms) else None
        return self._caches.admit(account, since=since, now_ms=now_ms, instead_of=current, forgetting=guard.forgetting)

    async def _accept(
        self, found: Credentials, since: Mark, *, remember: bool, is_person: bool
    ) -> PasswordLogin | None:
        """None when others failed while we were checking, so often that this needs a CAPTCHA now: guesses made at one
        time are as good as guesses in a row."""
        now_ms = self._clock.now_ms()
        account = found.account
        cookie = None
        async with self._database.transaction() as connection:
            if not await credentials.is_current(connection, found):
                return PasswordLogin(LoginResult.WRONG_PASSWORD, since)  # changed or voided while we were checking
            failures = await credentials.failures_of(connection, found.user_id)
            if self._is_captcha_due(failures) and not is_person:
                return None
            await credentials.record_success(connection, account.user_key, now_ms=now_ms)
            if remember:
                secret = remember_me.new_secret()
                token_id = await tokens.create(
                    connection,
                    user_key=account.user_key,
                    secret_hash=remember_me.hash_secret(secret),
                    now_ms=now_ms,
                )
                cookie = RememberMeCookie(token_id, secret)
        return PasswordLogin(LoginResult.OK, since, account, found.counters, cookie)

    async def _refuse(
        self, found: Credentials, result: LoginResult, since: Mark, *, is_person: bool = False
    ) -> PasswordLogin:
        """A wrong password beyond the limit is told what the right one is told there, so that nobody can tell them
        apart by guessing many at one time."""
        async with self._database.transaction() as connection:
            failures = await credentials.record_failure(connection, found.account.user_key, now_ms=self._clock.now_ms())
        if self._is_captcha_due(failures - 1) and not is_person:
            result = LoginResult.CAPTCHA_NEEDED
        return PasswordLogin(result, since, captcha_due=self._is_captcha_due(failures))

    def _is_captcha_due(self, failures: int) -> bool:
        return login_guard.captcha_required(failures, max_failures=self._max_failed_logins)
