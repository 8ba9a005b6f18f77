"""What `~` finds: words, in any case and order; a phrase in quotation marks; `*` and `?` inside a word.

Jira asks a full-text index that also reduces words to their stems; this does not.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

_TERM = re.compile(r'"([^"]*)"|(\S+)')
_WORD = re.compile(r"\w+")
_PATTERN_WORD = re.compile(r"[\w*?]+")


@dataclass(frozen=True, slots=True)
class TextQuery:
    """Every term has to occur; a term is one or more neighbouring words."""

    terms: tuple[tuple[str, ...], ...]

    def matches(self, text: str) -> bool:
        """Do all terms occur in the text? A query without a single word finds nothing, as in Jira."""
        words = _WORD.findall(text.casefold())
        return bool(self.terms) and all(_occurs(term, words) for term in self.terms)


def parse_text(query: str) -> TextQuery:
    """The terms of a text query; punctuation only separates words."""
    terms = []
    for phrase, term in _TERM.findall(query.casefold()):
        words = tuple(_PATTERN_WORD.findall(phrase or term))
        if words:
            terms.append(words)
    return TextQuery(tuple(terms))


def _occurs(term: tuple[str, ...], words: list[str]) -> bool:
    return any(_all_match(term, words[start : start + len(term)]) for start in range(len(words) - len(term) + 1))


def _all_match(patterns: tuple[str, ...], words: Iterable[str]) -> bool:
    return all(fnmatchcase(word, pattern) for pattern, word in zip(patterns, words, strict=True))
