"""This model takes one axis for another: it goes through, and means something else.

## What it measures
Layers and operations of a traced model, and lines of a program, whose shapes fit while their axes do not mean what the
operation takes them for: samples where a recurrent layer expects time, rows of pixels where a convolution expects
channels, a batch flattened into features. Each size is traced as a prime of its own, so that a number of the result
tells which samples went into it.

## Why it matters
Nothing is raised. The model learns from axes that mean something else: attention looks at other samples and not at
other words, a softmax over the batch makes a prediction depend on what else is in the batch, and the result changes
with the batch size.

## The mathematics
A model of samples is a map f with f(x)_i a function of x_i alone: with n the size of the batch, n stands once in each
shape, on one axis, and no sum runs over it. Primes factor in one way only: where n is in a size together with other
sizes, or is gone, or a sum ran over an axis of size n, samples were mixed. Batch normalisation sums over n on purpose,
in training.

## When it is wrong
Losses between samples (contrastive ones) and graph networks, whose nodes stand on the batch axis, mix samples on
purpose. Where only sizes speak, as of images whose channels seem to stand last, it is no proof and no more than a
warning.

## What to do
Put the axes in the order that the layer documents: `batch_first=True`, `x.permute(0, 3, 1, 2)`, `x.flatten(1)`,
`softmax(dim=-1)`, `squeeze(1)` with the axis named.

## References
PyTorch documentation, *torch.nn.LSTM*, *torch.nn.MultiheadAttention* (`batch_first`), *torch.nn.Conv2d* (N, C, H, W).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick, visible
from tearless.linear_algebra.shapes.clash_words import place
from tearless.linear_algebra.shapes.seen import Seen, as_example

MEND = Mend.contract

SUSPECTED = Limit(
    of="suspected",
    at=1,
    unit="axes",
    kind="convention",
    severity=Severity.warning,
    because="Sizes alone cannot prove what an axis means; one that looks like another is worth a look, since nothing "
    "else will say so.",
)
MIXED = Limit(
    of="mixed",
    at=2,
    unit="samples",
    kind="derived",
    severity=Severity.error,
    because="A prediction is made of its own sample, one. Two or more in one number make it depend on what else is in "
    "the batch; primes factor in one way only, so the trace proves it.",
)

HEADLINE = "{says}{place}"
EVIDENCE = "{suspected} axis: {proof}"
WHY = "{why}"
DO = "{repair}"


def measure(seen: Seen) -> Iterator[Measured]:
    for one in seen.suspicions() or [{"at": {}}]:
        mixed = one.get("mixed")
        yield Measured(
            (),
            {
                "suspected": Number(int("says" in one), "axes", "axes that look like another"),
                "mixed": Number(mixed or 1, "samples", "samples that go into one number of the result"),
            },
            words=_words(one),
        )


def _words(suspicion: Mapping[str, Any]) -> dict[str, str]:
    texts = {name: visible(str(suspicion.get(name) or ""), 220).rstrip(".") for name in ("says", "proof", "why")}
    repair = visible(str(suspicion.get("repair") or ""), 160).rstrip(".")
    return {
        **{name: text or "nothing to be seen" for name, text in texts.items()},
        "says": visible(texts["says"], 120) or "nothing to be seen",
        "repair": repair or "put the axes in the order that the layer documents",
        "place": place(suspicion["at"]),
    }


def _layer(suspicions: list[dict[str, Any]]) -> Example:
    layer = {"kind": "layer", "path": "rnn", "type": "LSTM", "takes": [[32, 10, 8]], "gives": [[32, 10, 16]]}
    return as_example([{**layer, "file": "net.py", "line": 12, "suspicions": suspicions}])


@healthy
def samples_stay_apart(rng: np.random.Generator) -> Example:
    return _layer([])


@sick
def a_recurrence_over_the_batch(rng: np.random.Generator) -> Example:
    said = {
        "says": "`rnn` steps over axis 0 of (32, 10, 8), which holds the samples",
        "why": "each sample is made to follow the one before it in the batch",
        "proof": "batch_first is False, and the size of the batch stands on axis 0",
        "repair": "nn.LSTM(8, 16, batch_first=True)",
    }
    return _layer([{**said, "mixed": int(rng.integers(2, 64))}])


@sick
def channels_last(rng: np.random.Generator) -> Example:
    said = {
        "says": "`conv` takes axis 1 of (8, 28, 28, 3) for channels",
        "why": "rows of pixels are summed as if they were colours",
        "proof": "the last axis has 3 entries, as colours have, and axis 1 as many as axis 2",
        "repair": "x.permute(0, 3, 1, 2)",
        "mixed": 0,
    }
    return _layer([said])


@fooled("fires", "a loss between samples mixes them on purpose: the trace proves it and cannot know that it is meant")
def a_contrastive_loss(rng: np.random.Generator) -> Example:
    said = {
        "says": "the softmax runs over axis 1 of (32, 32), which holds the samples",
        "why": "each number depends on what else is in the batch",
        "proof": "the size of the batch stands on axis 1",
        "repair": "leave it, where samples are compared on purpose",
    }
    return _layer([{**said, "mixed": 32}])
