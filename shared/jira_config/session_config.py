"""Everything the three files decide about sessions: one frozen value, each part with its source."""

from dataclasses import dataclass

from shared.jira_config.seraph_config import TWO_WEEKS_S
from shared.jira_config.sourced import Sourced
from shared.jira_config.web_xml import TrackingMode


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """The values in force. Ages are in seconds, the idle limit as written in minutes; read the properties to act.

    `remember_me_overflow` is true for an age over 2147483 s: Jira multiplies it by 1000 in Java's int arithmetic, the
    result turns negative, and every token looks expired (source: "Jira application cookies"; reference: jira.md 3.5).
    From 4294968 s on the result wraps round to something else again; both are "broken" here. Such a configuration
    is only built on request.
    """

    session_timeout_min: Sourced[int]
    tracking_modes: Sourced[tuple[TrackingMode, ...]]
    session_cookie_max_age_s: Sourced[int | None]
    session_cookie_name: Sourced[str]
    session_cookie_path: Sourced[str | None]
    session_cookie_secure: Sourced[bool | None]
    session_cookie_http_only: Sourced[bool]
    remember_me_cookie_name: Sourced[str]
    remember_me_cookie_age_s: Sourced[int]
    remember_me_cookie_path: Sourced[str | None]
    insecure_cookie: Sourced[bool]
    invalidate_session_on_login: Sourced[bool]
    forgotten_at_login: Sourced[tuple[str, ...]]
    login_url: Sourced[str | None]
    authentication_type: Sourced[str | None]
    original_url_key: Sourced[str]
    remember_me_overflow: bool = False

    @property
    def idle_limit_s(self) -> int | None:
        """Seconds without a request after which a node forgets a web session; None is never (0 or negative)."""
        minutes = self.session_timeout_min.value
        return minutes * 60 if minutes > 0 else None

    @property
    def session_max_age_s(self) -> int | None:
        """Seconds after login at which the browser drops the session cookie; None is when the browser closes.

        A negative max-age means a cookie of the browser session (Servlet API), and without cookies there is none.
        """
        age_s = self.session_cookie_max_age_s.value
        if age_s is None or age_s < 0 or TrackingMode.COOKIE not in self.tracking_modes.value:
            return None
        return age_s

    @property
    def remember_me_age_s(self) -> int:
        """Seconds from its creation for which the browser keeps the remember-me cookie; 0 or less is two weeks."""
        age_s = self.remember_me_cookie_age_s.value
        return age_s if age_s > 0 else TWO_WEEKS_S

    @property
    def remember_me_life_s(self) -> int:
        """Seconds from its creation for which a node accepts a remember-me token; 0 when every token looks expired."""
        return 0 if self.remember_me_overflow else self.remember_me_age_s
