"""This run's loss does not fit what it is given: the wrong number of outputs, the wrong kind of labels or scores.

## What it measures
The loss function, the shape of its input, what made the input, and the labels, against what the function is defined
for: `cross_entropy` of one output, `nll_loss` or `kl_div` of what are no log-probabilities, class numbers given to a
logistic loss or regressed as if they were amounts, labels 0 and 1 where −1 and 1 are meant, several right classes under
a softmax, and squared errors of probabilities.

## Why it matters
Such a loss runs without an error. Some are constant, some have no lowest value, some reward the wrong thing: what is
printed falls or stands still, and says nothing about the task.

## The mathematics
One output: softmax(z) = exp(z)/exp(z) = 1, so cross entropy is −ln 1 = 0 with slope 0 for all z. `nll_loss` of raw
scores is −z_y, and `kl_div` of what is no logarithm Σ q (ln q − p): both fall without end or end nowhere near a
distribution. The logistic loss of a label k > 1 has slope σ(z) − k < 0 everywhere. Regressed class numbers make an
error of 9 between classes 0 and 9 and of 1 between 3 and 4, an order that names do not have; the best answer between
two classes is a third. A squared error of p = σ(z) has the slope 2(p − y) p(1 − p), which goes to 0 where the answer is
surely wrong; its best value is right (it is the Brier score, a proper one), so harm is measured: what was learnt
against the variance of the labels, which a constant reaches.

## When it is wrong
Whole numbers from 0 on may be amounts (counts, ratings). They are taken for classes where all come about equally often;
where a rare one comes less than a third as often as the commonest it is said as a note.

## What to do
`cross_entropy` with one raw score a class and whole labels; `binary_cross_entropy_with_logits` with one raw score and
labels 0 and 1, or with a score for each of several labels; `mse_loss` for amounts.

## References
T. Gneiting, A. E. Raftery, *Strictly Proper Scoring Rules, Prediction, and Estimation*, JASA 102 (2007), 359-378.
P. Golik, P. Doetsch, H. Ney, *Cross-Entropy vs. Squared Error Training*, Interspeech 2013. PyTorch documentation,
*Loss functions*.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.linear_algebra.flow_of_a_run import LossCall, loss_calls
from tearless.probability.labels_of_a_run import Mismatch, evenness, mismatch
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.contract
SYMPTOM_OF = ("softmax-over-batch",)

EVEN = 1 / 3
LEFT = 0.5
WRONG = Limit(
    of="wrong",
    at=1,
    unit="calls",
    kind="derived",
    severity=Severity.error,
    because="Each of these follows from the definition of the loss: it is constant, has no lowest value, or leaves out "
    "labels, whatever the weights are. One call shows it.",
)
AMISS = Limit(
    of="amiss",
    at=1,
    unit="times",
    kind="convention",
    severity=Severity.warning,
    because="Amounts pile up about a middle; numbers from 0 on of which the rarest comes a third as often as the "
    "commonest, or oftener, are names. Squared errors of probabilities are a proper score that only learns "
    "slowly: more than half of the variance of the labels left at the end is more than a run that learns leaves. "
    "Nothing singles out a third and a half.",
)
WORTH_KNOWING = Limit(
    of="unusual",
    at=1,
    unit="calls",
    kind="derived",
    severity=Severity.note,
    because="The loss fits the labels less well than the one made for them; one call shows which it is, and what it "
    "costs is measured apart.",
)

HEADLINE = "{what}"
EVIDENCE = "{wrong} of {calls} looked-at calls without a meaning, {unusual} unusual ones; labels from {low} to {high}"
WHY = "{why}"
DO = "{do}"


def measure(run: Run) -> Iterator[Measured]:
    calls = list(loss_calls(run))
    if not calls:
        raise CannotTell("this needs calls of a loss function: run the script under `tearless watch`")
    places: dict[tuple[str, str], list[tuple[LossCall, Mismatch | None]]] = defaultdict(list)
    for call in calls:
        places[call.loss.function, call.loss.line].append((call, mismatch(call)))
    for judged in list(places.values())[:4]:
        yield _measured(judged)


def _measured(judged: list[tuple[LossCall, Mismatch | None]]) -> Measured:
    found = [(call, one) for call, one in judged if one is not None]
    wrong = [pair for pair in found if pair[1].wrong]
    call, one = (wrong or found or judged)[0]
    amounts = [pair for pair in found if pair[1].amounts]
    even = evenness([pair[0].loss.target for pair in amounts]) if 2 * len(amounts) > len(judged) else 0.0
    squared = [pair for pair in found if pair[1].squared]
    unlearnt = _unlearnt([pair[0] for pair in squared]) if 2 * len(squared) > len(judged) else None
    slow = unlearnt if unlearnt is not None else 0.0
    return Measured(
        (),
        {
            "wrong": Number(len(wrong), "calls", "calls of a loss on what it is not defined for"),
            "unusual": Number(len(found) - len(wrong), "calls", "calls of a loss on what another one is made for"),
            "calls": Number(len(judged), "calls", "calls of this loss that were looked at"),
            "evenness": Number(
                even, "share", "count of the rarest label by that of the commonest, where labels regress"
            ),
            "unlearnt": Number(
                slow, "share", "squared error at the end by the variance of the labels, of probabilities"
            ),
            "amiss": Number(max(even / EVEN, slow / LEFT), "times", "the larger of the two, by what is taken for harm"),
            "low": Number(call.loss.target.low, "1", "lowest label"),
            "high": Number(call.loss.target.high, "1", "highest label"),
        },
        words={"what": one.what if one else "", "why": one.why if one else "", "do": one.do if one else ""},
    )


def _unlearnt(calls: list[LossCall]) -> float | None:
    """The squared error of the last calls by the variance of their labels."""
    last = [c.loss for c in calls[-5:] if c.loss.value is not None and c.loss.target.std]
    if not last or last[0].reduction != "mean":
        return None
    return float(np.median([(one.value or 0.0) / (one.target.std or 1.0) ** 2 for one in last]))


def _with(
    rng: np.random.Generator, loss: dict[str, object], given: dict[str, object], target: dict[str, object]
) -> Entries:
    entries = healthy_run(rng)
    for one in of_kind(entries, "loss"):
        one |= {"op": None, **loss}
        one["input"] |= given
        one["target"] |= target
    return entries


@healthy
def one_score_a_class(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def amounts_and_squared_errors(rng: np.random.Generator) -> Example:
    target = {"shape": [128], "dtype": "float32", "low": -2.1, "high": 2.3, "mean": 0.0, "std": 1.0, "counts": {}}
    return as_example(_with(rng, {"function": "mse_loss", "made_by": ["linear"]}, {"shape": [128]}, target))


@healthy
def log_probabilities(rng: np.random.Generator) -> Example:
    made = ["log_softmax", "linear"]
    return as_example(_with(rng, {"function": "nll_loss", "made_by": made}, {"high": -0.01, "low": -6.0}, {}))


@sick
def cross_entropy_of_one_output(rng: np.random.Generator) -> Example:
    return as_example(_with(rng, {"value": 0.0}, {"shape": [128, 1]}, {"low": 0.0, "high": 0.0}))


@sick
def raw_scores_to_nll(rng: np.random.Generator) -> Example:
    return as_example(_with(rng, {"function": "nll_loss", "value": -3.0}, {}, {}))


@sick
def class_numbers_regressed(rng: np.random.Generator) -> Example:
    counts = {str(k): 12 for k in range(10)}
    target = {"shape": [120], "dtype": "float32", "high": 9.0, "mean": 4.5, "std": 2.87, "counts": counts, "zeros": 0.1}
    return as_example(_with(rng, {"function": "mse_loss", "made_by": ["linear"]}, {"shape": [120]}, target))


@sick
def probabilities_and_squares(rng: np.random.Generator) -> Example:
    loss = {"function": "mse_loss", "made_by": ["softmax", "linear"], "value": 0.08}
    target = {"shape": [128, 10], "dtype": "float32", "high": 1.0, "mean": 0.1, "std": 0.3, "zeros": 0.9}
    return as_example(_with(rng, loss, {"shape": [128, 10], "low": 0.0, "high": 0.4}, target | {"counts": {}}))


@sick
def rare_labels_regressed(rng: np.random.Generator) -> Example:
    counts = {str(k): 2 ** (7 - k) for k in range(5)}
    target = {"shape": [128], "dtype": "float32", "high": 4.0, "mean": 1.0, "std": 1.2, "counts": counts}
    return as_example(_with(rng, {"function": "l1_loss", "made_by": ["linear"]}, {"shape": [128]}, target))


@fooled("fires", "amounts that were drawn evenly from few whole numbers look as names of classes do")
def even_amounts(rng: np.random.Generator) -> Example:
    counts = {str(k): 25 for k in range(5)}
    target = {"shape": [125], "dtype": "float32", "high": 4.0, "mean": 2.0, "std": 1.4, "counts": counts}
    return as_example(_with(rng, {"function": "mse_loss", "made_by": ["linear"]}, {"shape": [125]}, target))
