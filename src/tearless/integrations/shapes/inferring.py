"""What calls and operators would give, worked out by the rules and not by running them: for operands never named."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from typing import Any, NamedTuple

from tearless.linear_algebra.shapes import Clash, Operand, Operation, Shape, results

from .found import Found, shape_of_list
from .modules import asked_of
from .recognise import recognised
from .values import UNKNOWN, Bound, Scope, Spec, library_of, sizes, spec_of

ORDER = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int",
    "int64",
    "float16",
    "bfloat16",
    "float",
    "float32",
    "float64",
    "complex",
    "complex64",
    "complex128",
]
CASTS = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "bfloat16": "bfloat16",
    "long": "int64",
    "int": "int32",
    "short": "int16",
    "bool": "bool",
}
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
COMPARED = {"==", "!=", "<", "<=", ">", ">=", "and", "or", "xor"}
PAIRS = {"max", "min", "median", "mode", "sort", "cummax", "cummin"}
WHOLE = {"argmax", "argmin", "argsort"}


class Returned(NamedTuple):
    """What reductions of PyTorch along one axis give."""

    values: Spec
    indices: Spec


def inferred(node: ast.expr, scope: Scope) -> object:
    """What an expression would give: a ``Spec``, several, a plain number; ``UNKNOWN`` where that cannot be told."""
    found = recognised(node, scope, None)
    if found is not None:
        return _result(found)
    if isinstance(node, ast.Call):
        function = scope.value(node.func)
        if isinstance(function, Bound):
            return _of_method(node, function, scope)
        if function is UNKNOWN:
            return UNKNOWN
        made = _made(node, function, scope)
        return made if made is not UNKNOWN else _of_layer(node, function, scope)
    return UNKNOWN


def rule_results(operation: Operation) -> tuple[Shape, ...] | None:
    """The shapes that the operation gives, ``None`` where it clashes or has no rule."""
    if operation.rule == "same":
        return operation.shapes[:1]
    try:
        return results(operation)
    except (Clash, KeyError, TypeError, ValueError, IndexError, AttributeError):
        return None


def _result(found: Found) -> object:
    operation = found.operation()
    shapes = rule_results(operation) if operation is not None else None
    if not shapes or operation is None:
        return UNKNOWN
    first = found.given[0].spec or Spec(())
    device = next((one.device for one in operation.operands if one.device), "")
    out = [Spec(shape, _dtype_of(found, operation), device, found.library or first.library) for shape in shapes]
    name = found.function.rpartition(".")[2]
    if len(out) > 1:
        return tuple(out)
    if name in PAIRS and found.library == "torch" and found.settings.get("axis") is not None:
        return Returned(out[0], replace(out[0], dtype="int64"))
    return out[0]


def _dtype_of(found: Found, operation: Operation) -> str:
    name = found.function.rpartition(".")[2].removesuffix("_")
    if found.settings.get("symbol") in COMPARED or name in ("isnan", "isinf", "isfinite", "logical_not"):
        return "bool"
    if name in WHOLE or name == "one_hot":
        return "int64" if found.library != "jax" else "int32"
    if name in CASTS and found.library == "torch":
        return CASTS[name]
    if name in ("to", "astype", "type", "asarray", "array", "tensor"):
        return _cast_to(found, operation)
    if found.rule in ("index", "gather", "take", "embedding", "index_select", "take_along_axis", "assign"):
        which = 1 if found.rule == "embedding" else 0
        return operation.operands[which].dtype
    return promoted([one for one in operation.operands if one.library] or list(operation.operands))


def _cast_to(found: Found, operation: Operation) -> str:
    node = found.node
    args = [*node.args, *(one.value for one in node.keywords)] if isinstance(node, ast.Call) else []
    for one in args:
        word = ast.unparse(one).rpartition(".")[2].strip("'\"")
        word = {
            "float": "float64" if found.library == "numpy" else "float32",
            "int": "int64",
            "double": "float64",
            "long": "int64",
            "half": "float16",
        }.get(word, word)
        if word in ORDER:
            return word
    return operation.operands[0].dtype


def promoted(operands: list[Operand]) -> str:
    """The dtype that comes of several, as far as it is sure; empty where it is not."""
    names = {one.dtype for one in operands if one.shape} or {one.dtype for one in operands}
    if len(names) == 1:
        return next(iter(names))
    if not names <= set(ORDER):
        return ""
    top = max(names, key=ORDER.index)
    if any(one.library == "numpy" for one in operands) and top == "float32" and names & {"int32", "int64"}:
        return "float64"
    return top


def _of_method(node: ast.Call, method: Bound, scope: Scope) -> object:
    """Methods of arrays that give sizes, and of random generators that give arrays."""
    spec = spec_of(method.of) if library_of(method.of) else None
    values = [scope.value(one) for one in node.args]
    if spec is None:
        return _sized(node, method.name, "numpy", scope) if type(method.of).__name__ == "Generator" else UNKNOWN
    if method.name == "size":
        if not values:
            return spec.shape
        axis = values[0]
        return spec.shape[axis] if isinstance(axis, int) and -len(spec.shape) <= axis < len(spec.shape) else UNKNOWN
    if method.name in ("dim", "ndimension"):
        return len(spec.shape)
    if method.name == "numel":
        return Spec((), "int") if any(not isinstance(one, int) for one in spec.shape) else _count(spec.shape)
    if method.name == "item":
        return Spec((), spec.dtype)
    if method.name in ("new_zeros", "new_ones", "new_empty"):
        made = _sized(node, method.name, spec.library, scope)
        return replace(made, dtype=spec.dtype, device=spec.device) if isinstance(made, Spec) else UNKNOWN
    return UNKNOWN


def _count(shape: Shape) -> int:
    out = 1
    for one in shape:
        out *= one if isinstance(one, int) else 1
    return out


def _made(node: ast.Call, function: Any, scope: Scope) -> object:
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
        return function(values[0]) if type(values[0]) in (int, float) else UNKNOWN
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
    return _sized(node, name, root if root in ("torch", "numpy", "jax") else "torch", scope)


def _torch_made(function: object, name: object) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(name, str) and vars(torch).get(name) is function


def _sized(node: ast.Call, name: str, library: str, scope: Scope) -> object:
    """The array that a function makes of sizes, or of a list."""
    values = [scope.value(one) for one in node.args]
    named = {one.arg: scope.value(one.value) for one in node.keywords if one.arg}
    base = name.removeprefix("new_")
    if base in ("array", "asarray", "tensor", "as_tensor") and values:
        made = shape_of_list(values[0]) or spec_of(values[0])
        return replace(made, library=library) if made is not None else UNKNOWN
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


def _of_layer(node: ast.Call, layer: Any, scope: Scope) -> object:
    """What a layer of PyTorch would give, by its rule; a ``Sequential`` one after another."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(layer, torch.nn.Module) or not node.args:
        return UNKNOWN
    first = scope.spec(node.args[0])
    if first is None:
        return UNKNOWN
    given = [first, *(scope.value(one) for one in node.args[1:])]
    return _through(layer, given)


def _through(layer: Any, given: list[object]) -> object:
    first = given[0]
    if not isinstance(first, Spec):
        return UNKNOWN
    if type(layer).__name__ == "Sequential" and type(layer).__module__.startswith("torch."):
        for part in layer._modules.values():
            first = _through(part, [first])
        return first
    if not type(layer).__module__.startswith("torch.nn."):
        return UNKNOWN
    if not layer._parameters and not layer._buffers and not layer._modules and _is_plain(layer):
        return first
    names = ("input", "hx") if hasattr(layer, "mode") else ("input", "target")
    if type(layer).__name__ == "MultiheadAttention":
        names = ("query", "key", "value")  # type: ignore[assignment]
    asked = asked_of(layer, dict(zip(names, given, strict=False)))
    if asked is None:
        return UNKNOWN
    operands = [spec.named(role) for role, value in asked.takes if (spec := spec_of(value)) is not None]
    shapes = rule_results(Operation(asked.rule, tuple(operands), asked.settings))
    if not shapes:
        return UNKNOWN
    out = [replace(first, shape=shape, weight=False) for shape in shapes]
    return tuple(out) if len(out) > 1 else out[0]


_KEEPING = [
    "ReLU",
    "ReLU6",
    "GELU",
    "SiLU",
    "ELU",
    "SELU",
    "CELU",
    "LeakyReLU",
    "Sigmoid",
    "Tanh",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "Identity",
    "Softplus",
    "Hardswish",
    "Hardtanh",
    "Hardsigmoid",
    "Mish",
    "LogSigmoid",
    "Softmax",
    "LogSoftmax",
    "AlphaDropout",
    "Softsign",
    "Tanhshrink",
    "Threshold",
]


def _is_plain(layer: object) -> bool:
    return type(layer).__name__ in _KEEPING
