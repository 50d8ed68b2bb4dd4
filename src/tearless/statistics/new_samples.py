"""What a training run knows of samples that it has not learned from."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tearless.readers.training.compared import label_counts, pooled
from tearless.readers.training.learnt import Learnt
from tearless.readers.training.run import Run
from tearless.readers.training.told import Loss

FEWEST = 50
CREDIT = 0.04
"""What a small evaluation may show by chance and still counts as nothing: more would pass for no knowledge."""
BY_HEART = 0.05
"""What a model can take off the loss of samples that it has seen, though it knows nothing of new ones."""


def known_of_new(run: Run, found: Learnt) -> float:
    """The share of a constant guess's loss that is removed on new samples; on the training batches where none is told.

    New are the samples of evaluations, and those of the first pass over the data; the larger of the two counts.
    Evaluations alone count where the gradients of half batches were measured too: an evaluation may itself be at fault.

    >>> from tearless.readers.training.learnt import against_constant
    >>> from tearless.readers.training.made import healthy_run
    >>> run = Run.from_entries(healthy_run(np.random.default_rng(0)))
    >>> 0.5 < known_of_new(run, against_constant(run)) < 1
    True
    """
    evaluated, first = _evaluated(run, found), _first_pass(run, found)
    if evaluated is None and first is not None and found.gained <= BY_HEART:
        return min(first, found.gained)
    if evaluated is not None and first is None and agreement_of_halves(run) is not None:
        return evaluated if found.gained > 0 else found.gained
    if evaluated is None or first is None:
        return found.gained
    return max(evaluated, first) if found.gained > 0 else found.gained


def agreement_of_halves(run: Run) -> float | None:
    """The mean inner product of the gradients of two half batches, scaled, in standard errors.

    ``None`` where fewer than four pairs were measured. Its mean is 0 where no direction helps all samples.

    >>> agreement_of_halves(Run.from_entries([])) is None
    True
    """
    dots = [
        p.numbers["dot"] / math.sqrt(p.numbers["first"] * p.numbers["second"])
        for p in run.probes("halves")
        if "dot" in p.numbers and p.numbers.get("first", 0) * p.numbers.get("second", 0) > 0
    ]
    if len(dots) < 4 or not np.isfinite(dots).all() or np.std(dots) == 0:
        return None
    return float(np.mean(dots) / (np.std(dots, ddof=1) / math.sqrt(len(dots))))


def taken_off(run: Run) -> list[float]:
    """What each looked-at step but the first took off the loss of its own batch, in parts of that loss.

    Parts, for a scaler may have multiplied it.

    >>> probe = {"kind": "probe", "probe": "reduction", "step": 5, "numbers": {"before": 2.0, "after": 1.5}}
    >>> taken_off(Run.from_entries([probe]))
    [0.25]
    """
    reductions = [p.numbers for p in run.probes("reduction") if p.step > 1]
    known = [(n["before"], n["after"]) for n in reductions if {"before", "after"} <= n.keys()]
    return [1 - after / before for before, after in known if before > 0 and math.isfinite(after / before)]


def answers_vary(found: Learnt) -> float:
    """How much the answers differ from sample to sample at the last call that was seen: 0 where all are one.

    The share of the predictions that are not the commonest; of one number a sample, its spread over the target's.

    >>> from tearless.readers.training.learnt import against_constant
    >>> from tearless.readers.training.made import healthy_run
    >>> answers_vary(against_constant(Run.from_entries(healthy_run(np.random.default_rng(0))))) > 0.3
    True
    """
    last = found.calls[-1]
    n = sum(last.predicted.values())
    one = math.prod(last.input.shape) == (last.input.shape or (0,))[0]
    if found.kind == "classes" or (found.kind == "yes or no" and not one):
        return 1 - max(last.predicted.values()) / n if n else 1.0
    if last.input.std is None or not last.target.std:
        return 1.0
    return last.input.std / last.target.std


def commonest_label(calls: Sequence[Loss]) -> float:
    """The share of the commonest label among those of some calls, 0 where none was counted.

    >>> commonest_label([])
    0.0
    """
    counts = pooled(label_counts(c.target, c.options) for c in calls)
    return max(counts.values()) / sum(counts.values()) if counts else 0.0


def harder_in_training(run: Run) -> str:
    """Why training may be right less often than an evaluation, whatever its labels; empty where nothing says so.

    >>> harder_in_training(Run.from_entries([]))
    ''
    """
    if any("Drop" in kind for model in run.models for kind in model.moody.values()):
        return "dropout makes training right less often than evaluation"
    if any("Weighted" in loader.sampler for loader in run.loaders):
        return "training draws its classes to other shares than evaluation"
    rows = [row for g in run.given if g.used and g.gradients for row in g.rows]
    held = max((x.rows for x in run.loaders if x.rows), default=0)
    if held and len(rows) > 2 * held and len(set(rows)) == len(rows):
        return "samples are changed at random, so that none comes twice"
    return ""


def _evaluated(run: Run, found: Learnt) -> float | None:
    """The largest share that a late evaluation shows to be known, less two standard errors, of which no more than
    ``CREDIT`` counts; ``None`` without any."""
    if found.kind not in ("classes", "yes or no"):
        return _evaluated_by_loss(run, found)
    told = [e for e in run.evaluations if e.right is not None and e.samples >= FEWEST]
    counts = pooled(label_counts(c.target, c.options) for c in found.calls)
    if not told or len(counts) < 2:
        return None
    share = max(counts.values()) / sum(counts.values())
    known = [((e.right or 0.0) - share) / (1 - share) for e in told]
    errors = [2 * math.sqrt(share * (1 - share) / e.samples) / (1 - share) for e in told]
    return _late([k - min(CREDIT, error) for k, error in zip(known, errors, strict=True)])


def _evaluated_by_loss(run: Run, found: Learnt) -> float | None:
    """The same for quantities, where evaluations and training call one loss function: a mean of n squares of normal
    numbers has the relative standard error √(2/n)."""
    function = found.calls[0].function if found.calls else ""
    entries = [e for e in run.entries("evaluation") if e.get("function") == function and e.get("loss") is not None]
    told = [(float(e["loss"]), int(e.get("samples") or 0)) for e in entries]
    told = [(loss, n) for loss, n in told if n >= FEWEST and math.isfinite(loss)]
    if not told or found.share is None:
        return None
    return _late([found.removed(loss) - min(CREDIT, 2 * math.sqrt(2 / n)) for loss, n in told])


def _late(known: Sequence[float]) -> float:
    return max(known[len(known) // 2 :])


def _first_pass(run: Run, found: Learnt) -> float | None:
    """The share known of the batches of the second half of the first pass, which are new; ``None`` if it is short."""
    passes = [math.ceil(x.rows / x.batch_size) for x in run.loaders if x.rows and x.batch_size]
    length = max(passes, default=0)
    new = found.values[(found.steps > length / 2) & (found.steps <= length)]
    return found.removed(float(np.mean(new))) if len(new) >= 4 else None
