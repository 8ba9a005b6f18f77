"""The tables in Postgres, as SQLAlchemy metadata.

Table names follow Jira's where a knowledge base article types them: `DELETE FROM remembermetoken;` must work in psql.
Every instant is policy time written by us; no column has a database-made time, and no query asks for `now()`.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from shared.accounts import FIRST_ID

metadata = MetaData()
_INSTANT = DateTime(timezone=True)

users = Table(
    "cwd_user",
    metadata,
    Column("id", BigInteger, Identity(start=FIRST_ID), primary_key=True),
    Column("user_key", String(255), nullable=False, unique=True),
    Column("user_name", String(255), nullable=False),
    Column("lower_user_name", String(255), nullable=False, unique=True),
    Column("display_name", String(255), nullable=False),
    Column("email_address", String(255), nullable=False),
    Column("active", Boolean, nullable=False, default=True),
    Column("credential", Text, nullable=False, comment="argon2 hash"),
    Column("epoch", BigInteger, nullable=False, default=0, comment="what was born under a lower one is void"),
    Column("created_date", _INSTANT, nullable=False),
)

groups = Table("cwd_group", metadata, Column("group_name", String(255), primary_key=True))

memberships = Table(
    "cwd_membership",
    metadata,
    Column("user_id", BigInteger, ForeignKey("cwd_user.id", ondelete="CASCADE"), primary_key=True),
    Column("group_name", String(255), ForeignKey("cwd_group.group_name"), primary_key=True),
)

login_counters = Table(
    "logincounter",
    metadata,
    Column("user_id", BigInteger, ForeignKey("cwd_user.id", ondelete="CASCADE"), primary_key=True),
    Column("login_count", BigInteger, nullable=False, default=0),
    Column("failed_login_count", BigInteger, nullable=False, default=0, comment="ever"),
    Column("current_failed_login_count", Integer, nullable=False, default=0, comment="since the last good login"),
    Column("last_login", _INSTANT),
    Column("previous_login", _INSTANT),
    Column("last_failed_login", _INSTANT),
)

remember_me_tokens = Table(
    "remembermetoken",
    metadata,
    Column("id", BigInteger, Identity(start=FIRST_ID), primary_key=True),
    Column("created", _INSTANT, nullable=False),
    Column("token", String(64), nullable=False, comment="SHA-256 of the secret; the secret is only in the cookie"),
    Column("username", String(255), nullable=False, comment="the user KEY; the column kept its name in Jira"),
    Index("remembermetoken_username", "username"),
)

properties = Table(
    "propertystring",
    metadata,
    Column("property_key", String(255), primary_key=True),
    Column("property_value", Text, nullable=False),
)

cluster_nodes = Table(
    "clusternode",
    metadata,
    Column("node_id", String(60), primary_key=True),
    Column("node_state", String(60), nullable=False),
    Column("timestamp", BigInteger, nullable=False, comment="last state change, policy ms"),
    Column("ip", String(255), nullable=False),
    Column("cache_listener_port", Integer, nullable=False),
    Column("node_build_number", BigInteger, nullable=False),
    Column("node_version", String(60), nullable=False),
    Column("url", String(255), nullable=False, comment="where the balancer finds it"),
)

cluster_node_heartbeats = Table(
    "clusternodeheartbeat",
    metadata,
    Column("node_id", String(60), primary_key=True),
    Column("heartbeat_time", BigInteger, nullable=False, comment="policy ms"),
)

cluster_upgrade_states = Table(
    "clusterupgradestate",
    metadata,
    Column("order_number", BigInteger, Identity(), primary_key=True),
    Column("state", String(60), nullable=False),
    Column("cluster_build_number", BigInteger, nullable=False, comment="what the cluster ran when it was last stable"),
    Column("cluster_version", String(60), nullable=False),
    Column("executing_node", String(60), comment="who runs the upgrade tasks"),
    Column("database_time", BigInteger, nullable=False, comment="policy ms"),
)

invalidation_head = Table(
    "invalidation_head",
    metadata,
    Column("only_row", Boolean, primary_key=True, default=True),
    Column("position", BigInteger, nullable=False),
)

invalidation_log = Table(
    "invalidation_log",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", String(40), nullable=False),
    Column("user_key", String(255), comment="null means everyone"),
    Column("epoch", BigInteger, nullable=False),
    Column("action", String(40), nullable=False),
    Column("origin", String(60), nullable=False, comment="the node that performed it"),
    Column("is_told", Boolean, nullable=False, comment="false: by a node that tells nobody; the others pass over it"),
    Column("at", _INSTANT, nullable=False),
)

node_leases = Table(
    "node_lease",
    metadata,
    Column("node_id", String(60), primary_key=True),
    Column("incarnation", String(40), primary_key=True, comment="one life of a node's process"),
    Column("beats", BigInteger, nullable=False, comment="another number with each renewal"),
    Column("lease_ms", Integer, nullable=False, comment="how long a renewal lasts, real ms"),
    Column("applied", BigInteger, nullable=False, comment="position in invalidation_log"),
    Column("protocol", Integer, nullable=False),
)

replication_queue = Table(
    "replication_queue",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("sender", String(60), nullable=False, comment="the node whose queue this is; nobody else reads it"),
    Column("destination", String(60), nullable=False),
    Column("payload", Text, nullable=False, comment="an encoded invalidation"),
    Column("created", BigInteger, nullable=False, comment="policy ms"),
    Index("replication_queue_lane", "sender", "destination", "id"),
)

anonymizations = Table(
    "anonymization_task",
    metadata,
    Column("task_id", BigInteger, Identity(start=10100), primary_key=True),
    Column("user_key", String(255), nullable=False),
    Column("user_name", String(255), nullable=False),
    Column("full_name", String(255), nullable=False),
    Column("executing_node", String(60), nullable=False),
    Column("status", String(20), nullable=False),
    Column("submitted_time", _INSTANT, nullable=False),
    Column("start_time", _INSTANT),
    Column("finish_time", _INSTANT),
    Column("errors", Text),
)

attachments = Table(
    "fileattachment",
    metadata,
    Column("id", BigInteger, Identity(start=FIRST_ID), primary_key=True),
    Column("issue_id", BigInteger, nullable=False),
    Column("filename", String(255), nullable=False),
    Column("mime_type", String(255), nullable=False),
    Column("file_size", BigInteger, nullable=False),
    Column("author", String(255), nullable=False, comment="user key"),
    Column("created", _INSTANT, nullable=False),
    Index("fileattachment_issue", "issue_id"),
)

attachment_contents = Table(
    "fileattachment_content",
    metadata,
    Column("id", BigInteger, ForeignKey("fileattachment.id", ondelete="CASCADE"), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

SCHEMA_LOCK = 0x6463_7369_6D01
"""Advisory lock: one node at a time creates or seeds the schema."""
HEAD_LOCK = 0x6463_7369_6D02
"""Advisory lock on the head of the invalidation log, held to commit."""
NAMES_LOCK = 0x6463_7369_6D03
"""Advisory lock for whoever creates or renames a user."""
UPGRADE_LOCK = 0x6463_7369_6D06
"""Advisory lock for whoever changes the state of a cluster upgrade."""
TASK_LOCK = 0x6463_7369_6D04
"""Advisory lock for starting an anonymization; one runs at a time in the whole cluster."""
ATTACHMENTS_LOCK = 0x6463_7369_6D05
"""Advisory lock for whoever adds attachments: the bounds on all of them together are checked under it."""
