"""What names and sub-expressions of a failing line stand for, looked up without running anything of the reader's.

Names, entries of plain containers, attributes that objects hold as plain values. No property of a reader's class, no
``__getattr__``, no ``__getitem__`` of theirs is asked.
"""

from __future__ import annotations

import ast
import inspect
import operator
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FrameType, MemberDescriptorType, ModuleType
from typing import Any

from tearless.linear_algebra.shapes import Operand, Shape, named
from tearless.linear_algebra.shapes.size import Size

DEEPEST = 40
LARGEST = 1 << 62
ARRAY_ROOTS = {"torch": "torch", "numpy": "numpy", "jax": "jax", "jaxlib": "jax"}


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown()
"""What cannot be known without running something."""


@dataclass(frozen=True, slots=True)
class Spec:
    """An array as far as it matters: what it is like, not what is in it."""

    shape: Shape
    dtype: str = ""
    device: str = ""
    library: str = ""
    weight: bool = False
    """Whether it is a parameter of a model: then the other operand is the one to be changed."""

    def named(self, name: str) -> Operand:
        return Operand(name, self.shape, self.dtype, self.device, self.library)


@dataclass(frozen=True, slots=True)
class Bound:
    """A method of a value, not called."""

    of: object
    name: str


@dataclass(slots=True)
class Scope:
    """The names that a frame sees. ``infer`` says what calls and operators on arrays would give."""

    frame: FrameType
    infer: Callable[[ast.expr, Scope], object] = lambda _node, _scope: UNKNOWN
    known: dict[ast.AST, object] = field(default_factory=dict)
    deep: int = 0

    def value(self, node: ast.AST) -> object:
        """What an expression stands for: a plain object, a ``Spec`` for an array not made yet, or ``UNKNOWN``."""
        if node in self.known:
            return self.known[node]
        if self.deep >= DEEPEST:
            return UNKNOWN
        self.deep += 1
        try:
            found = _READ[type(node)](node, self) if type(node) in _READ else UNKNOWN
            if found is UNKNOWN and isinstance(node, ast.expr):
                found = self.infer(node, self)
        finally:
            self.deep -= 1
        self.known[node] = found
        return found

    def spec(self, node: ast.AST) -> Spec | None:
        """The array that an expression stands for; ``None`` where it is none, or not known."""
        return spec_of(self.value(node))

    def name(self, name: str) -> object:
        frame = self.frame
        for names in (frame.f_locals, frame.f_globals, frame.f_builtins):
            if name in names:
                return names[name]
        return UNKNOWN


def library_of(value: object) -> str:
    """``torch``, ``numpy`` or ``jax`` for an array of theirs; empty for anything else."""
    if isinstance(value, Spec):
        return value.library
    torch, numpy, jax = (sys.modules.get(name) for name in ("torch", "numpy", "jax"))
    if torch is not None and isinstance(value, getattr(torch, "Tensor", ())):
        return "torch"
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        return "numpy"
    if jax is not None and isinstance(value, getattr(jax, "Array", ())):
        return "jax"
    return ""


def spec_of(value: object) -> Spec | None:
    """What an array is like; a plain number is an array without axes. ``None`` for other objects."""
    if isinstance(value, Spec):
        return value
    if isinstance(value, bool | int | float | complex):
        return Spec((), type(value).__name__)
    library = library_of(value)
    if not library:
        return None
    if library == "torch":
        return _of_tensor(value)
    shape = _ndarray("shape", value) if library == "numpy" else getattr(value, "shape", ())
    dtype = _ndarray("dtype", value) if library == "numpy" else getattr(value, "dtype", "")
    return Spec(sizes(shape), str(dtype), "", library)


def sizes(shape: Any) -> Shape:
    """A library's shape as ours: sizes that are not known yet are names."""
    return tuple(_size(one) for one in shape)


def attribute(value: object, name: str) -> object:
    """An attribute that can be read without running anything; a method stands as ``Bound``."""
    if value is UNKNOWN:
        return UNKNOWN
    if isinstance(value, ModuleType):
        held = vars(value).get(name, UNKNOWN)
        return sys.modules.get(f"{value.__name__}.{name}", UNKNOWN) if held is UNKNOWN else held
    if spec_of(value) is not None:
        return _of_array(value, name)
    if isinstance(value, dict | list | tuple | str | int | float) and type(value).__module__ == "builtins":
        return Bound(value, name)
    held = _held(value, name)
    if held is not UNKNOWN:
        return held
    found = _of_class(value, name)
    if isinstance(value, type) or isinstance(found, type) or found is UNKNOWN:
        return found
    return Bound(value, name) if callable(found) else found


def item(value: object, key: object) -> object:
    """An entry of a plain container, or of a container of layers; ``UNKNOWN`` for anything else."""
    if value is UNKNOWN or key is UNKNOWN:
        return UNKNOWN
    if isinstance(value, Mapping) and isinstance(value, dict):
        return dict.get(value, key, UNKNOWN) if isinstance(key, str | int | tuple | float | bool) else UNKNOWN
    for kind in (list, tuple):
        if isinstance(value, kind) and isinstance(key, int | slice):
            return _entry(kind, value, key)
    inner = _plain_dict(value).get("data")
    if isinstance(inner, dict) and isinstance(key, str):
        return dict.get(inner, key, UNKNOWN)
    modules = _plain_dict(value).get("_modules") or _plain_dict(value).get("_parameters")
    if isinstance(modules, dict) and isinstance(key, int | str):
        names = list(modules)
        if isinstance(key, str):
            return modules.get(key, UNKNOWN)
        return modules[names[key]] if isinstance(key, int) and -len(names) <= key < len(names) else UNKNOWN
    return UNKNOWN


def _entry(kind: type, value: Any, key: Any) -> object:
    try:
        return kind.__getitem__(value, key)
    except (IndexError, ValueError, TypeError):
        return UNKNOWN


def _plain_dict(value: object) -> dict[str, Any]:
    """What an instance holds, where it holds it the plain way."""
    for kind in type(value).__mro__:
        if "__dict__" in vars(kind) and not inspect.isgetsetdescriptor(vars(kind)["__dict__"]):
            return {}
    try:
        held = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return held if isinstance(held, dict) else {}


def _held(value: object, name: str) -> object:
    held = _plain_dict(value)
    for inside in (held, *(held.get(part) for part in ("_parameters", "_buffers", "_modules"))):
        if isinstance(inside, dict) and name in inside:
            return inside[name]
    return UNKNOWN


def _of_class(value: object, name: str) -> object:
    """What the class of a value holds, where it is plain: a slot, a method, a constant."""
    try:
        found = inspect.getattr_static(value, name)
    except (AttributeError, TypeError):
        return UNKNOWN
    if isinstance(found, MemberDescriptorType) or type(found).__name__ == "_tuplegetter":
        try:
            return found.__get__(value)
        except AttributeError:
            return UNKNOWN
    if isinstance(found, staticmethod | classmethod):
        return found.__func__
    return UNKNOWN if isinstance(found, property) or hasattr(type(found), "__set__") else found


def _of_array(value: object, name: str) -> object:
    """Attributes of arrays that are sizes or other views of them."""
    spec = spec_of(value)
    if spec is None:
        return UNKNOWN
    shape = spec.shape
    swapped = (*shape[:-2], *shape[-2:][::-1])
    turned = {"T": shape[::-1], "H": swapped, "mT": swapped, "mH": swapped}
    if name in turned:
        return Spec(turned[name], spec.dtype, spec.device, spec.library)
    if name in ("data", "real", "imag", "grad"):
        return Spec(shape, spec.dtype, spec.device, spec.library)
    plain = {"shape": shape, "ndim": len(shape), "dtype": _dtype(value), "device": spec.device}
    if name in plain:
        return plain[name]
    if name == "size" and spec.library != "torch":
        return _product(shape)
    return Bound(value, name)


def _dtype(value: object) -> object:
    return value.dtype if isinstance(value, Spec) else getattr(value, "dtype", UNKNOWN)


def _product(shape: Shape) -> Size:
    out: Size = 1
    for one in shape:
        out = out * one
    return out


def _of_tensor(value: Any) -> Spec:
    torch: Any = sys.modules["torch"]
    with torch._C.DisableTorchFunctionSubclass():
        dtype, device = str(value.dtype).removeprefix("torch."), str(value.device)
        return Spec(sizes(value.shape), dtype, device, "torch", isinstance(value, torch.nn.Parameter))


def _ndarray(name: str, value: object) -> Any:
    numpy: Any = sys.modules["numpy"]
    if isinstance(value, numpy.ndarray):
        return vars(numpy.ndarray)[name].__get__(value)
    return getattr(value, name)


def _size(one: Any) -> Size:
    try:
        return int(one) if isinstance(one, int) else operator.index(one) if _is_plain(one) else named(str(one))
    except (TypeError, ValueError):
        return named(str(one))


def _is_plain(one: object) -> bool:
    return type(one).__module__.split(".")[0] == "numpy"


def _name(node: ast.Name, scope: Scope) -> object:
    return scope.name(node.id)


def _attribute(node: ast.Attribute, scope: Scope) -> object:
    return attribute(scope.value(node.value), node.attr)


def _subscript(node: ast.Subscript, scope: Scope) -> object:
    return item(scope.value(node.value), scope.value(node.slice))


def _slice(node: ast.Slice, scope: Scope) -> object:
    parts = [None if part is None else scope.value(part) for part in (node.lower, node.upper, node.step)]
    return slice(*parts) if all(part is None or isinstance(part, int) for part in parts) else UNKNOWN


def _sequence(node: ast.Tuple | ast.List, scope: Scope) -> object:
    out: list[object] = []
    for one in node.elts:
        if isinstance(one, ast.Starred):
            inside = scope.value(one.value)
            if not isinstance(inside, list | tuple):
                return UNKNOWN
            out.extend(inside)
        else:
            out.append(scope.value(one))
    if any(one is UNKNOWN for one in out):
        return UNKNOWN
    return tuple(out) if isinstance(node, ast.Tuple) else out


_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}


def _binary(node: ast.BinOp, scope: Scope) -> object:
    left, right = scope.value(node.left), scope.value(node.right)
    if isinstance(node.op, ast.Add) and type(left) is type(right) and isinstance(left, tuple | list):
        return left + right  # type: ignore[operator]
    work = _ARITHMETIC.get(type(node.op))
    if work is None or not all(type(one) in (int, float) and abs(one) < LARGEST for one in (left, right)):  # type: ignore[arg-type]
        return UNKNOWN
    try:
        return work(left, right)
    except ArithmeticError:
        return UNKNOWN


def _unary(node: ast.UnaryOp, scope: Scope) -> object:
    value = scope.value(node.operand)
    if type(value) in (int, float) and isinstance(node.op, ast.USub | ast.UAdd):
        return -value if isinstance(node.op, ast.USub) else value  # type: ignore[operator]
    return UNKNOWN


def _chosen(node: ast.IfExp, scope: Scope) -> object:
    one, other = scope.value(node.body), scope.value(node.orelse)
    same = spec_of(one) is not None and spec_of(one) == spec_of(other)
    return one if same else UNKNOWN


_READ: dict[type, Callable[[Any, Scope], object]] = {
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.Tuple: _sequence,
    ast.List: _sequence,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.IfExp: _chosen,
    ast.Constant: lambda node, _: node.value,
    ast.NamedExpr: lambda node, scope: scope.value(node.target),
    ast.Starred: lambda _node, _scope: UNKNOWN,
}
