"""Where a layer is made: the call in the reader's source that makes it, and the edit that gives it other settings."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any

from tearless.linear_algebra.shapes import Edit, Where

from .bodies import Body, argument, assignments, body_of, callee, own_nodes
from .elements import element_of

DEEPEST = 24
_WRAPPED = {
    ("TransformerEncoderLayer", "embed_dim"): "d_model",
    ("TransformerDecoderLayer", "embed_dim"): "d_model",
    ("TransformerEncoderLayer", "in_features"): "d_model",
    ("TransformerDecoderLayer", "in_features"): "d_model",
    ("TransformerEncoderLayer", "normalized_shape"): "d_model",
    ("TransformerDecoderLayer", "normalized_shape"): "d_model",
    ("Transformer", "embed_dim"): "d_model",
    ("Transformer", "normalized_shape"): "d_model",
}
"""Layers that PyTorch makes inside others: what their settings are called where the reader makes the outer one."""


@dataclass(frozen=True, slots=True)
class Made:
    """The call that makes a layer, in the function in which it stands. ``kind`` is the class that it makes."""

    call: ast.Call
    body: Body
    kind: type
    shared: int = 1
    """How many layers of the model this very call makes, as far as is known."""

    def where(self) -> Where:
        return self.body.source.where(self.call, getattr(self.body.function, "name", ""))

    def edit(self, changes: Mapping[str, str]) -> Edit | None:
        """The edit that gives settings anew; ``None`` where they cannot be told in the call."""
        parts = [self._part(name, value) for name, value in changes.items()]
        if not parts or None in parts:
            return None
        edits = [part for part in parts if part is not None]
        return edits[0] if len(edits) == 1 else self._together(edits)

    def source_of(self, setting: str, value: str) -> Edit | None:
        """The edit of the number that a setting comes from, through names; ``None`` where it comes from no number."""
        own = _WRAPPED.get((self.kind.__name__, setting), setting)
        node = argument(self.call, own, position_of(self.kind, own))
        number = number_of(node, self.body) if node is not None else None
        return number and Edit(number, value)

    def before(self, layers: Sequence[str]) -> Edit | None:
        """The edit that puts other layers (``Flatten()``) before this one where both stand in a row of layers."""
        row = _row_of(self.body.function, self.call)
        library = self.body.source.text(self.call.func).rpartition(".")[0]
        known = library or all(one.partition("(")[0] in self.body.names for one in layers)
        if row is None or not known:
            return None
        where = self.body.source.where(self.call, getattr(self.body.function, "name", ""))
        at = replace(where, end_line=where.line, end_column=where.column, code="")
        dot = f"{library}." if library else ""
        return Edit(at, "".join(f"{dot}{one}, " for one in layers))

    def _part(self, name: str, value: str) -> Edit | None:
        own = _WRAPPED.get((self.kind.__name__, name), name)
        position = position_of(self.kind, own)
        if position is None and any(one.arg is None for one in self.call.keywords):
            return None
        node = argument(self.call, own, position)
        if node is not None:
            return _followed(node, self.body, self.shared, value)
        if any(isinstance(one, ast.Starred) for one in self.call.args) or own not in keywords_of(self.kind):
            return None
        return self._added(own, value)

    def _added(self, name: str, value: str) -> Edit:
        """The setting put behind the last argument."""
        said = [*self.call.args, *(one.value for one in self.call.keywords)]
        end = self.body.source.where(
            max(said, key=lambda n: (n.end_lineno or 0, n.end_col_offset or 0)) if said else self.call
        )
        column = end.end_column - (not said)
        at = Where(end.file, end.end_line, column, end.end_line, column, getattr(self.body.function, "name", ""), "")
        return Edit(at, f", {name}={value}" if said else f"{name}={value}")

    def _together(self, edits: Sequence[Edit]) -> Edit | None:
        """Several edits of the call as one of its whole text."""
        where = self.where()
        lines = where.code.splitlines(keepends=True)
        for edit in sorted(edits, key=lambda e: (e.where.line, e.where.column), reverse=True):
            one = edit.where
            if (
                (one.line, one.column) < (where.line, where.column)
                or one.line > where.end_line
                or one.line != one.end_line
            ):
                return None
            row, shift = one.line - where.line, where.column if one.line == where.line else 0
            text = lines[row]
            lines[row] = text[: one.column - shift] + edit.new + text[one.end_column - shift :]
        return Edit(where, "".join(lines))


def made_of(chain: Sequence[tuple[Any, str]], layer: Any, root: Body | None = None, name: str = "") -> Made | None:
    """Where a layer is made.

    ``chain`` leads to it: (module, the name of the next one in it). ``root`` is the function that made the outermost
    module, in which it is called ``name``; it is asked where no class of the reader's stands on the way.
    """
    members = [*(parent for parent, _ in chain), layer]
    for i in range(len(chain) - 1, -1, -1):
        parent, attribute = chain[i]
        keys = [key for _, key in chain[i + 1 :]]
        for body in _makers(type(parent)):
            expression = _attribute(body, attribute, parent)
            if expression is None:
                continue
            caller = _caller(chain[:i], parent, root, name)
            body = Body(body.source, body.function, body.names, body.me, caller)
            found = _resolve(expression, keys, members[i + 1 :], body)
            if found is None and keys:
                found = _grown(body, attribute, keys, members[i + 1 :])
            if found is not None:
                return _counted(found, members[0])
    if root is not None:
        for value in reversed(root.assigned(name) if name.isidentifier() else []):
            found = _resolve(value, [key for _, key in chain], members, root)
            if found is not None:
                return found
    return None


def _grown(body: Body, attribute: str, keys: Sequence[str], members: Sequence[Any]) -> Made | None:
    """A layer that ``self.rows.append(...)`` put into its row."""
    me = (body.parameters() or ["self"])[0]
    row = ast.Attribute(ast.Name(me, ast.Load()), attribute, ast.Load())
    count = len(getattr(members[0], "_modules", ()))
    element = element_of(body, row, keys[0], count, type(members[1]).__name__)
    return None if element is None else _resolve(element, keys[1:], members[1:], body)


def _caller(
    chain: Sequence[tuple[Any, str]], parent: Any, root: Body | None, name: str
) -> tuple[ast.Call, Body] | None:
    made = made_of(chain, parent, root, name)
    return (made.call, made.body) if made is not None else None


def _counted(made: Made, outermost: Any) -> Made:
    """How many layers the call makes: those of the objects of its class, within the outermost module."""
    if made.body.me is None:
        return made
    same = sum(type(one) is made.body.me for one in _inside(outermost))
    return Made(made.call, made.body, made.kind, max(1, same))


def _inside(module: Any, most: int = 2000) -> Iterator[Any]:
    stack, seen = [module], 0
    while stack and seen < most:
        one = stack.pop()
        seen += 1
        yield one
        stack.extend(child for child in getattr(one, "_modules", {}).values() if child is not None)


def _makers(kind: type) -> Iterator[Body]:
    """The reader's functions that may make the modules of a class: its constructors first, then its other methods."""
    for one in kind.__mro__:
        if one.__module__.startswith("torch."):
            continue
        own = [value for value in vars(one).values() if isinstance(value, FunctionType)]
        for function in sorted(own, key=lambda f: f.__name__ != "__init__"):
            body = body_of(function, kind)
            if body is not None:
                yield body


def _attribute(body: Body, name: str, parent: Any) -> ast.expr | None:
    """What a method puts under a name of its object: by assignment, ``add_module``, ``setattr``, or by ``super()``."""
    me = (body.parameters() or ["self"])[0]
    for target, value in assignments(body.function):
        if isinstance(target, ast.Attribute) and target.attr == name and callee(target.value) == me:
            return value
    for node in own_nodes(body.function):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = callee(node.func)
        if called in ("add_module", "register_module", "setattr") and len(node.args) >= 2:
            key, value = node.args[-2:]
            if isinstance(key, ast.Constant) and key.value == name:
                return value
            if isinstance(key, ast.JoinedStr) and _fits(key, name):
                return value
        if called == "__init__" and name.isdigit() and getattr(body.function, "name", "") == "__init__":
            return element_of(body, ast.List(node.args, ast.Load()), name, len(getattr(parent, "_modules", ())), "")
    return None


def _fits(key: ast.JoinedStr, name: str) -> bool:
    """Whether an f-string may give this name: its first plain part begins it."""
    first = key.values[0] if key.values else None
    start = first.value if isinstance(first, ast.Constant) else ""
    return isinstance(start, str) and name.startswith(start)


def _resolve(node: ast.expr, keys: Sequence[str], members: Sequence[Any], body: Body, deep: int = 0) -> Made | None:
    """The call that makes ``members[-1]``, which lies under ``keys`` in what the expression makes."""
    if deep > DEEPEST:
        return None
    if isinstance(node, ast.Name):
        return _named(node, keys, members, body, deep)
    if isinstance(node, ast.IfExp):
        ways = (_resolve(one, keys, members, body, deep + 1) for one in (node.body, node.orelse))
        return next((way for way in ways if way is not None), None)
    if not isinstance(node, ast.Call):
        return None
    kind = body.value(node.func)
    if (isinstance(kind, type) and kind is type(members[0])) or callee(node.func) == type(members[0]).__name__:
        return _inside_of(node, keys, members, body, deep)
    if isinstance(kind, FunctionType):
        return _returned(kind, node, keys, members, body, deep)
    inner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
    ways = (_resolve(one, keys, members, body, deep + 1) for one in (*inner, *node.args))
    return next((way for way in ways if way is not None), None)


def _inside_of(node: ast.Call, keys: Sequence[str], members: Sequence[Any], body: Body, deep: int) -> Made | None:
    """What lies under the keys in a call that makes ``members[0]``."""
    if not keys or type(members[0]).__name__ in ("TransformerEncoderLayer", "TransformerDecoderLayer", "Transformer"):
        return Made(node, body, type(members[0]))
    rows = [ast.List(node.args, ast.Load()), *node.args]
    name = type(members[0]).__name__
    if name in ("TransformerEncoder", "TransformerDecoder") and keys[0] == "layers" and len(keys) > 1:
        layer = argument(node, f"{name[11:].lower()}_layer", 0)
        return layer and _resolve(layer, keys[2:], members[2:], body, deep + 1)
    if name != "Sequential":
        rows = rows[1:]
    count = len(getattr(members[0], "_modules", ()))
    for row in rows:
        element = element_of(body, row, keys[0], count, type(members[1]).__name__)
        if element is not None:
            return _resolve(element, keys[1:], members[1:], body, deep + 1)
    return None


def _named(node: ast.Name, keys: Sequence[str], members: Sequence[Any], body: Body, deep: int) -> Made | None:
    for value in reversed(body.assigned(node.id)):
        found = _resolve(value, keys, members, body, deep + 1)
        if found is not None:
            return found
    if body.caller is not None and node.id in body.parameters():
        call, outer = body.caller
        given = argument(call, node.id, _position(body, node.id))
        return given and _resolve(given, keys, members, outer, deep + 1)
    return None


def _returned(
    function: FunctionType, call: ast.Call, keys: Sequence[str], members: Sequence[Any], body: Body, deep: int
) -> Made | None:
    """What a function of the reader's gives back."""
    inside = body_of(function, body.me if isinstance(call.func, ast.Attribute) else None, (call, body))
    for node in own_nodes(inside.function) if inside else ():
        if isinstance(node, ast.Return) and node.value is not None and inside is not None:
            found = _resolve(node.value, keys, members, inside, deep + 1)
            if found is not None:
                return found
    return None


def _followed(node: ast.expr, body: Body, shared: int, value: str, deep: int = 0) -> Edit | None:
    """The edit that gives an argument a value: where it stands, or where the caller gave it for this very purpose."""
    name = node.id if isinstance(node, ast.Name) else ""
    if name in body.parameters() and body.caller is not None and deep < DEEPEST:
        call, outer = body.caller
        uses = sum(isinstance(one, ast.Name) and one.id == name for one in ast.walk(body.function))
        given = argument(call, name, _position(body, name))
        if given is not None and (uses == 1 or shared > 1):
            return _followed(given, outer, 1, value, deep + 1)
    if _varies(node, body.function):
        return None
    return Edit(body.source.where(node, getattr(body.function, "name", "")), value)


def number_of(node: ast.expr, body: Body, deep: int = 0) -> Where | None:
    """Where the number stands that an expression is, through names, parameters and their defaults."""
    if isinstance(node, ast.Constant):
        return body.source.where(node, getattr(body.function, "name", ""))
    if not isinstance(node, ast.Name) or deep > DEEPEST:
        return None
    values = body.assigned(node.id)
    if not values and node.id in body.parameters():
        given = argument(body.caller[0], node.id, _position(body, node.id)) if body.caller else None
        if given is not None and body.caller is not None:
            return number_of(given, body.caller[1], deep + 1)
        values = [one for one in [body.default(node.id)] if one is not None]
    elif not values and not isinstance(body.function, ast.Module):
        top = Body(body.source, body.source.tree, body.names)
        return number_of(node, top, deep + 1)
    return number_of(values[0], body, deep + 1) if len(values) == 1 else None


def _varies(node: ast.expr, function: ast.AST) -> bool:
    """Whether an expression stands in a loop and takes other values on its way round."""
    from .elements import around

    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    for loop in around(function, node):
        given = {one.id for one in ast.walk(loop) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        if given & names:
            return True
    return False


def _row_of(function: ast.AST, call: ast.Call) -> ast.AST | None:
    """The row of layers that a call stands in as one of them."""
    for node in ast.walk(function):
        inside = node.elts if isinstance(node, ast.List) else node.args if isinstance(node, ast.Call) else ()
        if call in inside and (isinstance(node, ast.List) or callee(getattr(node, "func", node)) == "Sequential"):
            return node
    return None


def _position(body: Body, name: str) -> int:
    names = body.parameters()
    return names.index(name) - (names[:1] in (["self"], ["cls"]))


def position_of(kind: type, name: str) -> int | None:
    """Which positional argument of a class's constructor has a name; ``None`` for none."""
    names = _names(kind)[0]
    return names.index(name) if name in names else None


def keywords_of(kind: type) -> tuple[str, ...]:
    """The names that a class's constructor takes."""
    return tuple(name for names in _names(kind) for name in names)


def _names(kind: type) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names that a constructor takes by position, and those by keyword alone.

    One that passes on whatever it is given (``LSTM(*args, **kwargs)``) takes what the next class takes, less the kind
    of layer that it puts first itself.
    """
    for one in kind.__mro__:
        code = getattr(vars(one).get("__init__"), "__code__", None)
        if code is None:
            continue
        by_place = code.co_varnames[1 : code.co_argcount]
        if by_place or not code.co_flags & 0x04:
            alone = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
            return by_place[by_place[:1] == ("mode",) :], alone
    return (), ()
