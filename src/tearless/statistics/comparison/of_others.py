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
    """One model against another, each on items of its own.

    >>> import polars as pl
    >>> from tearless.statistics.comparison.judged import judged
    >>> plan = Plan(("old", "new"), paired=False)
    >>> found = judged(pl.DataFrame({"old": [1, 0, 0, 0], "new": [1, 1, 1, None]}), plan)
    >>> pair = unpaired_pair(found, plan, "old", "new", seed=0)
    >>> pair.rows, pair.difference.estimate.value
    (7, 0.75)
    """
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
    """One model against another by their scores on the same folds or splits, in the ``order`` of ``fold_order``.

    >>> import polars as pl
    >>> from tearless.statistics.comparison.judged import judged
    >>> plan = Plan(("old", "new"), fold="fold")
    >>> table = pl.DataFrame({"fold": [1, 2, 3], "old": [0.5, 0.25, 0.5], "new": [0.75, 0.75, 0.75]})
    >>> pair = fold_pair(judged(table, plan), plan, "old", "new", *fold_order(table, plan, 3))
    >>> round(pair.difference.estimate.value, 6), pair.difference.p > pair.others[0][1]
    (0.333333, True)
    """
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
    """The layout of folds or splits, and the rows in the order repeat, fold. Raises ``CannotTell`` for one row.

    >>> import polars as pl
    >>> layout, order = fold_order(pl.DataFrame({"fold": [2, 1, 3]}), Plan(("old", "new"), fold="fold"), 3)
    >>> layout.folds, order.tolist()
    (3, [1, 0, 2])
    """
    if rows < 2:
        raise CannotTell(
            "one fold does not show how far chance moves a score; give more folds, or results item by item"
        )
    repeat = frame[plan.repeat].to_numpy() if plan.repeat else None
    fold = frame[plan.fold].to_numpy() if plan.fold else None
    layout = recognise_folds(rows, repeat=repeat, fold=fold, test_to_train=plan.test_share)
    keys = [key for key in (fold, repeat) if key is not None]
    order = np.lexsort([np.unique(key, return_inverse=True)[1] for key in keys]) if keys else np.arange(rows)
    return layout, order


def seed_pair(found: Judged, plan: Plan, a: str, b: str, seed: int) -> tuple[Pair, SeedScores]:
    """One model against another by one score for each training run. Raises ``CannotTell`` for one run of either.

    >>> import polars as pl
    >>> from tearless.statistics.comparison.judged import judged
    >>> plan = Plan(("old", "new"), seed="seed")
    >>> found = judged(pl.DataFrame({"old": [0.70, 0.71, 0.72], "new": [0.73, 0.74, 0.75]}), plan)
    >>> pair, runs = seed_pair(found, plan, "old", "new", seed=0)
    >>> pair.rows, runs.permutation_p  # 2 of the 20 ways
    (6, 0.1)
    """
    x, y = found.scores[a], found.scores[b]
    if min(len(x), len(y)) < 2:
        raise CannotTell("one run of each model does not show how far chance moves a run; train with more seeds")
    whole = seed_scores(x, y, level=plan.level, seed=seed)
    others = (("permutation of the runs", whole.permutation_p),)
    return Pair(a, b, whole.difference, len(x) + len(y), others), whole


def seeds_and_items_pair(
    found: Judged, plan: Plan, a: str, b: str, frame: pl.DataFrame, alone: Pair
) -> tuple[Pair, SeedsAndItems]:
    """One model against another by a score for each item and run; ``alone`` takes runs of an item for items.

    >>> import polars as pl
    >>> from tearless.statistics.comparison.judged import judged
    >>> from tearless.statistics.comparison.of_items import paired_pair
    >>> plan = Plan(("old", "new"), item="item", seed="seed")
    >>> runs = {"item": [1, 2, 3, 1, 2, 3], "seed": [1, 1, 1, 2, 2, 2]}
    >>> table = pl.DataFrame({**runs, "old": [0, 0, 1, 0, 1, 1], "new": [1, 1, 1, 1, 0, 1]})
    >>> found = judged(table, plan)
    >>> alone = paired_pair(found, plan, "old", "new", seed=0)
    >>> pair, crossed = seeds_and_items_pair(found, plan, "old", "new", table, alone)
    >>> pair.rows, crossed.seeds, alone.rows
    (3, (2, 2), 6)
    """
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
    """One model against another by one score for each data set: Wilcoxon's signed ranks.

    >>> import polars as pl
    >>> from tearless.statistics.comparison.judged import judged
    >>> plan = Plan(("old", "new"), data_set="set")
    >>> found = judged(pl.DataFrame({"old": [0.1, 0.2, 0.3, 0.4, 0.5], "new": [0.2, 0.4, 0.6, 0.8, 0.9]}), plan)
    >>> data_set_pair(found, plan, "old", "new").difference.p  # 2 of the 32 ways
    0.0625
    """
    x, y = found.scores[a], found.scores[b]
    method = chosen(plan.method, "wilcoxon", ("wilcoxon", "pratt", "split", "sign"), "", ())[0]
    if method == "sign":
        whole = sign_test(x, y, level=plan.level)
    else:
        whole = signed_ranks(x, y, zeros=cast(Any, method), level=plan.level).difference
    others = (("sign test", sign_test(x, y, level=plan.level).p),) if method != "sign" else ()
    return Pair(a, b, whole, len(x), others)
