"""The invalidating actions, and the table Atlassian prints about them, as data.

Source: "Invalidating user sessions in Jira Data Center". The table's tick marks were lost in the seed text and
recovered from the page (reference: jira.md 1.1): before 9.11 every action works on the acting node only, from 9.11 on
it works on all nodes, and ending sessions by REST did not exist before.
"""

from enum import StrEnum

from shared.versions import Version


class Action(StrEnum):
    """What voids a user's sessions. The value is the name used in logs, messages and reports."""

    ADMIN_PASSWORD = "admin-password"
    ANONYMIZE = "anonymize"
    DELETE_USER = "delete-user"
    REST_END_SESSION = "rest-end-session"
    OWN_PASSWORD = "own-password"
    DEACTIVATE = "deactivate"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Action.ADMIN_PASSWORD: "Admin changes a user's password",
    Action.ANONYMIZE: "Admin anonymizes a user",
    Action.DELETE_USER: "Admin deletes a user",
    Action.REST_END_SESSION: "Admin ends a user's sessions by REST",
    Action.OWN_PASSWORD: "User changes own password",
    Action.DEACTIVATE: "Admin deactivates a user",
}

MATRIX_ACTIONS = (
    Action.ADMIN_PASSWORD,
    Action.ANONYMIZE,
    Action.DELETE_USER,
    Action.REST_END_SESSION,
    Action.OWN_PASSWORD,
)
"""The five rows of Atlassian's table, in its order. Deactivation is not in the table; a model switch decides it."""


class Reach(StrEnum):
    """The two columns each version has."""

    LOCAL = "local"
    CLUSTER = "cluster"


class Cell(StrEnum):
    """What one cell of the table says."""

    YES = "yes"
    NO = "no"
    NOT_AVAILABLE = "n/a"


def expected(action: Action, version: Version, reach: Reach) -> Cell:
    """Atlassian's table: does this action end the user's sessions at once, on this reach, in this version?"""
    if action is Action.REST_END_SESSION and not version.has_rest_end_session:
        return Cell.NOT_AVAILABLE
    if reach is Reach.LOCAL or version.invalidates_cluster_wide:
        return Cell.YES
    return Cell.NO
