"""Published rules of AutoTrainer and UMLAUT, which watch Keras, as functions of a recorded run (``rival_rules``)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from rival_rules import Rule, inputs_of

from tearless.readers.training.run import Run
from tearless.readers.training.told import Op, Step

LINEAR = {"linear", "conv1d", "conv2d", "addmm", "matmul"}
SQUASHING = {"softmax", "log_softmax", "sigmoid", "tanh", "relu"}
ON_LOGITS = {"cross_entropy", "binary_cross_entropy_with_logits", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"}


def _accuracies(run: Run) -> list[tuple[int, float]]:
    """Accuracy over time, an entry standing for an epoch: of evaluations, else of the looked-at training batches."""
    tested = [(e.step, float(e.right)) for e in run.evaluations if e.right is not None]
    if len(tested) > 2:
        return tested
    return [(call.step, float(call.right)) for call in run.loss_calls if call.right is not None and not call.evaluating]


def _spoilt(run: Run) -> bool:
    told = [v for e in run.entries("losses") for v in e.get("values") or () if v is not None]
    return any(not math.isfinite(v) for v in told)


def _poor(run: Run) -> bool:
    """Only then does AutoTrainer look for a cause: accuracy below 0.7 or at rest, or a loss that is not finite."""
    return _spoilt(run) or not_converged(run) is not None or slow_convergence(run) is not None


def _ends(run: Run, step: Step) -> tuple[float, float] | None:
    """Norms of the gradients of the first and the last weight."""
    sizes = {n: g for n, g in step.by_name("gradient").items() if n in run.parameters}
    found = [norm for name, norm in sizes.items() if len(run.parameters[name].shape) > 1]
    return (found[0], found[-1]) if len(found) > 1 else None


def vanish(run: Run) -> int | None:
    """The first layer's gradient below 1e-4, and below 1e-3 of the last one's."""
    for step in run.steps if _poor(run) else ():
        ends = _ends(run, step)
        if ends and ends[0] < 1e-4 and ends[0] < 1e-3 * ends[1]:
            return step.step
    return None


def explode(run: Run) -> int | None:
    """The first layer's gradient over 70 times the last one's, or not finite."""
    for step in run.steps if _poor(run) else ():
        ends = _ends(run, step)
        if any(bad for bad in step.bad) or (ends and ends[1] > 0 and ends[0] > 70 * ends[1]):
            return step.step
    return None


def dying_relu(run: Run) -> int | None:
    """70 % of all numbers of gradients exactly 0 (here: of those parameters whose whole gradient is)."""
    rectified = any(op.function == "relu" for graph in run.graphs.values() for op in graph.ops)
    for step in run.steps if rectified and _poor(run) else ():
        sizes = {n: g for n, g in step.by_name("gradient").items() if n in run.parameters}
        dead = sum(run.parameters[name].values for name, norm in sizes.items() if norm == 0)
        if sizes and dead >= 0.7 * sum(run.parameters[name].values for name in sizes):
            return step.step
    return None


def oscillation(run: Run) -> int | None:
    """Accuracy falls from a local maximum to the next minimum by 0.03 in a fifth of the epochs."""
    told = _accuracies(run)
    values = [right for _, right in told]
    falls = sum(high - low >= 0.03 for high, low in _falls(values))
    return told[-1][0] if len(values) > 4 and falls >= 0.2 * len(values) else None


def _falls(values: Sequence[float]) -> list[tuple[float, float]]:
    """Each stretch of falling values, as its first and last."""
    found: list[tuple[float, float]] = []
    for a, b in pairwise(values):
        if b < a:
            joined = bool(found) and found[-1][1] == a
            found = [*found[:-1], (found[-1][0], b)] if joined else [*found, (a, b)]
    return found


def slow_convergence(run: Run) -> int | None:
    """Accuracy never rose by 0.01 from one epoch to the next."""
    told = _accuracies(run)
    rises = np.diff([right for _, right in told])
    return told[-1][0] if len(told) > 2 and rises.max() < 0.01 else None


def not_converged(run: Run) -> int | None:
    """No accuracy reached 0.7."""
    told = _accuracies(run)
    return told[-1][0] if len(told) > 2 and max(right for _, right in told) < 0.7 else None


def abnormal_data(run: Run) -> int | None:
    """The mean size of what the model is given at least 10 (here: the size of its mean, which is no larger)."""
    return next((step for step, t in inputs_of(run) if t.mean is not None and abs(t.mean) >= 10), None)


AUTOTRAINER: dict[str, Rule] = {
    "explode": explode,
    "vanish": vanish,
    "dying ReLU": dying_relu,
    "oscillation": oscillation,
    "slow convergence": slow_convergence,
    "not converged": not_converged,
    "abnormal data": abnormal_data,
}


def input_range(run: Run) -> int | None:
    """An input outside [−1, 1]."""
    floats = [(step, t) for step, t in inputs_of(run) if t.dtype.startswith(("float", "bfloat"))]
    return next(
        (s for s, t in floats if (t.low is not None and t.low < -1) or (t.high is not None and t.high > 1)), None
    )


def input_whole(run: Run) -> int | None:
    """Whole numbers as inputs, of a model that embeds nothing."""
    if any(op.function == "embedding" for graph in run.graphs.values() for op in graph.ops):
        return None
    return next((step for step, t in inputs_of(run) if t.dtype.startswith(("int", "uint"))), None)


def input_nan(run: Run) -> int | None:
    """nan in an input."""
    return next((step for step, t in inputs_of(run) if t.nan > 0), None)


def _rate(run: Run, low: float, high: float) -> int | None:
    rates = run.rates
    wrong = np.flatnonzero((rates > high) | (rates < low)) if len(rates) else np.array([], dtype=int)
    return int(wrong[0]) + 1 if len(wrong) else None


def overfitting(run: Run) -> int | None:
    """One evaluation after which the validation loss has risen and the training loss has not."""
    told = [(e.step, float(e.loss)) for e in run.evaluations if e.loss is not None]
    trained: list[float] = []
    for i, (step, loss) in enumerate(told):
        since = run.losses[told[i - 1][0] if i else 0 : step]
        trained.append(float(np.nanmean(since)) if np.isfinite(since).any() else math.nan)
        if i and loss > told[i - 1][1] and trained[-1] <= trained[-2]:
            return step
    return None


def overconfident(run: Run) -> int | None:
    """Validation accuracy above 0.95, or above that of training by 0.05."""
    trained = [(c.step, float(c.right)) for c in run.loss_calls if c.right is not None and not c.evaluating]
    for e in run.evaluations:
        before = [right for step, right in trained if step <= e.step]
        if e.right is not None and (e.right > 0.95 or (before and e.right > before[-1] + 0.05)):
            return e.step
    return None


def missing_activation(run: Run) -> int | None:
    """A linear layer that is given what another one made, with nothing between."""
    for graph in run.graphs.values():
        by = {op.op: op for op in graph.ops}
        for op in graph.ops:
            before = by.get(op.inputs[0]) if op.inputs and isinstance(op.inputs[0], int) else None
            if before is not None and {op.function, before.function} <= LINEAR - {"matmul"}:
                return graph.step
    return None


def _of_loss(run: Run) -> list[tuple[int, Op, str]]:
    """The losses of the graphs, with the function that made what each is given."""
    found = []
    for graph in run.graphs.values():
        by = {op.op: op for op in graph.ops}
        for op in graph.ops:
            first = by.get(op.inputs[0]) if op.inputs and isinstance(op.inputs[0], int) else None
            if op.function.endswith(("_loss", "cross_entropy", "with_logits")) and first is not None:
                found.append((graph.step, op, first.function))
    return found


def last_activation(run: Run) -> int | None:
    """A loss on logits or numbers that is given what an activation has squashed."""
    told = _of_loss(run)
    return next((step for step, op, made in told if op.function in ON_LOGITS and made in SQUASHING), None)


def softmax_missing(run: Run) -> int | None:
    """A loss on probabilities or their logarithms that is given neither."""
    asks = {"nll_loss", "binary_cross_entropy"}
    made_by = {*LINEAR, "add", "relu"}
    return next((step for step, op, made in _of_loss(run) if op.function in asks and made in made_by), None)


def much_dropout(run: Run) -> int | None:
    """Dropout of over half."""
    ops = ((graph.step, op) for graph in run.graphs.values() for op in graph.ops)
    return next((s for s, op in ops if op.function == "dropout" and float(op.options.get("p", 0) or 0) > 0.5), None)


UMLAUT: dict[str, Rule] = {
    "input out of [-1, 1]": input_range,
    "input of whole numbers": input_whole,
    "nan in input": input_nan,
    "learning rate high": lambda run: _rate(run, 0.0, 0.01),
    "learning rate low": lambda run: _rate(run, 1e-7, math.inf),
    "missing activation": missing_activation,
    "last activation": last_activation,
    "missing softmax": softmax_missing,
    "dropout high": much_dropout,
    "overfitting": overfitting,
    "overconfident validation": overconfident,
}
