"""What calls and operators would give, worked out by the rules and not by running them: for operands never named."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import replace
from typing import Any, NamedTuple

from tearless.linear_algebra.shapes import Clash, Operand, Operation, Shape, results

from .found import Found
from .making import made, sized
from .modules import asked_of
from .recognise import recognised
from .values import UNKNOWN, Bound, Scope, Spec, library_of, spec_of
from .walking import bind, entries, returned

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
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        return _listed(node, scope)
    if isinstance(node, ast.Call):
        function = scope.value(node.func)
        if function is UNKNOWN:
            return UNKNOWN
        first = _of_method(node, function, scope) if isinstance(function, Bound) else made(node, function, scope)
        layer = _of_layer(node, function, scope) if first is UNKNOWN else first
        return returned(node, function, scope) if layer is UNKNOWN else layer
    return UNKNOWN


def rule_results(operation: Operation) -> tuple[Shape, ...] | None:
    """The shapes that the operation gives, ``None`` where it clashes or has no rule."""
    if operation.rule == "same":
        return operation.shapes[:1]
    try:
        return results(operation)
    except (Clash, KeyError, TypeError, ValueError, IndexError, AttributeError):
        return None


def _listed(node: ast.ListComp | ast.GeneratorExp, scope: Scope) -> object:
    """``[f(x) for x in xs]`` over a known list, or over the first axis of an array."""
    step = node.generators[0]
    over = entries(scope.value(step.iter))
    if len(node.generators) != 1 or step.ifs or over is None:
        return UNKNOWN
    out = []
    for one in over:
        inside = Scope(scope.frame, scope.infer, deep=scope.deep, names=dict(scope.names), steps=scope.steps)
        bind(step.target, one, inside)
        out.append(inside.value(node.elt))
    return UNKNOWN if any(one is UNKNOWN for one in out) else out


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
        return sized(node, method.name, "numpy", scope) if type(method.of).__name__ == "Generator" else UNKNOWN
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
        made = sized(node, method.name, spec.library, scope)
        return replace(made, dtype=spec.dtype, device=spec.device) if isinstance(made, Spec) else UNKNOWN
    return UNKNOWN


def _count(shape: Shape) -> int:
    out = 1
    for one in shape:
        out *= one if isinstance(one, int) else 1
    return out


def _of_layer(node: ast.Call, layer: Any, scope: Scope) -> object:
    """What a layer of PyTorch would give, by its rule; a ``Sequential`` one after another."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(layer, torch.nn.Module) or not node.args:
        return UNKNOWN
    first = scope.spec(node.args[0])
    if first is None:
        return UNKNOWN
    given = [first, *(scope.value(one) for one in node.args[1:])]
    return _through(layer, given, scope)


def _through(layer: Any, given: list[object], scope: Scope) -> object:
    first = given[0]
    if not isinstance(first, Spec):
        return UNKNOWN
    if type(layer).__name__ == "Sequential" and type(layer).__module__.startswith("torch."):
        for part in layer._modules.values():
            first = _through(part, [first], scope)
        return first
    if not type(layer).__module__.startswith("torch.nn."):
        step = ast.Call(ast.Name("layer"), [ast.Name(f"given{i}") for i in range(len(given))], [])
        names = {"layer": layer, **{f"given{i}": one for i, one in enumerate(given)}}
        inside = Scope(scope.frame, scope.infer, deep=scope.deep, names=names, steps=scope.steps)
        return returned(step, layer, inside)
    if not layer._parameters and not layer._buffers and not layer._modules and _is_plain(layer):
        return first
    roles = ["input", "hx"] if hasattr(layer, "mode") else ["input", "target"]
    if type(layer).__name__ == "MultiheadAttention":
        roles = ["query", "key", "value"]
    asked = asked_of(layer, dict(zip(roles, given, strict=False)))
    if asked is None:
        return UNKNOWN
    operands = [spec.named(role) for role, value in asked.takes if (spec := spec_of(value)) is not None]
    shapes = rule_results(Operation(asked.rule, tuple(operands), asked.settings))
    if not shapes:
        return UNKNOWN
    out = [replace(first, shape=shape, weight=False) for shape in shapes]
    return tuple(out) if len(out) > 1 else out[0]


_KEEPING = re.compile(
    r"(Leaky|Alpha|Hard|Log)?(ReLU6?|GELU|S[ie]LU|[EC]ELU|Sigmoid|Tanh|Dropout[123]?d?|swish|tanh|sigmoid|Softmax)"
    r"|Identity|Soft(plus|max|sign|min|shrink)|Mish|Tanhshrink|Threshold|Hardshrink"
)


def _is_plain(layer: object) -> bool:
    """Whether a layer keeps the shape of what it is given."""
    return _KEEPING.fullmatch(type(layer).__name__) is not None
