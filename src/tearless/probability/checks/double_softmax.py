"""This run turns its scores into probabilities twice: before the loss, and once more inside it.

## What it measures
What made the input of the loss: a softmax or a sigmoid before a loss that holds one itself (`cross_entropy`,
`binary_cross_entropy_with_logits`), or a softmax before `nll_loss`, which expects its logarithm. A softmax written by
hand is known by its numbers: none below 0, and each row sums to 1 to rounding. The floor is the lowest loss left.

## Why it matters
The second softmax gets numbers between 0 and 1, so no class can win by more than a factor e. The loss cannot come near
0 even where every answer is right, and the gradient passes two saturating functions: training is slow, and the printed
loss says little.

## The mathematics
A probability vector p enters as scores. The largest chance that the softmax can give a class is at p = (1, 0, ..., 0):
e/(e + C − 1). So the cross entropy with one right class of C is at least ln(e + C − 1) − 1 = 1.4612 for C = 10 and
0.3133 for C = 2. A sigmoid before the logistic loss leaves softplus(−1) = 0.3133 for a 1 and ln 2 = 0.6931 for a 0,
so 0.3133 π + 0.6931 (1 − π) at a share π of ones. `log_softmax` before `cross_entropy` changes nothing, for
softmax(log softmax(z)) = softmax(z): only time is wasted. `nll_loss` of probabilities is −p, between −1 and 0: its
gradient does not grow where the model is surely wrong. The floor of such a run is −1, and is not compared.

## When it is wrong
Scores that are bounded on purpose and divided by a temperature are not meant here, and are not touched. A model whose
target is itself a second distribution of probabilities is rare enough to be looked at.

## What to do
Give the loss the raw scores: leave the softmax or sigmoid out of the model, and apply it where probabilities are read.

## References
C. M. Bishop, *Pattern Recognition and Machine Learning*, Springer 2006, sections 4.2 and 4.3.4. PyTorch documentation,
*torch.nn.CrossEntropyLoss*, *torch.nn.BCEWithLogitsLoss*, *torch.nn.NLLLoss*.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.linear_algebra.flow_of_a_run import OUTPUT, LossCall, loss_calls
from tearless.linear_algebra.layers_of_a_run import plain
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.contract
SYMPTOM_OF = ("softmax-over-batch",)

LOGISTIC = "binary_cross_entropy_with_logits"
SINGLE = 1.2e-7
ROUNDING = 8.0

TWICE = Limit(
    of="twice",
    at=1,
    unit="calls",
    kind="derived",
    severity=Severity.error,
    because="The floor of the loss follows from one call: no weights can take the loss below it. That the loss holds a "
    "softmax of its own is its definition.",
)
IDLE = Limit(
    of="idle",
    at=1,
    unit="calls",
    kind="derived",
    severity=Severity.note,
    because="The log-softmax of a log-softmax is the same numbers again: one call shows the waste, and none does harm.",
)

HEADLINE = "{what}"
EVIDENCE = "{twice} of {calls} looked-at calls get probabilities{left}; {idle} a log-softmax that is taken twice"
WHY = "{why}"
DO = "{do}"


def measure(run: Run) -> Iterator[Measured]:
    calls = [call for call in loss_calls(run) if call.loss.made_by or call.op]
    if not calls:
        raise CannotTell("this needs a loss function whose input was watched: run the script under `tearless watch`")
    kinds = [(call, kind) for call in calls if (kind := _kind(call))]
    twice = [(call, kind) for call, kind in kinds if kind != "log_softmax"]
    call, kind = (twice or kinds or [(calls[0], "")])[0]
    what, why, do = _words(call, kind)
    yield Measured(
        (),
        {
            "twice": Number(len(twice), "calls", "calls of a loss that was given probabilities in place of scores"),
            "idle": Number(len(kinds) - len(twice), "calls", "calls of `cross_entropy` on a log-softmax"),
            "calls": Number(len(calls), "calls", "calls of loss functions that were looked at"),
            "floor": Number(_floor(call, kind), "nats", "lowest loss that this way of computing it leaves"),
            "last": Number(calls[-1].loss.value, "nats", "the loss of the last call that was looked at"),
        },
        words={"what": what, "why": why, "do": do, "left": _left(call, _floor(call, kind))},
    )


def _left(call: LossCall, floor: float | None) -> str:
    last = f", the last one was {call.loss.value:.4g}" if call.loss.value is not None else ""
    return f" (the lowest loss they leave is {floor:.4g}{last})" if floor else ""


def _kind(call: LossCall) -> str:
    """The function that was one too many; empty where none was."""
    function, last = call.loss.function, call.last
    if function == "expression":
        return _of_expression(call)
    if function == "cross_entropy":
        soft = last in ("softmax", "sigmoid", "log_softmax", "softmin")
        return last if soft else "softmax" if _simplex(call) else ""
    if function == LOGISTIC:
        return last if last in ("softmax", "sigmoid") else "sigmoid" if _sigmoid_by_hand(call) else ""
    if function == "nll_loss" and call.loss.input.low is not None and call.loss.input.low >= 0:
        return "nll" if last == "softmax" or _simplex(call) else ""
    return ""


def _of_expression(call: LossCall) -> str:
    """A softmax right after a softmax or sigmoid, on the way to a loss written by hand."""
    for op in call.flow.graph.ops if call.flow else ():
        if op.used and plain(op) == "log_softmax" and call.flow:
            made = call.flow.maker(op)
            if made is not None and plain(made) in ("softmax", "sigmoid") and made.shape == op.shape:
                return plain(made)
    return ""


def _simplex(call: LossCall) -> bool:
    """Whether the input is non-negative rows that sum to 1, made by other than a layer."""
    if call.op is None or call.flow is None or call.last in OUTPUT or len(call.loss.input.shape) != 2:
        return False
    made = call.flow.maker(call.op)
    low, classes = call.loss.input.low, call.loss.input.shape[1]
    far = call.along("ones").get(made.op, 1.0) if made is not None else 1.0
    return low is not None and low >= 0 and classes > 1 and far <= ROUNDING * classes * SINGLE


def _sigmoid_by_hand(call: LossCall) -> bool:
    """1 / (1 + exp(−z))."""
    if call.last not in ("div", "rdiv", "reciprocal") or call.flow is None or call.op is None:
        return False
    made = call.flow.maker(call.op)
    chain: list[str] = []
    while made is not None and len(chain) < 3:
        chain.append(plain(made))
        places = [i for i, one in enumerate(made.inputs) if isinstance(one, int)]
        made = call.flow.maker(made, places[-1]) if places else None
    low, high = call.loss.input.low, call.loss.input.high
    inside = low is not None and high is not None and low >= 0 and high <= 1
    return inside and chain[1:] == ["add", "exp"]


def _floor(call: LossCall, kind: str) -> float | None:
    if call.loss.reduction == "sum" or kind in ("nll", ""):
        return None
    if kind == "log_softmax":
        return 0.0
    if call.loss.function == LOGISTIC:
        ones = call.loss.target.mean
        return None if ones is None else math.log1p(math.exp(-1)) * ones + math.log(2) * (1 - ones)
    shape = call.loss.input.shape
    return math.log(math.e + shape[1] - 1) - 1 if len(shape) > 1 else None


def _words(call: LossCall, kind: str) -> tuple[str, str, str]:
    loss = f"`{call.loss.function}`{call.place}" if call.loss.function != "expression" else f"the loss{call.place}"
    if kind == "nll":
        what = f"{loss} gets probabilities where it expects their logarithms: it is −p, and goes below 0"
        why = "the gradient is the same for a wrong answer that is sure of itself: the model learns little from it"
        return what, why, "replace the softmax by `log_softmax(scores, dim=1)`, or give raw scores to `cross_entropy`"
    if kind == "log_softmax":
        what = f"{loss} gets a log-softmax and takes it once more: the same numbers, twice the work"
        why = "the log-softmax of a log-softmax is itself: nothing is wrong, time is lost"
        return what, why, "give the raw scores to `cross_entropy`, or use `nll_loss`"
    floor = _floor(call, kind)
    left = f": it cannot fall below {floor:.4g}" if floor is not None else ""
    holds = "sigmoid" if call.loss.function == LOGISTIC else "softmax"
    what = f"{loss} holds a {holds} and gets the output of another {kind or holds}{left}"
    why = "numbers between 0 and 1 are taken for scores: no class can win by more than a factor e, and gradients shrink"
    return what, why, f"leave the {kind or holds} out before {loss}: it takes raw scores"


def _with(rng: np.random.Generator, made: list[str], **changes: object) -> Entries:
    entries = healthy_run(rng)
    for loss in of_kind(entries, "loss"):
        loss |= {"made_by": made, "input": loss["input"] | {"low": 0.01, "high": 0.97}, **changes}
    return entries


@healthy
def raw_scores(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def log_softmax_and_nll(rng: np.random.Generator) -> Example:
    entries = _with(rng, ["log_softmax", "linear"], function="nll_loss", op=None)
    for loss in of_kind(entries, "loss"):
        loss["input"] |= {"low": -5.0, "high": -0.01}
    return as_example(entries)


@sick
def softmax_before_cross_entropy(rng: np.random.Generator) -> Example:
    return as_example(_with(rng, ["softmax", "linear", "relu"]))


@sick
def sigmoid_before_its_loss(rng: np.random.Generator) -> Example:
    return as_example(_with(rng, ["sigmoid", "linear"], function=LOGISTIC, op=None))


@sick
def log_softmax_twice(rng: np.random.Generator) -> Example:
    return as_example(_with(rng, ["log_softmax", "linear"]))


@fooled("silent", "a sigmoid written with tanh has no name of its own, and its range alone proves nothing")
def sigmoid_of_tanh(rng: np.random.Generator) -> Example:
    return as_example(_with(rng, ["mul", "add", "tanh", "linear"], function=LOGISTIC, op=None))
