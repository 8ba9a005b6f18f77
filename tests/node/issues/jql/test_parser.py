"""What parses, how it groups, and Jira's sentence for what does not parse."""

import pytest

from node.issues.jql.clauses import And, Call, Clause, Empty, Many, Not, Operator, Or, Query, Sort, Value
from node.issues.jql.errors import JqlError
from node.issues.jql.parser import DEPTH_MAX, parse
from node.issues.jql.tokens import LENGTH_MAX

OPERATORS = "The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'."
ESCAPES = "The valid escape sequences are \\', \\\", \\t, \\n, \\r, \\\\, '\\ ' and \\uXXXX."
RANGE = "Numbers must be between -9,223,372,036,854,775,808 and 9,223,372,036,854,775,807."


def is_(field, text="1", operator=Operator.EQUALS):
    return Clause(field, operator, Value(text, number=text.isdigit()))


A, B, C = is_("a"), is_("b"), is_("c")


def refusal(jql):
    with pytest.raises(JqlError) as caught:
        parse(jql)
    assert caught.value.status == 400
    (message,) = caught.value.messages
    assert message.startswith("Error in the JQL Query: ")
    return message.removeprefix("Error in the JQL Query: ")


@pytest.mark.parametrize(
    ("jql", "where"),
    [
        ("a=1 OR b=1 AND c=1", Or((A, And((B, C))))),
        ("a=1 AND b=1 OR c=1", Or((And((A, B)), C))),
        ("(a=1 OR b=1) AND c=1", And((Or((A, B)), C))),
        ("NOT a=1 AND b=1", And((Not(A), B))),
        ("NOT (a=1 AND b=1)", Not(And((A, B)))),
        ("!a=1 && !(b=1 || c=1)", And((Not(A), Not(Or((B, C)))))),
        ("a=1 & b=1 | c=1", Or((And((A, B)), C))),
        ("not not a=1", Not(Not(A))),
        ("((a=1))", A),
        ("a=1 and b=1 and c=1", And((A, B, C))),
        ("A=1 aNd a = 1", And((is_("A"), A))),
    ],
)
def test_precedence(jql, where):
    """NOT binds closest, then AND, then OR; parentheses override; symbols and words mean the same."""
    assert parse(jql) == Query(where)


@pytest.mark.parametrize(
    ("jql", "operator"),
    [
        ("a = x", Operator.EQUALS),
        ("a != x", Operator.NOT_EQUALS),
        ("a<x", Operator.LESS),
        ("a>x", Operator.GREATER),
        ("a<=x", Operator.LESS_OR_EQUAL),
        ("a>=x", Operator.GREATER_OR_EQUAL),
        ("a~x", Operator.LIKE),
        ("a!~x", Operator.NOT_LIKE),
        ("a in x", Operator.IN),
        ("a NOT  IN x", Operator.NOT_IN),
        ("a Is x", Operator.IS),
        ("a is not x", Operator.IS_NOT),
    ],
)
def test_operators(jql, operator):
    """Every operator parses in any case and with any blanks."""
    assert parse(jql) == Query(is_("a", "x", operator))


@pytest.mark.parametrize(
    ("jql", "operand"),
    [
        ("a = word", Value("word")),
        ("a = 'single'", Value("single")),
        ('a = "dou\\"ble"', Value('dou"ble')),
        ("a = 'it\\'s'", Value("it's")),
        ("a = two\\ words", Value("two words")),
        ("a = caf\\u00e9", Value("café")),
        ("a = '\\t\\n\\r\\\\'", Value("\t\n\r\\")),
        ("a = 'line\nend'", Value("line\nend")),
        ("a = 12", Value("12", number=True)),
        ("a = -12", Value("-12", number=True)),
        ("a = '12'", Value("12")),
        ("a = -1w", Value("-1w")),
        ("a = 2026-03-02", Value("2026-03-02")),
        ("a = empty", Empty()),
        ("a = NULL", Empty()),
        ("a = 'empty'", Value("empty")),
        ("a = now()", Call("now")),
        ("a = f(x, 'y z', 3)", Call("f", ("x", "y z", "3"))),
        ("a in (1, x, f())", Many((Value("1", number=True), Value("x"), Call("f")))),
        ("a in ((1), (2, 3))", Many((Many((Value("1", True),)), Many((Value("2", True), Value("3", True)))))),
        ("a = 日本", Value("日本")),
    ],
)
def test_operands(jql, operand):
    """Texts with and without quotation marks, numbers, EMPTY, functions and lists."""
    assert parse(jql).where.operand == operand


@pytest.mark.parametrize(
    ("jql", "query"),
    [
        ("", Query()),
        (" \t\n", Query()),
        ("order by key", Query(None, (Sort("key"),))),
        ("a=1 ORDER BY b ASC, c desc, 'd e'", Query(A, (Sort("b", False), Sort("c", True), Sort("d e")))),
        ("cf[100]=1", Query(is_("cf[100]"))),
        ("'order'=1", Query(is_("order"))),
        ("a=1 order by cf[7] desc", Query(A, (Sort("cf[7]", True),))),
    ],
)
def test_queries(jql, query):
    """A query may be empty, be only an order, and name custom fields."""
    assert parse(jql) == query


@pytest.mark.parametrize(
    ("jql", "message"),
    [
        ("a=b c=d", "Expecting either 'OR' or 'AND' but got 'c'. (line 1, character 5)"),
        ("a=b !c=d", "Expecting either 'OR' or 'AND' but got '!'. (line 1, character 5)"),
        ("a=b)", "Expecting either 'OR' or 'AND' but got ')'. (line 1, character 4)"),
        ("a=b\n and\n  c=d e", "Expecting either 'OR' or 'AND' but got 'e'. (line 3, character 7)"),
        ("a", f"Expecting operator before the end of the query. {OPERATORS}"),
        ("a blah >", f"Expecting operator but got 'blah'. {OPERATORS} (line 1, character 3)"),
        ("a was b", f"Expecting operator but got 'was'. {OPERATORS} (line 1, character 3)"),
        ("a not is empty", "Expecting 'IN' but got 'is'. (line 1, character 7)"),
        ("a not", "Expecting 'IN' before the end of the query."),
        ("a is ! empty", "Expecting 'NOT' but got '!'. (line 1, character 6)"),
        ("a=", "Expecting either a value, list or function before the end of the query."),
        (
            "a=!",
            "Expecting either a value, list or function but got '!'. "
            "You must surround '!' in quotation marks to use it as a value. (line 1, character 3)",
        ),
        (
            "a=(a,(,bad))",
            "Expecting either a value, list or function but got ','. "
            "You must surround ',' in quotation marks to use it as a value. (line 1, character 7)",
        ),
        ("a=(a,", "Expecting either a value, list or function before the end of the query."),
        ("(a=b and c = d", "Expecting ')' before the end of the query."),
        ("b in ((12, (288)", "Expecting ')' before the end of the query."),
        ("abc IN ((foo) abc = a", "Expecting ')' but got 'abc'. (line 1, character 15)"),
        ("a = b and", "Expecting a field name at the end of the query."),
        ("not", "Expecting a field name at the end of the query."),
        (
            ", a = b",
            "Expecting a field name but got ','. "
            "You must surround ',' in quotation marks to use it as a field name. (line 1, character 1)",
        ),
        (
            "and = b",
            "Expecting a field name but got 'and'. "
            "You must surround 'and' in quotation marks to use it as a field name. (line 1, character 1)",
        ),
        ("[x] = a", "Expecting a field name but got '['. Did you mean 'cf['? (line 1, character 1)"),
        ("'' = c", "A field name cannot be empty. (line 1, character 1)"),
        ("\\  = c", "A field name cannot be empty. (line 1, character 1)"),
        ("a = ''()", "A function name cannot be empty. (line 1, character 5)"),
        ("a = func(", "Expecting ')' before the end of the query."),
        ("b=func(bad", "Expecting ')' before the end of the query."),
        ("a = func(, and", "Expecting ')' but got ','. (line 1, character 10)"),
        ("bas=func(bad,)", "Function argument must be specified. (line 1, character 14)"),
        ("bas=func(bad,", "Expecting a function argument at the end of the query."),
        (
            "k = func(!",
            "Expecting a function argument but got '!'. "
            "You must surround '!' in quotation marks to use it as an argument. (line 1, character 10)",
        ),
        ("k = func(abc, jk!)", "Expecting ')' or ',' but got '!'. (line 1, character 17)"),
        ("a =b order", "Expecting 'by' before the end of the query."),
        ("a =b order summary", "Expecting 'by' but got 'summary'. (line 1, character 12)"),
        ("a =b order by", "Expecting a field name at the end of the query."),
        (
            "a =b order by asc",
            "Expecting a field name but got 'asc'. "
            "You must surround 'asc' in quotation marks to use it as a field name. (line 1, character 15)",
        ),
        ("a =b order by ajsks blah", "Expecting either 'ASC' or 'DESC' but got 'blah'. (line 1, character 21)"),
        ("order by a desc d", "Expecting ',' but got 'd'. (line 1, character 17)"),
        ("cf", "Expecting '[' before the end of the query."),
        ("cf = 6", "Expecting '[' but got '='. (line 1, character 4)"),
        ("cf[", "Expecting a custom field id (a positive number) before the end of the query."),
        ("cf[29829k] = 1", "Expecting a custom field id (a positive number) but got '29829k'. (line 1, character 4)"),
        ("cf[-9] = 1", "Expecting a custom field id (a positive number) but got '-9'. (line 1, character 4)"),
        ("cf[29829 = world", "Expecting ']' but got '='. (line 1, character 10)"),
        ("cf[29829", "Expecting ']' before the end of the query."),
        ("comment ~ 'test", "The quoted string 'test' has not been completed. (line 1, character 11)"),
        ("comment ~ 'test\n", "The quoted string 'test ' has not been completed. (line 1, character 11)"),
        ('a="test\nword', "The quoted string 'test word' has not been completed. (line 1, character 3)"),
        ("comment ~ '", "The quoted string has not been completed. (line 1, character 11)"),
        ("comme\\unt ~ 1", f"'\\un' is an illegal JQL escape sequence. {ESCAPES} (line 1, character 6)"),
        ("a =\n\n \\csss", f"'\\c' is an illegal JQL escape sequence. {ESCAPES} (line 3, character 2)"),
        ("a =\n'\\u'", f"'\\u'' is an illegal JQL escape sequence. {ESCAPES} (line 2, character 2)"),
        ("a = \\u12", f"'\\u12' is an illegal JQL escape sequence. {ESCAPES} (line 1, character 5)"),
        ("a =\n\\", f"The escape sequence has not been completed. {ESCAPES} (line 2, character 1)"),
        (
            "mine{www = qwwr",
            "The character '{' is a reserved JQL character. You must enclose it in a string or use the escape "
            "'\\u007b' instead. (line 1, character 5)",
        ),
        (
            "a =\u007fb",
            "The character 'U+007F' on line 1 at position 4 must be escaped. Use the escape '\\u007f' instead. "
            "(line 1, character 4)",
        ),
        (
            "a = 'tab\t'",
            "The character 'U+0009' on line 1 at position 9 must be escaped. Use the escape '\\u0009' instead. "
            "(line 1, character 9)",
        ),
        (
            "a=-3482094382084092840932809482",
            f"'-3482094382084092840932809482' is not a valid number. {RANGE} (line 1, character 3)",
        ),
        ("a=9223372036854775808", f"'9223372036854775808' is not a valid number. {RANGE} (line 1, character 3)"),
        (
            "summary ~ select",
            "'select' is a reserved JQL word. You must surround it in quotation marks to use it in a query. "
            "(line 1, character 11)",
        ),
        (
            "a=1 and DATE=2",
            "'DATE' is a reserved JQL word. You must surround it in quotation marks to use it in a query. "
            "(line 1, character 9)",
        ),
    ],
)
def test_syntax_errors(jql, message):
    """Each mistake gets Jira's own sentence, with the line and character of the offending token."""
    assert refusal(jql) == message


def test_numbers_up_to_the_limit():
    """Numbers are Java's longs, both ends included."""
    assert parse("a = 9223372036854775807").where.operand.text == "9223372036854775807"
    assert parse("a = -9223372036854775808").where.operand.number


@pytest.mark.parametrize("opening", ["(", "not ", "!", "(!", "a in ((", "a in (1, (("])
@pytest.mark.parametrize("times", [DEPTH_MAX + 1, 4_000])
def test_nesting_is_bounded(opening, times):
    """Beyond the bound the message says so, however deep the nesting goes."""
    message = refusal(opening + opening[-1] * times + "a=1") if "in" in opening else refusal(opening * times + "a=1")
    assert message.startswith(f"Parentheses, lists and NOT are nested more than {DEPTH_MAX} levels deep. (line 1, char")


def test_nesting_up_to_the_bound():
    """At the bound a query still parses."""
    assert parse("(" * DEPTH_MAX + "a=1" + ")" * DEPTH_MAX) == Query(A)
    assert parse("not " * DEPTH_MAX + "a=1")
    assert parse("a in " + "(" * DEPTH_MAX + "1" + ")" * DEPTH_MAX)
    assert "nested more than" in refusal("a in " + "(" * (DEPTH_MAX + 1))


def test_groups_beside_each_other_are_no_nesting():
    """Only depth is bounded, not the number of groups, lists and NOTs."""
    groups = " or ".join(["not (a in (1))"] * (DEPTH_MAX * 3))
    assert len(parse(groups).where.parts) == DEPTH_MAX * 3


def test_length_is_bounded():
    """A query longer than the bound is refused, one of that length is read to its end."""
    with pytest.raises(JqlError, match=f"has {LENGTH_MAX + 1} characters; at most {LENGTH_MAX}"):
        parse("a" * (LENGTH_MAX + 1))
    assert len(parse(f"a={'x' * (LENGTH_MAX - 2)}").where.operand.text) == LENGTH_MAX - 2
    many = "a=1 or " * (LENGTH_MAX // 7 - 1) + "a=1"
    assert len(parse(many).where.parts) == LENGTH_MAX // 7
