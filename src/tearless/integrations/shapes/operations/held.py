"""What objects hold, looked up without running anything of the reader's.

Entries of plain containers, attributes that objects hold as plain values. No property of a reader's class, no
``__getattr__``, no ``__getitem__`` of theirs is asked.
"""

from __future__ import annotations

import inspect
import operator
import sys
from dataclasses import dataclass
from types import MemberDescriptorType, ModuleType
from typing import Any

from tearless.linear_algebra.shapes import Operand, Shape, named
from tearless.linear_algebra.shapes.size import Size


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
    if isinstance(value, dict):
        return dict.get(value, key, UNKNOWN) if _is_plain_key(key) else UNKNOWN
    if isinstance(value, list | tuple) and isinstance(key, int | slice):
        return _entry(list if isinstance(value, list) else tuple, value, key)
    inner = _plain_dict(value).get("data")
    if isinstance(inner, dict) and isinstance(key, str):
        return dict.get(inner, key, UNKNOWN)
    modules = _plain_dict(value).get("_modules") or _plain_dict(value).get("_parameters")
    if isinstance(modules, dict) and isinstance(key, int | str):
        if isinstance(key, str):
            return modules.get(key, UNKNOWN)
        return list(modules.values())[key] if -len(modules) <= key < len(modules) else UNKNOWN
    return UNKNOWN


def _is_plain_key(key: object) -> bool:
    """Whether looking a key up runs nothing of the reader's."""
    if type(key) is tuple:
        return all(map(_is_plain_key, key))
    return type(key) in (str, int, float, bool, bytes)


def _entry(kind: Any, value: Any, key: Any) -> object:
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
