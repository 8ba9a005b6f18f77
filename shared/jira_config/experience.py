"""What the people of a Jira will notice of a configuration: how often they are asked to log in, when, and why.

Two audiences, six situations, one number each: the seconds after which somebody is asked for a password. For people
without remember-me the web session decides alone. For people with it a lost session is repaired silently as long as
the token lives, because a valid token has precedence over `JSESSIONID` (source: "How to change the default session
timeout"). The token's life counts from the login that made it and is never extended.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.jira_config.durations import duration
from shared.jira_config.remarks import remarks
from shared.jira_config.session_config import SessionConfig


class Audience(StrEnum):
    """Did this person tick "Remember my login on this computer"?"""

    PLAIN = "without remember-me"
    REMEMBERED = "with remember-me"


class Situation(StrEnum):
    """What happens to the session. The value is what people read."""

    IDLE = "leaves the browser idle"
    DASHBOARD = "leaves a dashboard open with refreshing gadgets"
    WORKING = "works without a pause"
    BROWSER_CLOSED = "closes the browser and comes back"
    NODE_RESTART = "is on a node that restarts"
    NODE_SWITCH = "is sent to another node"


@dataclass(frozen=True, slots=True)
class Experience:
    """One audience in one situation.

    `asked_after_s` is policy seconds until a password is asked for: 0 at the next request, None never.
    `decided_by` names fields of SessionConfig.
    """

    audience: Audience
    situation: Situation
    asked_after_s: int | None
    says: str
    decided_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A configuration, what people experience under it, and what an administrator should know about it."""

    config: SessionConfig
    experiences: tuple[Experience, ...]
    notes: tuple[str, ...]

    def of(self, audience: Audience, situation: Situation) -> Experience:
        """The one experience of that audience in that situation."""
        return next(e for e in self.experiences if (e.audience, e.situation) == (audience, situation))


def explain(config: SessionConfig) -> Explanation:
    """What users will experience under this configuration. Pure."""
    plain = {situation: rule(config) for situation, rule in _PLAIN.items()}
    remembered = {situation: _remembered(config, plain, situation) for situation in Situation}
    experiences = [
        Experience(audience, situation, *fate)
        for audience, fates in ((Audience.PLAIN, plain), (Audience.REMEMBERED, remembered))
        for situation, fate in fates.items()
    ]
    return Explanation(config, tuple(experiences), remarks(config))


Fate = tuple[int | None, str, tuple[str, ...]]
"""What an Experience says beyond who and when: asked_after_s, says, decided_by."""

_IDLE = "session_timeout_min"
_MAX_AGE = "session_cookie_max_age_s"
_TOKEN_AGE = "remember_me_cookie_age_s"


def _idle(config: SessionConfig) -> Fate:
    idle_s, max_age_s = config.idle_limit_s, config.session_max_age_s
    if max_age_s is not None and (idle_s is None or max_age_s <= idle_s):
        return _forced(max_age_s, "whether idle or not")
    if idle_s is None:
        return None, "is not asked again: there is no idle limit", (_IDLE,)
    return idle_s, f"is asked to log in after {duration(idle_s)} without a request", (_IDLE,)


def _dashboard(config: SessionConfig) -> Fate:
    if config.session_max_age_s is not None:
        return _forced(config.session_max_age_s, "gadgets or not")
    if config.idle_limit_s is None:
        return _idle(config)
    limit = duration(config.idle_limit_s)
    return (
        None,
        f"is not asked while gadgets refresh more often than every {limit}: each refresh is a request",
        (_IDLE,),
    )


def _working(config: SessionConfig) -> Fate:
    if config.session_max_age_s is not None:
        return _forced(config.session_max_age_s, "in the middle of work")
    return None, "is not asked while working: an active web session has no age limit", (_MAX_AGE,)


def _forced(age_s: int, how: str) -> Fate:
    if age_s == 0:
        return 0, "is asked at once: a cookie of age 0 is deleted on arrival, so no login holds", (_MAX_AGE,)
    return age_s, f"is asked {duration(age_s)} after the login, {how}: the session cookie is gone by then", (_MAX_AGE,)


def _browser_closed(config: SessionConfig) -> Fate:
    if config.session_max_age_s is None:
        return 0, "is asked on return: the cookie ends with the browser, unless it restores its session", (_MAX_AGE,)
    asked_s, says, decided_by = _idle(config)
    if asked_s == 0:
        return asked_s, says, decided_by
    return asked_s, f"keeps the cookie, and {says}", tuple(dict.fromkeys((_MAX_AGE, *decided_by)))


def _node_restart(_config: SessionConfig) -> Fate:
    return 0, "is asked at the next request: the session was in that node's memory only", ()


def _node_switch(_config: SessionConfig) -> Fate:
    return 0, "is asked at the next request: the other node does not know the session (a REST call gets 401)", ()


_PLAIN: Mapping[Situation, Callable[[SessionConfig], Fate]] = {
    Situation.IDLE: _idle,
    Situation.DASHBOARD: _dashboard,
    Situation.WORKING: _working,
    Situation.BROWSER_CLOSED: _browser_closed,
    Situation.NODE_RESTART: _node_restart,
    Situation.NODE_SWITCH: _node_switch,
}


def _remembered(config: SessionConfig, plain: Mapping[Situation, Fate], situation: Situation) -> Fate:
    session_s, says, decided_by = plain[situation]
    life_s = config.remember_me_life_s
    if life_s == 0:
        broken = "the remember-me cookie does not help, its token looks expired"
        return session_s, f"{says}; {broken}", (*decided_by, _TOKEN_AGE)
    if session_s is None:
        return None, says, decided_by
    asked_s = _renewed_until(session_s, life_s) if situation in _BUSY else max(session_s, life_s)
    if asked_s == session_s:
        return asked_s, f"{says}; the remember-me cookie is no longer valid then", (*decided_by, _TOKEN_AGE)
    silent = f"is logged in again silently by the remember-me cookie, and asked {duration(asked_s)} after the login"
    return asked_s, silent, (_TOKEN_AGE, *decided_by)


_BUSY = (Situation.DASHBOARD, Situation.WORKING)


def _renewed_until(session_s: int, life_s: int) -> int:
    """Each time the session cookie runs out while the token lives, a new session with a full age begins."""
    return life_s if session_s == 0 else -(-life_s // session_s) * session_s
