"""The word somebody probably meant, and how he is told. For all that people write: command lines and drill files."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches


def unknown_word(word: str, known: Collection[str], *, kind: str) -> str:
    """`there is no metric 'stale-windw'; did you mean stale-window-max?`, or else all there are."""
    close = nearest(word, known)
    there_are = f"there are {', '.join(known)}" if known else "there is none"
    return f"there is no {kind} {word!r}; " + (f"did you mean {close}?" if close else there_are)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Of the known words the one most like this, if any is like it. Case and underscores are no difference."""
    by_spelling = {_plain(one): one for one in known}
    found = get_close_matches(_plain(word), by_spelling, n=1, cutoff=0.6)
    if found:
        return by_spelling[found[0]]
    return next((one for plain, one in by_spelling.items() if len(word) > 3 and _plain(word) in plain), None)


def _plain(word: str) -> str:
    return word.lower().replace("_", "-")
