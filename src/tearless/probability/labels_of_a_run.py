"""What kind of labels a loss was given, and whether the loss is defined for them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tearless.linear_algebra.flow_of_a_run import LossCall
from tearless.linear_algebra.layers_of_a_run import plain
from tearless.readers.training.told import Tensor

ERRORS = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
SIGNED = ("soft_margin_loss", "hinge_embedding_loss", "cosine_embedding_loss", "margin_ranking_loss")
LOGISTIC = ("binary_cross_entropy_with_logits", "binary_cross_entropy")
LOGS = ("log_softmax", "log", "logsigmoid", "logsumexp", "log_prob", "sub")
ROUNDING = 1e-5
MOST_CLASSES = 100
TENTH = 0.1


@dataclass(frozen=True)
class Mismatch:
    """In words: ``what`` does not fit, ``why`` it harms, what to ``do``; made by ``mismatch``.

    ``wrong``: the loss has no meaning here; ``amounts``: class numbers regressed; ``squared``: errors of probabilities.
    """

    what: str
    why: str
    do: str
    wrong: bool = False
    amounts: bool = False
    squared: bool = False


def mismatch(call: LossCall) -> Mismatch | None:
    """What is wrong with this call of a loss; ``None`` where it fits.

    >>> from tearless.readers.training.told import Loss
    >>> call = LossCall(Loss(function="hinge_embedding_loss", target=Tensor(low=0.0, high=1.0)))
    >>> mismatch(call).what
    '`hinge_embedding_loss` expects labels −1 and 1 and gets 0 and 1: a label 0 has no slope'
    """
    function = call.loss.function
    if function == "cross_entropy":
        return _cross_entropy(call)
    if function in ("nll_loss", "kl_div"):
        return _logarithms(call)
    if function in LOGISTIC:
        return _logistic(call)
    if function in SIGNED:
        return _signed(call)
    if function in ERRORS or (function == "expression" and call.op is not None and plain(call.op) == "sub"):
        return _errors(call)
    return None


def is_one_hot(target: Tensor) -> bool:
    """Whether each row holds a single 1 and zeros else: then the mean is 1/C and the share of zeros the rest.

    >>> is_one_hot(Tensor(shape=(8, 4), dtype="float32", low=0.0, high=1.0, mean=0.25, zeros=0.75))
    True
    """
    if len(target.shape) != 2 or target.shape[1] < 2 or target.mean is None or target.zeros is None:
        return False
    share = 1 / target.shape[1]
    return (target.low, target.high) == (0, 1) and max(abs(target.mean - share), abs(1 - target.zeros - share)) < 1e-4


def _is_class_number(target: Tensor) -> bool:
    """Whether a vector or column of targets holds the whole numbers 0 to C − 1, each at least once, at least three.

    Where the numbers were not counted, the two ends must be whole.
    """
    long = len(target.shape) == 1 or (len(target.shape) == 2 and target.shape[1] == 1)
    if not long or target.low != 0 or target.high is None or not 2 <= target.high < MOST_CLASSES:
        return False
    return float(target.high).is_integer() and (not target.counts or len(target.counts) == target.high + 1)


def evenness(targets: Sequence[Tensor]) -> float:
    """How often the rarest of the labels 0..k comes by how often the commonest does, over some batches.

    Where the numbers were not counted: 1 where ends, mean and spread are those of an even draw from 0..k in at least
    three batches, to a tenth; else 0. A draw from k + 1 whole numbers has mean k/2 and variance ((k + 1)² − 1)/12.

    >>> evenness([Tensor(counts={"0": 1, "1": 4}), Tensor(counts={"0": 2, "1": 2})])
    0.5
    """
    counts: dict[int, float] = defaultdict(float)
    for target in targets:
        for label, times in target.counts.items():
            counts[int(float(label))] += times
    if counts:
        return min(counts.values()) / max(counts.values())
    known = [(t.high, t.mean, t.std) for t in targets if t.high and t.mean is not None and t.std is not None]
    if len(known) < 3:
        return 0.0
    high, mean, std = (float(np.median(one)) for one in zip(*known, strict=True))
    even = math.sqrt(((high + 1) ** 2 - 1) / 12)
    return float(abs(mean / (high / 2) - 1) < TENTH and abs(std / even - 1) < TENTH)


def _cross_entropy(call: LossCall) -> Mismatch | None:
    shape, target = call.loss.input.shape, call.loss.target
    if len(shape) >= 2 and shape[1] == 1:
        return Mismatch(
            f"`cross_entropy`{call.place} gets one output a sample: the loss is 0 for every score, and so is its slope",
            "a softmax over one number is 1 whatever the number is: nothing can be learnt",
            "use `binary_cross_entropy_with_logits(output.squeeze(1), target.float())`, or one output for each class",
            wrong=True,
        )
    rows = target.mean * shape[1] if target.mean is not None and len(shape) == 2 and target.shape == shape else 1.0
    if not target.counts and target.low == 0 and rows > 1 + 1e-3:
        return Mismatch(
            f"`cross_entropy`{call.place} gets {rows:.3g} right classes a sample, and a softmax gives them one chance",
            "chances that must sum to 1 cannot all be near 1: two right classes fight for it",
            "use `binary_cross_entropy_with_logits`: each class then has a chance of its own",
            wrong=True,
        )
    return None


def _logarithms(call: LossCall) -> Mismatch | None:
    function, high = call.loss.function, call.loss.input.high
    if high is None or high <= ROUNDING or call.last in LOGS or (call.last == "softmax" and function == "nll_loss"):
        return None
    name = f"`{function}`{call.place}"
    if function == "kl_div":
        return Mismatch(
            f"{name} expects log-probabilities and gets numbers up to {high:.3g}, made by `{call.last or 'the model'}`",
            "without the logarithm the sum is no divergence: it falls below 0 and is least where nothing fits",
            f"write `log_softmax(scores, dim=-1)` for the first argument of {name}",
            wrong=True,
        )
    return Mismatch(
        f"{name} expects log-probabilities and gets scores up to {high:.3g}: it is −z, and falls without end",
        "the score of the right class grows for ever, and that of the wrong ones is held by nothing",
        f"use `cross_entropy`, which takes raw scores, or `log_softmax(scores, dim=1)` before {name}",
        wrong=True,
    )


def _logistic(call: LossCall) -> Mismatch | None:
    target, name = call.loss.target, f"`{call.loss.function}`{call.place}"
    high = target.high or 0.0
    if target.low == 0 and high > 1 and float(high).is_integer() and (target.counts or len(target.shape) == 1):
        return Mismatch(
            f"{name} gets class numbers up to {high:.4g} where it expects chances from 0 to 1",
            "its slope σ(z) − y is below 0 for every label above 1: all such scores grow without end",
            "use `cross_entropy` with one output for each class and whole labels",
            wrong=True,
        )
    if call.loss.function == LOGISTIC[1] and call.last == "softmax" and is_one_hot(target) and target.shape[1] > 2:
        return Mismatch(
            f"{name} judges each class of a softmax on its own, which counts every answer twice over",
            "the classes exclude each other already: the part of the wrong classes adds noise and no knowledge",
            "use `cross_entropy` with the raw scores",
        )
    return None


def _signed(call: LossCall) -> Mismatch | None:
    target, name = call.loss.target, f"`{call.loss.function}`{call.place}"
    if (target.low, target.high) != (0, 1):
        return None
    return Mismatch(
        f"{name} expects labels −1 and 1 and gets 0 and 1: a label 0 has no slope",
        "the loss multiplies the score by the label: samples with a label 0 teach nothing",
        f"give `2 * target - 1` to {name}",
        wrong=True,
    )


def _errors(call: LossCall) -> Mismatch | None:
    target, name = call.loss.target, f"`{call.loss.function}`{call.place}"
    name = name if call.loss.function != "expression" else f"the squared or absolute error{call.place}"
    if _is_class_number(target):
        return Mismatch(
            f"{name} takes the class numbers 0 to {target.high:.0f} for amounts",
            "it says that class 0 is far from the last and near to class 1: between two classes it answers a third",
            f"give the model {target.high + 1 if target.high else 2:.0f} outputs and use `cross_entropy`",
            amounts=True,
        )
    binary = (target.low, target.high) == (0, 1) and len(target.shape) <= 2
    column = len(target.shape) == 1 or target.shape[-1:] == (1,)
    two = binary and column and target.zeros is not None and abs(1 - target.zeros - (target.mean or 0)) < 1e-4
    one_hot = is_one_hot(target) and call.last in ("softmax", "sigmoid")
    if one_hot or (call.last == "sigmoid" and two):
        better = "cross_entropy" if one_hot else "binary_cross_entropy_with_logits"
        return Mismatch(
            f"{name} of chances made by `{call.last}`: its slope is near 0 where an answer is surely wrong",
            "2(p − y) p(1 − p) is 0 at p = 0 and 1: the worst errors are mended last",
            f"use `{better}` with the raw scores",
            squared=True,
        )
    return None
