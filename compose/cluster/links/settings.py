"""What the relay program is told: its links, and where an operator reaches it."""

from pydantic import BaseModel, ConfigDict, Field

from shared.settings import ProgramSettings


class LinkSettings(BaseModel):
    """One link: where it is dialled, and where it leads. `redis`: what comes in is Redis' protocol, unencrypted.

    `watched`: the link keeps a connection to its target open, to hear of its end at once; for targets that do not mind
    an idle one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    port: int = Field(ge=0, le=65535)
    target_host: str = Field(min_length=1)
    target_port: int = Field(ge=1, le=65535)
    redis: bool = False
    watched: bool = False


class RelaySettings(ProgramSettings):
    """The relay of one cluster. Its ports are already reserved by whoever starts it (`compose.cluster.ports`)."""

    host: str = "127.0.0.1"
    operator_host: str = Field("127.0.0.1", min_length=1)
    operator_port: int = Field(0, ge=0, le=65535)
    links: tuple[LinkSettings, ...] = ()
    stop_grace_s: float = Field(1.0, ge=0, description="real; how long the operator's requests may finish at stop")
