"""The functions a query may call."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from node.issues.jql.clauses import Call
from node.issues.jql.errors import Unusable
from node.issues.jql.instants import Span, day_start, shifted_day_start
from node.issues.jql.scope import Scope


class Yields(Enum):
    """What a function gives; a field takes only what it is made of."""

    USERS = auto()
    INSTANT = auto()


@dataclass(frozen=True, slots=True)
class Function:
    """One function: how many arguments it takes, and whether it stands for a list (`IN`) or one value (`=`)."""

    name: str
    yields: Yields
    run: Callable[[tuple[str, ...], Scope], tuple[object, ...]]
    arguments_min: int = 0
    arguments_max: int = 0
    is_list: bool = False


def function_named(call: Call) -> Function:
    """The function that is called. Raises Unusable for an unknown one or a wrong number of arguments."""
    function = _BY_NAME.get(call.name.casefold())
    if function is None:
        raise Unusable(f"Unable to find JQL function '{call.name}()'.")
    received = len(call.arguments)
    if not function.arguments_min <= received <= function.arguments_max:
        expected = str(function.arguments_min)
        if function.arguments_max != function.arguments_min:
            expected += f"' to '{function.arguments_max}"
        raise Unusable(f"Function '{call.name}' expected '{expected}' arguments but received '{received}'.")
    return function


def _current_user(_arguments: tuple[str, ...], scope: Scope) -> tuple[object, ...]:
    """Nobody at all for an anonymous viewer: the clause then finds nothing, and no error says why."""
    return () if scope.viewer is None else (scope.viewer.user_key,)


def _members_of(arguments: tuple[str, ...], scope: Scope) -> tuple[object, ...]:
    members = scope.people.members(arguments[0])
    if members is None:
        raise Unusable(
            f"Function 'membersOf' can not generate a list of usernames for group '{arguments[0]}'; "
            "the group does not exist."
        )
    return tuple(sorted(members))


def _now(_arguments: tuple[str, ...], scope: Scope) -> tuple[object, ...]:
    return (Span.instant(scope.now_ms),)


def _start_of_day(arguments: tuple[str, ...], scope: Scope) -> tuple[object, ...]:
    at_ms = shifted_day_start(scope.now_ms, arguments[0]) if arguments else day_start(scope.now_ms)
    if at_ms is None:
        raise Unusable(
            "Duration for function 'startOfDay' should have the format (+/-)n(yMwdm), e.g -1M for 1 month earlier."
        )
    return (Span.instant(at_ms),)


FUNCTIONS = (
    Function("currentUser", Yields.USERS, _current_user),
    Function("membersOf", Yields.USERS, _members_of, 1, 1, is_list=True),
    Function("now", Yields.INSTANT, _now),
    Function("startOfDay", Yields.INSTANT, _start_of_day, 0, 1),
)
_BY_NAME = {function.name.casefold(): function for function in FUNCTIONS}
