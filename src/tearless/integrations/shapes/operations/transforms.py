"""Transformations of JAX: ``vmap`` over axes that differ, ``grad`` of more than one number, a carry that changes."""

from __future__ import annotations

import ast
import re

from tearless.integrations.shapes.source.frames import Source
from tearless.linear_algebra.shapes import Clash, Operand, Operation, Repair, Shape, written

from .found import Found, Given, text_of
from .values import Scope, Spec

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
    return Clash(says, LAW_VMAP, marks, lambda: _vmap_repairs(node, operation, marks), "shape", operation), found


def _vmap_repairs(node: ast.Call, operation: Operation, marks: list[tuple[int, int]]) -> list[Repair]:
    """Another order of axes where the size is there; an argument that is the same for all."""
    sizes = {i: operation.operands[i].shape[axis] for i, axis in marks}
    found = []
    for i, axis in reversed(marks):
        shape = operation.operands[i].shape
        others = {size for k, size in sizes.items() if k != i}
        at = [k for k, size in enumerate(shape) if k != axis and {size} == others]
        if at:
            code = "{}.T" if len(shape) == 2 else f"{{}}.swapaxes({axis}, {at[0]})"
            why = f"{operation.operands[i].name} is kept with its samples on axis {at[0]}"
            found.append(Repair(why, None, operands={i: code}))
    if isinstance(node.func, ast.Call) and not node.keywords and not any(one.arg for one in node.func.keywords):
        last = marks[-1][0]
        axes = ", ".join("None" if i == last else "0" for i in range(len(operation.operands)))
        function = ast.unparse(node.func)[:-1]
        arguments = ", ".join(f"{{{i}}}" for i in range(len(operation.operands)))
        if "{" not in function:
            why = f"{operation.operands[last].name} is the same for all"
            found.append(Repair(why, None, text=f"{function}, in_axes=({axes}))({arguments})"))
    same = len({tuple(sorted(map(str, one.shape))) for one in operation.operands}) == 1
    return found if same else found[::-1]


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
    at = {"fori_loop": 3, "while_loop": 2}.get(text_of(node.func, source).rpartition(".")[2], 1)
    named = next((one.value for one in node.keywords if one.arg in ("init", "init_val")), None)
    init = named or (node.args[at] if len(node.args) > at else None)
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
    return Clash(says, LAW_CARRY, marks, tuple, "shape", operation), found


def _differing(one: Shape, other: Shape) -> list[int]:
    if len(one) != len(other):
        return list(range(len(one)))
    return [axis for axis, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]


def _shape(inside: str) -> Shape:
    return tuple(int(size) for size in re.findall(r"\d+", inside))
