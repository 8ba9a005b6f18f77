"""Clauses into a predicate over issues.

An issue without a value for a field fits neither `=` nor `!=`, neither `<` nor `>=`: only IS EMPTY finds it. That
also holds under NOT, because Jira pushes NOT down to the comparisons and turns each into its opposite. So a query is
true, false or neither for an issue, and finds only those for which it is true.

Everything that is wrong with a query is found before the first issue is looked at, and reported together.
"""

from collections.abc import Callable, Iterator

from node.issues.jql.clauses import And, Call, Clause, Empty, Many, Not, Operand, Operator, Value, Where
from node.issues.jql.errors import Unusable
from node.issues.jql.fields import Field, field_named
from node.issues.jql.functions import function_named
from node.issues.jql.kinds import OrderedKind
from node.issues.jql.printing import show
from node.issues.jql.scope import Scope
from node.issues.model import Issue

Predicate = Callable[[Issue], bool]
Targets = list[object | None]

_NEGATIVE = frozenset({Operator.NOT_EQUALS, Operator.NOT_IN, Operator.IS_NOT, Operator.NOT_LIKE})


def compile_where(where: Where | None, scope: Scope) -> tuple[Predicate, list[str]]:
    """The predicate, and what is wrong with the query, in Jira's words.

    The predicate can be used all the same: a wrong clause finds nothing, a value that does not exist is left out.
    """
    if where is None:
        return _everything, []
    problems: dict[str, None] = {}
    predicate = _Compiler(scope, problems).build(where, negated=False)
    return predicate, list(problems)


class _Compiler:
    def __init__(self, scope: Scope, problems: dict[str, None]) -> None:
        self._scope = scope
        self._problems = problems

    def build(self, where: Where, *, negated: bool) -> Predicate:
        if isinstance(where, Not):
            return self.build(where.part, negated=not negated)
        if isinstance(where, Clause):
            return self._checked(where, where.operator.opposite if negated else where.operator)
        parts = tuple(self.build(part, negated=negated) for part in where.parts)
        # De Morgan: not (a and b) is (not a) or (not b).
        return _all_of(parts) if isinstance(where, And) is not negated else _any_of(parts)

    def _checked(self, clause: Clause, operator: Operator) -> Predicate:
        """Checks the clause as it is written, and builds it with the operator that is meant."""
        try:
            field = _field_of(clause)
            _check_operand(clause)
            _check_support(clause, field)
        except Unusable as problem:
            self._problems[str(problem)] = None
            return _nothing
        return _comparison(field, operator, list(self._targets(clause.operand, field, clause.field)))

    def _targets(self, operand: Operand, field: Field, name: str) -> Iterator[object | None]:
        """The operand's targets; each value that has none is a problem of its own."""
        if isinstance(operand, Many):
            for one in operand.operands:
                yield from self._targets(one, field, name)
            return
        try:
            yield from _resolved(operand, field, name, self._scope)
        except Unusable as problem:
            self._problems[str(problem)] = None


def _resolved(operand: Value | Call | Empty, field: Field, name: str, scope: Scope) -> Targets:
    if isinstance(operand, Empty):
        return [None]
    if isinstance(operand, Value):
        return field.kind.targets(operand, name, scope)
    function = function_named(operand)
    if function.yields is not field.kind.takes:
        raise Unusable(field.kind.wrong_function(operand.name, name))
    return [field.kind.from_function(result) for result in function.run(operand.arguments, scope)]


# Checks


def _field_of(clause: Clause) -> Field:
    field = field_named(clause.field)
    if field is None:
        raise Unusable(f"Field '{clause.field}' does not exist or you do not have permission to view it.")
    return field


def _check_operand(clause: Clause) -> None:
    """Lists belong to IN, EMPTY to IS, single values to the rest; `=` and `~` take EMPTY too."""
    operator, operand, field = clause.operator, clause.operand, clause.field
    if operator in (Operator.IS, Operator.IS_NOT):
        if not isinstance(operand, Empty):
            raise Unusable(
                f"Operator '{operator}' does not support searching for non-empty values for field '{field}'."
            )
        return
    wants_list = operator in (Operator.IN, Operator.NOT_IN)
    if isinstance(operand, Empty):
        if wants_list or operator.relational:
            raise Unusable(
                f"Operator '{operator}' does not support the empty value representation 'EMPTY' for field '{field}'."
            )
        return
    if _is_list(operand) is not wants_list:
        what = "non-list" if wants_list else "list"
        raise Unusable(
            f"Operator '{operator}' does not support the {what} value '{show(operand)}' for field '{field}'."
        )


def _is_list(operand: Operand) -> bool:
    return isinstance(operand, Many) or (isinstance(operand, Call) and function_named(operand).is_list)


def _check_support(clause: Clause, field: Field) -> None:
    if clause.operator not in field.kind.operators:
        raise Unusable(f"The operator '{clause.operator}' is not supported by the '{clause.field}' field.")
    if not field.may_be_empty and _mentions_empty(clause.operand):
        raise Unusable(f"The field '{clause.field}' does not support searching for EMPTY values.")


def _mentions_empty(operand: Operand) -> bool:
    if isinstance(operand, Many):
        return any(_mentions_empty(one) for one in operand.operands)
    return isinstance(operand, Empty)


# Predicates


def _everything(_issue: Issue) -> bool:
    return True


def _nothing(_issue: Issue) -> bool:
    return False


def _all_of(parts: tuple[Predicate, ...]) -> Predicate:
    return lambda issue: all(part(issue) for part in parts)


def _any_of(parts: tuple[Predicate, ...]) -> Predicate:
    return lambda issue: any(part(issue) for part in parts)


def _comparison(field: Field, operator: Operator, targets: Targets) -> Predicate:
    if not targets:
        return _nothing
    if operator.relational:
        return _relation(field, operator, targets[0])
    if operator in _NEGATIVE:
        return _is_none_of(field, targets)
    return _is_any_of(field, targets)


def _is_any_of(field: Field, targets: Targets) -> Predicate:
    values, equal, wanted = field.values, field.kind.equal, [target for target in targets if target is not None]
    finds_empty = None in targets

    def holds(issue: Issue) -> bool:
        given = values(issue)
        return any(equal(value, target) for value in given for target in wanted) if given else finds_empty

    return holds


def _is_none_of(field: Field, targets: Targets) -> Predicate:
    values, equal, unwanted = field.values, field.kind.equal, [target for target in targets if target is not None]

    def holds(issue: Issue) -> bool:
        given = values(issue)
        return bool(given) and not any(equal(value, target) for value in given for target in unwanted)

    return holds


def _relation(field: Field, operator: Operator, target: object) -> Predicate:
    assert isinstance(field.kind, OrderedKind)
    values, compare, test = field.values, field.kind.compare, _RELATIONS[operator]

    def holds(issue: Issue) -> bool:
        order = (compare(value, target) for value in values(issue))
        return any(test(one) for one in order if one is not None)

    return holds


_RELATIONS: dict[Operator, Callable[[int], bool]] = {
    Operator.LESS: lambda order: order < 0,
    Operator.LESS_OR_EQUAL: lambda order: order <= 0,
    Operator.GREATER: lambda order: order > 0,
    Operator.GREATER_OR_EQUAL: lambda order: order >= 0,
}
