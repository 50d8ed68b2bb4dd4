"""``backward()`` that refused: a loss that is not one number."""

from __future__ import annotations

from collections.abc import Sequence
from types import FrameType

from tearless.integrations.shapes.operations.held import spec_of
from tearless.linear_algebra.shapes import Clash, Operation, Repair

from .calls import LayerCall
from .words import Words

LAW = "backward() starts from one number"


def of_backward(words: Words, below: Sequence[FrameType]) -> LayerCall | None:
    """The loss that has axes left; ``None`` where the error is another."""
    frame = below[0]
    if frame.f_code.co_name != "backward" or below[-1].f_code.co_name != "_make_grads":
        return None
    value, start = frame.f_locals.get("self"), frame.f_locals.get("gradient")
    spec, given = spec_of(value), spec_of(start)
    said = words.of(value)
    if spec is None or said is None:
        return None
    loss = spec.named(said[0])
    if given is not None:
        more = words.of(start) or ("gradient", None)
        operands = (loss, given.named(more[0]))
        operation = Operation("assign", operands, parts=words.parts((said[1], more[1])))
        marks = [(i, axis) for i in (0, 1) for axis in range(len(operands[i].shape))]
        says = f"{operands[0]} is started from {operands[1]}: the shapes must be equal"
        return LayerCall(operation, (said[1], more[1]), Clash(says, "a gradient has its array's shape", marks))
    if not spec.shape:
        return None
    operation = Operation("reduce", (loss,), {"axis": None}, words.parts((said[1],)))
    clash = Clash(
        f"{loss} is no single number",
        LAW,
        [(0, axis) for axis in range(len(spec.shape))],
        lambda: [
            Repair("the loss of a batch is the mean over it", (), operands={0: "{}.mean()"}),
            Repair("the losses are added", (), operands={0: "{}.sum()"}),
        ],
        "shape",
        operation,
    )
    return LayerCall(operation, (said[1],), clash)
