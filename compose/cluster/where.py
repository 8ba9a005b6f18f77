"""Where clusters run: the one choice that commands which start clusters have in common."""

from enum import StrEnum


class Where(StrEnum):
    """`processes`: children of this command, on loopback. `docker`: containers, on networks of their own."""

    PROCESSES = "processes"
    DOCKER = "docker"
