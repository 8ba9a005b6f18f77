"""What an administrator should know about a configuration beyond what its users see: one rule a function."""

from collections.abc import Callable

from shared.jira_config.durations import duration
from shared.jira_config.session_config import SessionConfig
from shared.jira_config.sourced import Origin
from shared.jira_config.web_xml import SHIPPED_SERVER_MIN, TrackingMode

BOT_KILLER_LIMIT_S = 600
"""Jira's Bot Session Killer leaves idle limits up to this alone (reference: jira.md 9)."""


def remarks(config: SessionConfig) -> tuple[str, ...]:
    """Every remark that applies, the gravest first. Pure."""
    return tuple(text for rule in _RULES if (text := rule(config)) is not None)


def _overflow(config: SessionConfig) -> str | None:
    age = config.remember_me_cookie_age_s
    if not config.remember_me_overflow:
        return None
    return (
        f"{age.source}: {age.value} seconds overflow Jira's arithmetic. Every remember-me token looks expired: ticking "
        "the box changes nothing, although the browser keeps the cookie."
    )


def _age_not_positive(config: SessionConfig) -> str | None:
    age = config.remember_me_cookie_age_s
    if age.value > 0:
        return None
    return f"{age.source}: {age.value} is not positive, so Seraph uses {duration(config.remember_me_age_s)} instead."


def _wasted(config: SessionConfig) -> str | None:
    """A timeout that somebody changed in the file that loses. As shipped the two files differ, and that is no news."""
    timeout = config.session_timeout_min
    loser = timeout.overrides
    if loser is None or loser.source.origin is not Origin.FILE or loser.value in (timeout.value, SHIPPED_SERVER_MIN):
        return None
    return f"{loser.source} says {loser.value} minutes, without effect: {timeout.source} wins with {timeout.value}."


def _forced_logout_has_a_hole(config: SessionConfig) -> str | None:
    max_age_s, life_s = config.session_max_age_s, config.remember_me_life_s
    if max_age_s is None or life_s <= max_age_s:
        return None
    return (
        "The forced logout does not reach people with remember-me: they are logged in again silently until "
        f"{duration(life_s)} after their login. Set autologin.cookie.age to {max_age_s} to force them too."
    )


def _last_minute_renewal(config: SessionConfig) -> str | None:
    max_age_s, life_s = config.session_max_age_s, config.remember_me_life_s
    if max_age_s is None or not 0 < life_s <= max_age_s:
        return None
    return (
        "A silent login shortly before the remember-me token ends starts another full session, so the longest time "
        f"without a password is {duration(max_age_s + life_s)}, not {duration(max_age_s)}."
    )


def _scripts_ignore_max_age(config: SessionConfig) -> str | None:
    if config.session_max_age_s is None:
        return None
    return (
        "The age of the session cookie is enforced by the browser. A script that goes on sending the cookie is only "
        "stopped by the idle limit."
    )


def _no_cookie(config: SessionConfig) -> str | None:
    modes = config.tracking_modes
    if TrackingMode.COOKIE in modes.value:
        return None
    return f"{modes.source}: without COOKIE there is no session cookie; the session id travels in links."


def _no_idle_limit(config: SessionConfig) -> str | None:
    if config.idle_limit_s is not None:
        return None
    source = config.session_timeout_min.source
    return f"{source}: without an idle limit abandoned sessions stay in memory until the node restarts."


def _session_fixation(config: SessionConfig) -> str | None:
    guard = config.invalidate_session_on_login
    if guard.value:
        return None
    return (
        f"{guard.source}: a login keeps the session id, so an id planted in a browser before the login is logged in "
        "with it (session fixation)."
    )


def _bot_killer(config: SessionConfig) -> str | None:
    if config.idle_limit_s is not None and config.idle_limit_s <= BOT_KILLER_LIMIT_S:
        return None
    return "Jira's Bot Session Killer may end a session that made a single request much sooner than the idle limit."


def _every_node(_config: SessionConfig) -> str:
    return "A change has to be made on every node and takes effect at restart; a rolling restart is enough."


_RULES: tuple[Callable[[SessionConfig], str | None], ...] = (
    _overflow,
    _age_not_positive,
    _wasted,
    _forced_logout_has_a_hole,
    _last_minute_renewal,
    _scripts_ignore_max_age,
    _no_cookie,
    _no_idle_limit,
    _session_fixation,
    _bot_killer,
    _every_node,
)
