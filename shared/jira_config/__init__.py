"""Jira's own configuration files: what they say about sessions, and what that means for the people logged in.

    xml_file        one XML file, safely, every element with its line
    sourced         a value together with the place that decided it
    web_xml         the session part of a `web.xml`
    seraph_config   the parameters of a `seraph-config.xml`
    session_config  the result: every value in force, with its source
    reader          which file is which, and which one wins
    experience      what a user will notice, and why (`explain`)
    difference      what changes for users between two configurations (`diff`)
    text            both of these as plain text

Everything but `xml_file` and `reader` is pure. Sources of the facts: "How to change the default session timeout",
"Jira application cookies" (reference: jira.md 3.5, 3.6 and 9).
"""

from shared.jira_config.difference import Difference, diff
from shared.jira_config.experience import Explanation, explain
from shared.jira_config.reader import Role, read, read_as, read_files, read_install
from shared.jira_config.session_config import SessionConfig
from shared.jira_config.sourced import Origin, Source, Sourced

__all__ = [
    "Difference",
    "Explanation",
    "Origin",
    "Role",
    "SessionConfig",
    "Source",
    "Sourced",
    "diff",
    "explain",
    "read",
    "read_as",
    "read_files",
    "read_install",
]
