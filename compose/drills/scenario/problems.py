"""What is wrong with a drill file, in words: file, line, what was found, and the nearest right word."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from compose.drills.scenario.drill import Drill
from compose.drills.scenario.source import Loc, Source
from compose.nearest import nearest

_FOREIGN = {
    "sim": "policy",
    "policy": "real",
    "real": "policy",
    "wall": "real",
    "stream": "queue",
    "node-queue": "queue",
    "redis-pubsub": "pubsub",
    "any": "round-robin",
}
"""Words of other tools and of older drafts, and what they are called here."""


def problems_of(error: ValidationError, source: Source) -> list[str]:
    """One line each, in the order of the file. A union that no member fits tells the member that came nearest."""
    details = list(_nearest_members(error.errors(include_url=False)))
    misspelt = {_meant_instead(detail) for detail in details if detail["type"] == "extra_forbidden"}
    details = [detail for detail in details if detail["type"] != "missing" or _place(detail) not in misspelt]
    found = {_place(detail): f"{source.at(_place(detail))}: {_words(detail)}" for detail in details}
    return [found[loc] for loc in sorted(found, key=lambda loc: (source.line_of(loc) or 0, str(loc)))]


def _nearest_members(details: list[ErrorDetails]) -> Iterator[ErrorDetails]:
    """pydantic reports every member of a union; a value that is a mapping was surely not meant as the plain one."""
    seen: dict[Loc, ErrorDetails] = {}
    for detail in details:
        loc = _place(detail)
        before = seen.get(loc)
        if before is None or (_is_about_kind(before) and not _is_about_kind(detail)):
            seen[loc] = detail
    for loc, detail in seen.items():
        deeper = any(other != loc and other[: len(loc)] == loc for other in seen)
        if not (deeper and _is_about_kind(detail)):
            yield detail


def _is_about_kind(detail: ErrorDetails) -> bool:
    """Says that the value is of another kind altogether, a word instead of a mapping, say."""
    is_word_wanted = detail["type"] in ("literal_error", "enum") and isinstance(detail["input"], dict | list)
    return detail["type"].endswith("_type") or is_word_wanted


def _place(detail: ErrorDetails) -> Loc:
    """Without the names of union members, which are pydantic's and stand in no file."""
    return tuple(part for part in detail["loc"] if not (isinstance(part, str) and _is_member(part)))


def _is_member(part: str) -> bool:
    return part.startswith(("_Real", "_Policy", "function-", "tuple[", "literal[", "list[", "dict[")) or part in (
        "float",
        "str",
        "int",
    )


def _words(detail: ErrorDetails) -> str:
    message = detail["msg"].removeprefix("Value error, ")
    given = detail["input"]
    match detail["type"]:
        case "extra_forbidden":
            return _unknown_key(detail)
        case "missing":
            return "is missing"
        case "enum" | "literal_error":
            expected = _expected(detail)
            word = _meant(str(given), expected)
            hint = f"did you mean {word}?" if word else f"there are {', '.join(expected)}"
            return f"{given!r} is not one of them; {hint}"
    shown = "" if isinstance(given, dict | list) else f" (found: {given!r})"
    return f"{message[0].lower()}{message[1:]}{shown}"


def _meant_instead(detail: ErrorDetails) -> Loc:
    """The place of the key that was probably meant; it is not missing as well."""
    *around, key = _place(detail)
    return (*around, _meant(str(key), _keys_at(tuple(around))) or "")


def _unknown_key(detail: ErrorDetails) -> str:
    loc = _place(detail)
    known = _keys_at(loc[:-1])
    word = _meant(str(loc[-1]), known)
    hint = f"did you mean {word}?" if word else f"there are {', '.join(known)}" if known else "remove it"
    return f"is no key of a drill here; {hint}"


def _meant(word: str, known: list[str]) -> str | None:
    foreign = _FOREIGN.get(word)
    return foreign if foreign in known else nearest(word, known)


def _expected(detail: ErrorDetails) -> list[str]:
    text = str(detail.get("ctx", {}).get("expected", ""))
    return [word.strip().strip("'") for word in text.replace(" or ", ", ").split(",") if word.strip()]


@cache
def _schema() -> dict[str, Any]:
    return Drill.model_json_schema()


def _keys_at(loc: Loc) -> list[str]:
    """Which keys may stand at that place of a drill, by its JSON Schema."""
    places = [_schema()]
    for part in loc:
        places = [inner for place in places for inner in _inside(place, part)]
    keys = (key for place in places for option in _options(place) for key in option.get("properties", {}))
    return list(dict.fromkeys(keys))


def _inside(place: dict[str, Any], part: str | int) -> Iterator[dict[str, Any]]:
    for option in _options(place):
        if isinstance(part, int):
            if isinstance(option.get("items"), dict):
                yield option["items"]
        elif part in option.get("properties", {}):
            yield option["properties"][part]
        else:
            yield from option.get("patternProperties", {}).values()
            if isinstance(option.get("additionalProperties"), dict):
                yield option["additionalProperties"]


def _options(place: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a reference or a union stands for."""
    if "$ref" in place:
        yield from _options(_schema()["$defs"][place["$ref"].rpartition("/")[2]])
    for word in ("anyOf", "oneOf", "allOf"):
        for option in place.get(word, ()):
            yield from _options(option)
    yield place
