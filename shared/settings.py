"""Settings of the programs, read once from the environment; every name is `DCSIM_` plus the field in capitals.

`compose` builds these objects, hands them to a program with `to_environment`, and the program reads them back, so both
ends share one definition. A bad environment is reported whole: all wrong keys in one message.

Any of them may come from a file instead, as secrets do (`shared.secrets`).

Durations that end in `_s` and say "policy" are judged on the policy clock, all others in real time.
"""

import json
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from shared import contract
from shared.clock import Anchor
from shared.errors import OperatorError
from shared.secrets import secrets_directory, with_password
from shared.versions import JIRA_9_11, Version

MAX_REMEMBER_ME_AGE_S = 2_147_483
"""Beyond this Jira's own arithmetic overflows and every token looks expired (source: "Jira application cookies")."""


_HOST_WORDS = "to listen on: an address, a name, 0.0.0.0, or a network such as 10.42.1.0/24 for the own address there"

COOKIE_NAME = r"^[A-Za-z0-9._-]+$"
NODE_ID = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$"


def _parse_with(parse: Any, kind: type) -> BeforeValidator:
    """A pydantic validator out of a parser that raises OperatorError."""

    def validate(value: object) -> object:
        if isinstance(value, kind):
            return value
        try:
            return parse(str(value))
        except OperatorError as error:
            raise ValueError(str(error)) from error

    return BeforeValidator(validate)


# NoDecode: read as JSON, which pydantic tries first, 9.10 would be the number 9.1.
VersionField = Annotated[Version, NoDecode, _parse_with(Version.parse, Version), PlainSerializer(str)]
AnchorField = Annotated[Anchor, NoDecode, _parse_with(Anchor.parse, Anchor), PlainSerializer(str)]


class CrowdGate(StrEnum):
    """Does a live web session alone decide, or must the node's Crowd entry vouch for it too?"""

    BOTH = "both"
    EITHER = "either"


class Delivery(StrEnum):
    """How an invalidation travels from a 9.11 node; older nodes are always `local`."""

    LOCAL = "local"
    PUBSUB = "pubsub"
    QUEUE = "queue"
    FENCED = "fenced"


class Sticky(StrEnum):
    """What binds a client to a node."""

    COOKIE = "cookie"
    JVM_ROUTE = "jvm-route"
    SOURCE = "source"
    NONE = "none"


class Placement(StrEnum):
    """Which node a client without a binding gets."""

    ROUND_ROBIN = "round-robin"
    LEAST_SESSIONS = "least-sessions"
    PREFER_RESTARTED = "prefer-restarted"


class Discovery(StrEnum):
    """Where the balancer learns which nodes there are."""

    STATIC = "static"
    DNS = "dns"
    DATABASE = "database"


class Switches(BaseModel):
    """The model switches: points on which Atlassian's documents are silent. Every report prints them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    crowd_gate: CrowdGate = CrowdGate.BOTH
    rest_delete_clears_tokens: bool = True
    own_password_change_spares_current: bool = False
    deactivation_ends_sessions: bool = False
    bot_killer: bool = True


class LoginRules(BaseModel):
    """What `web.xml` and `seraph-config.xml` decide about logins beside durations; the defaults are Jira's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    session_cookie: str = Field(default=contract.SESSION_COOKIE, pattern=COOKIE_NAME, description="cookie-config/name")
    session_cookie_path: str | None = Field(default=None, description="cookie-config/path; default the context path")
    session_cookie_secure: bool | None = Field(
        default=None, description="cookie-config/secure; default as the request is"
    )
    session_cookie_http_only: bool = Field(default=True, description="cookie-config/http-only")
    remember_me_cookie: str = Field(
        default=contract.REMEMBER_ME_COOKIE, pattern=COOKIE_NAME, description="login.cookie.key"
    )
    remember_me_cookie_path: str | None = Field(default=None, description="login.cookie.path; default the context path")
    remember_me_overflows: bool = Field(
        default=False, description="the age is beyond what Jira can count to; no token is good"
    )
    insecure_cookie: bool = Field(default=False, description="insecure.cookie: not Secure even behind https")
    renew_session: bool = Field(default=True, description="invalidate.session.on.login")
    forgotten_at_login: tuple[str, ...] = Field(
        default=contract.FORGOTTEN_AT_LOGIN, description="invalidate.session.exclude.list"
    )
    login_url: str = Field(default=contract.LOGIN_URL, description="login.url")
    auth_type_parameter: str | None = Field(
        default=contract.AUTH_TYPE, description="authentication.type; null reads none"
    )


class ProgramSettings(BaseSettings):
    """Base of every program's settings."""

    model_config = SettingsConfigDict(env_prefix="DCSIM_", frozen=True, extra="ignore")

    admin_token: SecretStr = Field(min_length=8, description="what the operator endpoints ask for")
    ready_fd: int | None = Field(None, description="file descriptor that gets one JSON line when the program is ready")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$")

    @classmethod
    def from_environment(cls) -> Self:
        """Raises OperatorError naming every variable that is missing or wrong."""
        try:
            return cls(_secrets_dir=secrets_directory())
        except ValidationError as error:
            raise OperatorError(explain(error, prefix="DCSIM_")) from error
        except OSError as error:
            raise OperatorError(f"cannot read the secret {error.filename}: {error.strerror}") from error
        except SettingsError as error:
            raise OperatorError(f"these settings cannot be used: {error}; it must be JSON") from error

    def to_environment(self) -> dict[str, str]:
        """The environment from which `from_environment` reads these settings back."""
        values = self.model_dump(mode="json", exclude_none=True)
        for name in type(self).model_fields:
            if isinstance(secret := getattr(self, name), SecretStr):
                values[name] = secret.get_secret_value()
        return {
            f"DCSIM_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
            for name, value in values.items()
        }


def _join_password(data: object) -> object:
    """Puts `postgres_password` into `postgres_url`, before either is judged."""
    if isinstance(data, dict) and data.get("postgres_url") and data.get("postgres_password"):
        url, password = (
            value.get_secret_value() if isinstance(value := data[key], SecretStr) else str(value)
            for key in ("postgres_url", "postgres_password")
        )
        return {**data, "postgres_url": with_password(url, password)}
    return data


_PASSWORD_WORDS = "of postgres_url, for whoever keeps it apart from the URL"


class NodeSettings(ProgramSettings):
    """One application node."""

    node_id: str = Field(pattern=NODE_ID)
    version: VersionField = JIRA_9_11
    delivery: Delivery = Delivery.FENCED
    lease_s: float = Field(2.0, gt=0, description="real; how long a node may trust its caches without new proof")
    switches: Switches = Switches()

    host: str = Field("127.0.0.1", description=_HOST_WORDS)
    port: int = Field(8080, ge=0, le=65535)
    operator_host: str = Field("127.0.0.1", description=_HOST_WORDS)
    operator_port: int = Field(8081, ge=0, le=65535)
    reuse_port: bool = Field(False, description="the ports are already reserved by whoever starts this node")
    url: str = Field("", description="where others reach this node; default: its own address and port")
    base_url: str = Field("http://localhost:8080", description="what users type; links in answers start with it")
    context_path: str = Field("", pattern=r"^(/[A-Za-z0-9._~-]+)*$")

    postgres_url: SecretStr = Field(description="postgresql://user:password@host:port/database")
    postgres_password: SecretStr | None = Field(None, description=_PASSWORD_WORDS)
    redis_url: SecretStr = Field(description="redis://host:port/0")
    redis_namespace: str = Field("dcsim", description="prefix of every channel, so that clusters can share a server")
    pool_size: int = Field(10, ge=1, le=100)

    clock: AnchorField | None = Field(None, description="the cluster's policy clock at start; default: real time")
    clock_skew_ms: int = 0

    session_idle_s: int = Field(300 * 60, description="policy; 0 or less never")
    session_max_age_s: int | None = Field(None, description="policy; cookie-config/max-age, default none")
    login_rules: LoginRules = LoginRules()
    websudo_timeout_s: int = Field(600, gt=0, description="policy; from the last use, jira.websudo.timeout")
    websudo_disabled: bool = Field(False, description="jira.websudo.is.disabled")
    jvm_route: str = Field("", description="suffix of JSESSIONID, for balancers that stick to it")
    max_sessions: int = Field(2_000_000, ge=1)
    crowd_ttl_s: int = Field(15 * 60, gt=0, description="policy; absolute, never sliding")
    remember_me_age_s: int = Field(14 * 24 * 3600, gt=0, le=2**31 - 1, description="policy; from creation")
    is_clustered: bool = Field(True, description="false is a Jira without cluster.properties")
    heartbeat_s: float = Field(60.0, gt=0, description="policy")
    self_shutdown_if_offline: bool = Field(True, description="jira.cluster.node.self.shutdown.if.offline.disabled, not")
    upgrade_tasks_s: float = Field(60.0, ge=0, description="policy; how long upgrade tasks run once approved")
    read_only_directory: bool = Field(False, description="nobody can change his own password")
    max_failed_logins: int = Field(3, ge=0, description="CAPTCHA from here on; 0 never")

    gadget_refresh_s: float = Field(60.0, gt=0, description="real; of a dashboard whose user has not chosen himself")

    argon2_memory_kib: int = Field(8 * 1024, ge=8)
    argon2_passes: int = Field(1, ge=1)
    max_body_bytes: int = Field(10 * 1024 * 1024, ge=1024)
    starting_s: float = Field(0.0, ge=0, description="real; how much longer than it needs the node says STARTING")
    lame_duck_s: float = Field(1.0, ge=0, description="real; a stopping node says so this long, then closes")
    stop_grace_s: float = Field(5.0, ge=0, description="real; how long running requests may finish at stop")

    _join_password = model_validator(mode="before")(_join_password)

    @model_validator(mode="after")
    def _check_age(self) -> Self:
        if self.remember_me_age_s > MAX_REMEMBER_ME_AGE_S and not self.login_rules.remember_me_overflows:
            raise ValueError(f"remember_me_age_s is at most {MAX_REMEMBER_ME_AGE_S}; Jira cannot count any further")
        return self


class Upstream(BaseModel):
    """A node as the balancer is told of it. The id stands in route cookies: no room for an address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=NODE_ID)
    host: str = Field(max_length=253, pattern=r"^[\w.:%-]+$")
    port: int = Field(ge=1, le=65535, strict=True)
    operator_url: str | None = None


class BalancerSettings(ProgramSettings):
    """The sticky load balancer. Durations are real time unless they say policy."""

    host: str = Field("127.0.0.1", description=_HOST_WORDS)
    port: int = Field(8090, ge=0, le=65535)
    admin_host: str = Field("127.0.0.1", description=_HOST_WORDS)
    admin_port: int = Field(8091, ge=0, le=65535)
    reuse_port: bool = False
    nodes: tuple[Upstream, ...] = Field((), description="all nodes, when discovery is static")
    discovery: Discovery = Field(Discovery.STATIC, description="how nodes are found: the list above, DNS, clusternode")
    discovery_dns: str = Field("", description="name whose addresses are the nodes, such as tasks.node")
    discovery_port: int = Field(8080, ge=1, le=65535, description="of every node found by DNS")
    discovery_interval_s: float = Field(1.0, gt=0, description="between two looks for nodes")
    discovery_timeout_s: float = Field(2.0, gt=0, description="what DNS or Postgres may take to answer a look")
    postgres_url: SecretStr | None = Field(None, description="the cluster's database, when discovery is database")
    postgres_password: SecretStr | None = Field(None, description=_PASSWORD_WORDS)
    context_path: str = Field("", pattern=r"^(/[A-Za-z0-9._~-]+)*$")
    clock: AnchorField | None = None

    sticky: Sticky = Sticky.COOKIE
    placement: Placement = Placement.ROUND_ROBIN
    route_cookie: str = Field(contract.ROUTE_COOKIE, pattern=r"^[A-Za-z0-9._-]+$")
    route_cookie_attributes: str = Field("Path=/; HttpOnly; SameSite=Lax", pattern=r"^[ -~]*$")
    session_cookie: str = Field(contract.SESSION_COOKIE, pattern=r"^[A-Za-z0-9._-]+$")
    binding_idle_s: int = Field(300 * 60, gt=0, description="policy; a client silent for longer counts as gone")
    max_bindings: int = Field(200_000, ge=1, description="clients remembered at once; the longest silent go first")

    health_path: str = Field("/status", pattern=r"^/[!-~]*$")
    health_interval_s: float = Field(0.5, gt=0)
    health_timeout_s: float = Field(1.0, gt=0)
    health_fall: int = Field(2, ge=1)
    health_rise: int = Field(1, ge=1)
    health_naive: bool = Field(False, description="trust the 200 alone and never read the state")
    shutdown_sessions: bool = Field(True, description="cut what runs on a node that the checks declare down")
    passive_failures: int = Field(3, ge=0, description="failures in a row that eject a node between checks; 0 never")
    passive_ejection_s: float = Field(1.0, gt=0, description="of the first ejection; each further one doubles it")
    passive_ejection_max_s: float = Field(30.0, gt=0)
    slow_start_s: float = Field(0.0, ge=0, description="a node back from a failure gets its full share after this long")

    retries: int = Field(3, ge=0, description="further attempts for one request")
    retry_budget: float = Field(0.2, ge=0, le=1, description="retries as a share of requests, in the long run")
    retry_burst: int = Field(1000, ge=0, description="retries beyond that share which one incident may use up")
    replay_bytes: int = Field(64 * 1024, ge=0, description="of a request body kept so that it can be sent again")
    gather_bytes: int = Field(16 * 1024, ge=0, description="of a request body awaited before a node is bothered")

    max_connections: int = Field(10_000, ge=1)
    max_head_bytes: int = Field(32 * 1024, ge=1024)
    max_fields: int = Field(100, ge=1)
    head_timeout_s: float = Field(10.0, gt=0, description="from a request's first byte to the end of its head")
    body_timeout_s: float = Field(15.0, gt=0, description="between two pieces of a request's body")
    body_bytes_per_s: int = Field(256, ge=0, description="a body slower than this, once body_timeout_s is over, is cut")
    keep_alive_s: float = Field(60.0, gt=0, description="between two requests of one client connection")
    connect_timeout_s: float = Field(2.0, gt=0)
    first_byte_timeout_s: float = Field(60.0, gt=0, description="from the request's end to the answer's first byte")
    idle_timeout_s: float = Field(120.0, gt=0, description="between two pieces of an answer, on either side")
    tunnel_idle_s: float = Field(3600.0, gt=0, description="silence in both directions of a WebSocket")
    upstream_idle_s: float = Field(10.0, gt=0, description="unused connections to nodes; shorter than theirs")
    upstream_idle_max: int = Field(256, ge=0, description="unused connections kept per node")

    trust_forwarded: bool = Field(
        False, description="keep the X-Forwarded-* of clients: a proxy of ours stands in front"
    )
    tls_certificate: str | None = Field(None, description="PEM file; with tls_key the balancer speaks https only")
    tls_key: str | None = None
    access_log: str = Field("", description="file that gets one JSON line a request; '-' is standard error")
    access_log_kept: int = Field(200, ge=0, description="requests kept in memory for the operator")
    stop_grace_s: float = Field(10.0, ge=0, description="how long running requests may finish at stop")

    _join_password = model_validator(mode="before")(_join_password)

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key come together")
        ids = [node.id for node in self.nodes]
        if len(set(ids)) < len(ids):
            raise ValueError(f"two nodes have the same id: {ids}")
        self._check_discovery()
        return self

    def _check_discovery(self) -> None:
        if self.discovery is not Discovery.STATIC and self.nodes:
            raise ValueError(f"with discovery {self.discovery} there is no list of nodes; remove nodes, or discovery")
        if self.discovery is Discovery.DNS and not self.discovery_dns:
            raise ValueError("discovery dns needs discovery_dns, a name such as tasks.node")
        if self.discovery is Discovery.DATABASE and self.postgres_url is None:
            raise ValueError("discovery database needs postgres_url, the database of the cluster")


def explain(error: ValidationError, *, prefix: str = "") -> str:
    """All problems of a pydantic error in one message a person can act on."""
    lines = []
    for problem in error.errors(include_url=False):
        where = ".".join(str(part) for part in problem["loc"]) or "the whole"
        name = f"{prefix}{where.upper()}" if prefix else where
        given = "" if problem["type"] == "missing" else f" (given: {problem['input']!r:.200})"
        lines.append(f"  {name}: {problem['msg'].removeprefix('Value error, ')}{given}")
    return "these settings cannot be used:\n" + "\n".join(lines)
