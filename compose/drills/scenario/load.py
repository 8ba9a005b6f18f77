"""From a drill file to the drills that are run: one for each variant, variables and overrides filled in."""

import copy
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from compose.drills.scenario.drill import ONLY, Drill
from compose.drills.scenario.problems import problems_of
from compose.drills.scenario.source import Loc, Source, dotted, parse_value, read_source
from compose.nearest import nearest, unknown_word
from shared.errors import OperatorError

_VARIABLE = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True)
class LoadedDrill:
    """A drill file that can be used. `variants` are whole drills, in the order of the file; `settings` are what was
    set beside it, and what the environment, or else a default, said of the variables that ask it: with them the file
    becomes the same drill anywhere."""

    source: Source
    drill: Drill
    variants: Mapping[str, Drill]
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What people call it: the file's name without its ending."""
        return self.source.path.stem

    @property
    def seed(self) -> int:
        return self.drill.configuration.seed


def load_drill(path: Path, *, settings: Mapping[str, str] | None = None) -> LoadedDrill:
    """`settings` come from `--set`: a variable or `seed`, or the path of any value, such as `cluster.nodes.count`.

    Raises OperatorError that tells all problems together, each with its line and, where there is one, the nearest right
    word.
    """
    return loaded(read_source(path), settings=settings)


def loaded(source: Source, *, settings: Mapping[str, str] | None = None) -> LoadedDrill:
    values = copy.deepcopy(source.values)
    for name, text in (settings or {}).items():
        _set(values, name, _parsed(name, text))
    found = _from_environment(values, source)
    drill = _valid(_filled(values, source), source)
    variants = {ONLY: drill}
    if drill.variants:
        variants = {
            name: _valid(_filled(_overridden(values, name, changes, source), source), source, variant=name)
            for name, changes in values["variants"].items()
        }
    return LoadedDrill(source, drill, variants, {**found, **(settings or {})})


def _valid(values: dict[str, Any], source: Source, *, variant: str | None = None) -> Drill:
    try:
        return Drill.model_validate(values)
    except ValidationError as error:
        found = problems_of(error, source)
    said = "" if variant is None else f"variant {variant!r}: "
    raise OperatorError(
        f"{source.path} is no drill that can be run:\n" + "\n".join(f"  {said}{line}" for line in found)
    )


def _parsed(name: str, text: str) -> Any:
    return text if re.fullmatch(r"\d+\.\d+", text) else parse_value(text, f"--set {name}", {})


def _set(values: dict[str, Any], name: str, value: Any) -> None:
    configuration = values.setdefault("configuration", {})
    if "." not in name:
        known = ["seed", *configuration] if isinstance(configuration, dict) else ["seed"]
        if name not in known:
            raise OperatorError(f"--set {name}: " + unknown_word(name, list(dict.fromkeys(known)), kind="variable"))
        configuration[name] = value
        return
    try:
        _put(values, name.split("."), value)
    except _NoSuchPlace as error:
        raise OperatorError(f"--set {name}: {error}") from error


def _filled(values: dict[str, Any], source: Source) -> dict[str, Any]:
    """With every `${name}` replaced by the variable's value; one that stands alone keeps the value's kind."""
    configuration = values.get("configuration") or {}
    if not isinstance(configuration, dict):
        return values
    variables = dict(configuration)

    def fill(value: Any, loc: Loc) -> Any:
        if isinstance(value, dict):
            return {key: fill(item, (*loc, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [fill(item, (*loc, place)) for place, item in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        for name in _VARIABLE.findall(value):
            if name not in variables:
                raise OperatorError(f"{source.at(loc)}: " + unknown_word(name, list(variables), kind="variable"))
        alone = _VARIABLE.fullmatch(value)
        if alone:
            return variables[alone[1]]
        return _VARIABLE.sub(lambda match: str(variables[match[1]]), value)

    return {key: fill(value, (key,)) for key, value in (values | {"configuration": variables}).items()}


def _from_environment(values: dict[str, Any], source: Source) -> dict[str, str]:
    """Puts what the environment says in the place of the variables that ask it; and returns that, as settings."""
    configuration = values.get("configuration")
    if not isinstance(configuration, dict):
        return {}
    found = {}
    for name, value in configuration.items():
        if isinstance(value, dict):
            configuration[name] = said = _asked(value, source, name)
            found[name] = str(said) if isinstance(said, float) else json.dumps(said, default=str)
    return found


def _asked(value: dict[str, Any], source: Source, name: str) -> Any:
    """`{type: env, key: NAME, default: ...}` is what the environment says."""
    loc = ("configuration", name)
    if value.get("type") != "env" or not isinstance(value.get("key"), str) or set(value) - {"type", "key", "default"}:
        raise OperatorError(
            f"{source.at(loc)}: a variable is a plain value, or {{type: env, key: NAME, default: value}}"
        )
    found = os.environ.get(value["key"], value.get("default"))
    if found is None:
        raise OperatorError(f"{source.at(loc)}: {value['key']} is not set in the environment, and there is no default")
    return found


class _NoSuchPlace(Exception):
    """A path leads nowhere; the message says where it ends and what there is."""


def _overridden(base: dict[str, Any], name: str, changes: Mapping[str, Any], source: Source) -> dict[str, Any]:
    values = copy.deepcopy(base)
    for path, value in changes.items():
        try:
            _put(values, path.split("."), value)
        except _NoSuchPlace as error:
            raise OperatorError(f"{source.at(('variants', name, path))}: {error}") from error
    return values


def _put(values: Any, path: Sequence[str], value: Any) -> None:
    """Sets what the path names. A step or an expectation of a list is named by its `id`, or counted from 1. Mappings
    that do not stand in the file yet are made; whether the keys are right is for the model to say."""
    *way, last = path
    place = values
    for depth, part in enumerate(way):
        place = _into(place, part, dotted(path[: depth + 1]))
    if isinstance(place, list):
        place[_index(place, last, dotted(path))] = value
    elif isinstance(place, dict):
        place[last] = value
    else:
        raise _NoSuchPlace(f"{dotted(way)} is a single value and has no {last!r}")


def _into(place: Any, part: str, so_far: str) -> Any:
    if isinstance(place, list):
        return _named_step(place[_index(place, part, so_far)])
    if not isinstance(place, dict):
        raise _NoSuchPlace(f"{so_far} is inside a single value")
    if place.get(part) is None:
        place[part] = {}
    return place[part]


def _named_step(item: Any) -> Any:
    """`method.roll.order` means the order of the rolling restart, not of the step around it."""
    if isinstance(item, dict):
        inner = [key for key in ("rolling-restart", "rolling-upgrade") if isinstance(item.get(key), dict)]
        if len(inner) == 1:
            return item[inner[0]]
    return item


def _index(items: list[Any], part: str, so_far: str) -> int:
    names = [str(item.get("id")) if isinstance(item, dict) and "id" in item else "" for item in items]
    if part in names:
        return names.index(part)
    places = [str(place) for place in range(1, len(items) + 1)]
    if part in places:
        return places.index(part)
    close = nearest(part, [name for name in names if name])
    hint = f"did you mean {close}?" if close else f"give an id, or 1 to {len(items)}"
    raise _NoSuchPlace(f"{so_far} is not there; {hint}")
