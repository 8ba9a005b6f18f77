"""Tokens into clauses.

    query    = [or] ["order" "by" sort {"," sort}] end
    or       = and {("or" | "||" | "|") and}
    and      = not {("and" | "&&" | "&") not}
    not      = ("not" | "!") not | "(" or ")" | clause
    clause   = field operator operand
    operand  = "empty" | "null" | value | function "(" [argument {"," argument}] ")" | "(" operand {"," operand} ")"
    sort     = field ["asc" | "desc"]

By hand and not by a parsing library: the grammar is seven rules that one token of look-ahead decides, while what has
to be right to the letter are Jira's messages, which depend on where in a rule the wrong token stands. A generated
parser knows the set of tokens it could have taken, not which of Jira's sentences goes with it. Predictive descent also
needs no backtracking, so the time is linear in the length of the query; nesting is bounded because it recurses.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from node.issues.jql.clauses import (
    And,
    Call,
    Clause,
    Empty,
    Many,
    Not,
    Operand,
    Operator,
    Or,
    Query,
    Sort,
    Value,
    Where,
)
from node.issues.jql.errors import JqlError, syntax_error
from node.issues.jql.tokens import Kind, Token, tokenize

DEPTH_MAX = 64
"""Parentheses, lists and NOTs inside each other. Ours: nobody writes more, and the stack stays small."""

_OPERATORS = {operator.value: operator for operator in Operator}
_VALID_OPERATORS = (
    "The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'."
)
_NAMES = (Kind.WORD, Kind.QUOTED, Kind.NUMBER)


def parse(query: str) -> Query:
    """The clauses of a query; blank is everything. Raises JqlError with Jira's message and position."""
    return _Parser(tokenize(query)).query()


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _at_end(self) -> bool:
        return self._token.kind is Kind.END

    def _take(self) -> Token:
        token = self._token
        self._at += not self._at_end()
        return token

    def query(self) -> Query:
        where = None
        if not self._at_end() and not self._token.is_word("order"):
            where = self._or()
        order = self._order_by() if self._token.is_word("order") else ()
        if not self._at_end():
            raise _expecting(self._token, "either 'OR' or 'AND'")
        return Query(where, order)

    # Conditions

    def _or(self) -> Where:
        parts = [self._and()]
        while self._token.is_word("or") or self._token.is_symbol("||", "|"):
            self._take()
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _and(self) -> Where:
        parts = [self._not()]
        while self._token.is_word("and") or self._token.is_symbol("&&", "&"):
            self._take()
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _not(self) -> Where:
        if self._token.is_word("not") or self._token.is_symbol("!"):
            with self._deeper():
                self._take()
                return Not(self._not())
        if self._token.is_symbol("("):
            with self._deeper():
                self._take()
                inner = self._or()
                self._expect_symbol(")")
                return inner
        return self._clause()

    def _clause(self) -> Clause:
        return Clause(self._field(), self._operator(), self._operand())

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            problem = f"Parentheses, lists and NOT are nested more than {DEPTH_MAX} levels deep."
            raise syntax_error(problem, self._token.line, self._token.column)
        yield
        self._depth -= 1

    # Fields and operators

    def _field(self) -> str:
        token = self._take()
        if token.kind is Kind.END:
            raise syntax_error("Expecting a field name at the end of the query.")
        if token.is_word("cf"):
            return self._custom_field()
        if token.is_symbol("["):
            raise _at(token, "Expecting a field name but got '['. Did you mean 'cf['?")
        if token.kind not in _NAMES or token.is_keyword:
            raise _misplaced(token, "a field name", "a field name")
        if not token.text.strip():
            raise _at(token, "A field name cannot be empty.")
        return token.text

    def _custom_field(self) -> str:
        self._expect_symbol("[")
        number = self._take()
        if number.kind is not Kind.NUMBER or number.text.startswith("-"):
            raise _expecting(number, "a custom field id (a positive number)")
        self._expect_symbol("]")
        return f"cf[{number.text}]"

    def _operator(self) -> Operator:
        token = self._take()
        if token.is_word("not"):
            self._expect_word("in", "IN")
            return Operator.NOT_IN
        if token.is_word("is"):
            return self._is_or_is_not()
        if token.is_word("in") or (token.kind is Kind.SYMBOL and token.text in _OPERATORS):
            return _OPERATORS[token.text.lower()]
        if token.kind is Kind.END:
            raise syntax_error(f"Expecting operator before the end of the query. {_VALID_OPERATORS}")
        raise _at(token, f"Expecting operator but got '{token.raw}'. {_VALID_OPERATORS}")

    def _is_or_is_not(self) -> Operator:
        if self._token.is_symbol("!"):
            raise _expecting(self._token, "'NOT'")
        if not self._token.is_word("not"):
            return Operator.IS
        self._take()
        return Operator.IS_NOT

    # Operands

    def _operand(self) -> Operand:
        token = self._take()
        if token.is_word("empty", "null"):
            return Empty()
        if token.is_symbol("("):
            return self._list()
        if token.kind not in _NAMES or token.is_keyword:
            raise _misplaced(token, "either a value, list or function", "a value")
        if self._token.is_symbol("("):
            return self._call(token)
        return Value(token.text, number=token.kind is Kind.NUMBER)

    def _list(self) -> Many:
        with self._deeper():
            operands = [self._operand()]
            while self._token.is_symbol(","):
                self._take()
                operands.append(self._operand())
            self._expect_symbol(")")
        return Many(tuple(operands))

    def _call(self, name: Token) -> Call:
        if not name.text.strip():
            raise _at(name, "A function name cannot be empty.")
        self._expect_symbol("(")
        if self._at_end() or self._token.is_symbol(")", ","):
            self._expect_symbol(")")
            return Call(name.text)
        arguments = [self._argument()]
        while self._token.is_symbol(","):
            self._take()
            arguments.append(self._argument())
        if not self._at_end() and not self._token.is_symbol(")"):
            raise _expecting(self._token, "')' or ','")
        self._expect_symbol(")")
        return Call(name.text, tuple(arguments))

    def _argument(self) -> str:
        token = self._take()
        if token.kind is Kind.END:
            raise syntax_error("Expecting a function argument at the end of the query.")
        if token.is_symbol(")"):
            raise _at(token, "Function argument must be specified.")
        if token.kind not in _NAMES or token.is_keyword:
            raise _misplaced(token, "a function argument", "an argument")
        return token.text

    # ORDER BY

    def _order_by(self) -> tuple[Sort, ...]:
        self._take()
        self._expect_word("by", "by")
        sorts = [self._sort()]
        while self._token.is_symbol(","):
            self._take()
            sorts.append(self._sort())
        if not self._at_end():
            # The last field may still take a direction; once it has one, only another field can follow.
            raise _expecting(self._token, "either 'ASC' or 'DESC'" if sorts[-1].descending is None else "','")
        return tuple(sorts)

    def _sort(self) -> Sort:
        field = self._field()
        if not self._token.is_word("asc", "desc"):
            return Sort(field)
        return Sort(field, descending=self._take().is_word("desc"))

    # Expectations

    def _expect_symbol(self, symbol: str) -> None:
        token = self._take()
        if not token.is_symbol(symbol):
            raise _expecting(token, f"'{symbol}'")

    def _expect_word(self, word: str, shown: str) -> None:
        token = self._take()
        if not token.is_word(word):
            raise _expecting(token, f"'{shown}'")


def _expecting(token: Token, what: str) -> JqlError:
    if token.kind is Kind.END:
        return syntax_error(f"Expecting {what} before the end of the query.")
    return _at(token, f"Expecting {what} but got '{token.raw}'.")


def _misplaced(token: Token, what: str, role: str) -> JqlError:
    """The token would be fine in quotation marks."""
    if token.kind is Kind.END:
        return _expecting(token, what)
    advice = f"You must surround '{token.raw}' in quotation marks to use it as {role}."
    return _at(token, f"Expecting {what} but got '{token.raw}'. {advice}")


def _at(token: Token, problem: str) -> JqlError:
    return syntax_error(problem, token.line, token.column)
