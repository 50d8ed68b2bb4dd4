"""Transformations of JAX: ``vmap`` over axes that differ, ``grad`` of more than one number, a carry that changes."""

from __future__ import annotations

import ast
import re

from tearless.integrations.shapes.source.frames import Source
from tearless.linear_algebra.shapes import Clash, Operand, Operation, Repair, Shape, written

from .applied import applied
from .branches import branches
from .found import Found, Given, text_of
from .jax_convolution import convolved
from .values import UNKNOWN, Scope, Spec, spec_of

LAW_VMAP = "vmap runs along one axis of every argument at once: those axes must have the same size"
LAW_GRAD = "a gradient is of one number: the function must give a scalar"
LAW_CARRY = "a loop hands its carry on from step to step: it must leave each step with the shape and dtype it came with"
_MAPPED = r"axis (-?\d+) of (?:argument )?([^\s;]+) of type (\w+)\[([\d,]*)\]"
_TYPED = r"\b((?:[a-z]*float|u?int|complex|bool)\d*\w*)\[([\d,]*)\]"


def transformed(node: ast.AST, scope: Scope, source: Source | None, text: str) -> tuple[Clash, Found] | None:
    """The clash of a transformation that a call makes; ``None`` for other calls and other messages."""
    if not isinstance(node, ast.Call):
        return None
    if text.startswith("vmap got inconsistent sizes"):
        return _vmap(node, scope, source, text)
    if "only defined for scalar-output" in text:
        return _grad(node, source, text)
    if text.startswith("grad requires real"):
        return _grad_of_whole(node, scope, source, text)
    if "carry" in text and "equal types" in text:
        return _carry(node, scope, source, text)
    if "branches must have equal output types" in text:
        return branches(node, source, text)
    if "lhs feature dimension size" in text:
        return convolved(node, scope, source)
    return None


def _vmap(node: ast.Call, scope: Scope, source: Source | None, text: str) -> tuple[Clash, Found] | None:
    given = [Given(text_of(one, source), scope.spec(one), one) for one in node.args]
    marks, left = [], list(range(len(given)))
    for axis, _, dtype, inside in re.findall(_MAPPED, text):
        shape = _shape(inside)
        i = next((i for i in left if (spec := given[i].spec) is not None and spec.shape == shape), None)
        i = next((i for i in left if given[i].spec is None), None) if i is None else i
        if i is None:
            continue
        left.remove(i)
        given[i] = Given(given[i].name, given[i].spec or Spec(shape, dtype, "", "jax"), given[i].node)
        marks.append((i, int(axis) % max(len(shape), 1)))
    found = Found(node, "vmap", "jax", "vmap", [one for one in given if one.spec is not None])
    operation = found.operation(source)
    if operation is None or len(marks) < 2 or len(found.given) != len(given):
        return None
    says = " and ".join(f"{operation.operands[i]} is mapped along axis {axis}" for i, axis in marks)
    return Clash(says, LAW_VMAP, marks, lambda: _vmap_repairs(node, operation, marks, scope), "shape", operation), found


def _vmap_repairs(node: ast.Call, operation: Operation, marks: list[tuple[int, int]], scope: Scope) -> list[Repair]:
    """Another order of axes where the size is there; an argument that is the same for all.

    Where the mapped function can be followed, those that it goes through with.
    """
    sizes = {i: operation.operands[i].shape[axis] for i, axis in marks}
    ways: list[tuple[Repair, dict[int, int | None]]] = []
    for i, axis in reversed(marks):
        shape = operation.operands[i].shape
        others = {size for k, size in sizes.items() if k != i}
        at = [k for k, size in enumerate(shape) if k != axis and {size} == others]
        if at:
            code = "{}.T" if len(shape) == 2 else f"{{}}.swapaxes({axis}, {at[0]})"
            why = f"{operation.operands[i].name} is kept with its samples on axis {at[0]}"
            ways.append((Repair(why, None, operands={i: code}), {**dict(marks), i: at[0]}))
    ways += [(one, {**dict(marks), i: None}) for i, _ in reversed(marks) if (one := _for_all(node, operation, i))]
    function = node.func.args[0] if isinstance(node.func, ast.Call) and node.func.args else None
    through = [one for one, axes in ways if _goes_through(function, operation, axes, scope)]
    same = len({tuple(sorted(map(str, one.shape))) for one in operation.operands}) == 1
    found = through or [one for one, axes in ways if None not in axes.values() or axes[marks[-1][0]] is None]
    return found if same else sorted(found, key=lambda one: one.text is None)


def _for_all(node: ast.Call, operation: Operation, at: int) -> Repair | None:
    """``vmap`` with one argument that it does not map."""
    if not isinstance(node.func, ast.Call) or node.keywords or any(one.arg for one in node.func.keywords):
        return None
    axes = ", ".join("None" if i == at else "0" for i in range(len(operation.operands)))
    function = ast.unparse(node.func)[:-1]
    arguments = ", ".join(f"{{{i}}}" for i in range(len(operation.operands)))
    why = f"{operation.operands[at].name} is the same for all"
    made = f"{function}, in_axes=({axes}))({arguments})"
    return None if "{" in function else Repair(why, None, text=made)


def _goes_through(function: ast.expr | None, operation: Operation, axes: dict[int, int | None], scope: Scope) -> bool:
    """Whether the mapped function is sure to go through for one sample, each argument mapped along its axis."""
    if function is None:
        return False
    one_each = []
    for i, one in enumerate(operation.operands):
        axis = axes.get(i, 0)
        shape = one.shape if axis is None else (*one.shape[:axis], *one.shape[axis + 1 :])
        one_each.append(Spec(shape, one.dtype, "", "jax"))
    return applied(function, one_each, scope) is not UNKNOWN


def _grad(node: ast.Call, source: Source | None, text: str) -> tuple[Clash, Found] | None:
    shape = re.search(r"shape: \(([\d, ]*)\)", text)
    if shape is None:
        return None
    inner = node.func.args[0] if isinstance(node.func, ast.Call) and node.func.args else None
    arguments = ", ".join(text_of(one, source) for one in node.args)
    name = (
        f"{text_of(inner, source)}({arguments})"
        if inner is not None
        else f"the function of {text_of(node.func, source)}"
    )
    spec = Spec(_shape(shape[1]), "", "", "jax")
    found = Found(node, "grad", "jax", "grad", [Given(name, spec, None)])
    operation = Operation("grad", (spec.named(name),))

    def repairs() -> list[Repair]:
        if not isinstance(node.func, ast.Call) or inner is None:
            return []
        code = text_of(inner, source)
        code = f"({code})" if isinstance(inner, ast.Lambda) else code
        function = text_of(node.func.func, source)
        rest = "".join(f", {ast.unparse(one)}" for one in [*node.func.args[1:], *node.func.keywords])
        made = f"{function}(lambda *args: {code}(*args).mean(){rest})({arguments})"
        return [] if "{" in made else [Repair("the mean of what it gives is meant", None, text=made)]

    marks = tuple((0, axis) for axis in range(len(spec.shape)))
    return Clash(
        f"{name} gives {written(spec.shape)}, not one number", LAW_GRAD, marks, repairs, "shape", operation
    ), found


def _grad_of_whole(node: ast.Call, scope: Scope, source: Source | None, text: str) -> tuple[Clash, Found] | None:
    """A gradient by whole numbers."""
    dtype = re.search(r"but got (\w+)", text)
    given = [Given(text_of(one, source), scope.spec(one), one) for one in node.args]
    given = [one for one in given if one.spec is not None]
    odd = next((i for i, one in enumerate(given) if one.spec and dtype and one.spec.dtype == dtype[1]), None)
    found = Found(node, "grad", "jax", "grad", given)
    operation = found.operation(source)
    if odd is None or operation is None or dtype is None:
        return None
    name = given[odd].name
    cast = Repair(f"{name} becomes float32", None, operands={odd: "{}.astype('float32')"})
    says = f"{name} is {dtype[1]}: a gradient is taken by floating numbers"
    return Clash(
        says, "a derivative needs numbers that can change a little", (), lambda: [cast], "dtype", operation
    ), found


def _carry(node: ast.Call, scope: Scope, source: Source | None, text: str) -> tuple[Clash, Found] | None:
    types = re.findall(_TYPED, text)
    if len(types) < 2:
        return None
    function = text_of(node.func, source).rpartition(".")[2]
    at = {"fori_loop": 3, "while_loop": 2}.get(function, 1)
    named = next((one.value for one in node.keywords if one.arg in ("init", "init_val")), None)
    init = named or (node.args[at] if len(node.args) > at else None)
    part = re.search(r"component \w+\[(\d+)\] has", text) if function != "fori_loop" else None
    if part is not None and isinstance(init, ast.Tuple | ast.List) and int(part[1]) < len(init.elts):
        init = init.elts[int(part[1])]
    name = text_of(init, source) if init is not None else "carry"
    spec = scope.spec(init) if init is not None else None
    (dtype, inside), (new_dtype, new_inside) = types[:2]
    before, after = _shape(inside), _shape(new_inside)
    whole = spec is not None and spec.shape == before
    operands = (
        Operand(name, before, dtype, "", "jax"),
        Operand("the carry that a step gives", after, new_dtype, "", "jax"),
    )
    operation = Operation("carry", operands)
    found = Found(
        node, "carry", "jax", "scan", [Given(name, None, init if whole else None), Given(operands[1].name, None)]
    )
    if before == after:
        cast = [Repair(f"{name} begins as {new_dtype}", after, operands={0: f"{{}}.astype({new_dtype!r})"})]
        says = f"the carry comes as {dtype} and leaves as {new_dtype}"
        return Clash(says, LAW_CARRY, (), lambda: cast if whole else [], "dtype", operation), found
    marks = tuple((i, axis) for i, one in enumerate(operands) for axis in _differing(one.shape, operands[1 - i].shape))
    says = f"the carry comes as {written(before)} and leaves as {written(after)}"

    def repairs() -> list[Repair]:
        stays = whole and part is None and _stays(node, function, Spec(after, new_dtype, "", "jax"), scope)
        return _begun(init, name, before, after) if stays and init is not None else []

    return Clash(says, LAW_CARRY, marks, repairs, "shape", operation), found


def _stays(node: ast.Call, function: str, carry: Spec, scope: Scope) -> bool:
    """Whether a step that is given a carry of this shape is sure to give one of the same."""
    at = {"fori_loop": 2, "while_loop": 1}.get(function, 0)
    if len(node.args) <= at:
        return False
    given: list[object] = [carry]
    if function == "fori_loop":
        given = [Spec((), "int32", "", "jax"), carry]
    elif function == "scan":
        over = scope.spec(node.args[2]) if len(node.args) > 2 else None
        given.append(Spec(over.shape[1:], over.dtype, "", "jax") if over is not None and over.shape else None)
    gives = applied(node.args[at], given, scope)
    if function == "scan" and isinstance(gives, tuple) and not isinstance(gives, Spec):
        gives = gives[0] if gives else UNKNOWN
    made = spec_of(gives)
    return made is not None and made.shape == carry.shape


def _begun(init: ast.expr, name: str, before: Shape, after: Shape) -> list[Repair]:
    """A start of the shape that a step gives, where samples came in before its axes.

    Not where the new axis has the size of an old one: there it may as well be a column that met a row.
    """
    new = after[: len(after) - len(before)]
    if not new or after[len(new) :] != before or set(new) & set(before):
        return []
    if not isinstance(init, ast.Call) or init.keywords or len(init.args) != 1:
        return []
    called = ast.unparse(init.func)
    if called.rpartition(".")[2] not in ("zeros", "ones", "empty"):
        return []
    return [Repair(f"{name} begins with the shape of a step", after, operands={0: f"{called}({written(after)})"})]


def _differing(one: Shape, other: Shape) -> list[int]:
    if len(one) != len(other):
        return list(range(len(one)))
    return [axis for axis, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]


def _shape(inside: str) -> Shape:
    return tuple(int(size) for size in re.findall(r"\d+", inside))
