"""Text into tokens. One pass, each character looked at once; every token knows where it stands."""

import re
from dataclasses import dataclass, field
from enum import Enum, auto

from node.issues.jql.errors import JqlError, syntax_error
from node.issues.jql.words import ESCAPES, KEYWORDS, RESERVED_CHARACTERS, RESERVED_WORDS, is_illegal

LENGTH_MAX = 20_000
"""Characters in a query. Ours: generous for a person or a script, and bounds what one request can cost."""

LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1
_NUMBER = re.compile(r"-?[0-9]+")
_SYMBOLS = ("!=", "!~", "<=", ">=", "&&", "||", "=", "~", "<", ">", "!", "&", "|", "(", ")", ",", "[", "]")
_STARTS = frozenset(symbol[0] for symbol in _SYMBOLS)
_BLANKS = frozenset(" \t\n\r\f\v\u00a0")
_QUOTES = frozenset("'\"")
_VALID_ESCAPES = "The valid escape sequences are \\', \\\", \\t, \\n, \\r, \\\\, '\\ ' and \\uXXXX."


class Kind(Enum):
    """What a token is."""

    WORD = auto()
    QUOTED = auto()
    NUMBER = auto()
    SYMBOL = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is what it means, escapes resolved; `raw` is what stands in the query."""

    kind: Kind
    text: str
    raw: str
    line: int = field(compare=False)
    column: int = field(compare=False)

    def is_word(self, *words: str) -> bool:
        """Is it one of these keywords, in any case and not quoted?"""
        return self.kind is Kind.WORD and self.raw.lower() in words

    def is_symbol(self, *symbols: str) -> bool:
        return self.kind is Kind.SYMBOL and self.text in symbols

    @property
    def is_keyword(self) -> bool:
        return self.is_word(*KEYWORDS)


def tokenize(query: str) -> list[Token]:
    """The tokens of the query, an END at the end. Raises JqlError for what can be no part of any query."""
    if len(query) > LENGTH_MAX:
        raise JqlError(f"The JQL query has {len(query)} characters; at most {LENGTH_MAX} are accepted.")
    return _Lexer(query).tokens()


class _Lexer:
    def __init__(self, query: str) -> None:
        self._query = query
        self._at = 0
        self._line = 1
        self._line_start = 0

    def tokens(self) -> list[Token]:
        found = []
        while self._skip_blanks():
            found.append(self._next())
        found.append(Token(Kind.END, "", "", self._line, self._column()))
        return found

    def _skip_blanks(self) -> bool:
        """False at the end of the query."""
        while self._at < len(self._query) and self._query[self._at] in _BLANKS:
            self._step()
        return self._at < len(self._query)

    def _next(self) -> Token:
        character = self._query[self._at]
        if character in _QUOTES:
            return self._quoted(character)
        if character in _STARTS:
            return self._symbol()
        return self._word()

    def _symbol(self) -> Token:
        symbol = next(symbol for symbol in _SYMBOLS if self._query.startswith(symbol, self._at))
        token = Token(Kind.SYMBOL, symbol, symbol, self._line, self._column())
        self._at += len(symbol)
        return token

    def _quoted(self, quote: str) -> Token:
        start, line, column = self._at, self._line, self._column()
        self._step()
        text: list[str] = []
        while self._at < len(self._query):
            character = self._query[self._at]
            if character == quote:
                self._step()
                return Token(Kind.QUOTED, "".join(text), self._query[start : self._at], line, column)
            text.append(self._character(character))
        so_far = " ".join("".join(text).splitlines()) + (" " if text and text[-1] in "\n\r" else "")
        received = f" '{so_far}'" if so_far else ""
        raise syntax_error(f"The quoted string{received} has not been completed.", line, column)

    def _word(self) -> Token:
        start, line, column = self._at, self._line, self._column()
        text: list[str] = []
        while self._at < len(self._query):
            character = self._query[self._at]
            if character in _BLANKS or character in _STARTS or character in _QUOTES:
                break
            if character in RESERVED_CHARACTERS:
                raise self._at_fault(
                    f"The character '{character}' is a reserved JQL character. You must enclose it in a string or "
                    f"use the escape '\\u{ord(character):04x}' instead."
                )
            text.append(self._character(character))
        return _word_token("".join(text), self._query[start : self._at], line, column)

    def _character(self, character: str) -> str:
        """Takes one character or escape sequence; returns what it means."""
        if character == "\\":
            return self._escape()
        if is_illegal(character):
            code = ord(character)
            raise self._at_fault(
                f"The character 'U+{code:04X}' on line {self._line} at position {self._column()} must be escaped. "
                f"Use the escape '\\u{code:04x}' instead."
            )
        self._step()
        return character

    def _escape(self) -> str:
        name = self._query[self._at + 1 : self._at + 2]
        if not name:
            raise self._at_fault(f"The escape sequence has not been completed. {_VALID_ESCAPES}")
        if name == "u":
            return self._unicode_escape()
        if name not in ESCAPES:
            raise self._illegal_escape(f"\\{name}")
        self._at += 2
        return ESCAPES[name]

    def _unicode_escape(self) -> str:
        digits = self._query[self._at + 2 : self._at + 6]
        for place, digit in enumerate(digits):
            if digit not in "0123456789abcdefABCDEF":
                raise self._illegal_escape(f"\\u{digits[: place + 1]}")
        if len(digits) < 4:
            raise self._illegal_escape(f"\\u{digits}")
        self._at += 6
        return chr(int(digits, 16))

    def _illegal_escape(self, received: str) -> JqlError:
        return self._at_fault(f"'{received}' is an illegal JQL escape sequence. {_VALID_ESCAPES}")

    def _at_fault(self, problem: str) -> JqlError:
        return syntax_error(problem, self._line, self._column())

    def _column(self) -> int:
        return self._at - self._line_start + 1

    def _step(self) -> None:
        if self._query[self._at] == "\n":
            self._line += 1
            self._line_start = self._at + 1
        self._at += 1


def _word_token(text: str, raw: str, line: int, column: int) -> Token:
    if raw.lower() in RESERVED_WORDS and raw.lower() not in KEYWORDS:
        raise syntax_error(
            f"'{raw}' is a reserved JQL word. You must surround it in quotation marks to use it in a query.",
            line,
            column,
        )
    if _NUMBER.fullmatch(raw) is None:
        return Token(Kind.WORD, text, raw, line, column)
    if len(raw) > 20 or not LONG_MIN <= int(raw) <= LONG_MAX:
        raise syntax_error(
            f"'{raw}' is not a valid number. Numbers must be between {LONG_MIN:,} and {LONG_MAX:,}.", line, column
        )
    return Token(Kind.NUMBER, raw, raw, line, column)
