"""What follows a model in a training step: the loss of its output and the backward pass, on tensors without numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from tearless.core import InputError, quoted
from tearless.integrations.shapes.operations.losses import LOSSES, asked_by_loss, is_loss
from tearless.linear_algebra.shapes import Clash, Explanation, Operand, Operation, Place, results
from tearless.linear_algebra.shapes.explanation import entry_of
from tearless.linear_algebra.shapes.pairs import paired

from .layers import tensors_in
from .origins import symbolic
from .traced import FunctionCall, Held, Traced

ENTRY_BY_ENTRY = {"sub": "-", "add": "+", "mul": "*", "truediv": "/", "div": "/", "rsub": "-", "eq": "==", "ne": "!="}
REDUCTIONS = ("mean", "sum")
ON_PURPOSE = ("None", "unsqueeze", "newaxis", "expand", "reshape", "view")


@dataclass
class Loss:
    """A loss that is worked out when the model has given its output; it notes how far the step came."""

    loss: Any
    target: Any
    training: bool = True
    stage: str = "forward"
    outputs: Any = None
    value: Any = field(default=None, repr=False)

    def hook(self, model: Any, args: Any, out: Any) -> None:  # noqa: ARG002 - a hook's own
        """What follows the model's output."""
        self.outputs = out
        self.stage = "loss"
        if self.loss is not None:
            self.value = self._worked_out(predicted(out))
        else:
            self.value = own_loss(out)
        self.stage = "backward"
        if (
            self.training
            and isinstance(self.value, torch.Tensor)
            and (self.loss is not None or self.value.requires_grad)
        ):
            with torch._C.DisableTorchFunction():
                self.value.backward()  # type: ignore[no-untyped-call]
        self.stage = ""

    def _worked_out(self, output: Any) -> Any:
        """The loss; where it is refused for want of numbers, and its rule lets it through, a number in its place."""
        try:
            return self.loss(output, self.target)
        except RuntimeError:
            operation = operation_of(self.loss, output, self.target, {})
            if operation is None or _clash_of(operation) is not None or not output.is_floating_point():
                raise
            return output.sum()


def predicted(out: Any) -> Any:
    """What a loss is worked out of: ``logits`` of an answer that has some, the first of several, else the output."""
    logits = out.get("logits") if isinstance(out, Mapping) else getattr(out, "logits", None)
    if isinstance(logits, torch.Tensor):
        return logits
    if isinstance(out, (tuple, list)) and out and isinstance(out[0], torch.Tensor):
        return out[0]
    return out


def own_loss(out: Any) -> Any:
    """The loss that a model works out by itself: one number, or ``loss`` of its answer; ``None`` without one."""
    loss = out.get("loss") if isinstance(out, Mapping) else getattr(out, "loss", None)
    if isinstance(loss, torch.Tensor):
        return loss
    return next((one for one in tensors_in(out) if one.ndim == 0 and one.requires_grad), None)


def asked_of_loss(loss: Any, traced: Traced, target: Any, with_names: bool) -> Explanation | None:
    """The clash of a loss of PyTorch's with what it was given; ``None`` for others, and where its rule sees none."""
    operation = operation_of(loss, _last_given(traced), target, traced.symbols if with_names else {})
    clash = _clash_of(operation)
    kind = type(loss).__name__ if isinstance(loss, torch.nn.Module) else ""
    return Explanation(clash, layer_type=kind) if clash is not None else None


def _clash_of(operation: Operation | None) -> Clash | None:
    if operation is None:
        return None
    try:
        results(operation)
    except Clash as clash:
        return clash
    except (KeyError, ValueError, TypeError):
        return None
    return None


def operation_of(loss: Any, output: Any, target: Any, symbols: Mapping[str, int]) -> Operation | None:
    """The loss as an operation on the model's output and the target; ``None`` for a loss that is not PyTorch's."""
    function = function_of(loss)
    if not function or output is None or not isinstance(target, torch.Tensor):
        return None
    settings: dict[str, Any] = {}
    if isinstance(loss, torch.nn.Module):
        settings = {name: getattr(loss, name, None) for name in ("reduction", "weight", "ignore_index", "pos_weight")}
    both = {"input": _operand("output", output, symbols), "target": _operand("target", target, symbols)}
    rule, takes, plain = asked_by_loss(function, {**settings, **both})
    operands = [one if isinstance(one, Operand) else _operand(role, one, {}) for role, one in takes if one is not None]
    parts = ("loss(", Place(0), ", ", Place(1), ")")
    return Operation(rule, tuple(operands), plain, parts)


def _last_given(traced: Traced) -> Held | None:
    """What the model gave, in a run that may have ended after it."""
    model = next((call for call in traced.layers() if call.depth == 0 and call.ended), None)
    given = traced.gives or (model.gives if model is not None else ())
    return next((one for one in given if one.shape), None) or next(iter(given), None)


def _operand(role: str, value: Any, symbols: Mapping[str, int]) -> Operand:
    return Operand(role, symbolic(value.shape, symbols), str(value.dtype).removeprefix("torch."), "", "torch")


def function_of(loss: Any) -> str:
    """The function of ``torch.nn.functional`` that a loss is; empty for others."""
    if isinstance(loss, torch.nn.Module):
        return next((LOSSES[kind.__name__] for kind in type(loss).__mro__ if kind.__name__ in LOSSES), "")
    name = str(getattr(loss, "__name__", ""))
    return name if str(getattr(loss, "__module__", "")).startswith("torch.") and is_loss(name) else ""


def pairs_met(traced: Traced, loss: Any, target: Any) -> Iterator[dict[str, Any]]:
    """Entries of operations that stretch both operands against each other, in the loss and in the code of the model."""
    operation = operation_of(loss, _last_given(traced), target, {})
    if operation is not None and operation.settings.get("name") in (
        "mse_loss",
        "l1_loss",
        "smooth_l1_loss",
        "huber_loss",
    ):
        one, other = operation.operands[:2]
        if paired(_plain(one.shape), _plain(other.shape)):
            pair = Operation("broadcast", (one, other), {"symbol": "-"})
            text = f"{type(loss).__name__ if isinstance(loss, torch.nn.Module) else loss.__name__}(output, target)"
            reduced = {"sum": "sum", "none": ""}.get(str(getattr(loss, "reduction", "mean")), "mean")
            yield {**entry_of(pair, results(pair)), "text": text, "reduced": reduced, "explicit": False}
    for at, step in enumerate(traced.steps):
        if isinstance(step, FunctionCall) and step.name.strip("_") in ENTRY_BY_ENTRY and len(step.takes) == 2:
            yield from _pair(traced, at, step)


def _plain(shape: Any) -> tuple[int, ...]:
    return tuple(size if isinstance(size, int) else 0 for size in shape)


def _pair(traced: Traced, at: int, step: FunctionCall) -> Iterator[dict[str, Any]]:
    if not paired(step.takes[0].shape, step.takes[1].shape) or step.at is None:
        return
    names = _names(step.at.code)
    both = tuple(Operand(name, one.shape, one.dtype, "", "torch") for name, one in zip(names, step.takes, strict=True))
    pair = Operation("broadcast", both, {"symbol": ENTRY_BY_ENTRY[step.name.strip("_")]})
    yield {
        **entry_of(pair, results(pair)),
        "text": step.at.code,
        "code": step.at.code,
        "file": step.at.file,
        "line": step.at.line,
        "reduced": _reduction_of(traced, at, step),
        "explicit": any(word in step.at.code for word in ON_PURPOSE),
    }


def _names(code: str) -> tuple[str, str]:
    """The two operands as they are written, where an operator stands between two names."""
    for sign in ("-", "+", "*", "/", "==", "!="):
        left, found, right = code.strip("() ").partition(f" {sign} ")
        if found and left.replace(".", "").isidentifier() and right.replace(".", "").isidentifier():
            return left, right
    return "the first operand", "the second"


def _reduction_of(traced: Traced, at: int, step: FunctionCall) -> str:
    """The mean or sum that a result goes into, over all of its numbers; empty without one."""
    reached = {one.number for one in step.gives}
    for later in traced.steps[at + 1 :]:
        if not any(one.number in reached for one in later.takes):
            continue
        if isinstance(later, FunctionCall) and later.name in REDUCTIONS and later.gives and not later.gives[0].shape:
            return later.name
        reached.update(one.number for one in later.gives)
    return ""


def loss_of(loss: Any) -> Any:
    """A loss as it may be given: a layer, its class, a name in ``torch.nn`` or ``torch.nn.functional``, a function.

    Raises ``InputError`` for what is none.
    """
    if isinstance(loss, str):
        made = getattr(torch.nn, loss, None) or getattr(torch.nn.functional, loss, None)
        if made is None or not loss.isidentifier():
            raise InputError(
                f"loss: no {quoted(loss)} in torch.nn; write CrossEntropyLoss, MSELoss, or give a function"
            )
        loss = made
    if isinstance(loss, type) and issubclass(loss, torch.nn.Module):
        loss = loss()
    if loss is not None and not callable(loss):
        raise InputError(f"loss: expected a loss or a function, got {quoted(type(loss).__name__)}; give what is called")
    return loss


def not_held(model: torch.nn.Module, optimizer: Any) -> Iterator[str]:
    """Whether an optimizer holds the model's parameters."""
    groups = getattr(optimizer, "param_groups", None)
    if not isinstance(groups, Iterable):
        return
    held = {id(p) for group in groups for p in group.get("params", ())}
    missing = [name for name, p in model.named_parameters() if p.requires_grad and id(p) not in held]
    if missing:
        yield (
            f"the optimizer holds {len(held)} tensors, and {len(missing)} trainable parameters of the model are not "
            f"among them, {quoted(missing[0])} first: they will not learn"
        )
