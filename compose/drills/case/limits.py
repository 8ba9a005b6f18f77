"""The limits a cluster ran with, under the names that the first record of a history has them by."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from compose.drills.scenario.cluster import ClusterSection


@dataclass(frozen=True, slots=True)
class Limits:
    """None: not known, or there is none. Sessions, tokens and Crowd entries count policy time, the rest real time.
    `health_fall` and `health_rise` count checks."""

    session_idle_ms: int | None = None
    session_max_age_ms: int | None = None
    remember_me_age_ms: int | None = None
    crowd_ttl_ms: int | None = None
    lease_ms: int | None = None
    health_interval_ms: int | None = None
    health_timeout_ms: int | None = None
    health_fall: int | None = None
    health_rise: int | None = None

    @classmethod
    def of(cls, recorded: Mapping[str, int | None], cluster: ClusterSection | None = None) -> "Limits":
        """What was recorded wins over what the drill's file says: imported files may have changed it."""
        known = {field.name for field in fields(cls)}
        said = {} if cluster is None else limits_of(cluster)
        return cls(**{name: value for name, value in {**said, **recorded}.items() if name in known})


def limits_of(cluster: ClusterSection) -> dict[str, int | None]:
    """As `Opened.limits` holds them."""
    health = cluster.balancer.health
    return asdict(
        Limits(
            session_idle_ms=cluster.session.idle.ms,
            session_max_age_ms=None if cluster.session.max_age is None else cluster.session.max_age.ms,
            remember_me_age_ms=cluster.session.remember_me_age.ms,
            crowd_ttl_ms=cluster.crowd.ttl.ms,
            lease_ms=cluster.lease.ms,
            health_interval_ms=health.interval.ms,
            health_timeout_ms=health.timeout.ms,
            health_fall=health.fall,
            health_rise=health.rise,
        )
    )
