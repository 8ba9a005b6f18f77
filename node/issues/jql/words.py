"""Reserved words and characters, and how a text is written so that it reads back as itself.

The list of words is the one Atlassian prints under "Advanced searching" plus `changed`, `was`, which are operators.
"""

RESERVED_WORDS = frozenset(
    """
    abort access add after alias all alter and any as asc audit avg before begin between boolean break by byte catch cf
    changed char character check checkpoint collate collation column commit connect continue count create current date
    decimal declare decrement default defaults define delete delimiter desc difference distinct divide do double drop
    else empty encoding end equals escape exclusive exec execute exists explain false fetch field file first float for
    from function go goto grant greater group having identified if immediate in increment index initial inner inout
    input insert int integer intersect intersection into is isempty isnull join last left less like limit lock long max
    min minus mode modify modulo more multiply next noaudit not notin nowait null number object of on option or order
    outer output power previous prior privileges public raise raw remainder rename resource return returns revoke right
    row rowid rownum rows select session set share size sqrt start strict string subtract sum synonym table then to
    trans transaction trigger true uid union unique update user validate values view was when whenever where while with
    """.split()  # noqa: SIM905  two hundred quoted words would read worse
)

KEYWORDS = frozenset(
    "after and asc before by cf changed desc empty from in is not null on or order to was".split()  # noqa: SIM905
)
"""Reserved words that mean something in a query; at the wrong place they are unexpected rather than reserved."""

RESERVED_CHARACTERS = frozenset("{}*/%+^$#@?;")

ESCAPES = {"'": "'", '"': '"', "t": "\t", "n": "\n", "r": "\r", "\\": "\\", " ": " "}
_ESCAPED = {character: f"\\{name}" for name, character in ESCAPES.items() if character not in " '"}


def is_illegal(character: str) -> bool:
    """Control characters and Unicode's non-characters must be escaped; line ends are only blanks."""
    code = ord(character)
    if character in "\n\r":
        return False
    return code < 0x20 or 0x7F <= code <= 0x9F or 0xFDD0 <= code <= 0xFDEF or code in (0xFFFE, 0xFFFF)


def quoted(text: str) -> str:
    """The text in double quotation marks, with everything escaped that has to be."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPED:
        return _ESCAPED[character]
    return f"\\u{ord(character):04x}" if is_illegal(character) else character
