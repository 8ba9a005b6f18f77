"""The word somebody probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Of the known words the one most like this, if any is like it. Case and underscores are no difference."""
    by_spelling = {_plain(one): one for one in known}
    found = get_close_matches(_plain(word), by_spelling, n=1, cutoff=0.6)
    if found:
        return by_spelling[found[0]]
    return next((one for plain, one in by_spelling.items() if len(word) > 3 and _plain(word) in plain), None)


def _plain(word: str) -> str:
    return word.lower().replace("_", "-")
