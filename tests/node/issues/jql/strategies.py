"""Random queries: as clauses, and as junk that looks like JQL."""

from hypothesis import strategies as st

from node.issues.jql.clauses import And, Call, Clause, Empty, Many, Not, Operator, Or, Query, Sort, Value

texts = st.text(max_size=8)
names = texts.filter(str.strip)
numbers = st.integers(-(2**63), 2**63 - 1).map(lambda number: Value(str(number), number=True))
scalars = st.one_of(
    texts.map(Value), numbers, st.just(Empty()), st.builds(Call, names, st.lists(texts, max_size=3).map(tuple))
)
operands = st.recursive(
    scalars, lambda inner: st.lists(inner, min_size=1, max_size=3).map(tuple).map(Many), max_leaves=5
)
fields = st.one_of(
    names.filter(lambda name: not name.startswith("cf[")), st.integers(0, 10**6).map(lambda n: f"cf[{n}]")
)
clauses = st.builds(Clause, fields, st.sampled_from(Operator), operands)


def conditions(leaves, *, max_leaves=12):
    """AND, OR and NOT over the leaves, in the form the parser gives."""

    def group(kind):
        def build(parts):
            return kind(tuple(parts))

        return build

    def several(inner, kind):
        return st.lists(inner, min_size=2, max_size=3).map(group(kind))

    return st.recursive(
        leaves,
        lambda inner: st.one_of(inner.map(Not), several(inner, And), several(inner, Or)),
        max_leaves=max_leaves,
    )


sorts = st.builds(Sort, fields, st.sampled_from([None, True, False]))
queries = st.builds(Query, st.none() | conditions(clauses), st.lists(sorts, max_size=3).map(tuple))

PLAIN_WORDS = r"""
( ) , = != < > <= >= ~ !~ ! & && | || [ ] ' " \ \u00 cf cf[1] and or not in is empty null order by asc desc
status Open type Bug key TEST-3 TEST-99 id 10002 assignee alice nobody created -1w 2026-03-02 12h now() votes
startOfDay(-1M) startOfDay(99999y) membersOf(jira-software-users) membersOf(x) currentUser() bogus() text summary
"*" a*b ? 99999999999999999999 -5 due priority High resolution Unresolved labels level { ; 日本
"""
WORDS = [*PLAIN_WORDS.split(), "'a b'", "\n", "\t", " ", "\x00"]
junk = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=25).map("".join),
    st.text(max_size=60),
)
