"""Clauses back into text that parses to the same clauses."""

from node.issues.jql.clauses import And, Call, Clause, Empty, Many, Not, Operand, Or, Query, Sort, Value, Where
from node.issues.jql.words import quoted


def to_jql(query: Query) -> str:
    """The query as JQL, with every name and text quoted and every group in parentheses."""
    parts = [] if query.where is None else [_where(query.where)]
    if query.order:
        parts.append("ORDER BY " + ", ".join(_sort(sort) for sort in query.order))
    return " ".join(parts)


def show(operand: Operand) -> str:
    """An operand as Jira's messages show it."""
    if isinstance(operand, Value):
        return operand.text if operand.number else quoted(operand.text)
    if isinstance(operand, Call):
        return f"{operand.name}({', '.join(operand.arguments)})"
    if isinstance(operand, Many):
        return f"({', '.join(show(one) for one in operand.operands)})"
    return "EMPTY"


def _where(where: Where) -> str:
    if isinstance(where, Clause):
        return f"{_field(where.field)} {where.operator.upper()} {_operand(where.operand)}"
    if isinstance(where, Not):
        return f"NOT {_group(where.part)}"
    word = " AND " if isinstance(where, And) else " OR "
    return word.join(_group(part) for part in where.parts)


def _group(where: Where) -> str:
    return f"({_where(where)})" if isinstance(where, And | Or) else _where(where)


def _operand(operand: Operand) -> str:
    if isinstance(operand, Call):
        return f"{quoted(operand.name)}({', '.join(quoted(argument) for argument in operand.arguments)})"
    if isinstance(operand, Many):
        return f"({', '.join(_operand(one) for one in operand.operands)})"
    return "EMPTY" if isinstance(operand, Empty) else show(operand)


def _sort(sort: Sort) -> str:
    direction = {None: "", False: " ASC", True: " DESC"}[sort.descending]
    return f"{_field(sort.field)}{direction}"


def _field(field: str) -> str:
    return field if field.startswith("cf[") else quoted(field)
