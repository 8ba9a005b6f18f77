"""What people are told of a word that there is not."""

import subprocess
import sys

import pytest

from compose.nearest import unknown_word


@pytest.mark.parametrize(
    ("word", "known", "told"),
    [
        ("stale-windw", ["stale-window-max", "logins"], "did you mean stale-window-max?"),
        ("crowd.gat", ["session_idle", "crowd_gate"], "did you mean crowd_gate?"),
        ("Crash", ["node.hang", "node.crash"], "did you mean node.crash?"),
        ("zzz", ["session_idle", "crowd_gate"], "there are session_idle, crowd_gate"),
        ("zzz", [], "there is none"),
    ],
)
def test_the_nearest_word_there_is_or_all(word, known, told):
    assert unknown_word(word, known, kind="word") == f"there is no word {word!r}; {told}"


def test_what_reads_the_flags_of_a_command_imports_no_parser_of_drills():
    """`dcsim up` begins at once."""
    code = "import sys, compose.cli.flags; print(*sys.modules)"
    imported = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()

    assert "compose.nearest" in imported
    assert "yaml" not in imported
    assert not [name for name in imported if name.startswith("compose.drills")]
