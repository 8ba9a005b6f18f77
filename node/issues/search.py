"""One search: its parameters, checked, and the page they give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from node.issues.jql.errors import JqlError
from node.issues.jql.evaluate import compile_where
from node.issues.jql.ordering import ordered, sort_problems
from node.issues.jql.parser import parse
from node.issues.jql.scope import Scope
from node.issues.model import Issue
from shared.errors import CallerError

PAGE_DEFAULT = 50
PAGE_MAX = 1000
"""Issues on a page, as Jira delivers them unless its administrator says otherwise (jira.search.views.default.max)."""

NAVIGABLE = "*navigable"
_VALIDATE = {"true": True, "strict": True, "false": False, "none": False, "warn": False}


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is asked for. `max_results` is already bounded; `fields` selects as `field_list.selected` reads it."""

    jql: str = ""
    start_at: int = 0
    max_results: int = PAGE_DEFAULT
    fields: tuple[str, ...] = (NAVIGABLE,)
    validate: bool = True

    @classmethod
    def from_query(cls, query: Mapping[str, str], fields: Sequence[str] = ()) -> "SearchRequest":
        """Of a GET; `fields` are all values of that parameter. Raises CallerError 400 naming the wrong parameter."""
        return cls(
            jql=query.get("jql", ""),
            start_at=_count("startAt", query.get("startAt", "0")),
            max_results=min(PAGE_MAX, _count("maxResults", query.get("maxResults", str(PAGE_DEFAULT)))),
            fields=_names(fields) or (NAVIGABLE,),
            validate=_validation(query.get("validateQuery", "true")),
        )

    @classmethod
    def from_body(cls, body: Mapping[str, object]) -> "SearchRequest":
        """Of a POST. Raises CallerError 400 naming the wrong member; null counts as left out."""
        given = {name: value for name, value in body.items() if value is not None}
        jql, fields = given.get("jql", ""), given.get("fields", [])
        if not isinstance(jql, str):
            raise CallerError(400, "The value of 'jql' must be a string.")
        if not isinstance(fields, list) or not all(isinstance(name, str) for name in fields):
            raise CallerError(400, "The value of 'fields' must be an array of strings.")
        return cls(
            jql=jql,
            start_at=_count("startAt", given.get("startAt", 0)),
            max_results=min(PAGE_MAX, _count("maxResults", given.get("maxResults", PAGE_DEFAULT))),
            fields=_names(fields) or (NAVIGABLE,),
            validate=_validation(given.get("validateQuery", True)),
        )


@dataclass(frozen=True, slots=True)
class SearchPage:
    """What was found. `warnings` is empty unless the request asked not to be validated."""

    request: SearchRequest
    total: int
    issues: tuple[Issue, ...]
    warnings: tuple[str, ...] = ()


def search(request: SearchRequest, scope: Scope) -> SearchPage:
    """The page of issues the viewer may see and the query finds.

    Raises JqlError for a query that does not parse, and for one that names what is not there unless the request says
    not to validate; then those are warnings.
    """
    query = parse(request.jql)
    matches, problems = compile_where(query.where, scope)
    problems += sort_problems(query.order)
    if problems and request.validate:
        raise JqlError(*problems)
    found = ordered(filter(matches, scope.issues), query.order, scope)
    page = found[request.start_at : request.start_at + request.max_results]
    return SearchPage(request, len(found), tuple(page), tuple(problems))


def _count(name: str, value: object) -> int:
    text = str(value)
    if isinstance(value, bool | float) or not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise CallerError(400, f"The value '{text[:50]}' of '{name}' is not a whole number from 0 to 999999999.")
    return int(text)


def _validation(value: object) -> bool:
    text = str(value).lower()
    if text not in _VALIDATE:
        raise CallerError(400, f"The value '{text[:50]}' of 'validateQuery' is not one of {', '.join(_VALIDATE)}.")
    return _VALIDATE[text]


def _names(fields: Sequence[str]) -> tuple[str, ...]:
    """Jira takes several names with commas between them in one value, and several values."""
    return tuple(name.strip() for value in fields for name in value.split(",") if name.strip())
