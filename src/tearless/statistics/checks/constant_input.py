"""This run gives the model inputs that do not vary, or the model does not use them.

## What it measures
Four ways in which inputs tell nothing, each exact: every number of the input is the same at every looked-at step; all
looked-at samples are one and the same; every looked-at batch holds the same samples though the data set has at least
twice as many; and no path leads from the input to the loss.

## Why it matters
A model that sees no difference between samples can only learn how often each label comes. The loss falls to the entropy
of the labels and stays there, which looks like a rate that is too low or a model that is too small. With one batch seen
again and again it falls to 0 and says nothing of the rest.

## The mathematics
With inputs x that are constant the model is a constant c, and the least cross-entropy over c is H(π), the entropy of
the label shares π; the least squared error is the variance of the target. Of batches of b samples drawn from n at
random, two hold the same set of samples with probability 1 / (n choose b): below 1e-9 for n ≥ 2 b and b ≥ 17, and below
1e-9 for any b ≥ 2 after a handful of batches.

## When it is wrong
A batch may be fitted again and again on purpose, to see whether the model can learn at all. A learned vector may be
asked for by a constant number; then all inputs are constant on purpose.

## What to do
Print a batch before it goes in. Divide whole numbers with `/`, not `//`; take the next batch inside the loop; look at
what becomes of `x` in `forward`.

## References
C. M. Bishop, *Pattern Recognition and Machine Learning* (2006), section 1.6 (entropy as the least expected loss).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, quoted, sick
from tearless.readers.training.made import SAMPLES, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Given, Graph, Op, Tensor

MEND = Mend.data

NOTHING_TO_TELL = Limit(
    of="ways",
    at=1,
    unit="ways",
    kind="derived",
    severity=Severity.error,
    because="Each way is exact: equal numbers, equal hashes of samples, or no path in the graph. One of them is enough "
    "for a model that cannot tell samples apart.",
)

HEADLINE = "the model has nothing to learn from: {what}"
EVIDENCE = "{distinct} different samples among {shown} that were looked at, in {batches} batches"
WHY = "such a model can at best learn how often each label comes, whatever its size and rate"
DO = "{do}"

FEWEST_BATCHES = 4
TIMES_AS_MANY = 2


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at(2)
    given = [g for g in run.given if g.used and g.gradients and g.inputs]
    if not given:
        raise CannotTell("no call of a model with tensors was seen")
    found = [one for one in (_constant(given), _one_sample(given), _one_batch(run, given), _unused(run)) if one]
    rows = [row for g in given for row in g.rows]
    what, do = found[0] if found else ("its inputs vary", "nothing")
    yield Measured(
        (),
        {
            "ways": Number(len(found), "ways", "ways, of four, in which the inputs tell nothing"),
            "distinct": Number(len(set(rows)), "samples", "different samples among those looked at"),
            "shown": Number(len(rows), "samples", "samples looked at"),
            "batches": Number(len(given), "batches", "batches looked at"),
        },
        words={"what": what, "do": do},
    )


def _constant(given: Sequence[Given]) -> tuple[str, str] | None:
    tensors = [x for g in given for x in g.inputs]
    known = [x for x in tensors if x.low is not None and np.prod(x.shape) > 1]
    if not known or len(known) < len(tensors) or any(x.low != x.high for x in known):
        return None
    values = {x.low for x in known}
    value = f"{known[0].low:g}" if len(values) == 1 else "one and the same within a batch"
    return f"every number of the input is {value}", f"{_look(known[0])}, and trace back where they became equal"


def _look(x: Tensor) -> str:
    whole = "int" in x.dtype or (x.low is not None and x.low == round(x.low))
    if "int" in x.dtype:
        return "print `x.unique()` of a batch: every sample became the same code"
    return "print `x.min(), x.max()` before the model" + (
        ": whole numbers are divided with `/`, not `//`, and made floats before that" if whole else ""
    )


def _one_sample(given: Sequence[Given]) -> tuple[str, str] | None:
    if any(len(g.inputs) > 1 or len(g.rows) < 2 for g in given):
        return None
    if len({row for g in given for row in g.rows}) > 1 or _constant(given):
        return None
    return "all samples of all batches are one and the same", "return item `i` in the data set's `__getitem__(self, i)`"


def _one_batch(run: Run, given: Sequence[Given]) -> tuple[str, str] | None:
    batches = [frozenset(g.rows) for g in given if g.training]
    if len(batches) < FEWEST_BATCHES or len(set(batches)) > 1 or len(batches[0]) < 2:
        return None
    size = max(len(g.rows) for g in given)
    held = [x.rows for x in run.loaders if x.batch_size == size and x.rows and x.rows >= TIMES_AS_MANY * size]
    if not held or any(len(g.inputs) > 1 for g in given):
        return None
    return (
        f"every batch holds the same {size:,} samples, of a data set of {max(held):,}",
        "take batches inside the loop: `for x, y in loader:`, not `next(iter(loader))`",
    )


def _unused(run: Run) -> tuple[str, str] | None:
    cut = [_cut_off(run, graph) for graph in run.graphs.values()]
    if not cut or any(one is None for one in cut):
        return None
    where = cut[0] or ""
    return (
        f"the input is lost {where}",
        f"use the input that `forward` is given {where.replace('at', 'instead, at', 1)}",
    )


def _cut_off(run: Run, graph: Graph) -> str | None:
    """Where the input is lost on its way to the loss; ``None`` where it is not, or cannot be told."""
    ops = {op.op: op for op in graph.ops}
    heads = {call.op for call in run.loss_calls if not call.evaluating and call.function != "expression"}
    starts = [ops[h].inputs[0] for h in heads if h in ops and ops[h].inputs and ops[h].used]
    if not starts or not all(isinstance(s, int) for s in starts):
        return None
    above = _ancestors(ops, [s for s in starts if isinstance(s, int)])
    leaves = {x for i in above for x in ops[i].inputs if isinstance(x, str)}
    if not any(x in ("input", "data", "elsewhere") for x in leaves):
        return (
            f"in {quoted(ops[starts[0]].label)}"
            if isinstance(starts[0], int) and ops[starts[0]].module
            else "on its way"
        )
    entries = [ops[i] for i in above if "input" in ops[i].inputs]
    if not entries or "data" in leaves or "elsewhere" in leaves:
        return None
    flat = [_flat(run, graph, op) for op in entries]
    return f"at {entries[0].line} (`{entries[0].function}`)" if all(flat) else None


def _ancestors(ops: dict[int, Op], todo: list[int]) -> set[int]:
    found: set[int] = set()
    while todo:
        at = todo.pop()
        if at not in found and at in ops:
            found.add(at)
            todo += [x for x in ops[at].inputs if isinstance(x, int)]
    return found


def _flat(run: Run, graph: Graph, op: Op) -> bool:
    """Whether an op without parameters gave one number for all its values at every looked-at step."""
    if any(isinstance(x, str) and x.startswith("parameter") for x in op.inputs) or np.prod(op.shape) < 2:
        return False
    at = graph.ops.index(op)
    stds = [v.std[at] for v in run.values if v.graph == graph.graph and at < len(v.std)]
    return bool(stds) and all(std == 0 for std in stds)


@healthy
def batches_that_vary(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def the_whole_data_set_each_step(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    of_kind(entries, "loader")[0]["rows"] = SAMPLES
    return as_example(_same_rows(entries))


@sick
def whole_numbers_divided_away(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    for entry in of_kind(entries, "given"):
        entry["inputs"][0] |= {"low": 0.0, "high": 0.0, "mean": 0.0, "std": 0.0, "zeros": 1.0, "constant": 1.0}
        entry["rows"] = ["0" * 16] * SAMPLES
    return as_example(entries)


@sick
def one_batch_for_ever(rng: np.random.Generator) -> Example:
    return as_example(_same_rows(healthy_run(rng)))


@sick
def zeros_in_place_of_the_input(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    of_kind(entries, "graph")[0]["ops"][0]["inputs"][0] = "buffer"
    return as_example(entries)


@fooled("silent", "a batch that never changes cannot be told from a whole data set where no loader says its size")
def one_slice_of_a_tensor(rng: np.random.Generator) -> Example:
    return as_example([entry for entry in _same_rows(healthy_run(rng)) if entry["kind"] != "loader"])


def _same_rows(entries: list[dict[str, object]]) -> list[dict[str, object]]:
    given = of_kind(entries, "given")
    for entry in given:
        entry["rows"] = given[0]["rows"]
    return entries
