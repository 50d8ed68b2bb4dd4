"""Numbers in the data of a run that are nan or infinite: in what its models were given, and in its targets."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tearless.linear_algebra.break_of_a_run import Broken, first_broken, first_op, looked_before, numbers
from tearless.linear_algebra.flow_of_a_run import Flow
from tearless.readers.training.run import Run
from tearless.readers.training.told import Tensor


@dataclass(frozen=True)
class BadData:
    """Numbers that are not finite, as ``in_inputs`` and ``in_targets`` find them.

    ``step``: the first at which they came; ``count`` of ``size`` numbers there; ``columns`` of ``width`` hold some,
    where columns were told; ``times`` of ``looked`` batches hold some. ``line``: where a tensor that no model was given
    is used. ``spoils``: loss or gradients are not finite from there on. ``sure``: they were seen; else they follow from
    what a product with finite weights gave.
    """

    step: int = 0
    count: int = 0
    size: int = 0
    columns: int = 0
    width: int = 0
    times: int = 0
    looked: int = 0
    line: str = ""
    spoils: bool = False
    sure: bool = True


def in_inputs(run: Run, of: str) -> BadData:
    """``nan`` or ``inf`` in what was given to models whose output led to a loss in training.

    >>> batch = {"shape": [2, 2], "nan": 1, "means": [0.5, None]}
    >>> found = in_inputs(Run.from_entries([{"kind": "given", "step": 3, "inputs": [batch]}]), "nan")
    >>> found.step, found.count, found.size, found.columns
    (3, 1, 4, 1)
    """
    given = [(g.step, t) for g in run.given if g.used and g.gradients for t in g.inputs]
    found = _in_tensors(run, given, of)
    if found.count and found.spoils:
        return found
    return _told(run, f"{of}-in-input", of) or (found if found.count else _through_a_product(run, of, found.looked))


def in_targets(run: Run, of: str) -> BadData:
    """``nan`` or ``inf`` in the targets of losses in training.

    >>> call = {"kind": "loss", "step": 2, "target": {"shape": [4], "inf": 1}}
    >>> found = in_targets(Run.from_entries([call]), "inf")
    >>> found.step, found.count, found.size
    (2, 1, 4)
    """
    targets = [(loss.step, loss.target) for loss in run.loss_calls if not loss.evaluating]
    found = _in_tensors(run, targets, of)
    told = _told(run, f"{of}-in-target", of)
    if found.count or told:
        return found if found.spoils or told is None else told
    broken = first_op(run)
    if broken is None or broken.kind != "data" or not any(isinstance(one, int) for one in broken.op.inputs):
        return found
    count = broken.nan if of == "nan" else 0 if broken.nan else broken.inf
    return _seen_at(broken, count, found.looked)


def _told(run: Run, name: str, of: str) -> BadData | None:
    """What the watch itself read behind the first loss that is not finite, at a step that was not looked at."""
    for breach in run.breaches(name):
        count, size = (int(breach.numbers.get(one, 1)) for one in (of, "size"))
        return BadData(breach.step, max(1, count), size, times=1, looked=1, line=breach.line, spoils=True)
    return None


def _in_tensors(run: Run, given: list[tuple[int, Tensor]], of: str) -> BadData:
    bad = [(step, tensor) for step, tensor in given if getattr(tensor, of)]
    if not bad:
        return BadData(looked=len(given))
    step, tensor = bad[0]
    columns = [i for i, one in enumerate(tensor.means) if one is None or not math.isfinite(one)]
    return BadData(
        step,
        int(getattr(tensor, of)),
        int(np.prod(tensor.shape)) if tensor.shape else 1,
        len(columns),
        len(tensor.means),
        len(bad),
        len(given),
        spoils=_spoilt(run, bad[0][0]),
    )


def _spoilt(run: Run, since: int) -> bool:
    """Whether the run broke at a step at which such numbers came, or at once after."""
    step = first_broken(run)
    return step is not None and step >= since


def _through_a_product(run: Run, of: str, looked: int) -> BadData:
    """Data that no model was given, as a product of them with finite weights shows: a finite number times a finite
    weight is finite, so it is the data. Infinite data leave infinite products, nan ones only nan.
    """
    broken = first_op(run)
    if broken is None or broken.kind != "data" or any(isinstance(one, int) for one in broken.op.inputs):
        return BadData(looked=looked)
    infinite = broken.inf > 0
    count = (broken.inf if of == "inf" else 0) if infinite else (broken.nan if of == "nan" else 0)
    return _seen_at(broken, count, looked)


def _seen_at(broken: Broken, count: int, looked: int) -> BadData:
    size = int(np.prod(broken.op.shape)) if broken.op.shape else 1
    line = broken.op.line
    return BadData(broken.step, count, size, times=1, looked=max(looked, 1), line=line, spoils=bool(count), sure=False)


def unbroken_ops(run: Run, dtype: str) -> Iterator[tuple[Flow, dict[str, dict[int, float]]]]:
    """The graphs of looked-at steps, up to the one that broke, in which an op has this type, with their numbers.

    >>> graph = {"kind": "graph", "ops": [{"op": 0, "function": "exp", "dtype": "float16"}]}
    >>> run = Run.from_entries([graph, {"kind": "values", "step": 1, "high": [9.0]}])
    >>> [values["high"] for _, values in unbroken_ops(run, "float16")]
    [{0: 9.0}]
    """
    for flow, values in looked_before(run, first_broken(run)):
        if any(op.dtype == dtype and op.used for op in flow.graph.ops):
            names = ("low", "high", "inf", "nan", "grad", "zeros", "grad_bad")
            yield flow, {name: dict(numbers(flow, getattr(values, name))) for name in names}
