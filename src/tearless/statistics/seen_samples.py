"""Samples of an evaluation that a training run has seen before, known by their hashes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

FEWEST = 20
UNSURE = 0.01


@dataclass(frozen=True)
class Shared:
    """Of ``rows`` different samples ``shared`` were trained on; ``missed`` is the share of the training samples that
    the evaluation does not hold; ``by_chance`` samples are expected to be equal, and ``chance`` is that of as many."""

    rows: int
    shared: int
    missed: float
    by_chance: float
    chance: float


def shared(rows: Sequence[str], trained: Sequence[Sequence[str]], copies: bool = False) -> Shared:
    """How many samples of an evaluation stand in training batches, against those that are equal by chance.

    Pairs within batches and within the evaluation tell how often samples are equal by chance; with ``copies`` equal
    ones are known to be copies, and none is by chance. An exact test of two Poisson rates, in which the samples found
    across count once each, which errs on the safe side.

    >>> found = shared(["a", "b", "c", "d"], [["a", "b"], ["e", "f"]])
    >>> found.rows, found.shared, found.missed, found.chance < 0.6
    (4, 2, 0.5, True)
    """
    different, seen = set(rows), {row for batch in trained for row in batch}
    both = len(different & seen)
    counted = [_pairs(batch) for batch in (*trained, rows)]
    equal, pairs = sum(n for n, _ in counted), sum(n for _, n in counted)
    equal = 0 if copies else equal
    across = len(different) * len(seen)
    chance = float(special.bdtrc(both - 1, both + equal, across / (across + pairs))) if both and pairs else 1.0
    by_chance = min(float(len(different)), across * equal / pairs) if pairs else 0.0
    return Shared(len(different), both, 1 - both / len(seen) if seen else 1.0, by_chance, chance)


def apart(rows: Sequence[str], seen: Collection[str], fewest: int = FEWEST) -> Sequence[str]:
    """The samples before the first or after the last one that was seen, where they are a set of their own.

    Several evaluations in a row may be told as one: the accuracy of training, then a test. A stretch of unseen samples
    is one of its own where the share of seen ones among the others makes so long a stretch a chance below 1 in 100.
    Otherwise all samples are returned.

    >>> apart(["a", "b", "c", "d", "e"], {"a", "b"}, fewest=3)
    ['c', 'd', 'e']
    """
    known = np.flatnonzero([row in seen for row in rows])
    if not len(known):
        return rows
    rate = len(known) / (known[-1] - known[0] + 1)
    longest = max(rows[: known[0]], rows[known[-1] + 1 :], key=len)
    sure = rate == 1 or len(longest) * -np.log1p(-rate) > -np.log(UNSURE / len(rows))
    return longest if len(longest) >= fewest and sure else rows


def _pairs(rows: Sequence[str]) -> tuple[int, int]:
    """Equal pairs and all pairs."""
    return sum(n * (n - 1) // 2 for n in Counter(rows).values()), len(rows) * (len(rows) - 1) // 2
