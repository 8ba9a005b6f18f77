"""Files at issues: the rules."""

import pytest

from node.issues.attachments import COUNT_MAX, FILE_BYTES_MAX, TOTAL_BYTES_MAX, NewFile, Room
from shared.errors import CallerError


def refused(make, *given):
    with pytest.raises(CallerError) as caught:
        make(*given)
    return caught.value.status


@pytest.mark.parametrize(
    ("name", "declared", "kept"),
    [
        ("log.txt", "text/x-log", "text/x-log"),
        ("log.txt", None, "text/plain"),
        ("log.txt", "application/octet-stream", "text/plain"),
        ("log.txt", "text/plain\r\nSet-Cookie: x=1", "text/plain"),
        ("core", "nonsense", "application/octet-stream"),
    ],
)
def test_type(name, declared, kept):
    """The type is the declared one if it says anything and is one, else guessed from the name, else unknown."""
    assert NewFile.of(name, b"", declared).mime_type == kept


def test_a_file_has_a_largest_size():
    """Ten MiB are taken, one byte more is 413."""
    assert NewFile.of("a", bytes(FILE_BYTES_MAX), None)
    assert refused(NewFile.of, "a", bytes(FILE_BYTES_MAX + 1), None) == 413


def test_the_store_has_a_largest_size():
    """The last free byte and the last free place are given away; after that 507."""
    file = NewFile.of("a", b"0123456789", None)
    Room(COUNT_MAX - 1, TOTAL_BYTES_MAX - 10).check(file)
    assert refused(Room(COUNT_MAX, 0).check, file) == 507
    assert refused(Room(0, TOTAL_BYTES_MAX - 9).check, file) == 507


@pytest.mark.parametrize("name", ["", "a" * 256, "a/b", "..\\b", "..", "a\nb", "a\0"])
def test_names(name):
    """A name that is empty, too long, a path or unprintable is refused."""
    assert refused(NewFile.of, name, b"", None) == 400
    assert NewFile.of("Übersicht (1).txt", b"", None).filename == "Übersicht (1).txt"
