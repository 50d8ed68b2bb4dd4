"""Models compared over rows that are no items: different items, folds, seeds, data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np

from tearless.core import CannotTell, quoted
from tearless.statistics.comparison.facts import Pair
from tearless.statistics.comparison.fold_layout import FoldLayout, recognise_folds
from tearless.statistics.comparison.folds import corrected_resampled_t, five_by_two_f, five_by_two_t, uncorrected_t
from tearless.statistics.comparison.judged import Judged
from tearless.statistics.comparison.means import Unpaired, compare_means_unpaired
from tearless.statistics.comparison.metrics import unpaired_metric_difference
from tearless.statistics.comparison.of_items import chosen
from tearless.statistics.comparison.plan import Plan
from tearless.statistics.comparison.seed_scores import SeedScores, seed_scores
from tearless.statistics.comparison.seeds import SeedsAndItems, seeds_and_items
from tearless.statistics.comparison.signed_ranks import sign_test, signed_ranks
from tearless.statistics.comparison.two_proportions import Interval, Test, compare_unpaired
from tearless.statistics.estimate import Floats

if TYPE_CHECKING:
    import polars as pl


def unpaired_pair(found: Judged, plan: Plan, a: str, b: str, seed: int) -> Pair:
    """One model against another, each on items of its own."""
    if found.metric is not None:
        sides = (found.truth[a], found.predicted[a], found.truth[b], found.predicted[b])
        whole = unpaired_metric_difference(found.metric.name, *sides, level=plan.level, **(found.options or {}))
        return Pair(a, b, whole, len(sides[0]) + len(sides[2]))
    x, y = found.scores[a], found.scores[b]
    if not found.binary:
        method = cast(Unpaired, chosen(plan.method, "welch", get_args(Unpaired), "", ())[0])
        whole = compare_means_unpaired(x, y, method=method, level=plan.level, seed=seed)
        return Pair(a, b, whole, len(x) + len(y))
    counts = (int(x.sum()), len(x), int(y.sum()), len(y))
    test, interval = chosen(plan.method, "score", get_args(Test), "score", get_args(Interval))
    whole = compare_unpaired(*counts, plan.level, test=cast(Test, test), interval=cast(Interval, interval))
    names = {"pooled-z": "pooled z", "fisher": "Fisher's exact", "mid-p": "Fisher's mid-p"}
    others = [(n, compare_unpaired(*counts, plan.level, test=cast(Test, t)).p) for t, n in names.items() if t != test]
    return Pair(a, b, whole, len(x) + len(y), tuple(others))


def fold_pair(found: Judged, plan: Plan, a: str, b: str, layout: FoldLayout, order: Any) -> Pair:
    """One model against another by their scores on the same folds or splits."""
    x, y = found.scores[a][order], found.scores[b][order]
    if layout.kind == "5x2":
        method = chosen(plan.method, "5x2cv-f", ("5x2cv-f", "5x2cv-t", "nadeau-bengio"), "", ())[0]
    else:
        method = chosen(plan.method, "nadeau-bengio", ("nadeau-bengio",), "", ())[0]
    if method == "nadeau-bengio":
        whole = corrected_resampled_t(x, y, test_to_train=layout.test_to_train, level=plan.level)
    else:
        of = five_by_two_f if method == "5x2cv-f" else five_by_two_t
        whole = of((y - x).reshape(5, 2), level=plan.level)
    naive = uncorrected_t(x, y, level=plan.level)
    own = whole.estimate.standard_error
    ratio = naive.estimate.standard_error / own if own > 0 else None
    return Pair(a, b, whole, len(x), (("paired t, folds taken for independent", naive.p),), ratio=ratio)


def fold_order(frame: pl.DataFrame, plan: Plan, rows: int) -> tuple[FoldLayout, Any]:
    """The layout of folds or splits, and the rows in the order repeat, fold."""
    repeat = frame[plan.repeat].to_numpy() if plan.repeat else None
    fold = frame[plan.fold].to_numpy() if plan.fold else None
    layout = recognise_folds(rows, repeat=repeat, fold=fold, test_to_train=plan.test_share)
    keys = [key for key in (fold, repeat) if key is not None]
    order = np.lexsort([np.unique(key, return_inverse=True)[1] for key in keys]) if keys else np.arange(rows)
    return layout, order


def seed_pair(found: Judged, plan: Plan, a: str, b: str, seed: int) -> tuple[Pair, SeedScores]:
    """One model against another by one score for each training run."""
    x, y = found.scores[a], found.scores[b]
    if min(len(x), len(y)) < 2:
        raise CannotTell("one run of each model does not show how far chance moves a run; train with more seeds")
    whole = seed_scores(x, y, level=plan.level, seed=seed)
    others = (("permutation of the runs", whole.permutation_p),)
    return Pair(a, b, whole.difference, len(x) + len(y), others), whole


def seeds_and_items_pair(
    found: Judged, plan: Plan, a: str, b: str, frame: pl.DataFrame, alone: Pair
) -> tuple[Pair, SeedsAndItems]:
    """One model against another by a score for each item and run."""
    x, y = (_table(found.scores[m], frame, plan) for m in (a, b))
    whole = seeds_and_items(x, y, level=plan.level)
    naive = alone.difference.estimate.standard_error
    own = whole.difference.estimate.standard_error
    ratio = naive / own if own > 0 and np.isfinite(naive) else None
    others = (("runs of one item taken for items", alone.difference.p),)
    return Pair(a, b, whole.difference, whole.items, others, ratio=ratio), whole


def _table(scores: Floats, frame: pl.DataFrame, plan: Plan) -> Floats:
    """The scores (seeds, items). Raises ``CannotTell`` where an item lacks a run."""
    if plan.seed is None or plan.item is None:
        raise CannotTell("runs and items are told apart by columns; name them with --seeds and --item")
    rows, columns = frame[plan.seed].to_numpy(), np.array(frame[plan.item].cast(str).to_list(), dtype=object)
    seeds, s = np.unique(rows, return_inverse=True)
    items, i = np.unique(columns, return_inverse=True)
    if len(seeds) * len(items) != len(scores):
        raise CannotTell(
            f"{len(seeds)} runs of {len(items):,} items make {len(seeds) * len(items):,} results, and there are "
            f"{len(scores):,}; let every run of {quoted(plan.seed)} answer every item"
        )
    table = np.empty((len(seeds), len(items)))
    table[s, i] = scores
    return table


def data_set_pair(found: Judged, plan: Plan, a: str, b: str) -> Pair:
    """One model against another by one score for each data set: Wilcoxon's signed ranks."""
    x, y = found.scores[a], found.scores[b]
    method = chosen(plan.method, "wilcoxon", ("wilcoxon", "pratt", "split", "sign"), "", ())[0]
    if method == "sign":
        whole = sign_test(x, y, level=plan.level)
    else:
        whole = signed_ranks(x, y, zeros=cast(Any, method), level=plan.level).difference
    others = (("sign test", sign_test(x, y, level=plan.level).p),) if method != "sign" else ()
    return Pair(a, b, whole, len(x), others)
