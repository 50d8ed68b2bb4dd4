"""What becomes of a result: the one number that it goes into, what is done to it on the way, whether that is learnt."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

from tearless.integrations.shapes.operations.held import library_of
from tearless.integrations.shapes.operations.inferring import inferred
from tearless.integrations.shapes.operations.signatures import signature
from tearless.integrations.shapes.operations.values import Scope
from tearless.integrations.shapes.source.bodies import assignments, callee
from tearless.integrations.shapes.source.frames import span

if TYPE_CHECKING:
    from .meant import Place

REDUCERS = {
    "mean", "sum", "nanmean", "nansum", "average", "median", "nanmedian", "std", "var", "norm", "max", "min", "amax",
    "amin", "all", "any", "count_nonzero", "prod", "logsumexp",
}  # fmt: skip
SAME = {
    "neg", "negative", "positive", "float", "double", "half", "astype", "to", "item", "clone", "detach", "copy",
    "numpy", "cpu", "cuda", "contiguous",
}  # fmt: skip
"""Functions and methods that leave a sum of their numbers a sum."""
ALONE = {"abs": "abs", "absolute": "abs", "fabs": "abs", "abs_": "abs", "square": "square", "square_": "square"}
GRADIENTS = {"value_and_grad_f", "grad_f", "vjp", "_vjp", "linearize"}
"""Functions of JAX that take a derivative of what is at work below them."""
FARTHEST = 4
MOST_USES = 8
DEEPEST = 300


class Into(NamedTuple):
    """The function that makes one number of a result, ``mean``, or empty; and what was done to each entry before it.

    ``by`` is ``linear`` (nothing, or what a sum may be drawn through), ``square``, ``abs`` or ``other``.
    """

    reduced: str = ""
    by: str = "linear"


def into(node: ast.AST, place: Place, by: str = "linear", deep: int = 0) -> Into:
    """The reduction that an operation's result goes into, here or where it is returned to."""
    parents = place.plan.parents
    child, parent = node, parents.get(node)
    while parent is not None:
        if isinstance(parent, ast.Call):
            name = callee(parent.func)
            if name in REDUCERS:
                return Into(name, by) if _whole(parent, child) else Into()
            if child is not parent.func and not keeps(name):
                return Into()
            by = _after_call(name, parent, child, by)
        elif isinstance(parent, ast.Attribute):
            around = parents.get(parent)
            called = isinstance(around, ast.Call) and around.func is parent
            if called and not (keeps(parent.attr) or parent.attr in REDUCERS):
                return Into()
        elif isinstance(parent, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            found = _of_uses(parent, child, place, by, deep)
            if found.reduced or not isinstance(parent, ast.NamedExpr):
                return found
        elif isinstance(parent, ast.Return | ast.Lambda):
            called_by = place.caller() if deep < FARTHEST else None
            return into(called_by[1], called_by[0], by, deep + 1) if called_by else Into()
        elif not _passes(parent, child):
            return Into()
        elif not isinstance(parent, ast.keyword | ast.ListComp | ast.GeneratorExp):
            by = _after(parent, child, by, place)
        child, parent = parent, parents.get(parent)
    return Into()


def is_learnt(parts: Collection[ast.AST], place: Place, graded: Collection[ast.AST]) -> bool:
    """Whether a derivative is taken of what is made of these expressions. ``graded`` are calls known to give such."""
    if _below_a_gradient(place.frame):
        return True
    torch = sys.modules.get("torch")
    if torch is None or not torch.is_grad_enabled():
        return False
    scope = Scope(place.frame, inferred)
    inside = [one for part in parts for one in ast.walk(part)]
    held = [scope.value(one) for one in inside if isinstance(one, ast.Name | ast.Attribute)]
    return any(one in graded for one in inside) or any(map(has_gradient, held))


def has_gradient(value: object) -> bool:
    """Whether a value is a tensor of PyTorch that a derivative is taken through."""
    torch = sys.modules.get("torch")
    return (
        torch is not None
        and isinstance(value, getattr(torch, "Tensor", ()))
        and library_of(value) == "torch"
        and (getattr(value, "requires_grad", False) is True)
    )


def _below_a_gradient(frame: FrameType | None) -> bool:
    if "jax" not in sys.modules:
        return False
    for _ in range(DEEPEST):
        if frame is None:
            return False
        if frame.f_code.co_name in GRADIENTS and str(frame.f_globals.get("__name__", "")).startswith("jax."):
            return True
        frame = frame.f_back
    return False


def _after(parent: ast.AST, child: ast.AST, by: str, place: Place) -> str:
    """What has been done to each entry once an operator around it is worked out too."""
    if isinstance(parent, ast.UnaryOp):
        return by if isinstance(parent.op, ast.USub | ast.UAdd) else "other"
    if isinstance(parent, ast.IfExp):
        return by
    if not isinstance(parent, ast.BinOp):
        return "other"
    other = parent.right if child is parent.left else parent.left
    if isinstance(parent.op, ast.Add | ast.Sub):
        return by
    if isinstance(parent.op, ast.Mult) and ast.dump(parent.left) == ast.dump(parent.right):
        return _squared(by)
    if isinstance(parent.op, ast.Pow) and child is parent.left:
        return _squared(by) if _is_two(other) else "other"
    if isinstance(parent.op, ast.Mult) or (isinstance(parent.op, ast.Div) and child is parent.left):
        spec = Scope(place.frame, inferred).spec(other)
        return by if spec is not None and not spec.shape else "other"
    return "other"


def _after_call(name: str, call: ast.Call, child: ast.AST, by: str) -> str:
    if name in SAME:
        return by
    if name in ALONE:
        return _squared(by) if ALONE[name] == "square" else {"linear": "abs"}.get(by, by)
    if name in ("pow", "pow_", "power", "float_power"):
        others = [one for one in call.args if one is not child]
        return _squared(by) if len(others) == 1 and _is_two(others[0]) else "other"
    return "other"


def _squared(by: str) -> str:
    return "square" if by in ("linear", "abs") else "other"


def _is_two(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value == 2


def _passes(parent: ast.AST, child: ast.AST) -> bool:
    """Whether what is around an expression keeps all of its numbers."""
    if isinstance(parent, ast.BinOp):
        return not isinstance(parent.op, ast.MatMult)
    if isinstance(parent, ast.IfExp):
        return child is not parent.test
    kinds = (ast.UnaryOp, ast.Compare, ast.Subscript, ast.ListComp, ast.GeneratorExp, ast.keyword)
    return isinstance(parent, kinds) and not (isinstance(parent, ast.Subscript) and child is parent.slice)


def _of_uses(parent: ast.AST, child: ast.AST, place: Place, by: str, deep: int) -> Into:
    """The reduction that a name is put into, after the place where it is given the result."""
    targets = parent.targets if isinstance(parent, ast.Assign) else [getattr(parent, "target", None)]
    if deep >= FARTHEST or len(targets) != 1 or not isinstance(targets[0], ast.Name):
        return Into()
    name, end = targets[0].id, span(child)[2:]
    uses = [
        one
        for one in ast.walk(place.plan.function)
        if isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Load) and span(one)[:2] > end
    ]
    again = [span(v)[2:] for t, v in assignments(place.plan.function) if isinstance(t, ast.Name) and t.id == name]
    last = min((one for one in again if one > end), default=(1 << 60, 0))
    uses = sorted((one for one in uses if span(one)[:2] <= last), key=lambda one: span(one)[:2])[:MOST_USES]
    found = [goes for one in uses if (goes := into(one, place, by, deep + 1)).reduced]
    return min(found, key=lambda one: one.by not in ("square", "abs"), default=Into())


def _whole(call: ast.Call, child: ast.AST) -> bool:
    """Whether a reduction takes all axes: it is given none."""
    others = [one for one in call.args if one is not child]
    if any(isinstance(one, ast.Constant) and one.value in ("fro", "nuc") for one in others):
        return True
    named = [one.value for one in call.keywords if one.arg in ("axis", "dim", "axes")]
    return not others and all(isinstance(one, ast.Constant) and one.value is None for one in named)


def keeps(name: str) -> bool:
    """Whether a function or method of this name works entry by entry."""
    known = signature("numpy", name) or signature("torch", name) or signature("torch", name.removesuffix("_"))
    return known is not None and known.rule in ("same", "broadcast")
