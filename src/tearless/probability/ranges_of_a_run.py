"""What the last activation of a model can give, and what of its loss no weights can reach then."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from tearless.linear_algebra.flow_of_a_run import LossCall
from tearless.linear_algebra.layers_of_a_run import plain

INF = math.inf
RANGES = {
    "sigmoid": (0.0, 1.0), "hardsigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0),
    "hardtanh": (-1.0, 1.0), "softsign": (-1.0, 1.0), "cos": (-1.0, 1.0), "sin": (-1.0, 1.0),
    "cosine_similarity": (-1.0, 1.0), "relu": (0.0, INF), "relu6": (0.0, 6.0), "softplus": (0.0, INF),
    "exp": (0.0, INF), "square": (0.0, INF), "abs": (0.0, INF), "log_softmax": (-INF, 0.0), "elu": (-1.0, INF),
    "logsigmoid": (-INF, 0.0), "gelu": (-0.17, INF), "silu": (-0.279, INF), "sqrt": (0.0, INF),
}  # fmt: skip
ERRORS = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "expression")
LOGISTIC = ("binary_cross_entropy_with_logits", "binary_cross_entropy")
ROUNDING = 1e-5


def range_of(call: LossCall) -> tuple[float, float]:
    """The least and the largest number that the last function before a loss can give.

    >>> from tearless.readers.training.told import Loss
    >>> range_of(LossCall(Loss(made_by=("tanh", "linear")))), range_of(LossCall(Loss(made_by=("linear",))))
    ((-1.0, 1.0), (-inf, inf))
    """
    return RANGES.get(call.last, (-INF, INF))


def share_lost(call: LossCall) -> float:
    """What of the loss no weights can reach: 0 where everything can, 1 where the loss has no minimum.

    >>> from tearless.readers.training.told import Loss, Tensor
    >>> call = LossCall(Loss(function="cross_entropy", made_by=("tanh",), input=Tensor(shape=(8, 2))))
    >>> round(share_lost(call), 3)  # ln(1 + e⁻²) / ln 2
    0.183
    """
    function, (a, b) = call.loss.function, range_of(call)
    if function in LOGISTIC and _outside_zero_one(call):
        return 0.0 if _class_ids(call) else 1.0
    if function == "cross_entropy":
        return _of_scores(call, a, b)
    if function == LOGISTIC[0]:
        return 0.0 if call.last in ("sigmoid", "softmax") else _of_logistic(call, a, b)
    if function in ERRORS and _may_be_targets(call):
        return _of_errors(call, a, b)
    return 0.0


def _may_be_targets(call: LossCall) -> bool:
    """An expression counts where it is the difference of a prediction and a target of its size."""
    if call.loss.function != "expression":
        return True
    same = call.loss.input.shape == call.loss.target.shape
    return same and call.op is not None and plain(call.op) == "sub" and call.flow is not None


def _of_scores(call: LossCall, a: float, b: float) -> float:
    shape = call.loss.input.shape
    if call.last in ("sigmoid", "softmax", "log_softmax") or len(shape) < 2 or shape[1] < 2:
        return 0.0
    if math.isfinite(b - a):
        return math.log1p((shape[1] - 1) * math.exp(a - b)) / math.log(shape[1])
    return 0.01 if call.last == "relu" else 0.0


def _of_logistic(call: LossCall, a: float, b: float) -> float:
    """The least loss with scores in [a, b], as a share of the loss of a coin."""
    ones = call.loss.target.mean
    if ones is None or not (math.isfinite(a) or math.isfinite(b)):
        return 0.0
    floor = ones * np.logaddexp(0, -b) + (1 - ones) * np.logaddexp(0, a)
    return float(floor / math.log(2))


def _outside_zero_one(call: LossCall) -> bool:
    low, high = call.loss.target.low, call.loss.target.high
    return low is not None and high is not None and (low < -ROUNDING or high > 1 + ROUNDING)


def _class_ids(call: LossCall) -> bool:
    counts = call.loss.target.counts
    whole = bool(counts) or not call.loss.target.dtype.startswith(("float", "bfloat"))
    return whole or (call.loss.target.low == 0 and float(call.loss.target.high or 0.5).is_integer())


def _of_errors(call: LossCall, a: float, b: float) -> float:
    target = call.loss.target
    if target.low is None or target.high is None or target.mean is None or target.std is None:
        return 0.0
    far = max(a - target.low, target.high - b, 0.0)
    size = max(target.std, 1e-12)
    if far <= ROUNDING * max(1.0, abs(target.low), abs(target.high)):
        return 0.0
    beyond = sum(_beyond(sign * (end - target.mean) / size) for sign, end in ((1, b), (-1, a)) if math.isfinite(end))
    return float(min(beyond, (far / size) ** 2, 1.0))


def _beyond(t: float) -> float:
    """E[(z − t)²; z > t] of a standard normal z."""
    density = math.exp(-t * t / 2) / math.sqrt(2 * math.pi)
    return float((1 + t * t) * special.ndtr(-t) - t * density)
