"""Where the answer of a training run stands in its input: a column, a later token, or the input itself.

Each way is a pair of texts: what was found, and what to do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from tearless.readers.training.compared import label_counts
from tearless.readers.training.run import Run
from tearless.readers.training.told import Given, Loss

ROUNDING = 1e-5
"""How far r² of a copy may stay below 1: a hundred times the rounding of single precision."""
LEAST_COLUMNS = 2
FEWEST_ROWS = 16
LEAST_OF_A_LABEL = 4
NEAR = 0.01
"""What a column leaves of a target that it nearly is."""
CLOSER = 10
"""By how much less it leaves than the next best column. In a smooth series the value before the last leaves 4 times
what the last one leaves."""
STILL_ROWS = 8
SOME = 1e-3
ALL = 0.99


def ways(run: Run, best: Mapping[str, float] | None, later: Mapping[str, float] | None) -> list[tuple[str, str]]:
    """The exact ways, of three, in which the answer stands in the input; ``best`` and ``later`` are what the probes of
    columns and of later inputs found.

    >>> ways(Run.from_entries([]), None, {"share": 0.0, "same": 1.0})[0][1]
    'shift the target by one place: `x, y = ids[:-1], ids[1:]`'
    """
    return [one for one in (_column(run, best), _later(run, later), _itself(later)) if one]


def nearly(best: Mapping[str, float] | None) -> tuple[str, str] | None:
    """A column that says nearly all, or that stands still for one of two labels and for no sample of the other.

    >>> nearly({"explained": 0.999, "second": 0.4, "column": 3.0, "rows": 50})[0]
    'column 3 alone says 99.9 % of the target, the next best far less'
    """
    if best is None or best.get("rows", 0) < FEWEST_ROWS:
        return None
    left, then = 1 - best["explained"], 1 - best.get("second", best["explained"])
    at = int(best["column"])
    do = f"ask when column {at} (`x[:, {at}]`) is known: if only with the answer or after it, leave it out"
    if ROUNDING < left <= NEAR and then >= CLOSER * left:
        return f"column {at} alone says {100 * best['explained']:.3g} % of the target, the next best far less", do
    if best.get("still_rows", 0) >= STILL_ROWS:
        at = int(best["still"])
        do = f"ask when column {at} (`x[:, {at}]`) is known: if only with the answer or after it, leave it out"
        return f"column {at} has one value for all samples of one label, and others for every one of the other", do
    return None


def _column(run: Run, best: Mapping[str, float] | None) -> tuple[str, str] | None:
    if best is None or 1 - best["explained"] > ROUNDING or best.get("rows", 0) < FEWEST_ROWS:
        return None
    at, columns = (
        int(best.get("column", 0)),
        max((math.prod(g.inputs[0].shape[1:]) for g in run.given if g.inputs), default=0),
    )
    if columns < LEAST_COLUMNS or not all(_told_apart(c) for c in run.loss_calls if not c.evaluating):
        return None
    return (
        f"number {at} of the {columns:,} that a sample has is the target, up to its unit",
        f"leave out input column {at} (`x[:, {at}]`), or end the window one place before the target",
    )


def _told_apart(call: Loss) -> bool:
    """Whether a column that explains a batch must be the target: a quantity, or two labels that both came often."""
    counts = label_counts(call.target, call.options)
    return not counts or (len(counts) == 2 and min(counts.values()) >= LEAST_OF_A_LABEL)


def _later(run: Run, later: Mapping[str, float] | None) -> tuple[str, str] | None:
    if later is None or later["share"] < SOME:
        return None
    shifted = later["shifted"] >= ALL if "shifted" in later else any(0 < gap <= 2 * n for gap, n in _gaps(run))
    if not shifted:
        return None
    return (
        f"the target is the next input, and {100 * later['share']:.3g} % of the outputs change when later inputs do",
        "mask what comes later: `scores.masked_fill(torch.ones(t, t, dtype=torch.bool).triu(1), float('-inf'))` before "
        "the softmax, or `is_causal=True`",
    )


def _itself(later: Mapping[str, float] | None) -> tuple[str, str] | None:
    if later is None or later["share"] >= SOME or later.get("same", 0.0) < ALL:
        return None
    return (
        "the target is the input itself, place by place, and each output sees its own place",
        "shift the target by one place: `x, y = ids[:-1], ids[1:]`",
    )


def _gaps(run: Run) -> Iterator[tuple[int, int]]:
    """How far the counts of the targets are from those of the tokens, and how many sequences a batch holds."""
    calls = {c.step: c for c in run.loss_calls if not c.evaluating and c.function in ("cross_entropy", "nll_loss")}
    for given in run.given:
        call = calls.get(given.step)
        if call is not None and given.used and len(given.inputs) == 1 and _one_a_token(given, call):
            x, y = dict(given.inputs[0].counts), label_counts(call.target, call.options)
            yield sum(abs(int(x.get(k, 0)) - int(y.get(k, 0))) for k in {*x, *y}), given.inputs[0].shape[0]


def _one_a_token(given: Given, call: Loss) -> bool:
    """Whether there is one target for each token of some sequences, both counted."""
    x, y = given.inputs[0], call.target
    same = len(x.shape) == 2 and int(np.prod(x.shape)) == int(np.prod(y.shape)) and x.shape[1] > 1
    return same and bool(x.counts) and bool(y.counts)
