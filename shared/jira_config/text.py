"""Explanations and differences as plain text and as data for JSON."""

from dataclasses import fields
from itertools import groupby

from shared.jira_config.difference import Difference, SettingChange, UserChange
from shared.jira_config.experience import Experience, Explanation
from shared.jira_config.session_config import SessionConfig
from shared.jira_config.sourced import Source, Sourced


def explanation_text(explanation: Explanation) -> str:
    """The explanation as lines of plain text: people first, then the numbered settings that decided, then remarks."""
    deciding = _deciding(explanation)
    lines: list[str] = []
    for audience, group in groupby(explanation.experiences, lambda one: one.audience):
        lines += [f"Somebody {audience} who", *(_experience_line(one, list(deciding)) for one in group), ""]
    lines += ["Decided by"]
    lines += [f"  [{number}] {name} = {_shown(value)}" for number, (name, value) in enumerate(deciding.items(), 1)]
    lines += ["", "Good to know", *(f"  {note}" for note in explanation.notes)]
    return "\n".join(lines)


def difference_text(difference: Difference) -> str:
    """The difference as lines of plain text; says so when users notice nothing."""
    lines = ["Users notice" if difference.users else "Users notice nothing."]
    for change in difference.users:
        lines += [f"  Somebody {change.before.audience} who {change.before.situation}"]
        lines += [f"    before: {change.before.says}", f"    after:  {change.after.says}  ({change.direction})"]
    lines += ["", "Settings changed" if difference.settings else "No setting changed."]
    for setting in difference.settings:
        lines += [f"  {line}" for line in _change_lines(setting)]
    return "\n".join(lines)


def explanation_data(explanation: Explanation) -> dict[str, object]:
    """The explanation as JSON-ready data, its kinds as names in small letters, for scripts.

    Durations are in seconds; null is never, 0 is at the next request.
    """
    return {
        "users": [_experience_data(one) for one in explanation.experiences],
        "settings": {name: _sourced_data(value) for name, value in _settings(explanation.config)},
        "remember_me_overflow": explanation.config.remember_me_overflow,
        "notes": list(explanation.notes),
    }


def difference_data(difference: Difference) -> dict[str, object]:
    """The difference as JSON-ready data."""
    return {
        "users": [_user_change_data(change) for change in difference.users],
        "settings": [
            {
                "setting": change.setting,
                "in_force": change.in_force,
                "before": _sourced_data(change.before),
                "after": _sourced_data(change.after),
            }
            for change in difference.settings
        ],
    }


def _deciding(explanation: Explanation) -> dict[str, Sourced[object]]:
    """The settings that some experience names, in the order of the configuration."""
    named = {name for one in explanation.experiences for name in one.decided_by}
    return {name: value for name, value in _settings(explanation.config) if name in named}


def _experience_line(one: Experience, deciding: list[str]) -> str:
    marks = "".join(f" [{deciding.index(name) + 1}]" for name in one.decided_by)
    return f"  {one.situation}: {one.says}{marks}"


def _change_lines(change: SettingChange) -> list[str]:
    if not change.in_force:
        return [f"{change.setting}: only a value that has no effect changed; {_shown(change.after)} stays in force"]
    return [change.setting, f"  before: {_shown(change.before)}", f"  after:  {_shown(change.after)}"]


def _shown(setting: Sourced[object]) -> str:
    text = f"{_plain(setting.value)}, from {setting.source}"
    if setting.overrides is not None:
        text += f"; wins over {_plain(setting.overrides.value)}, from {setting.overrides.source}"
    return text


def _plain(value: object) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value) or "none"
    return str(value)


def _settings(config: SessionConfig) -> list[tuple[str, Sourced[object]]]:
    pairs = [(field.name, getattr(config, field.name)) for field in fields(SessionConfig)]
    return [(name, value) for name, value in pairs if isinstance(value, Sourced)]


def _experience_data(one: Experience) -> dict[str, object]:
    return {
        "who": one.audience.name.lower(),
        "situation": one.situation.name.lower(),
        "asked_after_s": one.asked_after_s,
        "says": one.says,
        "decided_by": list(one.decided_by),
    }


def _user_change_data(change: UserChange) -> dict[str, object]:
    return {
        "who": change.before.audience.name.lower(),
        "situation": change.before.situation.name.lower(),
        "asked": change.direction,
        "before": _experience_data(change.before),
        "after": _experience_data(change.after),
    }


def _sourced_data(setting: Sourced[object]) -> dict[str, object]:
    overrides = setting.overrides
    return {
        "value": setting.value,
        "source": _source_data(setting.source),
        "overrides": None if overrides is None else _sourced_data(overrides),
    }


def _source_data(source: Source) -> dict[str, object]:
    return {"origin": source.origin.name.lower(), "element": source.element, "file": source.file, "line": source.line}
