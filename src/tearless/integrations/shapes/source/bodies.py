"""Functions of the reader's files as trees: where a name is given its value, and who called with which argument."""

from __future__ import annotations

import ast
import linecache
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, TypeAlias

from .frames import MOST_LINES, Source

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Module
_PYTHON = tuple({sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib")})
LOOPS = (ast.For, ast.While, ast.AsyncFor)
COMPREHENSIONS = (ast.ListComp, ast.GeneratorExp, ast.SetComp, ast.DictComp)


@dataclass(frozen=True, slots=True)
class Body:
    """A function in a file: its tree, the globals that it sees, and the call that it was run by, where that is known.

    ``me`` is the class whose method it is, or ``None``.
    """

    source: Source
    function: Function
    names: Mapping[str, Any]
    me: type | None = None
    caller: tuple[ast.Call, Body] | None = None
    turn: int | None = None
    """Which way round a loop of the function is meant, where what is looked at stands in one."""

    def value(self, node: ast.expr) -> Any:
        """What a dotted name here stands for among classes, functions and modules; ``None`` if unknown."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls") and self.me is not None:
                return found_in(self.me, node.attr)
            inside = self.value(node.value)
            return vars(inside).get(node.attr) if isinstance(inside, ModuleType | type) else None
        return None

    def assigned(self, name: str) -> list[ast.expr]:
        """The values that a local name is given in this function, in order."""
        return [value for target, value in assignments(self.function) if _is_name(target, name)]

    def written(self, node: ast.Name) -> tuple[ast.expr, Body] | None:
        """The one expression that a name stands for, and where that is: here, at the caller's, or in the module."""
        values = self.assigned(node.id)
        if values:
            return (values[0], self) if len(values) == 1 else None
        if node.id in self.parameters():
            given = argument(self.caller[0], node.id, self.position(node.id)) if self.caller else None
            if given is not None and self.caller is not None:
                return given, self.caller[1]
            default = self.default(node.id)
            return (default, self) if default is not None else None
        if isinstance(self.function, ast.Module):
            return None
        return Body(self.source, self.source.tree, self.names).written(node)

    def position(self, name: str) -> int:
        """Which argument of a call stands for a parameter."""
        names = self.parameters()
        return names.index(name) - (names[:1] in (["self"], ["cls"]))

    def default(self, name: str) -> ast.expr | None:
        """The default value of a parameter that stands by position."""
        if isinstance(self.function, ast.Module):
            return None
        names, values = self.parameters(), self.function.args.defaults
        at = names.index(name) - (len(names) - len(values)) if name in names else -1
        return values[at] if at >= 0 else None

    def parameters(self) -> list[str]:
        """The names of its parameters that stand by position."""
        if isinstance(self.function, ast.Module):
            return []
        return [one.arg for one in (*self.function.args.posonlyargs, *self.function.args.args)]


def found_in(kind: type, name: str) -> Any:
    """What a class has under a name, its bases included, without running descriptors."""
    value = next((vars(one)[name] for one in kind.__mro__ if name in vars(one)), None)
    return value.__func__ if isinstance(value, staticmethod | classmethod) else value


def body_of(function: FunctionType, me: type | None = None, caller: tuple[ast.Call, Body] | None = None) -> Body | None:
    """The body of a function; ``None`` where its source is not to be had."""
    if is_installed(function.__code__.co_filename):
        return None
    source = source_at(function.__code__.co_filename, function.__globals__)
    tree = source and _tree_of(source, function.__code__)
    return Body(source, tree, function.__globals__, me, caller) if source and tree else None


def is_installed(file: str) -> bool:
    """Whether a file is an installed library's or Python's own: nothing there is the reader's to change."""
    parts = Path(file).parts
    return "site-packages" in parts or "dist-packages" in parts or file.startswith(_PYTHON)


def source_at(file: str, names: Mapping[str, Any]) -> Source | None:
    """The text of a file with its tree; ``None`` where it cannot be had."""
    lines = tuple(linecache.getlines(file, dict(names)))
    return _parsed(file, lines) if lines and len(lines) <= MOST_LINES else None


@lru_cache(maxsize=16)
def _parsed(file: str, lines: tuple[str, ...]) -> Source | None:
    try:
        return Source(file, lines, ast.parse("".join(lines)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _tree_of(source: Source, code: CodeType) -> Function | None:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            if first == code.co_firstlineno:
                return node
    return None


def _around(source: Source, code: CodeType) -> Function:
    """The function that a lambda or a comprehension stands in; the module where it stands in none."""
    found: Function = source.tree
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found = node if node.lineno <= code.co_firstlineno <= (node.end_lineno or 0) else found
    return found


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function in the order of the text, those of functions and classes inside it left out."""
    for child in ast.iter_child_nodes(function):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from own_nodes(child)


def assignments(function: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Every target with the value that it is given, ``a, b = 1, 2`` taken apart."""
    for node in own_nodes(function):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _pairs(target, node.value)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            yield node.target, node.value


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    rows = (ast.Tuple, ast.List)
    if isinstance(target, rows) and isinstance(value, rows) and len(target.elts) == len(value.elts):
        for one, its in zip(target.elts, value.elts, strict=True):
            yield from _pairs(one, its)
    else:
        yield target, value


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def argument(call: ast.Call, name: str, position: int | None) -> ast.expr | None:
    """The expression that a call gives for a parameter; ``None`` where it gives none, or with a star."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position is None or any(isinstance(one, ast.Starred) for one in call.args[: position + 1]):
        return None
    return call.args[position] if position < len(call.args) else None


def callee(node: ast.expr) -> str:
    """The last name of what is called."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def body_of_frame(frame: FrameType) -> Body | None:
    """The function, or the module, that a frame runs; ``None`` where its source is not to be had."""
    code = frame.f_code
    source = source_at(code.co_filename, frame.f_globals)
    if source is None:
        return None
    tree = source.tree if code.co_name == "<module>" else _tree_of(source, code) or _around(source, code)
    me = frame.f_locals.get("self")
    return Body(source, tree, frame.f_globals, type(me) if me is not None else None)


def body_of_module(frame: FrameType) -> Body | None:
    """The module that a frame's function stands in; ``None`` where its source is not to be had."""
    source = source_at(frame.f_code.co_filename, frame.f_globals)
    return Body(source, source.tree, frame.f_globals) if source is not None else None
