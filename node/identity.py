"""Who a user is, as one node last read it from the directory."""

from dataclasses import dataclass

from shared.accounts import ADMINISTRATORS


@dataclass(frozen=True, slots=True)
class Account:
    """A row of the directory at one moment. `epoch` is what makes it comparable: what was born under a lower epoch
    of the same `user_key` is void. The key stays the same when a user is renamed."""

    user_key: str
    username: str
    display_name: str
    email: str
    active: bool
    epoch: int
    groups: tuple[str, ...]

    @property
    def is_admin(self) -> bool:
        return ADMINISTRATORS in self.groups
