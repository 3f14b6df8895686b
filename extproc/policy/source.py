"""YAML files as people write them: every mistake with file and line, whatever is in the file."""

from pathlib import Path
from typing import Any, NamedTuple

import yaml
from yaml.reader import ReaderError

from extproc.model.errors import InputError
from extproc.policy.yaml12 import Loader

_MAX_FILE = 1 << 20  # bytes
_MAX_NODES = 100_000  # of a document with its aliases followed
_MAX_DEPTH = 64

# What PyYAML lets out of its constructors for values such as the date 2024-13-45.
_UNBUILDABLE = (
    yaml.YAMLError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    RecursionError,
)


class Problem(NamedTuple):
    """One mistake in a file. `line` counts from 1."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class FileProblemsError(InputError):
    """A file cannot be used; `problems` holds every mistake."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class Document(NamedTuple):
    """One YAML document: its value, and its nodes for the lines."""

    value: Any
    node: yaml.Node

    def line(self, location: tuple[str | int, ...]) -> int:
        """Line of the value at `location`, or of the nearest thing around it that exists."""
        node = self.node
        line = node.start_mark.line
        for step in location:
            if isinstance(node, yaml.MappingNode):
                match = next(((k, v) for k, v in node.value if k.value == str(step)), None)
                if match is None:
                    break
                line, node = match[0].start_mark.line, match[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                if step >= len(node.value):
                    break
                node = node.value[step]
                line = node.start_mark.line
            else:
                break
        return int(line) + 1


def read_documents(path: Path) -> list[Document]:
    """The documents of a YAML file, empty ones left out.

    Raises FileProblemsError for a file that cannot be read, is too large, is not UTF-8 or YAML,
    names a key twice, or grows or nests without bound.
    """
    problems: list[Problem] = []
    documents: list[Document] = []
    for node in _compose(path):
        found = _Checker(str(path)).check(node)
        problems += found
        if not found:
            documents += _construct(path, node, problems)
    if problems:
        raise FileProblemsError(problems)
    return [document for document in documents if document.value is not None]


def _compose(path: Path) -> list[yaml.Node]:
    name = str(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        message = f"cannot be read ({error.strerror}); name a readable file"
        raise FileProblemsError([Problem(name, 1, message)]) from error
    if len(raw) > _MAX_FILE:
        raise FileProblemsError([Problem(name, 1, "is larger than 1 MiB; split it")])
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise FileProblemsError([Problem(name, 1, "is not UTF-8; save it as UTF-8")]) from error
    try:
        return [node for node in yaml.compose_all(text, Loader) if node is not None]
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"not YAML: character #x{ord(text[error.position]):04x}; remove it"
        raise FileProblemsError([Problem(name, line, message)]) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        message = f"not YAML: {error.problem}; check indentation and quotes"
        raise FileProblemsError([Problem(name, line, message)]) from error
    except RecursionError as error:
        line = next((i for i, row in enumerate(text.splitlines(), 1) if "[[" in row), 1)
        message = "is nested too deeply; write fewer levels"
        raise FileProblemsError([Problem(name, line, message)]) from error


class _Checker:
    """Finds what the loader would accept in silence or choke on."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._problems: list[Problem] = []
        self._visited = 0

    def check(self, node: yaml.Node) -> list[Problem]:
        self._visit(node, ())
        return self._problems

    def _visit(self, node: yaml.Node, ancestors: tuple[int, ...]) -> None:
        self._visited += 1
        if id(node) in ancestors or len(ancestors) > _MAX_DEPTH or self._visited > _MAX_NODES:
            if self._visited <= _MAX_NODES + 1:
                self._add(node, "nests or repeats itself without bound; write it out, flatter")
            return
        inside = (*ancestors, id(node))
        if isinstance(node, yaml.MappingNode):
            self._visit_mapping(node, inside)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self._visit(item, inside)

    def _visit_mapping(self, node: yaml.MappingNode, inside: tuple[int, ...]) -> None:
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._add(key, "a name must be a word; write one before the colon")
                continue
            if key.value in seen:
                self._add(key, f"{key.value!r} again; keep one of them")
            seen.add(key.value)
            self._visit(value, inside)

    def _add(self, node: yaml.Node, message: str) -> None:
        self._problems.append(Problem(self._file, node.start_mark.line + 1, message))


def _construct(path: Path, node: yaml.Node, problems: list[Problem]) -> list[Document]:
    try:
        return [Document(Loader("").construct_document(node), node)]
    except _UNBUILDABLE as error:
        place = _culprit(node) if not isinstance(error, yaml.MarkedYAMLError) else None
        mark = place.start_mark if place else getattr(error, "problem_mark", node.start_mark)
        reason = getattr(error, "problem", None) or "this value cannot be read; put it in quotes"
        problems.append(Problem(str(path), mark.line + 1, f"not YAML: {reason}"))
        return []


def _culprit(node: yaml.Node) -> yaml.Node:
    """The innermost node that cannot be constructed."""
    children: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        children = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        children = node.value
    for child in children:
        try:
            Loader("").construct_document(child)
        except _UNBUILDABLE:
            return _culprit(child)
    return node
