"""This run gives the model the answers among its inputs.

## What it measures
Three ways in which the answer stands in the input, each exact. One input column is the target, up to its unit. The
target is the next input of a sequence, and outputs change when later inputs are changed (a causal mask is missing). The
target is the input itself, place by place, while each output sees its own place and none after it.

## Why it matters
The model learns to copy. Its loss falls far below what the task allows, on held-out samples as well, and it is of no
use where the answer is not known beforehand, which is where it was to be used.

## The mathematics
Prediction of x_{t+1} models p(x_{t+1} | x_1 ... x_t): the output at t may be a function of inputs up to t only, so a
change of later inputs must leave it as it is, to the bit. A column c holds the target y where y = a + b c: its squared
correlation r² is then 1 up to rounding, about 1e-7 in single precision, while the least squared error from c alone is
(1 − r²) Var(y). That targets are the next inputs shows in their counts: in N windows of one sequence they differ from
those of the inputs by at most one token at each end, 2 N in all.

## When it is wrong
A task may be to find a column's own value on purpose, as an exercise. A target that is known up to some noise from one
column is not caught: some tasks are that easy. What one column says to a hundredth is a note.

## What to do
Drop the column; give the attention a causal mask (`torch.nn.functional.scaled_dot_product_attention(q, k, v,
is_causal=True)`); shift the target by one place (`x, y = ids[:-1], ids[1:]`).

## References
S. Kaufman, S. Rosset, C. Perlich, O. Stitelman, *Leakage in data mining*, ACM TKDD 6 (2012). A. Vaswani and others,
*Attention is all you need*, NeurIPS (2017), section 3.2.3.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.probability.answers_in_inputs import nearly, ways
from tearless.readers.training.made import SAMPLES, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.data

IN_THE_INPUT = Limit(
    of="ways",
    at=1,
    unit="ways",
    kind="derived",
    severity=Severity.error,
    because="Each way is exact: a column that is the target up to rounding, an output that changes with later inputs, "
    "or a target that equals the input. One is enough.",
)

NEARLY = Limit(
    of="nearly",
    at=1,
    unit="columns",
    kind="convention",
    severity=Severity.note,
    because="A column that says a target to a hundredth, ten times closer than any other, or that has one value for "
    "one label and never for the other, is more often a leak than a feature. Only who knows the column can tell.",
)

HEADLINE = "the answer {stands} in the input: {what}"
EVIDENCE = "the best column alone explains {explained} of the target; {future} of the outputs change with later inputs"
WHY = "the model learns to copy: its loss says nothing of inputs whose answer is not known yet"
DO = "{do}"


def measure(run: Run) -> Iterator[Measured]:
    futures = [p.numbers for p in run.probes("future") if p.numbers.get("share") is not None]
    columns = [p.numbers for p in run.probes("answer") if p.numbers.get("explained") is not None]
    if not futures and not columns:
        raise CannotTell("a measurement with later inputs changed, or of the columns against the target, is needed")
    later = max(futures, key=lambda n: n["share"], default=None)
    best = max(columns, key=lambda n: n["explained"], default=None)
    found = ways(run, best, later)
    near = nearly(best) if not found else None
    what, do = found[0] if found else near or ("it does not", "nothing")
    yield Measured(
        (),
        {
            "ways": Number(len(found), "ways", "ways, of three, in which the answer is in the input"),
            "nearly": Number(int(near is not None), "columns", "columns that nearly are the answer"),
            "future": Number(later["share"] if later else 0, "share", "outputs that change with later inputs; 0 where "
                             "it was not measured"),
            "explained": Number(best["explained"] if best else 0, "share", "of the target, by the best column alone; 0 "
                                "where it was not measured"),
        },
        words={"what": what, "do": do, "stands": "may stand" if near else "stands"},
    )  # fmt: skip


@healthy
def no_column_tells(rng: np.random.Generator) -> Example:
    return as_example(_with_column(healthy_run(rng), 0.97))


@healthy
def tokens_with_a_mask(rng: np.random.Generator) -> Example:
    return as_example(_tokens(rng, 0.0, shift=1))


@healthy
def labels_of_tokens_seen_from_both_sides(rng: np.random.Generator) -> Example:
    entries = _tokens(rng, 0.9, shift=1)
    for entry in of_kind(entries, "loss"):
        entry["target"]["counts"] = {"0": SAMPLES * 28, "1": SAMPLES * 4}
    of_kind(entries, "probe")[-1]["numbers"]["shifted"] = 0.1
    return as_example(entries)


@sick
def a_column_of_answers(rng: np.random.Generator) -> Example:
    return as_example(_with_column(healthy_run(rng), 1 - 1e-8))


@sick
def no_causal_mask(rng: np.random.Generator) -> Example:
    return as_example(_tokens(rng, 0.97, shift=1))


@sick
def a_target_that_was_not_shifted(rng: np.random.Generator) -> Example:
    return as_example(_tokens(rng, 0.0, shift=0))


@sick
def a_series_that_holds_its_target(rng: np.random.Generator) -> Example:
    entries = _with_column(healthy_run(rng), 1.0)
    for entry in of_kind(entries, "given"):
        entry["inputs"][0]["shape"] = [SAMPLES, 24, 1]
    return as_example(entries)


@sick
def still_for_one_label(rng: np.random.Generator) -> Example:
    """Days since an account was closed: 0 for all who stay."""
    entries = _with_column(healthy_run(rng), 0.83)
    of_kind(entries, "probe")[-1]["numbers"] |= {"still": 4.0, "still_rows": 20.0}
    return as_example(entries)


@sick
def the_answer_and_a_little_noise(rng: np.random.Generator) -> Example:
    entries = _with_column(healthy_run(rng), 0.999)
    of_kind(entries, "probe")[-1]["numbers"]["second"] = 0.4
    return as_example(entries)


@fooled("silent", "a column that holds the target with more noise is as any good column is")
def nearly_the_answer(rng: np.random.Generator) -> Example:
    return as_example(_with_column(healthy_run(rng), 0.99))


def _with_column(entries: list[dict[str, object]], correlation: float) -> list[dict[str, object]]:
    for entry in of_kind(entries, "loss"):
        entry["target"]["counts"] = {"0": SAMPLES // 2, "1": SAMPLES // 2}
    numbers = {"explained": correlation**2, "column": 3, "rows": SAMPLES}
    return [*entries, {"kind": "probe", "probe": "answer", "step": 100, "numbers": numbers}]


def _tokens(rng: np.random.Generator, share: float, shift: int) -> list[dict[str, object]]:
    entries = healthy_run(rng)
    for given, loss in zip(of_kind(entries, "given"), of_kind(entries, "loss"), strict=True):
        ids = rng.integers(0, 30, (SAMPLES, 33))
        for tensor, part in ((given["inputs"][0], ids[:, :32]), (loss["target"], ids[:, shift : 32 + shift])):
            labels, counts = np.unique(part, return_counts=True)
            tensor |= {"shape": [SAMPLES, 32], "dtype": "int64", "means": [], "stds": []}
            tensor["counts"] = dict(zip(map(str, labels.tolist()), counts.tolist(), strict=True))
    numbers = {"share": share, "shifted": 0.99 if shift else 0.04, "same": 0.04 if shift else 1.0}
    return [*entries, {"kind": "probe", "probe": "future", "step": 100, "numbers": numbers}]
