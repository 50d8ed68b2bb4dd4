"""This run's batch norm takes its means and spreads from too few values.

## What it measures
For each batch norm in training mode: how many values of one channel it takes a mean and a variance from, samples times
places, at the typical looked-at step.

## Why it matters
The mean and spread of a handful of values are mostly chance. The layer then adds noise of the size of its signal, and
in evaluation, with the running statistics, it computes something else than what was trained.

## The mathematics
Of n independent values with spread 1, the mean has variance 1/n and the estimated spread a relative variance of about
1/(2n), so a normalised value of size 1 carries noise of variance 3/(2n) beside its own 1: a third or more for n ≤ 4.
Two values are always normalised to +1 and −1, whatever they were; one value to 0, which PyTorch refuses.

## When it is wrong
Places of one image are no independent values: n counts too many. A last short batch once an epoch is not looked for.

## What to do
Use larger batches (accumulating gradients does not help: the statistics are of one call), `nn.GroupNorm` or
`nn.LayerNorm`, whose statistics are of one sample, or freeze the statistics with `.eval()` on the batch norm modules
when fine-tuning.

## References
S. Ioffe, C. Szegedy, *Batch normalization*, ICML (2015). Y. Wu, K. He, *Group normalization*, ECCV (2018), figure 1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, NotApplicable, Number, Severity, fooled, healthy, quoted, sick
from tearless.readers.training.made import SAMPLES, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Op

MEND = Mend.data

MOSTLY_NOISE = Limit(
    of="values",
    at=4,
    crossed="below",
    unit="values",
    kind="derived",
    severity=Severity.warning,
    because="The noise of mean and spread, 3/(2n) of the signal's variance, is at least 3/8 for n up to 4, and two "
    "values are normalised to +1 and -1 whatever they were.",
)

HEADLINE = "batch norm{module} takes its mean and spread from {values} values of a channel"
EVIDENCE = "estimated from so few, they add noise of {noise} of the signal's variance"
WHY = "means and spreads of so few values are chance; in evaluation the layer computes something else than was trained"
DO = "use batches of 16 or more, or `nn.GroupNorm` or `nn.LayerNorm` in place of {kind}; accumulation does not help"


def measure(run: Run) -> Iterator[Measured]:
    counts: dict[str, list[int]] = defaultdict(list)
    kinds: dict[str, Op] = {}
    frozen = {name for g in run.given if g.used for name in g.evaluating}
    sizes = {g.step: g.inputs[0].shape[0] for g in run.given if g.used and g.inputs and g.inputs[0].shape}
    for graph, values in run.seen():
        for op in graph.ops:
            if op.function == "batch_norm" and op.used and op.given and _in_training(op) and op.module not in frozen:
                shape = op.given[0]
                first = sizes.get(graph.step)
                scale = sizes.get(values.step, shape[0]) / first if first else 1.0
                counts[op.module or op.line].append(round(int(np.prod([shape[0], *shape[2:]])) * scale))
                kinds[op.module or op.line] = op
    if not counts:
        raise NotApplicable("no batch norm in training mode was seen")
    typical = {name: float(np.median(n)) for name, n in counts.items()}
    least = min(typical, key=lambda name: typical[name])
    n = typical[least]
    yield Measured(
        (),
        {
            "values": Number(n, "values", "values of one channel at the typical looked-at step, in the smallest"),
            "noise": Number(1.5 / n if n else None, "share", "noise of the normalised values over their variance"),
            "layers": Number(len(counts), "layers", "batch norms in training mode"),
        },
        words={
            "module": f" {quoted(least)}",
            "kind": f"`{kinds[least].kind}`" if kinds[least].kind.isidentifier() else "batch norm",
        },
    )


def _in_training(op: Op) -> bool:
    return bool(op.options.get("training", True))


@healthy
def a_batch_of_128(rng: np.random.Generator) -> Example:
    return as_example(_normed(healthy_run(rng), [SAMPLES, 64]))


@healthy
def few_images_with_many_places(rng: np.random.Generator) -> Example:
    return as_example(_normed(healthy_run(rng), [2, 64, 16, 16]))


@sick
def two_samples(rng: np.random.Generator) -> Example:
    return as_example(_normed(healthy_run(rng), [2, 64]))


@sick
def four_samples_in_one_place(rng: np.random.Generator) -> Example:
    return as_example(_normed(healthy_run(rng), [4, 64, 1, 1]))


@fooled("silent", "places of one small image are alike, and tell less than as many samples")
def one_small_image(rng: np.random.Generator) -> Example:
    return as_example(_normed(healthy_run(rng), [1, 64, 3, 3]))


def _normed(entries: list[dict[str, object]], shape: list[int]) -> list[dict[str, object]]:
    op = of_kind(entries, "graph")[0]["ops"][1]
    op |= {"function": "batch_norm", "kind": "BatchNorm", "given": [shape, [64], [64]], "shape": shape}
    op["options"] = {"training": True}
    return entries
