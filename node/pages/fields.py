"""Reading a page's form: one clear refusal for a field that cannot be used."""

from collections.abc import Mapping

from node.rest.arguments import TEXT_MAX, text_field
from shared.errors import CallerError

PASSWORD_FIELD = "password"
CONFIRM_FIELD = "confirm"


def form_text(form: Mapping[str, str], name: str, *, limit: int = TEXT_MAX) -> str:
    """A required text. Raises CallerError 400 saying what is missing or wrong."""
    return text_field(dict(form), name, limit=limit)


def same_twice(form: Mapping[str, str], name: str, again: str, *, limit: int) -> str:
    """A text typed twice. Raises CallerError 400 when the two differ."""
    text = form_text(form, name, limit=limit)
    if form.get(again) != text:
        raise CallerError(400, fields={again: "The two passwords are not the same."})
    return text


def require_tick(form: Mapping[str, str], name: str) -> None:
    """Raises CallerError 400 unless the box was ticked that says the user means it."""
    if form.get(name) != "true":
        raise CallerError(400, fields={name: "Tick the box to confirm; nothing was changed."})
