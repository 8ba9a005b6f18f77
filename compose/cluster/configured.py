"""Jira's own configuration files, applied to a cluster: what they say about sessions, as limits and rules of its nodes.

One reading for every node, as an administrator has to make a change on every node.
"""

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from compose.cluster.spec import Limits
from shared.errors import OperatorError
from shared.jira_config import Role, SessionConfig, explain, read_as, read_install
from shared.jira_config.web_xml import TrackingMode
from shared.settings import LoginRules
from shared.settings import explain as explain_problems


@dataclass(frozen=True, slots=True)
class Configured:
    """What the nodes get, and what an administrator should know about it."""

    limits: Limits = field(default_factory=Limits)
    login_rules: LoginRules = field(default_factory=LoginRules)
    notes: tuple[str, ...] = ()


def read_configuration(install: Path | None, files: dict[Role, Path], *, allow_overflow: bool = False) -> Configured:
    """Nothing given is Jira as shipped. Raises OperatorError for files that cannot be used, for both ways at once, and
    for a configuration without session cookies."""
    if install is not None and files:
        raise OperatorError("give either --jira-install or single files, not both")
    if install is not None:
        return configured(read_install(install, allow_overflow=allow_overflow))
    return configured(read_as(files, allow_overflow=allow_overflow)) if files else Configured()


def configured(config: SessionConfig) -> Configured:
    modes = config.tracking_modes
    if TrackingMode.COOKIE not in modes.value:
        raise OperatorError(
            f"{modes.source}: without COOKIE the session id travels in links, which these nodes do not rewrite, so "
            "nobody could stay logged in; add <tracking-mode>COOKIE</tracking-mode>"
        )
    limits = Limits(
        session_idle_s=config.idle_limit_s or 0,
        session_max_age_s=config.session_max_age_s,
        remember_me_age_s=config.remember_me_age_s,
    )
    return Configured(limits, _login_rules(config), explain(config).notes)


def _login_rules(config: SessionConfig) -> LoginRules:
    defaults = LoginRules()
    try:
        return LoginRules(
            session_cookie=config.session_cookie_name.value,
            session_cookie_path=config.session_cookie_path.value,
            session_cookie_secure=config.session_cookie_secure.value,
            session_cookie_http_only=config.session_cookie_http_only.value,
            remember_me_cookie=config.remember_me_cookie_name.value,
            remember_me_cookie_path=config.remember_me_cookie_path.value,
            remember_me_overflows=config.remember_me_overflow,
            insecure_cookie=config.insecure_cookie.value,
            renew_session=config.invalidate_session_on_login.value,
            forgotten_at_login=config.forgotten_at_login.value,
            login_url=config.login_url.value or defaults.login_url,
            auth_type_parameter=config.authentication_type.value,
        )
    except ValidationError as error:
        raise OperatorError(explain_problems(error)) from error
