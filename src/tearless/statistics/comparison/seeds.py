"""Several training runs of each model on the same items: how much of the luck is the seeds', how much the items'.

Every run (seed) of a model answers every item. The score of run s on item i is taken as mean + run + item + what is
particular to the two together; runs and items are both samples of what else could have been drawn. The shares of the
three are estimated from the mean squares of the two-way table, without a distribution assumed (R. L. Brennan,
*Generalizability Theory*, 2001, chapters 2 and 3; S. R. Searle, G. Casella, C. E. McCulloch, *Variance Components*,
1992, chapter 4).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tearless.core import InputError
from tearless.linear_algebra.arrays import array, positive, whole
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.student_difference import ROUNDING, student_difference
from tearless.statistics.estimate import Floats, on_the_host, plain

MOST_SEEDS = 10_000
"""Seeds that a plan looks through."""
LARGEST = 1e150
"""Variances of larger scores are no doubles."""


@dataclass(frozen=True, slots=True)
class Components:
    """Variances of scores: from seed to seed, from item to item, and what is particular to a seed on an item.

    Made by ``variance_components``; what is particular is ``seed_item``. ``moments`` are the estimates as they come,
    unbiased, and below 0 where chance has it; the first three are these cut at 0. ``seeds`` and ``items`` are how many
    there were.
    """

    seed: float
    item: float
    seed_item: float
    moments: tuple[float, float, float]
    seeds: int
    items: int


@dataclass(frozen=True, slots=True)
class SeedsAndItems:
    """The difference of two models with both seeds and items taken for samples.

    ``seed``, ``item`` and ``seed_item`` are the parts of the variance of a difference of one run of each on one item;
    ``freedom`` Satterthwaite's degrees of freedom; ``a`` and ``b`` what each model shows alone.

    >>> found = seeds_and_items([[0, 0, 1, 1], [0, 1, 1, 1]], [[1, 1, 1, 1], [1, 0, 1, 1]])
    >>> found.standard_error(2, 400) < found.standard_error(2, 4)
    True
    """

    difference: Difference
    seed: float
    item: float
    seed_item: float
    freedom: float
    seeds: tuple[int, int]
    items: int
    a: Components
    b: Components

    def standard_error(self, seeds: int, items: int) -> float:
        """What the standard error would be with so many seeds of each model and so many items.

        √(seed/S + item/I + seed_item/(S·I)). As exact as the parts, which are estimates. Raises ``InputError`` below 1.
        """
        s, i = whole(seeds, "seeds"), whole(items, "items")
        return math.sqrt(self.seed / s + self.item / i + self.seed_item / (s * i))


@dataclass(frozen=True, slots=True)
class SeedPlan:
    """So many seeds of each model, so many items, what they cost, and the standard error they lead to.

    Made by ``cheapest_plan``.
    """

    seeds: int
    items: int
    cost: float
    standard_error: float


def variance_components(scores: Any) -> Components:
    """The variance components of one model's scores (seeds, items), by two-way random-effects analysis of variance.

    With mean squares M of rows, columns and rest: seed (M_s − M_e)/I, item (M_i − M_e)/S, seed × item M_e. Unbiased
    before the cut at 0; exact. O(S·I). Raises ``InputError`` for fewer than 2 of either, a cell without a score, or
    scores beyond 1e150.

    >>> found = variance_components([[0, 0, 1, 1], [0, 1, 1, 1]])  # mean squares 1/8, 11/24 and 1/8
    >>> found.seed, round(found.item, 12), found.seed_item  # (11/24 - 1/8) / 2
    (0.0, 0.166666666667, 0.125)
    """
    y = _table(scores, "scores")
    size = _size(y)
    (of_seeds, of_items, rest), (s, i) = _mean_squares(y / size), y.shape
    moments = (size**2 * (of_seeds - rest) / i, size**2 * (of_items - rest) / s, size**2 * rest)
    seed, item, both = (max(0.0, m) for m in moments)
    return Components(seed, item, both, moments, s, i)


def seeds_and_items(a: Any, b: Any, *, same_seeds: bool = False, level: float = 0.95) -> SeedsAndItems:
    """B's mean score less A's, (seeds, items) each, for other seeds and other items than these: both are luck.

    The items are the same, in one order; the seeds are each model's own, unless ``same_seeds``: then run s of A and of
    B share what the seed decides (the split, the order of the data), and pairs of runs are subtracted. The variance of
    the difference is that of the mean over items of the items' differences, plus max(0, M_s − M_e)/(S·I) for the seeds
    of each model (of the pairs with ``same_seeds``): what the items' spread does not show. Each is unbiased before the
    cut. p and interval by t with Satterthwaite's degrees of freedom (F. E. Satterthwaite, Biometrics Bulletin 2, 1946,
    110-114), which is approximate: between two equal models it errs in 2 to 5.5 % at 5 %, from 2 seeds up. Raises
    ``InputError`` as ``variance_components``, for other items in B than in A, or where no score strays but the models
    differ.

    >>> a, b = [[0, 0, 1, 1], [0, 1, 1, 1]], [[1, 1, 1, 1], [1, 0, 1, 1]]
    >>> found = seeds_and_items(a, b)
    >>> found.difference.estimate.value, found.seeds, found.items
    (0.25, (2, 2), 4)
    """
    x, y = _table(a, "a"), _table(b, "b")
    if x.shape[1] != y.shape[1] or (same_seeds and len(x) != len(y)):
        what = "seeds and items" if same_seeds else "items"
        raise InputError(f"a, b: expected the same {what}, got shapes {x.shape} and {y.shape}; align them")
    whole_x, whole_y, size = x, y, _size(x, y)
    x, y = x / size, y / size
    items, tables = x.shape[1], [y - x] if same_seeds else [x, y]
    apart = y.mean(axis=0) - x.mean(axis=0)
    value, between = float(apart.mean()), float(apart.var(ddof=1))
    error, freedom, (seed, item, both) = _judged(tables, between, items)
    if error <= ROUNDING * max(float(np.abs(t).max()) for t in (x, y)):
        value, error = (0.0 if abs(value) <= ROUNDING else value), 0.0
    found = student_difference(
        size * value,
        size * error,
        freedom,
        test="the t test over seeds and items",
        interval="t, Satterthwaite",
        level=level,
    )
    seeds, parts = (len(x), len(y)), (size**2 * seed, size**2 * item, size**2 * both)
    a_alone, b_alone = variance_components(whole_x), variance_components(whole_y)
    return SeedsAndItems(found, *parts, freedom, seeds, items, a_alone, b_alone)


def cheapest_plan(
    found: SeedsAndItems,
    target: float,
    *,
    seed_cost: float = 1.0,
    item_cost: float = 0.0,
    run_cost: float = 0.0,
    most_items: int | None = None,
) -> SeedPlan:
    """The numbers of seeds and items that bring the standard error down to ``target`` at the least cost.

    The cost is ``seed_cost`` for each training run of both models together, ``item_cost`` for each item (to write, to
    label), ``run_cost`` for each answer of a run. For every number of seeds up to 10,000 the fewest items follow in
    closed form, at least 2 of each and at most ``most_items``, the number there is now where it is not given. Exact for
    the parts as estimated, which are uncertain with few seeds. Raises ``InputError`` where so many items cannot reach
    the target with any number of seeds, naming what can be reached.

    >>> tables = np.random.default_rng(0).normal(size=(2, 4, 50)) + np.random.default_rng(1).normal(size=(2, 4, 1))
    >>> plan = cheapest_plan(seeds_and_items(*tables), 0.2, seed_cost=10, item_cost=0.1)
    >>> plan.standard_error <= 0.2
    True
    """
    target = positive(target, "target")
    costs = [positive(c, n, zero=True) for c, n in ((seed_cost, "seed_cost"), (item_cost, "item_cost"))]
    each = positive(run_cost, "run_cost", zero=True)
    limit = whole(found.items if most_items is None else most_items, "most_items", least=2)
    seeds = np.arange(2, MOST_SEEDS + 1)
    left = target**2 - found.seed / seeds
    seeds, left = seeds[left > 0], left[left > 0]
    items = np.ceil(np.minimum((found.item + found.seed_item / seeds) / left * (1 - 1e-12), 2.0 * limit))
    items = np.maximum(items, 2)
    seeds, items = seeds[items <= limit], items[items <= limit]
    if not len(seeds):
        best = found.standard_error(MOST_SEEDS, limit)
        raise InputError(f"target: expected at least {best:.3g} with {limit} items, got {target}; allow more items")
    cost = costs[0] * seeds + costs[1] * items + each * seeds * items
    at = int(np.argmin(cost))
    chosen = (int(seeds[at]), int(items[at]))
    return SeedPlan(*chosen, float(cost[at]), found.standard_error(*chosen))


def _judged(tables: list[Floats], between: float, items: int) -> tuple[float, float, tuple[float, float, float]]:
    """The standard error, its degrees of freedom, and the parts seed, item and seed × item of a difference."""
    total, doubt = between / items, (between / items) ** 2 / (items - 1)
    seed = rest = beside = 0.0
    for table in tables:
        s = len(table)
        of_seeds, _, own = _mean_squares(table)
        rest, beside = rest + own, beside + own / s
        if of_seeds > own * (1 + 1e-9):
            seed += (of_seeds - own) / items
            total += (of_seeds - own) / (s * items)
            doubt += ((of_seeds / (s * items)) ** 2 + (own / (s * items)) ** 2 / (items - 1)) / (s - 1)
    freedom = max(1.0, total**2 / doubt) if doubt > 0 else math.inf
    return math.sqrt(total), freedom, (seed, max(0.0, between - beside), rest)


def _mean_squares(y: Floats) -> tuple[float, float, float]:
    """Mean squares of seeds, items and the rest of a table (seeds, items)."""
    s, i = y.shape
    rows, columns, mean = y.mean(axis=1), y.mean(axis=0), y.mean()
    rest = sum(float(((row - columns - (own - mean)) ** 2).sum()) for row, own in zip(y, rows, strict=True))
    of_seeds = i * float(((rows - mean) ** 2).sum()) / (s - 1)
    return of_seeds, s * float(((columns - mean) ** 2).sum()) / (i - 1), rest / ((s - 1) * (i - 1))


def _size(*tables: Floats) -> float:
    """A power of 2 about as large as the largest score: divided by it, which is exact, no square is too large."""
    return float(2.0 ** math.frexp(max(float(np.abs(t).max()) for t in tables))[1])


def _table(scores: Any, name: str) -> Floats:
    holes = ~np.isfinite(np.asarray(on_the_host(array(scores, name, ndim=2)[1])))
    if holes.any():
        items = int(holes.any(axis=0).sum())
        raise InputError(
            f"{name}: expected a score of every seed on every item, {items} items lack one; leave them out"
        )
    y = plain(scores, name, ndim=2)
    if y.size and float(np.abs(y).max()) > LARGEST:
        raise InputError(
            f"{name}: expected scores within ±{LARGEST:g}, whose squares are numbers, got larger; divide them"
        )
    if min(y.shape) < 2:
        raise InputError(f"{name}: expected at least 2 seeds by 2 items, got {y.shape}; one says nothing about others")
    return y
