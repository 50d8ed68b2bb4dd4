"""What stands beside the pairs: correction for many, the best of many, ranks over data sets, looks, a margin, power."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tearless.core import CannotTell, InputError
from tearless.statistics.comparison.design import Design
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.facts import Comparison, Pair, RanksOverDataSets
from tearless.statistics.comparison.judged import Judged
from tearless.statistics.comparison.paired_power import items_to_settle_paired, paired_detectable
from tearless.statistics.comparison.paired_proportions import PairedTable
from tearless.statistics.comparison.power_of_means import (
    paired_t_detectable,
    paired_t_items,
    t_detectable,
    t_growth,
    welch_detectable,
    welch_items,
)
from tearless.statistics.comparison.student_difference import freedom_of
from tearless.statistics.comparison.unpaired_power import items_to_settle_unpaired, unpaired_detectable
from tearless.statistics.estimate import Floats, normal_quantile
from tearless.statistics.multiple_testing import holm

if TYPE_CHECKING:
    from tearless.statistics.comparison.equivalence import Equivalence

POWER = 0.8
"""The share of trials in which a difference should show: a convention of planning (J. Cohen 1988)."""
EXACT_ITEMS = 50_000
"""Items up to which power is summed exactly; above, normal and exact agree to three digits."""
MOST_CELLS = 20_000_000
"""Items times models up to which the best of many is worked out by drawing."""


def with_all(whole: Comparison, found: Judged, seed: int) -> Comparison:
    """The comparison with everything that its design allows to be said beside the pairs.

    >>> import polars as pl
    >>> from tearless.statistics.comparison.designs import compared
    >>> from tearless.statistics.comparison.judged import judged
    >>> from tearless.statistics.comparison.plan import Plan
    >>> table, plan = pl.DataFrame({"old": [1, 0] * 50, "new": [1, 1, 0, 1] * 25}), Plan(("old", "new"), looks=5)
    >>> bare = replace(compared(table, plan, seed=0), peeking=None)
    >>> round(with_all(bare, judged(table, plan), seed=0).peeking.error, 3)  # five looks at 5 % each
    0.142
    """
    whole = replace(whole, pairs=tuple(_with_power(pair, whole, found) for pair in whole.pairs))
    whole = _corrected(whole)
    if len(whole.plan.models) > 2:
        whole = _of_many(whole, found, seed)
    if whole.plan.looks is not None:
        whole = _with_looks(whole, found)
    if whole.plan.margin is not None:
        whole = replace(whole, against_margin=tuple(_against(pair, whole, found) for pair in whole.pairs))
    return whole


def _corrected(whole: Comparison) -> Comparison:
    """p of every pair corrected by Holm for how many pairs there are."""
    if len(whole.pairs) < 2:
        return whole
    adjusted = holm([pair.difference.p for pair in whole.pairs]).tolist()
    return replace(
        whole, pairs=tuple(replace(pair, adjusted_p=p) for pair, p in zip(whole.pairs, adjusted, strict=True))
    )


def _with_power(pair: Pair, whole: Comparison, found: Judged) -> Pair:
    """The smallest difference such data show, and how many rows would settle the one seen."""
    level = whole.plan.level
    if found.metric is None and whole.design in (Design.items, Design.unpaired):
        if found.binary:
            return _power_of_shares(pair, whole, found)
        x, y = found.scores[pair.a], found.scores[pair.b]
        if whole.design is Design.items and len(x) > 1 and (spread := float((y - x).std(ddof=1))) > 0:
            least = _least_items(pair.difference)
            needed = max(least, paired_t_items(float((y - x).mean()), spread, POWER, level))
            seen = paired_t_detectable(len(x), spread, POWER, level) if len(x) >= least else math.inf
            return _told(pair, seen, needed)
        if whole.design is Design.unpaired and min(len(x), len(y)) > 1 and x.std() > 0 and y.std() > 0:
            spreads = float(x.std(ddof=1)), float(y.std(ddof=1))
            gap = float(y.mean() - x.mean())
            needed = sum(welch_items(gap, *spreads, POWER, level, ratio=len(y) / len(x)))
            return _told(pair, welch_detectable(len(x), len(y), *spreads, POWER, level), needed)
    return _by_error(pair, whole)


def _least_items(found: Difference) -> int:
    """The items from which on the test can be sure at all: sign flips of n items have no p below 2/2ⁿ."""
    alpha = 1 - found.estimate.level
    return math.ceil(1 - math.log2(alpha) - 1e-9) if found.test.startswith("sign-flip") else 2


def _power_of_shares(pair: Pair, whole: Comparison, found: Judged) -> Pair:
    x, y, level = found.scores[pair.a], found.scores[pair.b], whole.plan.level
    if whole.design is Design.items and len(x) > EXACT_ITEMS:
        return _by_error(pair, whole)
    if whole.design is Design.items:
        table = PairedTable.of(x, y)
        seen = paired_detectable(table.items, table.differing / table.items, POWER, level)
        return _told(pair, seen, items_to_settle_paired(table, POWER, level))
    counts = int(x.sum()), len(x), int(y.sum()), len(y)
    seen = unpaired_detectable(counts[1], counts[3], counts[0] / counts[1], POWER, level)
    return _told(pair, seen, sum(items_to_settle_unpaired(*counts, POWER, level)))


def _by_error(pair: Pair, whole: Comparison) -> Pair:
    """By the standard error alone, and the degrees of freedom of which the end towards 0 tells."""
    e, level = pair.difference.estimate, whole.plan.level
    reach = e.value - e.low if e.value >= 0 else e.high - e.value
    if not (math.isfinite(e.standard_error) and e.standard_error > 0 and 0 < reach < math.inf):
        return pair
    freedom = freedom_of(reach, e.standard_error, level)
    error = e.standard_error if math.isfinite(freedom) else reach / normal_quantile(level)
    seen = t_detectable(error, freedom, POWER, level)
    grows = whole.design not in (Design.folds, Design.seeds_and_items)
    times = t_growth(e.value, error, freedom, POWER, level) if grows else math.inf
    return _told(pair, seen, math.ceil(pair.rows * times * (1 - 1e-12)) if math.isfinite(times) else times)


def _told(pair: Pair, detectable: float, needed: float) -> Pair:
    return replace(
        pair,
        detectable=detectable if math.isfinite(detectable) else None,
        needed=int(needed) if math.isfinite(needed) else None,
    )


def _of_many(whole: Comparison, found: Judged, seed: int) -> Comparison:
    """Ranks over data sets; or how much of the best score on shared items is choice."""
    if whole.design is Design.data_sets:
        from tearless.statistics.comparison.many_data_sets import (
            AllPairs,
            compare_all_pairs,
            critical_difference,
            friedman,
        )

        table = np.column_stack([found.scores[name] for name in whole.plan.models])
        higher, level = not whole.lower_is_better, whole.plan.level
        method: AllPairs = "bergmann" if table.shape[1] <= 9 else "shaffer"
        pairs = compare_all_pairs(table, method=method, level=level, higher_is_better=higher)
        critical = critical_difference(table, level=level, higher_is_better=higher)
        return replace(whole, ranks=RanksOverDataSets(friedman(table, higher_is_better=higher), pairs, critical))
    cells = whole.rows * len(whole.plan.models)
    if whole.design is Design.items and found.metric is None and whole.rows > 1 and cells <= MOST_CELLS:
        from tearless.statistics.comparison.best_of_many import best_of_many

        table = np.column_stack([found.scores[name] for name in whole.plan.models])
        return replace(whole, best=best_of_many(_turned(table, whole), level=whole.plan.level, seed=seed))
    return whole


def _turned(values: Floats, whole: Comparison) -> Floats:
    """So that larger is better."""
    return -values if whole.lower_is_better else values


def _with_looks(whole: Comparison, found: Judged) -> Comparison:
    """What holds however often one looked, and what so many looks with the usual test have cost."""
    from tearless.statistics.comparison.anytime import anytime_bounded, anytime_paired
    from tearless.statistics.comparison.peeking import peeking_cost

    if whole.design is not Design.items or found.metric is not None:
        raise CannotTell("looks along the way are judged for independent items with a score each, in their order")
    level, count = whole.plan.level, whole.plan.looks or 0
    at = None if count == 0 else sorted({max(1, round(whole.rows * (i + 1) / count)) for i in range(count)})
    told = []
    for pair in whole.pairs:
        x, y = found.scores[pair.a], found.scores[pair.b]
        if found.binary:
            told.append(anytime_paired(x, y, looks=at, level=level))
        elif min(x.min(), y.min()) >= 0 and max(x.max(), y.max()) <= 1:
            told.append(anytime_bounded(y - x, bound=1.0, looks=at, level=level))
        else:
            raise CannotTell("looks along the way need scores between 0 and 1: bring them into that range first")
    cost = peeking_cost(min(count, 1000), level=level) if count > 1 else None
    return replace(whole, looks=tuple(told), peeking=cost)


def _better(pair: Pair, whole: Comparison) -> Difference:
    """The difference, turned so that larger is better."""
    if not whole.lower_is_better:
        return pair.difference
    e = pair.difference.estimate
    return replace(pair.difference, estimate=replace(e, value=-e.value, low=-e.high, high=-e.low))


def _against(pair: Pair, whole: Comparison, found: Judged) -> Equivalence:
    """B against a margin: by the test made for it, and by the interval that is printed; the larger p counts, so that
    the verdict never says more than that interval."""
    from tearless.statistics.comparison import equivalence

    margin, level = whole.plan.margin, whole.plan.level
    if margin is None or not margin > 0:
        raise InputError(f"margin: expected a number above 0, got {margin}; 0.02 is two points")
    own = equivalence.of_difference(_better(pair, whole), margin)
    if found.metric is not None or whole.design not in (Design.items, Design.unpaired):
        return own
    x, y = (_turned(found.scores[name], whole) for name in (pair.a, pair.b))
    if not found.binary or whole.lower_is_better:
        if not (min(len(x), len(y)) > 1 and pair.difference.estimate.standard_error > 0):
            return own
        of = equivalence.against_paired_means if whole.design is Design.items else equivalence.against_means
        other = of(x, y, margin, level)
    elif not margin < 1:
        return own
    elif whole.design is Design.items:
        other = equivalence.against_paired(PairedTable.of(x, y), margin, level)
    else:
        other = equivalence.against_unpaired(int(x.sum()), len(x), int(y.sum()), len(y), margin, level)
    worse, better = max(own.p_not_worse, other.p_not_worse), max(own.p_not_better, other.p_not_better)
    return replace(own, p_not_worse=worse, p_not_better=better)
