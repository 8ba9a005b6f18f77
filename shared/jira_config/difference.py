"""What changes for users when one configuration replaces another."""

from dataclasses import dataclass, fields
from enum import StrEnum

from shared.jira_config.experience import Experience, explain
from shared.jira_config.session_config import SessionConfig
from shared.jira_config.sourced import Sourced


class Direction(StrEnum):
    """Seen from the user: is the password asked for sooner or later than before?"""

    SOONER = "sooner"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class UserChange:
    """One audience in one situation, before and after."""

    before: Experience
    after: Experience

    @property
    def direction(self) -> Direction:
        before_s, after_s = self.before.asked_after_s, self.after.asked_after_s
        sooner = after_s is not None and (before_s is None or after_s < before_s)
        return Direction.SOONER if sooner else Direction.LATER


@dataclass(frozen=True, slots=True)
class SettingChange:
    """One setting, before and after. `in_force` is false when only a value that another file overrides changed."""

    setting: str
    before: Sourced[object]
    after: Sourced[object]
    in_force: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """What users notice, and what was changed to make them notice it."""

    users: tuple[UserChange, ...]
    settings: tuple[SettingChange, ...]


def diff(before: SessionConfig, after: SessionConfig) -> Difference:
    """What changes for users when `after` replaces `before`. Pure."""
    pairs = zip(explain(before).experiences, explain(after).experiences, strict=True)
    users = tuple(UserChange(one, other) for one, other in pairs if one.asked_after_s != other.asked_after_s)
    return Difference(users, tuple(_setting_changes(before, after)))


def _setting_changes(before: SessionConfig, after: SessionConfig) -> list[SettingChange]:
    changes = []
    for field in fields(SessionConfig):
        one, other = getattr(before, field.name), getattr(after, field.name)
        if not isinstance(one, Sourced):
            continue
        if one.value != other.value:
            changes.append(SettingChange(field.name, one, other, in_force=True))
        elif _overridden(one) != _overridden(other):
            changes.append(SettingChange(field.name, one, other, in_force=False))
    return changes


def _overridden(setting: Sourced[object]) -> object:
    return setting.overrides.value if setting.overrides else None
