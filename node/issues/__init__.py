"""Issues: what a logged-in script asks for, so that it can be seen what it gets once its login is gone.

    model          projects, issues, people, and the tracker that holds them
    seed           the project TEST every new cluster has
    visibility     who may see which issue, and the error for who may not
    jql/           the query language: text -> clauses -> predicate
    search         one search: parameters, page
    field_list     the fields of an issue, as data
    rest_shapes    Jira's JSON for issues, pages and fields
    attachments    files at issues, bounded

All of it is pure: the viewer, the people and the time come in as arguments. The REST handlers are elsewhere.
"""
