"""JQL, the part of Jira's query language that scripts use.

    errors      what Jira answers with 400
    words       reserved words and characters, quoting
    tokens      text -> tokens with positions
    clauses     what a query is made of, as values
    parser      tokens -> clauses
    printing    clauses -> text
    instants    dates, periods and day arithmetic
    text_match  what `~` finds
    functions   currentUser(), now(), startOfDay(), membersOf()
    kinds       what the values of a kind of field can be compared with
    fields      the fields a query may name
    evaluate    clauses -> a predicate over issues
    ordering    ORDER BY

Not modelled: history (`WAS`, `CHANGED`), custom fields (`cf[..]` parses and is an unknown field), stemming in `~`.
Message texts are Jira's own, seen in its functional tests and in public answers of real instances.
"""
