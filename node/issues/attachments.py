"""Files at issues, in memory and bounded: a store may not forget, so a full one refuses.

Nodes of one cluster have to see the same files. This keeps them in one process; the same rules over a table of the
shared database replace it where more than one node runs.
"""

import mimetypes
from dataclasses import dataclass

from shared.errors import CallerError

COUNT_MAX = 1_000
FILE_BYTES_MAX = 10 * 1024 * 1024
"""Jira's own default for one file."""
TOTAL_BYTES_MAX = 64 * 1024 * 1024
NAME_MAX = 255
FIRST_ID = 10_000
_UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file: `size` in bytes, `author` a user key, `created_ms` policy time."""

    id: int
    issue_id: int
    filename: str
    size: int
    mime_type: str
    author: str
    created_ms: int


class Attachments:
    """The store. Bounds are in files and bytes; the content is kept apart from what is told about it."""

    def __init__(
        self,
        *,
        count_max: int = COUNT_MAX,
        file_bytes_max: int = FILE_BYTES_MAX,
        total_bytes_max: int = TOTAL_BYTES_MAX,
    ) -> None:
        self._count_max = count_max
        self._file_bytes_max = file_bytes_max
        self._total_bytes_max = total_bytes_max
        self._total_bytes = 0
        self._stored: dict[int, tuple[Attachment, bytes]] = {}

    def add_attachment(
        self,
        issue_id: int,
        filename: str,
        content: bytes,
        *,
        author: str,
        created_ms: int,
        mime_type: str | None = None,
    ) -> Attachment:
        """Stores a file. Raises CallerError 400 for a bad name, 413 for a file too large, 507 when there is no room."""
        _check_name(filename)
        if len(content) > self._file_bytes_max:
            raise CallerError(
                413, f"The file {filename} has {len(content)} bytes; at most {self._file_bytes_max} can be attached."
            )
        if len(self._stored) >= self._count_max or self._total_bytes + len(content) > self._total_bytes_max:
            raise CallerError(507, f"There is no room for the file {filename}; delete other attachments first.")
        guessed = mime_type or mimetypes.guess_type(filename)[0] or _UNKNOWN_TYPE
        attachment = Attachment(
            FIRST_ID + len(self._stored), issue_id, filename, len(content), guessed, author, created_ms
        )
        self._stored[attachment.id] = (attachment, content)
        self._total_bytes += len(content)
        return attachment

    def of_issue(self, issue_id: int) -> tuple[Attachment, ...]:
        """The files of one issue, oldest first."""
        return tuple(attachment for attachment, _ in self._stored.values() if attachment.issue_id == issue_id)

    def find(self, attachment_id: int) -> tuple[Attachment, bytes] | None:
        """A file and its content, or None. Whether the viewer may see its issue is the caller's question."""
        return self._stored.get(attachment_id)


def _check_name(filename: str) -> None:
    """A name only: what looks like a path or would break a header is refused, not repaired."""
    if not 0 < len(filename) <= NAME_MAX or filename in (".", "..") or not filename.isprintable():
        raise CallerError(400, f"A file name must have 1 to {NAME_MAX} printable characters.")
    if "/" in filename or "\\" in filename:
        raise CallerError(400, "A file name must not contain a slash or a backslash.")
