"""Losses of PyTorch, called as functions, as layers held by a name, or as layers made in the same expression."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass, replace
from typing import Any

from tearless.integrations.shapes.operations.found import Found, Given, text_of
from tearless.integrations.shapes.operations.losses import LOSSES
from tearless.integrations.shapes.operations.values import Scope
from tearless.integrations.shapes.source.frames import Source

STRETCHING = {
    "mse_loss": "square",
    "l1_loss": "abs",
    "huber_loss": "other",
    "smooth_l1_loss": "other",
    "kl_div": "other",
    "poisson_nll_loss": "other",
    "soft_margin_loss": "other",
    "hinge_embedding_loss": "other",
}
"""Losses that stretch their operands against each other, and what they make of each entry."""
_HOME = "torch.nn.modules.loss"


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer that is called: the class of PyTorch that its ``forward`` is of, and its ``reduction``."""

    name: str
    reduction: Any


def loss_layer(function: ast.expr, scope: Scope) -> Layer | None:
    """The loss that an expression stands for: ``self.criterion``, ``nn.MSELoss(reduction="sum")``."""
    value = scope.value(function)
    kind = _class_of(type(value))
    if kind:
        return Layer(kind, vars(value).get("reduction", "mean"))
    made = scope.value(function.func) if isinstance(function, ast.Call) else None
    kind = _class_of(made) if isinstance(made, type) else ""
    if not kind or not isinstance(function, ast.Call):
        return None
    asked = (scope.value(one.value) for one in function.keywords if one.arg == "reduction")
    return Layer(kind, next(asked, "mean"))


def _class_of(kind: type) -> str:
    """The class of PyTorch whose ``forward`` objects of this class have; empty where that is none."""
    forward = inspect.getattr_static(kind, "forward", None)
    if getattr(forward, "__module__", "") != _HOME:
        return ""
    return next((one.__name__ for one in kind.__mro__ if vars(one).get("forward") is forward), "")


def called_layer(node: ast.Call, scope: Scope, source: Source) -> Found | None:
    """A loss called as a layer, as the meeting of its two operands."""
    layer = loss_layer(node.func, scope)
    if layer is None:
        return None
    named = {one.arg: one.value for one in node.keywords}
    given = [*node.args[:2], *(named[name] for name in ("input", "target") if name in named)]
    operands = [Given(text_of(one, source), scope.spec(one), one) for one in given]
    return meeting(Found(node, "loss", "torch"), LOSSES.get(layer.name, ""), operands)


def meeting(found: Found, name: str, given: list[Given]) -> Found | None:
    """A loss as two arrays that meet; ``None`` for one that refuses shapes that differ."""
    if name not in STRETCHING or len(given) != 2:
        return None
    return replace(found, rule="broadcast", given=given, settings={"symbol": name}, function=f"nn.functional.{name}")


def own_reduction(found: Found, scope: Scope) -> str:
    """What a loss itself makes of its numbers; empty for other operations, and where it leaves them as they are."""
    node = found.node
    if not isinstance(node, ast.Call) or found.settings.get("symbol") not in STRETCHING:
        return ""
    layer = loss_layer(node.func, scope)
    named = (scope.value(one.value) for one in node.keywords if one.arg == "reduction")
    held = layer.reduction if layer is not None else next(named, "mean")
    return str(held) if held in ("mean", "sum", "batchmean") else ""
