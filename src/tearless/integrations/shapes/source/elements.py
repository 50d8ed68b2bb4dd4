"""Rows of layers in source: which expression makes the one of a number or a name."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .bodies import COMPREHENSIONS, LOOPS, Body, callee, own_nodes

DEEPEST = 12
_GROWING = ("append", "extend", "insert", "update")


@dataclass(frozen=True, slots=True)
class Item:
    """An expression that makes one element, or with ``loop`` one on each way round of it."""

    node: ast.expr
    key: str = ""
    loop: ast.AST | None = None


def element_of(body: Body, row: ast.expr, key: str, count: int, kind: str) -> tuple[ast.expr, int | None] | None:
    """The expression that makes the element of a key among ``count``, and on which way round its loop.

    ``kind`` names the class that it is of, where that is known.
    """
    items = list(_items(body, row))
    for item in items:
        if item.key and item.key == key:
            return item.node, None
    if not key.isdigit():
        return None
    laid = _laid(items, count)
    if laid is not None and int(key) < len(laid):
        return laid[int(key)]
    alone = _alone(items, kind)
    return None if alone is None else (alone, None)


def _alone(items: Sequence[Item], kind: str) -> ast.expr | None:
    """The only expression that makes an object of a class."""
    fits = [item.node for item in items if isinstance(item.node, ast.Call) and callee(item.node.func) == kind]
    return fits[0] if len(fits) == 1 else None


def _laid(items: Sequence[Item], count: int) -> list[tuple[ast.expr, int | None]] | None:
    """The items as they come, those of the one loop among them as often as it takes to make ``count``."""
    loops = {id(item.loop) for item in items if item.loop is not None}
    if not loops:
        return [(item.node, None) for item in items] if len(items) >= count else None
    if len(loops) > 1:
        return None
    inside = [i for i, item in enumerate(items) if item.loop is not None]
    first, last = inside[0], inside[-1] + 1
    turns, over = divmod(count - (len(items) - (last - first)), last - first)
    if over or turns < 0:
        return None
    before, behind = ([(item.node, None) for item in part] for part in (items[:first], items[last:]))
    return [*before, *((item.node, turn) for turn in range(turns) for item in items[first:last]), *behind]


def _items(body: Body, row: ast.expr, deep: int = 0) -> Iterator[Item]:
    if deep > DEEPEST:
        return
    if isinstance(row, ast.List | ast.Tuple):
        for node in row.elts:
            if isinstance(node, ast.Starred):
                yield from _items(body, node.value, deep + 1)
            elif isinstance(node, ast.Tuple) and len(node.elts) == 2 and isinstance(node.elts[0], ast.Constant):
                yield Item(node.elts[1], str(node.elts[0].value))
            else:
                yield Item(node)
    elif isinstance(row, ast.Dict):
        for key, value in zip(row.keys, row.values, strict=True):
            yield Item(value, str(key.value) if isinstance(key, ast.Constant) else "")
    elif isinstance(row, ast.DictComp):
        yield Item(row.value, loop=row)
    elif isinstance(row, ast.ListComp | ast.GeneratorExp | ast.SetComp):
        yield Item(row.elt, loop=row)
    elif isinstance(row, ast.BinOp) and isinstance(row.op, ast.Add):
        yield from _items(body, row.left, deep + 1)
        yield from _items(body, row.right, deep + 1)
    elif isinstance(row, ast.Call) and callee(row.func) in ("OrderedDict", "list", "tuple", "dict"):
        for node in row.args:
            yield from _items(body, node, deep + 1)
        for keyword in row.keywords:
            yield Item(keyword.value, keyword.arg or "")
    elif isinstance(row, ast.Call) and callee(row.func) in ("ModuleList", "ModuleDict", "Sequential"):
        rows = [ast.List(row.args, ast.Load())] if callee(row.func) == "Sequential" else row.args
        for node in rows:
            yield from _items(body, node, deep + 1)
    elif isinstance(row, ast.Name | ast.Attribute):
        yield from _grown(body, row, deep)


def _grown(body: Body, name: ast.Name | ast.Attribute, deep: int) -> Iterator[Item]:
    """A row that is made under a name (``rows``, ``self.rows``) and then grows, in the order of the text."""
    same = ast.unparse(name)
    for node in own_nodes(body.function):
        value = _given(node, same)
        if value is not None and ast.unparse(value) != same:
            loop = next(iter(around(body.function, value)), None)
            for item in _items(body, value, deep + 1):
                yield Item(item.node, item.key, item.loop or loop)


def _given(node: ast.AST, name: str) -> ast.expr | None:
    """What a statement gives to the row of this name."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and ast.unparse(target.value) == name:
                return ast.Dict([target.slice], [node.value])
        return node.value if any(ast.unparse(target) == name for target in node.targets) else None
    if isinstance(node, ast.AnnAssign | ast.AugAssign):
        return node.value if ast.unparse(node.target) == name else None
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
        return None
    if ast.unparse(node.func.value) != name:
        return None
    if node.func.attr in ("add_module", "register_module") and len(node.args) == 2:
        return ast.Dict([node.args[0]], [node.args[1]])
    if node.func.attr not in _GROWING:
        return None
    return node.args[-1] if node.func.attr in ("extend", "update") else ast.List([node.args[-1]], ast.Load())


def around(function: ast.AST, node: ast.AST) -> Iterator[ast.AST]:
    """The loops and comprehensions that a node stands in, the outermost first."""
    there = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
    if isinstance(node, ast.List) and not there[0] and node.elts:
        there = (node.elts[0].lineno, node.elts[0].col_offset)
    for one in ast.walk(function):
        if isinstance(one, (*LOOPS, *COMPREHENSIONS)):
            start, end = (one.lineno, one.col_offset), (one.end_lineno or 0, one.end_col_offset or 0)
            if start <= there < end:
                yield one
