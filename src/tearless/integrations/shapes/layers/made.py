"""The call that makes a layer: its place, and the edits that give the layer other settings."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import FunctionType

from tearless.integrations.shapes.source.bodies import Body, argument, body_of, callee, own_nodes
from tearless.integrations.shapes.source.elements import around
from tearless.integrations.shapes.source.turns import in_turn
from tearless.linear_algebra.shapes import Edit, Where

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

    def edit(self, changes: Mapping[str, str], sizes: Mapping[str, str] | None = None) -> Edit | None:
        """The edit that gives settings anew; ``None`` where they cannot be told in the call.

        ``sizes`` are the settings as they are: a size that another setting has under a name is written by that name.
        """
        parts = [self._by_name(name, value, sizes or {}) or self._part(name, value) for name, value in changes.items()]
        if not parts or None in parts:
            return None
        edits = [part for part in parts if part is not None]
        if len(edits) == 1 and edits[0].where.code:
            return edits[0]
        return self._together(edits)

    def source_of(self, setting: str, value: str) -> Edit | None:
        """The edit of the number that a setting comes from, through names; ``None`` where it comes from no number."""
        own = _WRAPPED.get((self.kind.__name__, setting), setting)
        node = argument(self.call, own, position_of(self.kind, own))
        number = number_of(node, self.body) if node is not None else None
        return None if number is None else Edit(number, value)

    def before(self, layers: Sequence[str], changes: Mapping[str, str]) -> Edit | None:
        """The edit that puts other layers (``Flatten()``) before this one where both stand in a row of layers.

        With ``changes`` this one is made with other settings too.
        """
        row = _row_of(self.body.function, self.call)
        library = self.body.source.text(self.call.func).rpartition(".")[0]
        known = library or all(one.partition("(")[0] in self.body.names for one in layers)
        if row is None or not known:
            return None
        where = self.body.source.where(self.call, getattr(self.body.function, "name", ""))
        at = replace(where, end_line=where.line, end_column=where.column, code="")
        dot = f"{library}." if library else ""
        first = "".join(f"{dot}{one}, " for one in layers)
        if not changes:
            return Edit(where, first + where.code) if "\n" not in where.code else Edit(at, first)
        parts = [self._part(name, value) for name, value in changes.items()]
        whole = self._together([part for part in parts if part is not None]) if None not in parts else None
        return None if whole is None else Edit(whole.where, first + whole.new)

    def argument_of(self, name: str) -> ast.expr | None:
        """What the call gives for a setting."""
        own = _WRAPPED.get((self.kind.__name__, name), name)
        return argument(self.call, own, position_of(self.kind, own))

    def _by_name(self, name: str, value: str, sizes: Mapping[str, str]) -> Edit | None:
        """A setting that is given under a name, put to the name under which another one has its new size."""
        node = self.argument_of(name)
        others = [self.argument_of(other) for other, size in sizes.items() if other != name and size == value]
        named = [one for one in others if isinstance(one, ast.Name | ast.Attribute)]
        if not isinstance(node, ast.Name | ast.Attribute) or len(named) != 1:
            return None
        return Edit(self.body.source.where(node), self.body.source.text(named[0]))

    def _part(self, name: str, value: str) -> Edit | None:
        own = _WRAPPED.get((self.kind.__name__, name), name)
        position = position_of(self.kind, own)
        node = argument(self.call, own, position)
        if node is not None:
            return _followed(node, self.body, self.shared, value)
        if any(one.arg is None for one in self.call.keywords):
            spread = _spread(self.call, own, self.body)
            return None if spread is None else Edit(self.body.source.where(spread), value)
        if any(isinstance(one, ast.Starred) for one in self.call.args):
            return None
        return self._added(own, value) if own in keywords_of(self.kind) else self._handed_on(own, value)

    def _handed_on(self, name: str, value: str) -> Edit | None:
        """The setting that the reader's own class gives to the class that it is made from."""
        function = vars(self.kind).get("__init__")
        body = body_of(function, self.kind, (self.call, self.body)) if isinstance(function, FunctionType) else None
        for node in own_nodes(body.function) if body is not None else ():
            is_call = isinstance(node, ast.Call) and callee(node.func) == "__init__"
            if is_call and isinstance(node, ast.Call) and body is not None:
                base = self.kind.__mro__[1]
                given = argument(node, name, position_of(base, name))
                return None if given is None else _followed(given, body, 1, value)
        return None

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


def _followed(node: ast.expr, body: Body, shared: int, value: str, deep: int = 0) -> Edit | None:
    """The edit that gives an argument a value: where it stands, or where the caller gave it for this very purpose."""
    name = node.id if isinstance(node, ast.Name) else ""
    if name in body.parameters() and body.caller is not None and deep < DEEPEST:
        call, outer = body.caller
        uses = sum(isinstance(one, ast.Name) and one.id == name for one in ast.walk(body.function))
        given = argument(call, name, body.position(name))
        if given is not None and (uses == 1 or shared > 1):
            return _followed(given, outer, 1, value, deep + 1)
    if _varies(node, body.function):
        there = in_turn(node, body, body.turn) if body.turn is not None else None
        return Edit(body.source.where(there), value) if there is not None else None
    return Edit(body.source.where(node, getattr(body.function, "name", "")), value)


def _spread(call: ast.Call, name: str, body: Body) -> ast.expr | None:
    """The value of a setting in a dictionary that a call spreads out: ``**opts``."""
    for keyword in call.keywords:
        if keyword.arg is not None:
            continue
        found = body.written(keyword.value) if isinstance(keyword.value, ast.Name) else (keyword.value, body)
        row = found[0] if found is not None and found[1].source.file == body.source.file else None
        if isinstance(row, ast.Call) and callee(row.func) == "dict":
            return next((one.value for one in row.keywords if one.arg == name), None)
        if isinstance(row, ast.Dict):
            pairs = zip(row.keys, row.values, strict=True)
            return next((value for key, value in pairs if isinstance(key, ast.Constant) and key.value == name), None)
    return None


def number_of(node: ast.expr, body: Body, deep: int = 0) -> Where | None:
    """Where the number stands that an expression is, through names, parameters and their defaults."""
    if isinstance(node, ast.Constant):
        return body.source.where(node, getattr(body.function, "name", ""))
    if not isinstance(node, ast.Name) or deep > DEEPEST:
        return None
    found = body.written(node)
    return number_of(*found, deep + 1) if found is not None else None


def _varies(node: ast.expr, function: ast.AST) -> bool:
    """Whether an expression stands in a loop and takes other values on its way round."""
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    for loop in around(function, node):
        given = {one.id for one in ast.walk(loop) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        if given & names:
            return True
    return False


def _makes_row(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and callee(node.func) == "Sequential"


def _row_of(function: ast.AST, call: ast.Call) -> ast.AST | None:
    """The row of layers that a call stands in as one of them."""
    for node in ast.walk(function):
        inside = node.elts if isinstance(node, ast.List) else node.args if isinstance(node, ast.Call) else ()
        if call in inside and (isinstance(node, ast.List) or _makes_row(node)):
            return node
    return None


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
