"""This model's attention is all on single positions from the start, so that hardly any gradient passes through it.

## What it measures
The spread of the scores of each attention softmax at the first step, over that which freezes it, and its entropy late
in the run, as a share of ln n over n positions. Where PyTorch computes attention in one call, both are estimated from
the size of queries and keys (or of the matrix that makes them), and twice the spread is asked for.

## Why it matters
A softmax that gives all to one position has a derivative of 0: which position it is was chosen by the random start, and
queries and keys hardly learn to choose another.

## The mathematics
Scores of n positions that vary by s² leave an entropy of about ln n − s²/2, until s² reaches 2 ln n: from there a few
positions hold all (the freezing of the random energy model). Products of d numbers of size 1 vary by d: the factor 1/√d
makes s about 1 and the entropy nearly ln n. The softmax's derivative diag(p) − ppᵀ has the trace 1 − Σp².

## When it is wrong
Trained heads may be sharp and right; looked at is the start, so that only a model that starts from sharp trained heads
is reported wrongly. Heads with sharp masks or position penalties are sharp on purpose.

## What to do
Divide the scores by the square root of the width of a head, and leave queries' and keys' weights as PyTorch makes them.

## References
A. Vaswani and others, *Attention is all you need*, NIPS 2017, section 3.2.1. B. Derrida, *Random-energy model*,
Physical Review B 24 (1981), 2613.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import (
    Example,
    Limit,
    Measured,
    Mend,
    NotApplicable,
    Number,
    Severity,
    fooled,
    healthy,
    quoted,
    sick,
    visible,
)
from tearless.linear_algebra.layers_of_a_run import plain
from tearless.probability.attentions import Attention, attentions
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.numerics
SYMPTOM_OF = ("nan-in-input", "inf-in-input", "unscaled-input", "exploding-activation")

FROZEN = Limit(
    of="start",
    at=0.95,
    unit="1",
    kind="derived",
    severity=Severity.warning,
    because="At a spread of √(2 ln n) few of n positions hold all of a softmax over independent scores. Scaled scores "
    "at a usual start reach a half of it.",
)
STAYS = Limit(
    of="entropy",
    at=0.2,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    crossed="below",
    because="A fifth of ln n is what two or three positions leave. Attention that starts too sharp and spreads out in "
    "training did no lasting harm.",
)
POSITIONS = Limit(
    of="positions",
    at=4,
    unit="positions",
    kind="convention",
    because="Over two or three positions a share of ln n says little: a mask alone makes it small.",
)

HEADLINE = "attention at {where} is saturated from the start: {spread_said}, and its entropy stays at {entropy}"
EVIDENCE = "over {positions} positions a spread of {limit} freezes a softmax; {start} of that at the first step"
WHY = "the softmax's derivative is near 0: queries and keys hardly learn where to look"
DO = (
    "divide the scores by the square root of the width of a head, `q @ k.transpose(-2, -1) / q.size(-1) ** 0.5`{at}, "
    "and leave the weights that make queries and keys as PyTorch makes them"
)


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    seen: dict[tuple[int, int], list[tuple[int, Attention]]] = {}
    for graph, values in run.seen():
        for one in attentions(run, graph, values):
            seen.setdefault((graph.graph, one.op.op), []).append((values.step, one))
    if not seen:
        raise NotApplicable("no attention was seen")
    half = run.values[-1].step / 2
    found = []
    for looks in seen.values():
        later = [one.entropy for step, one in looks if step > half] or [looks[-1][1].entropy]
        found.append((looks[0][1], float(np.median(later))))
    first, late = min(found, key=lambda one: (one[0].positions < 4, one[0].frozen < 0.95, one[1]))
    line = f" in {visible(first.op.line, 60)}" if first.op.line else ""
    spread = "sharp scores" if first.spread is None else f"scores of size {first.spread:.3g}"
    yield Measured(
        (),
        {
            "start": Number(first.frozen, "1", "spread of the scores at the first step, over that which freezes"),
            "entropy": Number(late, "share", "entropy late in the run, over ln n"),
            "positions": Number(first.positions, "positions", "positions that it is shared over"),
            "limit": Number(first.limit, "1", "spread from which few positions hold all"),
        },
        words={"where": quoted(first.op.module or plain(first.op)) + line, "spread_said": spread, "at": line},
    )


def _attending(
    rng: np.random.Generator, first: float, later: float, positions: int = 32, spread: float = 1.0
) -> Entries:
    """A run with one attention whose entropy goes from one share of ln n to another."""
    entries = healthy_run(rng)
    graph = of_kind(entries, "graph")[0]
    softmax = {"op": 6, "function": "softmax", "module": "block.attend", "inputs": [4], "line": "train.py:20"}
    product = {"op": 7, "function": "matmul", "module": "block.attend", "inputs": [6, 3], "line": "train.py:21"}
    graph["ops"] += [
        {**softmax, "shape": [8, 4, positions, positions], "learns": True},
        {**product, "shape": [8, 4, positions, 12], "learns": True},
    ]
    for values in of_kind(entries, "values"):
        now = first if values["step"] <= 4 else later
        values["entropy"] = [None] * 6 + [now + float(rng.uniform(-0.01, 0.01)), None]
        values["std"] = [*values["std"][:4], spread, 0.0, 0.02, 0.5]
        values["low"] = [*values["low"], 0.0, -1.0]
        values["rms"] = [*values["rms"], 0.03, 0.5]
    return entries


@healthy
def scaled_scores(rng: np.random.Generator) -> Example:
    return as_example(_attending(rng, 0.93, 0.6))


@healthy
def causal_mask(rng: np.random.Generator) -> Example:
    return as_example(_attending(rng, 0.57, 0.4, positions=8))


@healthy
def sharp_heads_once_trained(rng: np.random.Generator) -> Example:
    return as_example(_attending(rng, 0.9, 0.04))


@healthy
def over_two_positions(rng: np.random.Generator) -> Example:
    return as_example(_attending(rng, 0.05, 0.05, positions=2))


@sick
def factor_forgotten(rng: np.random.Generator) -> Example:
    return as_example(_attending(rng, 0.4, 0.05, positions=64, spread=3.2))


@healthy
def thaws_in_training(rng: np.random.Generator) -> Example:
    return as_example(_attending(rng, 0.03, 0.4))


@sick
def frozen_under_a_mask(rng: np.random.Generator) -> Example:
    entries = _attending(rng, 0.03, 0.04, spread=3e8)
    for values in of_kind(entries, "values"):
        values["low"][4] = -1e9
    return as_example(entries)


@sick
def large_queries_in_one_call(rng: np.random.Generator) -> Example:
    entries = _attending(rng, 0.9, 0.9)
    graph = of_kind(entries, "graph")[0]
    shapes = [[8, 4, 32, 12]] * 3
    call = {"op": 6, "function": "scaled_dot_product_attention", "module": "attn", "inputs": [2, 2, 2], "given": shapes}
    graph["ops"][6] = {**call, "shape": shapes[0], "learns": True}
    for values in of_kind(entries, "values"):
        values["entropy"], values["rms"] = [None] * 8, [1.0, 0.7, 9.0, 0.55, 0.6, 0.9, 0.5, 0.5]
    return as_example(entries)


@fooled("fires", "the run starts from trained heads that each look at one position, and are right to")
def starts_from_sharp_heads(rng: np.random.Generator) -> Example:
    return as_example(_attending(rng, 0.04, 0.04))
