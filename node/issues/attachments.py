"""Files at issues: what is told about one, and the bounds. A store may not forget, so a full one refuses."""

import mimetypes
import re
from dataclasses import dataclass

from shared.errors import CallerError

COUNT_MAX = 1_000
FILE_BYTES_MAX = 10 * 1024 * 1024
"""Jira's own default for one file."""
TOTAL_BYTES_MAX = 64 * 1024 * 1024
NAME_MAX = 255
UNKNOWN_TYPE = "application/octet-stream"
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,80}/[A-Za-z0-9!#$&^_.+-]{1,80}")


@dataclass(frozen=True, slots=True)
class Attachment:
    """One stored file: `size` in bytes, `author` a user key, `created_ms` policy time."""

    id: int
    issue_id: int
    filename: str
    size: int
    mime_type: str
    author: str
    created_ms: int


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file somebody sends. Raises CallerError 400 for a bad name and 413 for one that is too large."""

    filename: str
    content: bytes
    mime_type: str

    def __post_init__(self) -> None:
        _check_name(self.filename)
        if len(self.content) > FILE_BYTES_MAX:
            raise too_large(self.filename)

    @classmethod
    def of(cls, filename: str, content: bytes, declared_type: str | None) -> "NewFile":
        """With the type the sender declares if it is one, else the one its name suggests."""
        given = declared_type if declared_type and declared_type != UNKNOWN_TYPE else None
        known = given if given and _TYPE.fullmatch(given) else mimetypes.guess_type(filename)[0]
        return cls(filename, content, known or UNKNOWN_TYPE)


@dataclass(frozen=True, slots=True)
class Room:
    """How much of the store is taken: files and bytes."""

    count: int
    size: int

    def check(self, file: NewFile) -> None:
        """Raises CallerError 507 when the file does not fit in any more."""
        if self.count >= COUNT_MAX or self.size + len(file.content) > TOTAL_BYTES_MAX:
            raise CallerError(507, f"There is no room for the file {file.filename}; delete other attachments first.")


def too_large(filename: str) -> CallerError:
    """The refusal of a file, which may come before all of it was read."""
    return CallerError(413, f"The file {filename} is too large; at most {FILE_BYTES_MAX} bytes can be attached.")


def _check_name(filename: str) -> None:
    """A name only: what looks like a path or would break a header is refused, not repaired."""
    if not 0 < len(filename) <= NAME_MAX or filename in (".", "..") or not filename.isprintable():
        raise CallerError(400, f"A file name must have 1 to {NAME_MAX} printable characters.")
    if "/" in filename or "\\" in filename:
        raise CallerError(400, "A file name must not contain a slash or a backslash.")
