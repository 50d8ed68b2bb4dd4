"""Where a run first broke: the first of its losses and gradients that is nan or infinite, and the op it began at.

A run is broken from the step whose loss, or whose gradient as the optimiser gets it, is not finite. What is looked at
later was computed with weights that are spoilt already, and tells nothing about the cause.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tearless.core import visible
from tearless.linear_algebra.flow_of_a_run import Flow, at_line, flows
from tearless.linear_algebra.layers_of_a_run import plain
from tearless.readers.training.run import Run
from tearless.readers.training.told import Op, Step, Values

LOGARITHMS = {"log", "log2", "log10", "log1p", "xlogy", "logit", "special_xlogy", "xlog1py", "logdet", "slogdet"}
"""Functions that are infinite at 0 and undefined below."""
CASTS = {"to", "to_copy", "half", "bfloat16", "float", "type", "type_as"}
"""Functions that change the type: from finite numbers they make infinite ones where the new type ends sooner."""
GROWING = {
    "exp", "expm1", "exp2", "cosh", "sinh", "pow", "square", "mul", "prod", "cumprod", "sum", "add", "sub", "linear",
    "matmul", "mm", "bmm", "addmm", "baddbmm", "einsum", "mse_loss", "cumsum", "to", "half", "float", "layer_norm",
    "conv1d", "conv2d", "conv3d", "mean", "var", "norm", "cdist", "scaled_dot_product_attention", "mv", "dot",
    "gaussian_nll_loss", "poisson_nll_loss", "kl_div", "div", "smooth_l1_loss", "l1_loss", "huber_loss",
}  # fmt: skip
"""Functions that leave the range of a type by the size of their numbers."""
SINGULAR = {
    "sqrt", "rsqrt", "pow", "norm", "vector_norm", "acos", "asin", "arccos", "arcsin", "atanh", "acosh", "cdist", "std",
    "log", "log2", "log10", "log1p", "xlogy", "reciprocal", "div", "cosine_similarity", "normalize", "atan2",
    "pairwise_distance", "logit", "erfinv", "float_power", "abs",
}  # fmt: skip
"""Functions with a slope that is infinite somewhere: most of them at 0."""
PLACED = {
    "masked_fill",
    "where",
    "full",
    "full_like",
    "triu",
    "tril",
    "pad",
    "new_full",
    "masked_scatter",
    "index_fill",
}
"""Functions that put infinity where the script says so."""
RECURRENT = {"rnn_relu", "rnn_relu_cell"}
"""Functions that use a matrix at each time step and bound nothing: what they are given grows as a power."""
ORDERS = 100.0
"""Growth that no healthy run shows: losses of batches of one run lie within one order of magnitude, mostly."""


@dataclass(frozen=True)
class Broken:
    """The first op whose output is not finite though what it took was, at which ``step``; made by ``first_op``.

    ``nan``, ``inf``: how many numbers of its output are; ``low``, ``high``, ``zeros``: ends of its first argument, and
    the share of it that is 0. ``kind``: ``logarithm``; ``overflow``: the numbers left the range of their type;
    ``data``: an argument that no op made is not finite; ``undefined``: the rest (0/0, a mean of nothing, roots of what
    is below 0).
    """

    op: Op
    step: int
    kind: str
    nan: int
    inf: int
    low: float | None = None
    high: float | None = None
    zeros: float | None = None

    @property
    def name(self) -> str:
        return visible(plain(self.op), 40)

    @property
    def at(self) -> str:
        return at_line(self.op.line)


def told_losses(run: Run) -> dict[int, float]:
    """The loss of each step where it is known; nan and infinite ones as they are.

    >>> told_losses(Run.from_entries([{"kind": "losses", "first": 3, "values": [2.0, None, 1.5]}]))
    {3: 2.0, 5: 1.5}
    """
    known = np.flatnonzero(run.kept)
    found = dict(zip((known + 1).tolist(), run.losses[known].tolist(), strict=True))
    for step in run.steps:
        if step.loss is not None:
            found.setdefault(step.step, float(step.loss))
    return found


def _first_bad_loss(run: Run) -> int | None:
    """The first step whose loss is nan or infinite."""
    return min((step for step, value in told_losses(run).items() if not math.isfinite(value)), default=None)


def bad_numbers(step: Step) -> int:
    """Numbers of a step's gradients that are nan or infinite; none where a scaler kept the optimiser from stepping.

    >>> bad_numbers(Step(bad=(2, None, 1))), bad_numbers(Step(bad=(2,), skipped=True))
    (3, 0)
    """
    return 0 if step.skipped else int(sum(float(one) for one in step.bad if one is not None and np.isfinite(one)))


def first_bad_gradient(run: Run) -> Step | None:
    """The first looked-at step whose gradient is not finite, where the loss was until then and at that step.

    >>> steps = [{"kind": "step", "step": 1, "bad": [0]}, {"kind": "step", "step": 2, "bad": [3]}]
    >>> first_bad_gradient(Run.from_entries(steps)).step
    2
    """
    loss = _first_bad_loss(run)
    found = next((step for step in run.steps if bad_numbers(step)), None)
    return found if found is not None and (loss is None or found.step < loss) else None


def first_broken(run: Run) -> int | None:
    """The first step at which the run is known to be broken.

    >>> first_broken(Run.from_entries([{"kind": "losses", "first": 1, "values": [2.0, math.inf]}]))
    2
    """
    gradient = first_bad_gradient(run)
    known = [one for one in (_first_bad_loss(run), gradient.step if gradient else None) if one is not None]
    return min(known, default=None)


def grown(run: Run, before: int | None) -> float:
    """How many times larger than at the start the run had become right before a step: its loss, weights or updates.

    The largest of: loss of the five steps before by the median loss of the first five; norm of all weights by what it
    was at first; norm of an update by the norm of the weights it changed.

    >>> grown(Run.from_entries([{"kind": "losses", "first": 1, "values": [2.0, 2.0, 2.0, 200.0]}]), None)
    100.0
    """
    losses = [abs(v) for s, v in sorted(told_losses(run).items()) if math.isfinite(v) and (not before or s < before)]
    known = [1.0]
    if len(losses) > 1 and np.median(losses[:5]) > 0:
        start = min(float(np.median(losses[:5])), losses[0]) if losses[0] > 0 else float(np.median(losses[:5]))
        known.append(max(losses[-5:]) / start)
    steps = [step for step in run.steps if not before or step.step <= before]
    sizes = [(_size(step.weight), _size(step.update)) for step in steps]
    whole = [(w, u) for w, u in sizes if w is not None and w > 0]
    if whole:
        known.append(whole[-1][0] / whole[0][0])
        known += [u / w for w, u in whole if u is not None]
    return float(min(max(one for one in known if math.isfinite(one)), 1e300))


def _size(norms: tuple[float | None, ...]) -> float | None:
    known = [one for one in norms if one is not None and math.isfinite(one)]
    return math.hypot(*known) if known else None


def looked_before(run: Run, step: int | None) -> Iterator[tuple[Flow, Values]]:
    """The looked-at steps up to the one that broke, with their graphs: their weights were finite still.

    >>> seen = [{"kind": "graph"}, {"kind": "values", "step": 1}, {"kind": "values", "step": 5}]
    >>> [values.step for _, values in looked_before(Run.from_entries(seen), 4)]
    [1]
    """
    known = flows(run)
    for values in run.values:
        if values.graph in known and (step is None or values.step <= step):
            yield known[values.graph], values


def first_op(run: Run) -> Broken | None:
    """The op at which the numbers broke on the way to the loss; ``None`` where the run did not break, or unseen.

    >>> ops = [{"op": 0, "function": "linear", "inputs": ["input"]}, {"op": 1, "function": "log", "inputs": [0]}]
    >>> values = {"kind": "values", "step": 1, "inf": [0, 1], "low": [0.0, None], "high": [1.0, None]}
    >>> loss = {"kind": "losses", "first": 1, "values": [math.inf]}
    >>> found = first_op(Run.from_entries([{"kind": "graph", "ops": ops}, values, loss]))
    >>> found.name, found.kind, found.low
    ('log', 'logarithm', 0.0)
    """
    step = first_broken(run)
    if step is None:
        return None
    for flow, values in looked_before(run, step if not _weights_lost(run, step) else 0):
        if values.step == step and (found := _origin(run, flow, values)) is not None:
            return found
    return _told(run, step)


def _weights_lost(run: Run, step: int) -> bool:
    """Whether weights were not finite already before a step: a look at it says nothing of where that began."""
    moved = [one for s in run.steps if s.step < step for one in (*s.update, *s.weight)]
    return any(one is not None and not math.isfinite(one) for one in moved)


def _told(run: Run, step: int) -> Broken | None:
    """The op that the watch itself read from the graph behind the loss, at a step that was not looked at."""
    for name, kind in (("log-of-zero", "logarithm"), ("precision-overflow", "overflow"), ("nan-loss", "undefined")):
        for breach in run.breaches(name):
            if breach.step == step:
                function = breach.words.get("function", "")
                op = Op(function=function, line=breach.line or line_of(run, function))
                kind = "overflow" if function in CASTS else kind
                nan, inf = (int(breach.numbers.get(one, 0)) for one in ("nan", "inf"))
                low, high = breach.numbers.get("low"), breach.numbers.get("high")
                return Broken(op, step, kind, nan or int(not inf), inf, low, high)
    return None


def _origin(run: Run, flow: Flow, values: Values) -> Broken | None:
    nan, inf = numbers(flow, values.nan), numbers(flow, values.inf)
    low, high, zeros = (numbers(flow, one) for one in (values.low, values.high, values.zeros))
    meant: set[int] = set()
    for op in flow.graph.ops:
        bad_nan, bad_inf = nan.get(op.op, 0.0), inf.get(op.op, 0.0)
        if not op.used or not (bad_nan or bad_inf):
            continue
        made = [one for one in op.inputs if isinstance(one, int)]
        from_bad = [one for one in made if nan.get(one) or inf.get(one)]
        mask = plain(op) == "add" and "data" in op.inputs
        if not bad_nan and (plain(op) in PLACED or mask or any(one in meant for one in from_bad)):
            meant.add(op.op)
            continue
        if any(one not in meant for one in from_bad):
            continue
        first = made[0] if made else -1
        given = (low.get(first), high.get(first), zeros.get(first))
        kind = _kind(op, given, _known_data(run, op, values.step), _finite_inputs(run, values.step))
        return Broken(op, values.step, kind, int(bad_nan), int(bad_inf), *given)
    return None


def _finite_inputs(run: Run, step: int) -> bool:
    """Whether it was told that all the models were given at a step was finite."""
    given = [tensor for one in run.given if one.step == step and one.gradients for tensor in one.inputs]
    return bool(given) and not any(tensor.nan or tensor.inf for tensor in given)


def _known_data(run: Run, op: Op, step: int) -> float | None:
    """The largest number of the target that an op takes, where it was told and is finite throughout."""
    for loss in run.loss_calls:
        target = loss.target
        if loss.step == step and loss.op == op.op and target.shape and not target.nan and not target.inf:
            return max(abs(target.low or 0.0), abs(target.high or 0.0))
    return None


def _kind(op: Op, given: tuple[float | None, ...], target: float | None, finite: bool) -> str:
    """Which of the kinds: the arguments that ops made are finite, so data may not be, or the function has no value.

    ``finite``: what models were given was looked at and is finite; a recurrence's first state is not told, and zeros.
    """
    name = plain(op)
    low, high = given[0], given[1]
    if name in LOGARITHMS:
        return "logarithm"
    largest = max((abs(one) for one in (low, high, target) if one is not None), default=None)
    if largest is not None and name in GROWING and _overflows(name, largest, op):
        return "overflow"
    if name in CASTS and largest is not None and math.isfinite(largest):
        return "overflow"
    if finite and "input" in op.inputs and name in RECURRENT:
        return "undefined"
    data = any(one in ("data", "target", "buffer") or (one == "input" and not finite) for one in op.inputs)
    if finite and not data and "input" in op.inputs and name in GROWING:
        return "overflow"
    if data and target is None and name not in ("div", "pow", "sqrt"):
        return "data"
    return "undefined"


def largest_of(dtype: str) -> float:
    """The largest number of a floating-point type.

    >>> largest_of("float16")
    65504.0
    """
    return {"float16": 65504.0, "float64": 1.797e308}.get(dtype, 3.4e38)


def _overflows(name: str, largest: float, op: Op) -> bool:
    """Whether an argument of this size can leave the range of the op's type: by exp, by squares, or by sums of them."""
    most = largest_of(op.dtype)
    if name in ("exp", "expm1", "cosh", "sinh", "exp2"):
        return largest > math.log(most) * (0.99 if name != "exp2" else 1.4)
    many = max((math.prod(shape) for shape in op.given if shape), default=1)
    return largest**2 * many >= most if largest < 1e150 else True


def line_of(run: Run, function: str) -> str:
    """The line at which a function is called, where one line only calls it on the way to a loss; else empty.

    >>> graph = {"kind": "graph", "ops": [{"op": 0, "function": "log", "line": "train.py:7"}]}
    >>> line_of(Run.from_entries([graph]), "log")
    'train.py:7'
    """
    ops = [op for graph in run.graphs.values() for op in graph.ops if op.used and plain(op) == function]
    lines = {op.line for op in ops if op.line}
    return lines.pop() if len(lines) == 1 else ""


def numbers(flow: Flow, along: tuple[float | None, ...]) -> Mapping[int, float]:
    """A list that runs along the ops, by op.

    >>> from tearless.readers.training.told import Graph
    >>> numbers(Flow(Graph(ops=(Op(op=3), Op(op=7)))), (0.5, None))
    {3: 0.5}
    """
    pairs = zip(flow.graph.ops, along, strict=False)
    return {op.op: float(one) for op, one in pairs if one is not None and math.isfinite(one)}
