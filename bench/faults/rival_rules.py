"""Published rules of SageMaker Debugger, AutoTrainer and UMLAUT, written anew as functions of a recorded run.

Each rule returns the step at which it first fires, or ``None``. Thresholds are the published defaults. A record holds
norms, ranges, means and spreads of tensors, not the tensors: where a rule asks for more, its docstring says what stands
in for it, for the most part something that fires less. Rules that a record cannot serve are in ``LEFT_OUT``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tearless.readers.training.run import Run
from tearless.readers.training.told import Graph, Op, Parameter, Tensor, Values

Rule = Callable[[Run], int | None]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A rule that fired, and when; ``grave`` unless the rival itself calls it a mere remark."""

    rule: str
    step: int
    grave: bool = True


def fired(rules: Mapping[str, Rule], run: Run) -> list[Alarm]:
    """The rules that fire on a run, the earliest first, then in the order of the rules."""
    found = [Alarm(name, step) for name, rule in rules.items() if (step := rule(run)) is not None]
    return sorted(found, key=lambda alarm: alarm.step)


LEFT_OUT = {
    "SageMaker Debugger": "Confusion, NLPSequenceRatio, SimilarAcrossRuns, StalledTraining, TensorVariance (it has no "
    "default), the mispredictions per class of ClassImbalance, and the rules for trees",
    "AutoTrainer": "improper activation and improper loss, which read Keras's own names of losses and layers",
    "UMLAUT": "whole numbers as inputs where the model embeds them; the missing softmax before a loss on logits",
}


def _at(numbers: Sequence[float | None], i: int) -> float:
    """A number of a list that may be short or hold ``None``: then nan."""
    value = numbers[i] if i < len(numbers) else None
    return math.nan if value is None else float(value)


def _ops(run: Run) -> Iterator[tuple[Graph, Values, int, Op]]:
    for graph, values in run.seen():
        for i, op in enumerate(graph.ops):
            yield graph, values, i, op


def _before(graph: Graph, op: Op) -> int | None:
    """Where the op that made the first argument stands in its graph."""
    first = op.inputs[0] if op.inputs else None
    return next((i for i, other in enumerate(graph.ops) if other.op == first), None)


def _weights(run: Run) -> dict[str, Parameter]:
    return {name: p for name, p in run.parameters.items() if len(p.shape) > 1}


def _size(run: Run, name: str) -> int:
    return run.parameters[name].values if name in run.parameters else 1


def _eval_losses(run: Run) -> list[tuple[int, float]]:
    return [(e.step, float(e.loss)) for e in run.evaluations if e.loss is not None]


def _bad_loss(run: Run) -> int | None:
    """The first step whose loss was told and is not finite."""
    for entry in run.entries("losses"):
        for i, value in enumerate(entry.get("values") or ()):
            if value is not None and not math.isfinite(value):
                return int(entry["first"]) + i
    return None


# SageMaker Debugger


def dead_relu(run: Run) -> int | None:
    """Over half the units of a layer active for less than 1 % of inputs (here: with one value over the batch)."""
    rows = _ops(run)
    return next((v.step for _, v, i, op in rows if op.function == "relu" and _at(v.still, i) > 0.5), None)


def exploding_tensor(run: Run) -> int | None:
    """nan or infinity in a gradient, the loss, or the output of a module."""
    steps = [s.step for s in run.steps if any(bad for bad in s.bad)]
    for graph, values in run.seen():
        last = {
            op.module: i for i, op in enumerate(graph.ops) if op.used and op.module and op.function != "masked_fill"
        }
        if any(_at(values.nan, i) > 0 or _at(values.inf, i) > 0 for i in last.values()):
            steps.append(values.step)
    loss = _bad_loss(run)
    return min([*steps, *([] if loss is None else [loss])], default=None)


def poor_weight_initialization(run: Run) -> int | None:
    """In the first 10 steps the variances of what ReLUs are given differ by over 10, or the middle 90 % of some
    gradient span less than 0.001 (3.29 standard deviations), and the loss has not fallen in 5 steps."""
    early = run.losses[:10]
    if len(early) < 6 or np.nanmin(np.append(early[5:], np.inf)) < early[0]:
        return None
    for graph, values in run.seen():
        given = [i for op in graph.ops if op.function == "relu" and (i := _before(graph, op)) is not None]
        spreads = [s**2 for i in given if (s := _at(values.std, i)) == s]
        if values.step <= 10 and len(spreads) > 1 and max(spreads) > 10 * min(spreads):
            return values.step
    for step in run.steps:
        spans = [3.29 * g / math.sqrt(_size(run, name)) for name, g in step.by_name("gradient").items()]
        if step.step <= 10 and spans and min(spans) < 1e-3:
            return step.step
    return None


def saturated_activation(run: Run) -> int | None:
    """Over half of what a tanh is given beyond ±9.4999, or a sigmoid beyond (−23, 16.99999), were it normal."""
    ends = {"tanh": (-9.4999, 9.4999), "sigmoid": (-23.0, 16.99999)}
    for graph, values, _, op in _ops(run):
        before = _before(graph, op)
        if op.function not in ends or before is None:
            continue
        mean, std = _at(values.mean, before), _at(values.std, before)
        low, high = ((end - mean) / (std * math.sqrt(2)) if std > 0 else math.nan for end in ends[op.function])
        if 1 - (math.erf(high) - math.erf(low)) / 2 > 0.5:
            return values.step
    return None


def vanishing_gradient(run: Run) -> int | None:
    """The mean size of a weight's gradient below 1e-7 (here: its root mean square, which is no smaller)."""
    weights = _weights(run)
    for step in run.steps:
        for name, norm in step.by_name("gradient").items():
            if name in weights and norm / math.sqrt(weights[name].values) < 1e-7:
                return step.step
    return None


def _update_ratio(run: Run, wrong: Callable[[float], bool]) -> int | None:
    weights = _weights(run)
    for step in run.steps:
        sizes = step.by_name("weight")
        for name, update in step.by_name("update").items():
            if name in weights and name in sizes and wrong(update / (sizes[name] + 1e-9)):
                return step.step
    return None


def all_zero(run: Run) -> int | None:
    """A weight or the gradient of one, all 0."""
    weights = _weights(run)
    for step in run.steps:
        for of in ("gradient", "weight"):
            if any(norm == 0 for name, norm in step.by_name(of).items() if name in weights):
                return step.step
    return None


def class_imbalance(run: Run) -> int | None:
    """The commonest label over 10 times as common as the rarest, once 500 were seen."""
    seen: dict[str, int] = {}
    for loss in run.loss_calls:
        for label, count in () if loss.evaluating else loss.target.counts.items():
            seen[label] = seen.get(label, 0) + count
        if sum(seen.values()) >= 500 and len(seen) > 1 and max(seen.values()) > 10 * min(seen.values()):
            return loss.step
    return None


def loss_not_decreasing(run: Run) -> int | None:
    """Every 10 steps the loss must lie below that of 10 steps before: of evaluations where there are, as published."""
    told = _eval_losses(run)
    if len(told) < 2:
        told = [(i + 1, loss) for i, loss in enumerate(run.losses.tolist()) if loss == loss]
    for i, (step, loss) in enumerate(told):
        if i == 0:
            last = (step, loss)
        elif step - last[0] >= 10:
            if not loss < last[1]:
                return step
            last = (step, loss)
    return None


def overfit(run: Run) -> int | None:
    """(validation − training) / training above 0.1: against the mean training loss since the last evaluation."""
    since = 0
    for step, loss in _eval_losses(run):
        trained = run.losses[since:step]
        mean = float(np.nanmean(trained)) if np.isfinite(trained).any() else math.nan
        if mean > 0 and (loss - mean) / mean > 0.1:
            return step
        since = step
    return None


def overtraining(run: Run) -> int | None:
    """No validation loss better by 0.1 than the best for over 10 evaluations."""
    best, waited = math.inf, 0
    for step, loss in _eval_losses(run):
        best, waited = (loss, 0) if loss < best - 0.1 else (best, waited + 1)
        if waited > 10:
            return step
    return None


def unchanged_tensor(run: Run) -> int | None:
    """A parameter that learns, the same within a relative 1e-5 at 3 looked-at steps of its optimizer in a row."""
    still: dict[str, int] = {}
    for step in run.steps:
        for i, name in enumerate(step.parameters):
            told = i < len(step.update) and step.update[i] is not None
            least = 1e-8 * math.sqrt(_size(run, name)) + 1e-5 * _at(step.weight, i)
            still[name] = 0 if told and not _at(step.update, i) <= least else still.get(name, 0) + 1
            if still[name] >= 3:
                return step.step
    return None


def check_input_images(run: Run) -> int | None:
    """The mean of at least 500 images further than 0.2 from 0."""
    images = [(g.step, t) for g in run.given for t in g.inputs if len(t.shape) == 4 and t.mean is not None]
    total, seen = 0.0, 0
    for step, tensor in images:
        total, seen = total + float(tensor.mean or 0) * tensor.shape[0], seen + tensor.shape[0]
        if seen >= 500 and abs(total / seen) > 0.2:
            return step
    return None


SAGEMAKER: dict[str, Rule] = {
    "ExplodingTensor": exploding_tensor,
    "PoorWeightInitialization": poor_weight_initialization,
    "DeadRelu": dead_relu,
    "SaturatedActivation": saturated_activation,
    "VanishingGradient": vanishing_gradient,
    "WeightUpdateRatio, large": lambda run: _update_ratio(run, lambda ratio: ratio > 10),
    "WeightUpdateRatio, small": lambda run: _update_ratio(run, lambda ratio: ratio < 1e-8),
    "AllZero": all_zero,
    "UnchangedTensor": unchanged_tensor,
    "ClassImbalance": class_imbalance,
    "CheckInputImages": check_input_images,
    "LossNotDecreasing": loss_not_decreasing,
    "Overfit": overfit,
    "Overtraining": overtraining,
}


def inputs_of(run: Run) -> Iterator[tuple[int, Tensor]]:
    """What models were given while they trained, with the step."""
    for given in run.given:
        for tensor in given.inputs if given.used else ():
            yield given.step, tensor
