"""One XML file as a tree of elements that know their line. Nothing is fetched, nothing is expanded.

These files come from other people's servers. Old ones open with a DOCTYPE, which is harmless as long as nobody
follows it: external DTDs are not read. Entities are refused, because expanding them is how a small file becomes a
large one or reads a file it was not given.
"""

from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from shared.errors import OperatorError

SIZE_MAX = 2 * 1024 * 1024
"""Bytes. Jira's WEB-INF/web.xml, the largest of the three as shipped, has about 330 KiB."""
DEPTH_MAX = 64
"""Nested elements; a web.xml has five levels."""


@dataclass(slots=True)
class Element:
    """One element: its name without namespace, the line its start tag stands on, its own text and its children."""

    name: str
    line: int
    text: str = ""
    children: "list[Element]" = field(default_factory=list)

    def all(self, name: str) -> "list[Element]":
        """The children of that name, in document order."""
        return [child for child in self.children if child.name == name]

    def texts(self) -> "list[str]":
        """The texts of this element and all below it, in document order."""
        found, waiting = [], [self]
        while waiting:
            element = waiting.pop()
            found.append(element.text)
            waiting.extend(reversed(element.children))
        return found


@dataclass(frozen=True, slots=True)
class XmlFile:
    """A parsed file and the name it was given by."""

    path: Path
    root: Element

    def fault(self, element: Element, problem: str) -> OperatorError:
        """The error that names this file and the element's line; `problem` ends with what to do."""
        return OperatorError(f"{self.path}, line {element.line}: {problem}")


def read_xml(path: Path) -> XmlFile:
    """Parses the file. Raises OperatorError when it cannot be read, is too large, or is no harmless XML."""
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_MAX + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OperatorError(f"cannot read {path}: {reason}; give the path of a readable XML file") from error
    if len(content) > SIZE_MAX:
        raise OperatorError(f"{path} is larger than {SIZE_MAX} bytes; a web.xml or seraph-config.xml is far smaller")
    return XmlFile(path, _parse(path, content))


class _Tree:
    """The parser's target: collects elements and asks the parser for the current line."""

    def __init__(self) -> None:
        self.parser: DefusedXMLParser | None = None
        self.root = Element("", 0)
        self._open: list[Element] = []

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        element = Element(tag.rpartition("}")[2], self._line())
        if len(self._open) >= DEPTH_MAX:
            raise _TooDeep(element.line)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, _tag: str) -> None:
        element = self._open.pop()
        element.text = element.text.strip()

    def data(self, text: str) -> None:
        if self._open:
            self._open[-1].text += text

    def _line(self) -> int:
        assert self.parser is not None
        return int(self.parser.parser.CurrentLineNumber)  # expat's own count


class _TooDeep(Exception):
    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def _parse(path: Path, content: bytes) -> Element:
    tree = _Tree()
    parser = DefusedXMLParser(target=tree, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    tree.parser = parser
    try:
        parser.feed(content)
        parser.close()
    except DefusedXmlException as error:
        raise OperatorError(
            f"{path} declares XML entities or refers to other files ({type(error).__name__}), which is refused; "
            "remove the declarations from its DOCTYPE"
        ) from error
    except _TooDeep as error:
        raise OperatorError(
            f"{path}, line {error.line}: elements are nested more than {DEPTH_MAX} deep; "
            "this is neither a web.xml nor a seraph-config.xml"
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise OperatorError(f"{path} is not well-formed XML: {error}; correct it or restore the original") from error
    return tree.root
