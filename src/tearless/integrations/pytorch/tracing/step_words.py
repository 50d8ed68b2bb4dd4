"""Errors of a training step that no rule of shapes knows, in words of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tearless.core import visible
from tearless.linear_algebra.shapes import Clash, Explanation, Operand, Operation, Place, Repair, results, written

from .origins import symbolic
from .outgoing import Suspicion
from .traced import FunctionCall, Held, LayerCall, Traced

_UNEQUAL = re.compile(r"equal size, but got \[([\d, ]*)\] at entry 0 and \[([\d, ]*)\] at entry (\d+)")


def own_words(
    error: BaseException, traced: Traced | None = None, value: Any = None, named: bool = False
) -> Explanation | None:
    """What such an error means; ``None`` for others. ``value`` is what the loss gave, where it came so far."""
    text = str(error)
    if "more than 1 value per channel" in text and traced is not None:
        return _one_sample(traced)
    if "grad can be implicitly created only for scalar" in text:
        return _many_losses(value, traced.symbols if named and traced is not None else {})
    found = _UNEQUAL.search(text)
    return _ragged(found) if found is not None else None


def said(error: BaseException) -> str:
    """The error in one line; what PyTorch says of a loss that no gradient reaches, in plain words."""
    if "does not require grad and does not have a grad_fn" in str(error):
        return (
            "no gradient reaches the loss: something before it cuts it off (argmax, a comparison, detach, no_grad, "
            "or parameters that are all frozen)"
        )
    return f"{type(error).__name__}: {visible(str(error), 300)}"


def _one_sample(traced: Traced) -> Explanation | None:
    call = next((one for one in reversed(list(traced.layers())) if not one.ended and one.leaf), None)
    if call is None or not call.takes:
        return None
    x = _operand("x", call.takes[0])
    name = visible(call.path, 60)
    operation = Operation(call.rule or "batch_norm", (x,), {}, (f"{call.path}(", Place(0), ")"))
    clash = Clash(
        f"{name} takes {written(x.shape)}: one value for each channel, and one value has no variance",
        "in training, normalising over the batch needs two values for each channel or more",
        ((0, 0),),
        lambda: [Repair("a last batch of one sample is left out", None, text="DataLoader(..., drop_last=True)")],
        operation=operation,
    )
    return Explanation(clash, call.at, call.path, call.type, call.made, message=str(clash))


def _many_losses(value: Any, symbols: Mapping[str, int]) -> Explanation | None:
    shape = getattr(value, "shape", None)
    if shape is None:
        return None
    loss = Operand("loss", symbolic(shape, symbols), str(value.dtype).removeprefix("torch."), "", "torch")
    operation = Operation("reduce", (loss,), {}, (Place(0), ".backward()"))
    clash = Clash(
        f"loss has shape {written(loss.shape)}: the backward pass starts from one number",
        "a gradient is that of one number",
        tuple((0, axis) for axis in range(len(loss.shape))),
        lambda: [Repair("the loss of a batch is the mean of those of its samples", (), text="{0}.mean().backward()")],
        operation=operation,
    )
    return Explanation(clash)


def _ragged(found: re.Match[str]) -> Explanation | None:
    """Samples of different shapes that were to be stacked into a batch."""
    shapes = [tuple(int(size) for size in text.split(",") if size.strip()) for text in found.groups()[:2]]
    names = ("sample 0", f"sample {found[3]}")
    both = tuple(Operand(name, shape, "", "", "torch") for name, shape in zip(names, shapes, strict=True))
    operation = Operation("stack", both, {"axis": 0}, ("stack([", Place(0), ", ", Place(1), "])"))
    try:
        results(operation)
    except Clash as clash:
        return Explanation(
            Clash(
                f"{clash.says}: the samples of a batch must be of one shape",
                clash.law,
                clash.marks,
                lambda: [Repair("short samples are filled up", text="DataLoader(..., collate_fn=pad)")],
                operation=operation,
            ),
            origins=("pad can be: xs, ys = zip(*samples); return pad_sequence(xs, batch_first=True), torch.stack(ys)",),
        )
    except (KeyError, ValueError):
        return None
    return None


def _operand(name: str, held: Held) -> Operand:
    return Operand(name, held.shape, held.dtype, "", "torch")


def squeezed(one: Traced, many: Traced) -> Iterator[tuple[int, Suspicion]]:
    """Calls of ``squeeze`` without an axis that drop the axis of the batch where it is 1; ``many`` had more samples."""
    for at, (step, other) in enumerate(zip(one.steps, many.steps, strict=False)):
        if not isinstance(step, FunctionCall) or isinstance(other, LayerCall) or step.name != "squeeze":
            continue
        named = len(step.arguments) > 1 or "dim" in step.keywords
        if named or not step.takes or not step.gives or step.takes[0].shape[:1] != (1,) or not other.takes:
            continue
        if other.takes[0].shape[:1] != (1,) and len(step.gives[0].shape) < len(
            other.gives[0].shape if other.gives else ()
        ):
            before, after = written(step.takes[0].shape), written(step.gives[0].shape)
            yield (
                at,
                {
                    "kind": "batch-lost",
                    "says": f"`squeeze` without an axis makes {after} of {before}: the axis of the batch is lost",
                    "why": "the last batch has one sample, and its output has no axis of samples",
                    "proof": "it ran with a batch of one",
                    "repair": "squeeze(-1), with the axis named",
                    "mixed": 0,
                },
            )
