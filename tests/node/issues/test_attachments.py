"""Files at issues."""

import pytest

from node.issues.attachments import Attachments
from shared.errors import CallerError
from tests.support.issues import NOW_MS


def add(store, name="log.txt", content=b"hello", issue_id=10_002, **options):
    return store.add_attachment(issue_id, name, content, author="alice", created_ms=NOW_MS, **options)


def refused(store, *given, **options):
    with pytest.raises(CallerError) as caught:
        add(store, *given, **options)
    return caught.value.status


def test_stored_and_found():
    """A file is found again by its id and by its issue, oldest first."""
    store = Attachments()
    one, two, _ = add(store), add(store, "b.png", b"\x89"), add(store, issue_id=1)
    assert store.find(one.id) == (one, b"hello")
    assert store.of_issue(10_002) == (one, two)
    assert (one.size, one.mime_type, two.mime_type) == (5, "text/plain", "image/png")
    assert store.find(0) is None


def test_type():
    """The type is the given one, else guessed from the name, else unknown."""
    store = Attachments()
    assert add(store, mime_type="text/x-log").mime_type == "text/x-log"
    assert add(store, "core").mime_type == "application/octet-stream"


def test_bounds():
    """A store never forgets: one file too large is 413, no room left is 507, and what is there stays."""
    store = Attachments(count_max=3, file_bytes_max=10, total_bytes_max=12)
    kept = add(store, content=b"0123456789")
    assert refused(store, content=b"0123456789A") == 413
    assert refused(store, content=b"012") == 507
    add(store, content=b"")
    add(store, content=b"01")
    assert refused(store, content=b"") == 507
    assert store.find(kept.id) == (kept, b"0123456789")


@pytest.mark.parametrize("name", ["", "a" * 256, "a/b", "..\\b", "..", "a\nb", "a\0"])
def test_names(name):
    """A name that is empty, too long, a path or unprintable is refused."""
    assert refused(Attachments(), name) == 400
    assert add(Attachments(), "Übersicht (1).txt").filename == "Übersicht (1).txt"
