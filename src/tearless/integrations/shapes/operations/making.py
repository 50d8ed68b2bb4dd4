"""New arrays that calls would make, by their sizes: ``torch.zeros(3, 4)``, ``np.array([[1, 2]])``, ``rng.normal()``."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from typing import Any

from .found import shape_of_list
from .values import UNKNOWN, Scope, Spec, sizes, spec_of

SIZED = [
    "zeros",
    "ones",
    "empty",
    "rand",
    "randn",
    "full",
    "random",
    "standard_normal",
    "normal",
    "uniform",
    "randint",
    "integers",
    "randn_like",
]


def made(node: ast.Call, function: Any, scope: Scope) -> object:
    """New arrays: ``torch.zeros(3, 4)``, ``np.array([[1, 2]])``; and plain functions of sizes."""
    values = [scope.value(one) for one in node.args]
    if function is len and len(values) == 1:
        spec = spec_of(values[0])
        held = values[0]
        if spec is not None:
            return spec.shape[0] if spec.shape else UNKNOWN
        return (
            len(held)
            if isinstance(held, list | tuple | dict | str) and type(held).__module__ == "builtins"
            else UNKNOWN
        )
    if function in (int, float) and len(values) == 1:
        return function(values[0]) if type(values[0]) in (int, float) else Spec((), function.__name__)
    if function is tuple and len(values) == 1:
        return tuple(values[0]) if isinstance(values[0], list | tuple) else UNKNOWN
    name = getattr(function, "__name__", "")
    module = getattr(function, "__module__", "") or ""
    home = getattr(function, "__self__", None)
    root = str(module).split(".")[0]
    if not isinstance(name, str) or (root not in ("torch", "numpy", "jax") and not _torch_made(function, name)):
        if type(home).__module__.split(".")[0] != "numpy":
            return UNKNOWN
        root = "numpy"
    return sized(node, name, root if root in ("torch", "numpy", "jax") else "torch", scope)


def _torch_made(function: object, name: object) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(name, str) and vars(torch).get(name) is function


def sized(node: ast.Call, name: str, library: str, scope: Scope) -> object:
    """The array that a function makes of sizes, or of a list."""
    values = [scope.value(one) for one in node.args]
    named = {one.arg: scope.value(one.value) for one in node.keywords if one.arg}
    base = name.removeprefix("new_")
    if base in ("array", "asarray", "tensor", "as_tensor") and values:
        made = shape_of_list(values[0]) or spec_of(values[0])
        if made is None:
            return UNKNOWN
        plain = {"int": "int32" if library == "jax" else "int64", "float": _float(library)}
        if library == "jax":
            plain |= {"int64": "int32", "float64": "float32"}
        return replace(made, dtype=_asked_dtype(node, plain.get(made.dtype, made.dtype)), library=library)
    if base == "eye" and values and isinstance(values[0], int):
        columns = values[1] if len(values) > 1 and isinstance(values[1], int) else values[0]
        return Spec((values[0], columns), _float(library), _device(library), library)
    if base == "arange":
        return _counted(values, library)
    if base == "linspace":
        many = values[2] if len(values) > 2 else named.get("num", named.get("steps", 50))
        return Spec((many,), _float(library), _device(library), library) if isinstance(many, int) else UNKNOWN
    if base not in SIZED:
        return UNKNOWN
    shape = named.get("size", named.get("shape", UNKNOWN))
    if shape is UNKNOWN:
        tuples = [one for one in values if isinstance(one, tuple | list)]
        shape = (
            tuples[0] if tuples else tuple(values) if base in ("zeros", "ones", "empty", "rand", "randn") else UNKNOWN
        )
    if isinstance(shape, int):
        shape = (shape,)
    if not isinstance(shape, tuple | list) or not all(isinstance(one, int) for one in shape):
        return UNKNOWN
    whole = base in ("randint", "integers")
    dtype = ("int32" if library == "jax" else "int64") if whole else _float(library)
    return Spec(sizes(shape), _asked_dtype(node, dtype), _device(library), library)


def _counted(values: list[object], library: str) -> object:
    whole = [one for one in values if isinstance(one, int)]
    if not values or len(whole) != len(values):
        return UNKNOWN
    dtype = "int32" if library == "jax" else "int64"
    return Spec((len(range(*whole[:3])) if 0 not in whole[2:3] else 0,), dtype, _device(library), library)


def _asked_dtype(node: ast.Call, otherwise: str) -> str:
    for one in node.keywords:
        if one.arg == "dtype":
            word = ast.unparse(one.value).rpartition(".")[2].strip("'\"")
            return {"long": "int64", "double": "float64", "half": "float16", "int": "int64"}.get(word, word)
    return otherwise


def _float(library: str) -> str:
    return "float64" if library == "numpy" else "float32"


def _device(library: str) -> str:
    return "cpu" if library == "torch" else ""
