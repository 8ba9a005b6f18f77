"""Reading what a caller sent, with one clear refusal for anything that is not what the resource takes."""

import json
from typing import Any

from node.request import Request
from node.store.engine import is_storable
from shared.errors import CallerError

JSON_TYPES = frozenset({"application/json", "application/x-json", ""})
TEXT_MAX = 255
PASSWORD_MAX = 1024


async def json_body(request: Request) -> dict[str, Any]:
    """The body as a JSON object. Raises CallerError 415 for another content type and 400 for another body."""
    declared = request.headers.get("Content-Type", "")
    if declared and request.content_type not in JSON_TYPES:
        raise CallerError(415, f"Content type '{request.content_type}' is not supported; send application/json")
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise CallerError(400, f"The request body is not valid JSON: {error}") from error
    if not isinstance(body, dict):
        raise CallerError(400, "The request body must be a JSON object")
    return body


def text_field(body: dict[str, Any], name: str, *, limit: int = TEXT_MAX) -> str:
    """A required, non-blank text. Raises CallerError 400 naming the field."""
    value = optional_text(body, name, limit=limit)
    if value is None or not value.strip():
        raise CallerError(400, fields={name: f"You must specify a value for '{name}'."})
    return value


def optional_text(body: dict[str, Any], name: str, *, limit: int = TEXT_MAX) -> str | None:
    """A text or None. Raises CallerError 400 for another type, an over-long text, or one no database can hold."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise CallerError(400, fields={name: f"'{name}' must be a text, not {type(value).__name__}."})
    if len(value) > limit:
        raise CallerError(400, fields={name: f"'{name}' must not exceed {limit} characters."})
    if not is_storable(value):
        raise CallerError(400, fields={name: f"'{name}' contains characters that are not allowed."})
    return value


def optional_flag(body: dict[str, Any], name: str) -> bool | None:
    """A boolean or None; the texts "true" and "false" count, since a client library sends them."""
    value = body.get(name)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if value is None or isinstance(value, bool):
        return value
    raise CallerError(400, fields={name: f"'{name}' must be true or false."})


def whole_number(text: str | None, name: str, *, default: int, least: int = 0, most: int = 2**31 - 1) -> int:
    """A query parameter as a number. Raises CallerError 400 for anything else."""
    if text is None or text == "":
        return default
    try:
        number = int(text)
    except ValueError:
        raise CallerError(400, f"'{name}' must be a whole number, not '{text[:40]}'.") from None
    if not least <= number <= most:
        raise CallerError(400, f"'{name}' must be between {least} and {most}.")
    return number
