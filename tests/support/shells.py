"""A shell for filters that are tested without a node around them."""

from node.pages.assets import load_assets
from node.pages.shell import Shell
from node.paths import Paths
from node.web_sessions import SessionLimits, WebSessions
from shared.settings import NodeSettings


def bare_shell(clock) -> Shell:
    """Pages of a node called node-1, at the root, with no session and no XSRF token."""
    settings = NodeSettings.model_construct(node_id="node-1")
    sessions = WebSessions(SessionLimits(0), capacity=1)
    return Shell(settings, sessions, clock, load_assets(), paths=Paths("", ""), token_of=lambda _request: "")
