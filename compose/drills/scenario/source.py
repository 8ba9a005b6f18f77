"""A YAML file as plain values, and the line each of them stands in, so that what is wrong can be pointed at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from shared.errors import OperatorError

Loc = tuple[str | int, ...]


class AsWritten(float):
    """A number with a point, as it was written: 9.10 is a version, and 9.1 another one."""

    text: str

    @classmethod
    def of(cls, text: str) -> "AsWritten":
        number = cls(text)
        number.text = text
        return number

    def __str__(self) -> str:
        return self.text

    def __deepcopy__(self, _memo: object) -> "AsWritten":
        return self


@dataclass(frozen=True)
class Source:
    """`values` as they stand in the file, `lines` by the path to each of them."""

    path: Path
    text: str
    values: dict[str, Any]
    lines: Mapping[Loc, int] = field(default_factory=dict)

    def line_of(self, loc: Loc) -> int | None:
        """Of the value itself, or of the nearest one around it that stands in the file."""
        for length in range(len(loc), -1, -1):
            if loc[:length] in self.lines:
                return self.lines[loc[:length]]
        return None

    def at(self, loc: Loc) -> str:
        """`file, line 12: cluster.nodes.count`, for the beginning of a message."""
        line = self.line_of(loc)
        where = f"{self.path}" if line is None else f"{self.path}, line {line}"
        return f"{where}: {dotted(loc)}" if loc else where


def dotted(loc: Sequence[str | int]) -> str:
    """`method.2.fault`, counting from 1 as people do."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in loc)


def read_source(path: Path) -> Source:
    """Raises OperatorError for a file that is not there, or no YAML mapping, or says one thing twice."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"{path} cannot be read: {error}") from error
    return parse_source(text, path)


def parse_source(text: str, path: Path) -> Source:
    lines: dict[Loc, int] = {}
    values = parse_value(text, str(path), lines)
    if not isinstance(values, dict):
        raise OperatorError(f"{path}: a drill is a mapping that begins with 'drill: 1'; this is none")
    return Source(path, text, values, lines)


def parse_value(text: str, name: str, lines: dict[Loc, int]) -> Any:
    """Any YAML, and in `lines` where its parts stand. Raises OperatorError that begins with the name."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        return None if root is None else _Reading(name, lines).value(root, ())
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        where = name if line is None else f"{name}, line {line}"
        raise OperatorError(f"{where}: this is no YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise OperatorError(f"{name}: this is no YAML: {error}") from error
    except RecursionError as error:
        raise OperatorError(f"{name}: nested too deeply") from error


class _Reading:
    """From YAML's nodes to values, noting lines on the way."""

    def __init__(self, name: str, lines: dict[Loc, int]) -> None:
        self._name = name
        self._lines = lines
        self._scalars = yaml.SafeLoader("")
        self._open: set[int] = set()

    def value(self, node: yaml.Node, loc: Loc) -> Any:
        self._lines[loc] = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self._open:
            raise OperatorError(f"{self._name}, line {node.start_mark.line + 1}: an anchor contains itself")
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*loc, place)) for place, item in enumerate(node.value)]
            assert isinstance(node, yaml.MappingNode)
            return self._mapping(node, loc)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, loc: Loc) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise OperatorError(f"{self._name}, line {line}: a key is a word")
            key = key_node.value
            if key in found:
                first = self._lines[(*loc, key)]
                raise OperatorError(f"{self._name}, line {line}: {key!r} stands here twice, first in line {first}")
            found[key] = self.value(value_node, (*loc, key))
            self._lines[(*loc, key)] = line
        return found

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        try:
            value = self._scalars.construct_object(node)
        except (ValueError, LookupError, AttributeError) as error:  # what PyYAML lets through: month 99, !!int x
            where = f"{self._name}, line {node.start_mark.line + 1}"
            kind = node.tag.rpartition(":")[2]
            raise OperatorError(
                f"{where}: {node.value[:40]!r} cannot be read as {kind}; put a text in quotes"
            ) from error
        if isinstance(value, float) and not isinstance(value, bool) and value == value:  # not NaN
            try:
                return AsWritten.of(node.value)
            except ValueError:
                return value
        if node.tag == "tag:yaml.org,2002:int" and ":" in node.value:
            return node.value  # YAML 1.1 takes 12:30 for a number to the base of sixty
        return value
