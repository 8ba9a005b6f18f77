"""From which images containers are made. Read from the environment, as these are properties of a machine."""

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import OperatorError
from shared.settings import explain

PREFIX = "DCSIM_DOCKER_"


class DockerSettings(BaseSettings):
    """Each is an environment variable with `DCSIM_DOCKER_` before it; compose.yaml reads the same ones."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    image: str | None = Field(None, min_length=1, description="of ours, as it is; default: built from the sources")
    python_image: str = Field("python:3.11-slim-bookworm", min_length=1)
    postgres_image: str = Field("postgres:18", min_length=1)
    redis_image: str = Field("valkey/valkey:9", min_length=1)
    build_network: str | None = Field(None, min_length=1, description="on which `docker build` runs, such as host")
    pip_options: str = Field("", description="for pip inside the build, such as --index-url ...")

    @classmethod
    def from_environment(cls) -> "DockerSettings":
        """Raises OperatorError for a value that cannot be."""
        try:
            return cls()
        except ValidationError as error:
            raise OperatorError(explain(error, prefix=PREFIX)) from error
