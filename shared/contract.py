"""Names that more than one process relies on: cookies, headers, message texts, status bodies.

Sources in brackets: S the seed documents, D documented or seen in a public trace, C read in source (reference:
jira.md 4 and 6). `X-Dcsim-` headers are our own and exist so that a drill can judge from outside.
"""

from enum import StrEnum

# Cookies
SESSION_COOKIE = "JSESSIONID"  # [S]
REMEMBER_ME_COOKIE = "seraph.rememberme.cookie"  # [S]
XSRF_COOKIE = "atlassian.xsrf.token"  # [S]
ROUTE_COOKIE = "ROUTEID"  # [D] the name Atlassian's Apache example uses

# Headers a node answers with
REQUEST_ID = "X-AREQUESTID"  # [C]
SERVED_BY = "X-ANODEID"  # [C] which node answered
SESSION_HASH = "X-ASESSIONID"  # [C]
USER_NAME = "X-AUSERNAME"  # [C]
LOGIN_REASON = "X-Seraph-LoginReason"  # [C]
DENIED_REASON = "X-Authentication-Denied-Reason"  # [D]
KNOWN_VIA = "X-Dcsim-Known-Via"  # what knew the user, see KnownVia
SESSION_ENDED = "X-Dcsim-Session-Ended"  # why the session that the request named was not honoured

# Headers between the balancer and a node
CLOCK_STAMP = "X-Dcsim-Clock"  # sealed anchor, see shared.clock.AnchorSeal
CLOCK_ASK = "X-Dcsim-Clock-Ask"  # on health checks: tell me your clocks, see shared.clock.AnchorSeal
CLOCK_READING = "X-Dcsim-Clock-Reading"  # the answer: the node's anchor, and what its monotonic clock shows
ROUTE_REASON = "X-Dcsim-Route"  # why the balancer chose this node: bound, new, redispatched, drained

BALANCER_ERROR = "X-Dcsim-Balancer-Error"  # on answers the balancer itself gives, see BalancerError

# Operator endpoints
OPERATOR_PREFIX = "/-"
OPERATOR_TOKEN = "X-Dcsim-Token"

JSON_TYPE = "application/json;charset=UTF-8"  # [D] a client library compares it to the letter
HTML_TYPE = "text/html;charset=UTF-8"

# Message texts clients look for
NOT_AUTHENTICATED = "You are not authenticated. Authentication required to perform this operation."  # [C]
LOGIN_FAILED = "Login failed"  # [D]
LOGIN_DENIED = "Login denied"  # [D]
STALE_COOKIE_ANY = "os_authType was 'any' and an invalid cookie was sent."  # [C]
STALE_COOKIE_COOKIE = "os_authType was 'cookie' but no valid cookie was sent."  # [C]
NOT_CLUSTERED = "This Jira instance is not clustered"  # [D]
XSRF_FAILED = "XSRF check failed"  # [D]


AUTH_TYPE = "os_authType"  # [C] the query parameter, from authentication.type
LOGIN_URL = (
    "/login.jsp?permissionViolation=true&os_destination=${originalurl}&page_caps=${pageCaps}&user_role=${userRole}"
)
"""Where Seraph sends whoever must log in first, as Jira ships login.url [D]."""
FORGOTTEN_AT_LOGIN = ("ASESSIONID", "jira.websudo.timestamp", "jira.user.project.admin")
"""Session attributes that a login does not carry over, as Jira ships invalidate.session.exclude.list [D]."""


class KnownVia(StrEnum):
    """What knew the user of a request."""

    SESSION = "web-session"
    REMEMBER_ME = "remember-me"
    BASIC = "basic"
    LOGIN = "login"
    NOBODY = "nobody"


class RouteReason(StrEnum):
    """Values of X-Dcsim-Route: why the balancer chose this node for this request."""

    BOUND = "bound"
    NEW = "new"
    REDISPATCHED = "redispatched"
    DRAINED = "drained"


class BalancerError(StrEnum):
    """Values of X-Dcsim-Balancer-Error: why the balancer answered by itself instead of a node."""

    REFUSED = "request-refused"
    SLOW_CLIENT = "client-too-slow"
    NO_NODE = "no-node"
    UNREACHABLE = "node-unreachable"
    NODE_LOST = "node-lost"
    BAD_ANSWER = "node-answer-invalid"
    NODE_TIMEOUT = "node-timeout"


class NodeState(StrEnum):
    """The `state` of `GET /status`. Only RUNNING means ready; 200 alone does not [D]."""

    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    FIRST_RUN = "FIRST_RUN"
    MAINTENANCE = "MAINTENANCE"
    ERROR = "ERROR"

    @property
    def http_status(self) -> int:
        return {NodeState.MAINTENANCE: 503, NodeState.ERROR: 500}.get(self, 200)


class LoginReason(StrEnum):
    """Values of X-Seraph-LoginReason; within one request the first stamp wins [C]."""

    OK = "OK"
    OUT = "OUT"
    FAILED = "AUTHENTICATED_FAILED"
    DENIED = "AUTHENTICATION_DENIED"
    NOT_AUTHORISED = "AUTHORISATION_FAILED"
