"""The failing expression of an error: its frame in the reader's own code, and the exact stretch of source."""

from __future__ import annotations

import ast
import dis
import linecache
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any

import tearless
from tearless.linear_algebra.shapes import Where

LIBRARIES = frozenset({"tearless", "torch", "numpy", "jax", "jaxlib", "functorch", "torchvision", "flax", "optax"})
"""Roots of modules that are never the reader's own code, wherever they lie."""
MOST_LINES = 50_000
_OURS = str(Path(tearless.__file__).parent)
_PYTHON = tuple({str(Path(sysconfig.get_paths()[name])) for name in ("stdlib", "platstdlib")})
Span = tuple[int, int, int, int]
"""Line, column, last line, last column; columns in bytes of UTF-8, as the compiler counts."""


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one file, and its tree."""

    file: str
    lines: tuple[str, ...]
    tree: ast.Module

    def text(self, node: ast.AST) -> str:
        """A node as it stands in the file."""
        return self.between(*span(node))

    def between(self, line: int, column: int, end_line: int, end_column: int) -> str:
        """The text between two places."""
        if line == end_line:
            return _bytes(self.lines[line - 1])[column:end_column].decode("utf-8", "replace")
        first = _bytes(self.lines[line - 1])[column:].decode("utf-8", "replace")
        last = _bytes(self.lines[end_line - 1])[:end_column].decode("utf-8", "replace")
        return "".join([first, *self.lines[line : end_line - 1], last])

    def where(self, node: ast.AST, function: str = "") -> Where:
        """The place of a node, columns in characters."""
        line, column, end_line, end_column = span(node)
        left = len(_bytes(self.lines[line - 1])[:column].decode("utf-8", "replace"))
        right = len(_bytes(self.lines[end_line - 1])[:end_column].decode("utf-8", "replace"))
        return Where(self.file, line, left, end_line, right, function, self.text(node))


@dataclass(frozen=True, slots=True)
class Site:
    """Where an error passed through the reader's code for the last time.

    ``trail`` holds every entry of the traceback, ``trail[at]`` is the reader's. ``path`` leads from the module to the
    failing node; empty where the source or the positions are not known, then ``line`` is all there is.
    """

    trail: tuple[TracebackType, ...]
    at: int
    source: Source | None
    path: tuple[ast.AST, ...]
    stores: bool
    """Whether a value was being stored (``x[0] = y``) and not taken."""

    @property
    def frame(self) -> FrameType:
        return self.trail[self.at].tb_frame

    @property
    def line(self) -> int:
        return self.trail[self.at].tb_lineno or 0

    @property
    def below(self) -> tuple[FrameType, ...]:
        """The frames that the failing expression called, the nearest first: all of libraries."""
        return tuple(one.tb_frame for one in self.trail[self.at + 1 :])

    @property
    def function(self) -> str:
        return self.frame.f_code.co_name

    def where(self) -> Where:
        """The place: the expression if it is known, else the line."""
        if self.source is not None and self.path:
            return self.source.where(self.path[-1], self.function)
        text = linecache.getline(self.frame.f_code.co_filename, self.line).strip()
        return Where(self.frame.f_code.co_filename, self.line, function=self.function, code=text)


def site_of(error: BaseException) -> Site | None:
    """The innermost place in the reader's code that an error passed; ``None`` where it passed none."""
    trail = tuple(_entries(error.__traceback__))
    at = max((i for i, one in enumerate(trail) if readers(one.tb_frame)), default=-1)
    return None if at < 0 else site_at(trail, at)


def site_at(trail: tuple[TracebackType, ...], at: int) -> Site:
    """The place that an entry of a traceback stands for."""
    frame, lasti = trail[at].tb_frame, trail[at].tb_lasti
    source = source_of(frame)
    place = _position(frame.f_code, lasti)
    path = tuple(_path(source.tree, place)) if source is not None and place is not None else ()
    stores = 0 <= lasti < len(frame.f_code.co_code) and dis.opname[frame.f_code.co_code[lasti]] == "STORE_SUBSCR"
    return Site(trail, at, source, path, stores)


def at_line(site: Site) -> Iterator[tuple[ast.AST, ...]]:
    """Ways to all expressions of the failing line, in the order in which they are worked out."""
    if site.source is None:
        return
    for way in _ways((site.source.tree,), site.line):
        if isinstance(way[-1], ast.expr | ast.AugAssign):
            yield way


def readers(frame: FrameType) -> bool:
    """Whether a frame is of the reader's own code: no library, not Python's own, not ours."""
    file, name = frame.f_code.co_filename, frame.f_globals.get("__name__")
    root = name.split(".")[0] if isinstance(name, str) else ""
    if file.startswith("<doctest"):
        return True
    if root in LIBRARIES or file.startswith("<frozen") or Path(file).is_relative_to(_OURS):
        return False
    if file.startswith("<"):
        return root not in sys.stdlib_module_names and not _installed(sys.modules.get(root))
    return not is_installed(file)


def source_of(frame: FrameType) -> Source | None:
    """The text that a frame runs, with its tree; ``None`` where it cannot be had."""
    return source_at(frame.f_code.co_filename, frame.f_globals)


def source_at(file: str, names: dict[str, Any]) -> Source | None:
    """The text of a file that runs with these globals, with its tree; ``None`` where it cannot be had."""
    lines = tuple(linecache.getlines(file, names))
    return _parsed(file, lines) if lines and len(lines) <= MOST_LINES else None


@lru_cache(maxsize=4)
def _parsed(file: str, lines: tuple[str, ...]) -> Source | None:
    try:
        return Source(file, lines, ast.parse("".join(lines)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def span(node: ast.AST) -> Span:
    """Where a node stands."""
    return (
        getattr(node, "lineno", 0),
        getattr(node, "col_offset", 0),
        getattr(node, "end_lineno", 0) or 0,
        getattr(node, "end_col_offset", 0) or 0,
    )


def _entries(entry: TracebackType | None) -> Iterator[TracebackType]:
    while entry is not None:
        yield entry
        entry = entry.tb_next


def is_installed(file: str) -> bool:
    """Whether a file lies where libraries are kept."""
    parts = Path(file).parts
    return "site-packages" in parts or "dist-packages" in parts or file.startswith(_PYTHON)


def _installed(module: object) -> bool:
    file = vars(module).get("__file__") if isinstance(module, type(sys)) else None
    return isinstance(file, str) and is_installed(file)


def _position(code: CodeType, lasti: int) -> Span | None:
    if lasti < 0:
        return None
    for i, (line, end_line, column, end_column) in enumerate(code.co_positions()):
        if 2 * i == lasti:
            if line is None or end_line is None or column is None or end_column is None:
                return None
            return line, column, end_line, end_column
    return None


def _path(tree: ast.AST, place: Span) -> list[ast.AST]:
    """The way from the module to the node at a place; empty where there is none.

    A method called on a line of its own is said to stand from its name on: then the call that ends there is meant.
    """
    found: list[ast.AST] = []
    stack: list[list[ast.AST]] = [[tree]]
    while stack:
        way = stack.pop()
        node = way[-1]
        if hasattr(node, "lineno") and _stands(node, place) and not (found and isinstance(node, ast.Expr)):
            found = way
        stack.extend([*way, child] for child in ast.iter_child_nodes(node) if _may_hold(child, place))
    return found


def _stands(node: ast.AST, place: Span) -> bool:
    here = span(node)
    if here == place:
        return not isinstance(node, ast.Expr)
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    if not called or here[2:] != place[2:]:
        return False
    end_line, end_column = span(node.func)[2:]  # type: ignore[attr-defined]
    return place[:2] == (end_line, end_column - len(node.func.attr.encode()))  # type: ignore[attr-defined]


def _may_hold(node: ast.AST, place: Span) -> bool:
    if not hasattr(node, "lineno"):
        return True
    line, column, end_line, end_column = span(node)
    starts = min([(line, column), *((span(one)[:2]) for one in getattr(node, "decorator_list", ()))])
    return starts <= place[:2] and (end_line, end_column) >= place[2:]


def _ways(way: tuple[ast.AST, ...], line: int) -> Iterator[tuple[ast.AST, ...]]:
    for child in ast.iter_child_nodes(way[-1]):
        here = span(child)
        if not hasattr(child, "lineno") or here[0] <= line <= here[2]:
            yield from _ways((*way, child), line)
    if hasattr(way[-1], "lineno"):
        yield way


def _bytes(line: str) -> bytes:
    return line.encode("utf-8", "surrogatepass")
