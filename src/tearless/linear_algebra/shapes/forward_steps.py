"""The chain of layers that leads to one layer, read from the source of ``forward``; nothing is run."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .layer_steps import function_step, layer_step
from .sliding import Step

DEEPEST = 8
SOURCE = 200_000
"""Characters of source that are read."""


class _Found(Exception):
    """The layer was reached: the steps before it."""

    def __init__(self, steps: list[Step]) -> None:
        super().__init__()
        self.steps = steps


def steps_before(parent: Any, layer: Any) -> list[Step] | None:
    """The steps from the input of ``parent.forward`` to its layer ``layer``; ``None`` where they cannot be told.

    The source of ``forward`` is read where it is there; else the layers are taken in the order they were made.

    >>> class Flatten:
    ...     start_dim, end_dim = 1, -1
    >>> class Linear:
    ...     out_features = 10
    >>> Flatten.__module__ = Linear.__module__ = "torch.nn.modules"
    >>> class Net:
    ...     _modules = {"flatten": Flatten(), "fc1": Linear(), "fc2": Linear()}
    >>> [(step.rule, step.path) for step in steps_before(Net(), Net._modules["fc2"])]
    [('flatten', 'flatten'), ('linear', 'fc1')]
    """
    try:
        _Walk(parent, layer).forward(0)
    except _Found as found:
        return found.steps
    except (LookupError, ValueError, RecursionError, TypeError, AttributeError):
        pass
    return _in_order(parent, layer)


def uncalled(parent: Any) -> list[Step]:
    """Layers that change shapes and that ``forward`` does not name; none where its source is not there.

    >>> class Flatten:
    ...     start_dim, end_dim = 1, -1
    >>> Flatten.__module__ = "torch.nn.modules"
    >>> class Net:
    ...     _modules = {"flatten": Flatten()}
    ...     def forward(self, x):
    ...         return x
    >>> [step.path for step in uncalled(Net())]
    ['flatten']
    """
    tree = _source(parent)
    if tree is None:
        return []
    named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    found = []
    for name, child in getattr(parent, "_modules", {}).items():
        if name in named or child is None or getattr(child, "_modules", None):
            continue
        try:
            step = layer_step(child, name)
        except LookupError:
            continue
        if step is not None and step.rule in ("conv", "pool", "adaptive_pool", "flatten", "upsample"):
            found.append(step)
    return found


def _in_order(parent: Any, layer: Any) -> list[Step] | None:
    """Steps of the layers made before this one, in the order they were made."""
    steps: list[Step] = []
    for name, child in getattr(parent, "_modules", {}).items():
        if child is layer:
            return steps
        try:
            steps += _row(child, name, layer, 0)
        except _Found as found:
            return [*steps, *found.steps]
        except LookupError:
            return None
    return None


def _row(child: Any, path: str, layer: Any, depth: int) -> list[Step]:
    """The steps of a layer, those inside a row of layers one by one."""
    if child is layer:
        raise _Found([])
    if _forward_of(child) == "Sequential":
        steps: list[Step] = []
        for name, one in child._modules.items():
            try:
                steps += _row(one, f"{path}.{name}" if path else name, layer, depth + 1)
            except _Found as found:
                raise _Found([*steps, *found.steps]) from None
        return steps
    try:
        step = layer_step(child, path)
    except LookupError:
        return _Walk(child, layer, path).forward(depth + 1)
    return [] if step is None else [step]


def _forward_of(layer: Any) -> str:
    """The class whose ``forward`` a layer has."""
    return next((kind.__name__ for kind in type(layer).__mro__ if "forward" in vars(kind)), "")


def _source(parent: Any) -> ast.FunctionDef | None:
    """The source of ``forward``, read."""
    forward = getattr(type(parent), "forward", None)
    if forward is None or type(parent).__module__.startswith("torch."):
        return None
    try:
        text = textwrap.dedent(inspect.getsource(forward))[:SOURCE]
        node = ast.parse(text).body[0]
    except (OSError, TypeError, SyntaxError, ValueError, IndexError, RecursionError):
        return None
    return node if isinstance(node, ast.FunctionDef) else None


class _Walk:
    """The statements of a ``forward`` in order: which chain of steps each name holds."""

    def __init__(self, parent: Any, layer: Any, path: str = "") -> None:
        self.parent, self.layer, self.path = parent, layer, path
        self.names: dict[str, list[Step]] = {}
        self.file, self.first, self.me = "", 0, "self"

    def forward(self, depth: int) -> list[Step]:
        """The steps of the whole ``forward``. Raises ``_Found`` at the layer, ``LookupError`` for what is not known."""
        tree = _source(self.parent)
        if tree is None or depth > DEEPEST:
            raise LookupError("forward")
        code = getattr(type(self.parent).forward, "__code__", None)
        if code is not None:
            self.file, self.first = Path(code.co_filename).name, code.co_firstlineno - 1
        arguments = [one.arg for one in (*tree.args.posonlyargs, *tree.args.args)]
        if len(arguments) < 2:
            raise LookupError("forward")
        self.me, first = arguments[:2]
        self.names[first] = []
        return self._body(tree.body) or []

    def _body(self, body: Sequence[ast.stmt]) -> list[Step] | None:
        for statement in body:
            if isinstance(statement, ast.Return) and statement.value is not None:
                return self._value(statement.value)
            self._statement(statement)
        return None

    def _statement(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Assign):
            self._assign(statement.targets[0], statement.value)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            self._assign(statement.target, statement.value)
        elif isinstance(statement, ast.With):
            self._body(statement.body)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            self._value(statement.value)
        elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            pass
        elif isinstance(statement, (ast.For, ast.While, ast.If, ast.Try)) and _changes(statement, set(self.names)):
            raise LookupError(type(statement).__name__)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        steps = self._value(value)
        first = target.elts[0] if isinstance(target, ast.Tuple) and target.elts else target
        if isinstance(first, ast.Name):
            if steps is None:
                self.names.pop(first.id, None)
            else:
                self.names[first.id] = steps

    def _value(self, node: ast.expr) -> list[Step] | None:
        """The chain of an expression; ``None`` where it is no tensor that came from the input."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.BinOp):
            left = self._value(node.left)
            return left if left is not None else self._value(node.right)
        if isinstance(node, ast.Tuple) and node.elts:
            return self._value(node.elts[0])
        if isinstance(node, ast.Subscript):
            steps = self._value(node.value)
            if steps is None:
                return None
            if steps and steps[-1].rule == "rnn" and isinstance(node.slice, ast.Constant):
                return steps
            return self._with(steps, function_step("getitem", (_literal(node.slice),), {}, where=self._at(node)))
        if isinstance(node, ast.UnaryOp):
            return self._value(node.operand)
        return None

    def _call(self, node: ast.Call) -> list[Step] | None:
        child, path = self._layer(node.func)
        if child is not None:
            steps = self._value(node.args[0]) if node.args else None
            if steps is None:
                steps = []
            try:
                return [*steps, *_row(child, path, self.layer, 0)]
            except _Found as found:
                raise _Found([*steps, *found.steps]) from None
        if not isinstance(node.func, ast.Attribute):
            inner = [self._value(one) for one in node.args]
            if any(one is not None for one in inner):
                raise LookupError("call")
            return None
        if self._of_tensor(node.func.value) is not None:
            steps, rest = self._of_tensor(node.func.value), node.args
        else:
            steps, rest = (self._value(node.args[0]), node.args[1:]) if node.args else (None, [])
        if steps is None or node.func.attr in ("size", "dim", "numel", "item"):
            return None
        args = [_literal(one) for one in rest]
        given = {one.arg: _literal(one.value) for one in node.keywords if one.arg}
        rank = 4 if steps and steps[-1].rule in ("conv", "pool") and steps[-1].get("n") == 2 else 0
        return self._with(steps, function_step(node.func.attr, args, given, rank, where=self._at(node)))

    def _of_tensor(self, node: ast.expr) -> list[Step] | None:
        """The chain of what a method is called on; a module's name (``F``, ``torch``) has none."""
        return None if isinstance(node, ast.Name) and node.id not in self.names else self._value(node)

    def _layer(self, node: ast.expr) -> tuple[Any, str]:
        """The layer that ``self.a.b`` or ``self.a[0]`` names, and its path."""
        parts: list[str] = []
        while isinstance(node, (ast.Attribute, ast.Subscript)):
            if isinstance(node, ast.Subscript):
                parts.append(str(_literal(node.slice)))
                node = node.value
            else:
                parts.append(node.attr)
                node = node.value
        if not isinstance(node, ast.Name) or node.id != self.me or not parts:
            return None, ""
        child: Any = self.parent
        for name in parts[::-1]:
            child = getattr(child, "_modules", {}).get(name)
            if child is None:
                return None, ""
        return child, ".".join([*([self.path] if self.path else []), *parts[::-1]])

    def _with(self, steps: list[Step], step: Step | None) -> list[Step]:
        return steps if step is None else [*steps, step]

    def _at(self, node: ast.expr) -> str:
        return f"{self.file}:{self.first + node.lineno}" if self.file else ""


def _changes(statement: ast.stmt, names: set[str]) -> bool:
    """Whether a statement gives one of the names anew."""
    return any(isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.id in names for n in ast.walk(statement))


def _literal(node: ast.expr) -> Any:
    """The plain value that stands there, sums and products of numbers worked out; what is not plain is -1, a size."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, (ast.Tuple, ast.List)):
        return tuple(_literal(one) for one in node.elts)
    if isinstance(node, ast.Slice):
        parts = (node.lower, node.upper, node.step)
        return slice(*(None if one is None else _literal(one) for one in parts))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _literal(node.operand)
        return -value if isinstance(value, int) else -1
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Add, ast.Sub, ast.FloorDiv)):
        left, right = _literal(node.left), _literal(node.right)
        if _number(left) and _number(right) and abs(left) < 1 << 31 and abs(right) < 1 << 31:
            return _WORKED[type(node.op)](left, right)
    return -1


def _number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_WORKED: Mapping[type[ast.operator], Any] = {
    ast.Mult: lambda a, b: a * b,
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.FloorDiv: lambda a, b: a // b if b else 0,
}
