"""The statements of a piece of code, as they are run: which line begins which, and what of them is worth a look."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

from tearless.integrations.shapes.source.bodies import source_at
from tearless.integrations.shapes.source.frames import Source, Span, span

PIECES: dict[str, tuple[type[ast.AST], ...]] = {
    "<lambda>": (ast.Lambda,),
    "<listcomp>": (ast.ListComp,),
    "<setcomp>": (ast.SetComp,),
    "<dictcomp>": (ast.DictComp,),
    "<genexpr>": (ast.GeneratorExp,),
}
"""Code without a name of its own, and the expressions that it is made of."""
OF_THEIR_OWN = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
    *(k for p in PIECES.values() for k in p),
)
"""Nodes whose inside is run as code of its own."""
LOOKED_AT = (ast.BinOp, ast.Compare, ast.AugAssign, ast.Call)


@dataclass(eq=False, slots=True)
class Unit:
    """What is run between two looks: a statement, the head of a compound one, or all statements that share a line."""

    lines: set[int] = field(default_factory=set)
    nodes: list[ast.AST] = field(default_factory=list)
    """Operators, comparisons and calls, in the order in which they are worked out."""
    names: list[ast.Name] = field(default_factory=list)
    loads: tuple[str, ...] = ()
    """Each name once."""
    changed: tuple[str, ...] = ()
    """Names that are read and given another value: they are looked at before."""
    attributes: list[tuple[str, ast.Attribute]] = field(default_factory=list)
    """``self.weight`` and the like, the longest of each chain, with the name that it begins with."""
    stores: set[str] = field(default_factory=set)
    calls: dict[Span, ast.Call] = field(default_factory=dict)
    """Calls by where the compiler says that they stand."""
    unsure: dict[ast.AST, ast.AST] = field(default_factory=dict)
    """Nodes that may not have been worked out, with the branch that they stand in."""
    known: dict[Any, list[Any]] = field(default_factory=dict)
    """What was found, by the shapes that it was found on."""


@dataclass(eq=False, slots=True)
class Plan:
    """The units of one code object by their lines, its function and the tree of its file."""

    source: Source
    function: ast.AST
    units: dict[int, Unit]
    afterwards: bool
    """Whether names are read when the unit has been run: a comprehension binds them as it goes."""
    parents: dict[ast.AST, ast.AST]


_parents: dict[int, tuple[ast.AST, dict[ast.AST, ast.AST]]] = {}


def plan_of(frame: FrameType) -> Plan | None:
    """The plan of the code that a frame runs; ``None`` where its text is not to be had, or nothing in it is of use."""
    code = frame.f_code
    source = source_at(code.co_filename, frame.f_globals)
    function = function_of(code, source) if source is not None else None
    if source is None or function is None:
        return None
    units: dict[int, Unit] = {}
    for parts, lines, sure in _pieces(function):
        unit = next((units[line] for line in lines if line in units), None) or Unit()
        unit.lines |= set(lines)
        for part in parts:
            _read(part, unit, None if sure else part)
        units.update(dict.fromkeys(lines, unit))
    units = {line: unit for line, unit in units.items() if unit.nodes}
    for unit in units.values():
        unit.loads = tuple(dict.fromkeys(one.id for one in unit.names))
        unit.changed = tuple(name for name in unit.loads if name in unit.stores)
    afterwards = not isinstance(function, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    return Plan(source, function, units, afterwards, parents_in(source.tree)) if units else None


def parents_in(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    """Every node of a file with the one that it stands in."""
    if _parents.get(id(tree), (None,))[0] is not tree:
        _parents[id(tree)] = tree, {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    return _parents[id(tree)][1]


def function_of(code: CodeType, source: Source) -> ast.AST | None:
    """The function, lambda, comprehension or module that a code object was made of."""
    if code.co_name == "<module>":
        return source.tree
    if code.co_name not in PIECES:
        named = (ast.FunctionDef, ast.AsyncFunctionDef)
        found = [one for one in ast.walk(source.tree) if isinstance(one, named) and one.name == code.co_name]
        return next((one for one in found if _first_line(one) == code.co_firstlineno), None)
    places = [(a, c, b, d) for a, b, c, d in code.co_positions() if None not in (a, b, c, d) and a and d]
    if not places:
        return None
    start, end = min(place[:2] for place in places), max(place[2:] for place in places)
    kinds = PIECES[code.co_name]
    holding = [one for one in ast.walk(source.tree) if isinstance(one, kinds) and _holds(span(one), start, end)]
    return min(holding, key=lambda one: (span(one)[2] - span(one)[0], span(one)[3] - span(one)[1]), default=None)


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def _holds(place: Span, start: Any, end: Any) -> bool:
    return bool(place[:2] <= start and place[2:] >= end)


def _pieces(function: ast.AST) -> Iterator[tuple[list[ast.AST], range, bool]]:
    """What is run in one go, the lines of it, and whether it is run whenever its line is."""
    if isinstance(function, ast.Lambda):
        yield [function.body], _lines([function.body]), True
    elif isinstance(function, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
        yield from _statements(function.body, 0)
    else:
        parts: list[ast.AST] = [function.key, function.value] if isinstance(function, ast.DictComp) else [function.elt]  # type: ignore[attr-defined]
        yield parts, _lines([function]), True


def _statements(body: Iterable[ast.stmt], head: int) -> Iterator[tuple[list[ast.AST], range, bool]]:
    """``head`` is the line on which the statement around them begins: those on the same line may not be run."""
    for one in body:
        sure = one.lineno != head
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        inside = [getattr(one, name, []) for name in ("body", "orelse", "finalbody")]
        inside += [part.body for name in ("handlers", "cases") for part in getattr(one, name, [])]
        if not any(inside):
            yield [one], _lines([one]), sure
            continue
        parts = [getattr(one, name) for name in ("test", "iter", "subject") if hasattr(one, name)]
        parts += [item.context_expr for item in getattr(one, "items", [])]
        if parts:
            yield parts, range(one.lineno, _lines(parts).stop), sure
        for each in inside:
            yield from _statements(each, one.lineno)


def _lines(parts: list[ast.AST]) -> range:
    return range(min(span(one)[0] for one in parts), max(span(one)[2] for one in parts) + 1)


def _read(node: ast.AST, unit: Unit, branch: ast.AST | None, inner: bool = False) -> None:
    """Gather what is worth a look from a node, what is inside before what is around it."""
    if isinstance(node, OF_THEIR_OWN):
        return
    if isinstance(node, ast.Attribute) and not inner:
        root: ast.AST = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name):
            unit.attributes.append((root.id, node))
    for child in ast.iter_child_nodes(node):
        _read(child, unit, _branch(node, child) or branch, isinstance(node, ast.Attribute))
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load):
            unit.names.append(node)
        else:
            unit.stores.add(node.id)
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        unit.names.append(node.target)
    if isinstance(node, LOOKED_AT):
        unit.nodes.append(node)
        if branch is not None:
            unit.unsure[node] = branch
    if isinstance(node, ast.Call):
        unit.calls[span(node)] = node
        if isinstance(node.func, ast.Attribute):
            line, column = span(node.func)[2:]
            unit.calls[line, column - len(node.func.attr.encode()), *span(node)[2:]] = node


def _branch(node: ast.AST, child: ast.AST) -> ast.AST | None:
    """The child, where it may be left out."""
    if isinstance(node, ast.IfExp):
        return child if child is not node.test else None
    if isinstance(node, ast.BoolOp):
        return child if child is not node.values[0] else None
    if isinstance(node, ast.Compare) and len(node.ops) > 1:
        return child if child in node.comparators[1:] else None
    if isinstance(node, ast.Assert):
        return child if child is node.msg else None
    return None
