"""What happens to the bytes of one direction on their way: nothing, or what a fault has in mind for them.

A stage is the state of one fault in one direction of one connection. It takes items in order, gives on what it likes
through its pipe, and at its end gives on at once whatever it still holds.
"""

from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compose.cluster.links.connection import Pipe


class End(Enum):
    """How one side ended: it will send no more but still listens, it is gone, or it broke off."""

    EOF = auto()
    CLOSED = auto()
    RESET = auto()


Item = bytes | End


class Stage:
    """The stage of a healthy link: everything goes on at once. Others inherit from it."""

    wants_frames = False
    """Is given whole Redis frames through `take_frames` instead of bytes."""

    def __init__(self, pipe: "Pipe") -> None:
        self.pipe = pipe

    def take(self, item: Item) -> None:
        self.pipe.pass_on(item)

    def take_frames(self, frames: "list[tuple[bytes, object]]") -> None:
        raise NotImplementedError

    def end(self) -> None:
        """The fault is over."""
