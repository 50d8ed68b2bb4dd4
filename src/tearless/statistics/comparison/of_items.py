"""Models that answered the same items: right or wrong, a score an item, or a metric of all."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, cast, get_args

import numpy as np

from tearless.core import InputError, quoted
from tearless.statistics.comparison.clusters import ClusteredDifference, Freedom, clustered_influence, compare_clustered
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.facts import ClusterSizes, Pair
from tearless.statistics.comparison.influence import paired_difference
from tearless.statistics.comparison.judged import Judged
from tearless.statistics.comparison.mcnemar import Method as McNemar
from tearless.statistics.comparison.mcnemar import mcnemar
from tearless.statistics.comparison.means import Paired, compare_means_paired, compare_means_unpaired
from tearless.statistics.comparison.metrics import Metric
from tearless.statistics.comparison.paired_proportions import Interval, PairedTable, compare_paired
from tearless.statistics.comparison.plan import Plan
from tearless.statistics.comparison.signed_ranks import signed_ranks
from tearless.statistics.comparison.two_proportions import compare_unpaired
from tearless.statistics.estimate import Floats

MOST_FOR_RANKS = 100_000
"""Items up to which Wilcoxon's test is shown beside the others: it looks at pairs of items."""
EVEN_ENOUGH = 0.8
"""Effective clusters over clusters below which t counts the effective ones: by t(G − 1) the 95 % interval of ten
clusters whose sizes spread by a factor of e covers 88 %, by the effective ones 97 % (simulated)."""


def paired_pair(found: Judged, plan: Plan, a: str, b: str, seed: int) -> Pair:
    """One model against another on the same independent items.

    >>> import polars as pl
    >>> from tearless.statistics.comparison.judged import judged
    >>> plan = Plan(("old", "new"))
    >>> found = judged(pl.DataFrame({"old": [1, 0, 0, 0, 0, 0], "new": [0, 1, 1, 1, 1, 1]}), plan)
    >>> pair = paired_pair(found, plan, "old", "new", seed=0)
    >>> pair.disagree, pair.difference.p  # 5 against 1: 2 * (1 + 6/2) / 64
    ((1, 5), 0.125)
    """
    if found.metric is not None:
        return _by_metric(found, found.metric, plan, a, b)
    x, y = found.scores[a], found.scores[b]
    return _right_or_wrong(x, y, plan, a, b) if found.binary else _scores(x, y, plan, a, b, seed)


def _right_or_wrong(x: Floats, y: Floats, plan: Plan, a: str, b: str) -> Pair:
    table = PairedTable.of(x, y)
    test, interval = chosen(plan.method, "mid-p", get_args(McNemar), "score", get_args(Interval))
    found = compare_paired(table, plan.level, test=cast(McNemar, test), interval=cast(Interval, interval))
    apart = compare_unpaired(int(x.sum()), len(x), int(y.sum()), len(y), plan.level)
    others: list[tuple[str, float]] = [
        (name, mcnemar(table.only_a, table.only_b, table.items, cast(McNemar, kind)))
        for kind, name in (
            ("mid-p", "mid-p McNemar"),
            ("exact", "exact McNemar (sign test)"),
            ("asymptotic", "McNemar's χ²"),
            ("corrected", "McNemar's χ² with correction"),
        )
        if kind != test
    ]
    if table.differing and table.items > 1 and not _one_way(table):
        others.append(("paired t", compare_means_paired(x, y, method="t", level=plan.level).p))
    others.append(("unpaired score test", apart.p))
    ratio = _ratio(apart, found)
    return Pair(a, b, found, table.items, tuple(others), disagree=(table.only_a, table.only_b), ratio=ratio)


def _one_way(table: PairedTable) -> bool:
    return table.items in (table.only_a, table.only_b)


def _scores(x: Floats, y: Floats, plan: Plan, a: str, b: str, seed: int) -> Pair:
    kinds = get_args(Paired)
    method = cast(Paired, chosen(plan.method, "sign-flip", kinds, "", ())[0])
    found = compare_means_paired(x, y, method=method, level=plan.level, seed=seed)
    others = []
    if len(x) > 1 and np.ptp(y - x) > 0:
        others += [("paired t", compare_means_paired(x, y, method="t", level=plan.level).p)] if method != "t" else []
        if len(x) <= MOST_FOR_RANKS:
            others.append(("Wilcoxon signed-rank", signed_ranks(x, y, level=plan.level).difference.p))
    apart = compare_means_unpaired(x, y, level=plan.level) if len(x) > 1 else None
    others += [("unpaired Welch's t", apart.p)] if apart else []
    return Pair(a, b, found, len(x), tuple(others), ratio=_ratio(apart, found) if apart else None)


def _by_metric(found: Judged, metric: Metric, plan: Plan, a: str, b: str) -> Pair:
    options = found.options or {}
    first, second = (metric.influence(found.truth[m], found.predicted[m], **options) for m in (a, b))
    difference = paired_difference(first, second, metric.widest, plan.level, found.name)
    error = math.sqrt(first.variance + second.variance)
    own = difference.estimate.standard_error
    return Pair(a, b, difference, len(first.psi), ratio=error / own if own > 0 and math.isfinite(own) else None)


def clustered_pair(found: Judged, plan: Plan, a: str, b: str, codes: Any, seed: int) -> tuple[Pair, ClusterSizes]:
    """One model against another on items that hang together in clusters: the cluster of each in ``codes`` (n,).

    >>> import polars as pl
    >>> from tearless.statistics.comparison.judged import judged
    >>> plan = Plan(("old", "new"), cluster="patient")
    >>> found = judged(pl.DataFrame({"old": [0, 0, 0, 0, 1, 1], "new": [1, 1, 0, 0, 1, 0]}), plan)
    >>> pair, sizes = clustered_pair(found, plan, "old", "new", np.array([0, 0, 1, 1, 2, 2]), seed=0)
    >>> pair.rows, sizes.column, sizes.clusters
    (6, 'patient', 3)
    """
    alone = paired_pair(found, plan, a, b, seed)
    whole, n = _by_clusters(found, plan, a, b, codes, "clusters")
    if whole.clustering.effective_clusters < EVEN_ENOUGH * whole.clustering.clusters:
        whole, n = _by_clusters(found, plan, a, b, codes, "effective")
        worth = f"CR1 t by {whole.clustering.effective_clusters:.3g} effective clusters of unequal size"
        if whole.difference.test == "CR1 t":
            whole = replace(whole, difference=replace(whole.difference, test=worth))
    own, naive = whole.difference.estimate.standard_error, alone.difference.estimate.standard_error
    ratio = naive / own if own > 0 and math.isfinite(naive) else None
    others = (("items taken for independent", alone.difference.p),)
    c = whole.clustering
    sizes = ClusterSizes(plan.cluster or "clusters", c.clusters, c.effective_clusters, c.design_effect)
    return Pair(a, b, whole.difference, n, others, disagree=alone.disagree, ratio=ratio), sizes


def _by_clusters(
    found: Judged, plan: Plan, a: str, b: str, codes: Any, freedom: Freedom
) -> tuple[ClusteredDifference, int]:
    """The difference by clusters, and the items it rests on."""
    if found.metric is None:
        x, y = found.scores[a], found.scores[b]
        return compare_clustered(x, y, codes, level=plan.level, freedom=freedom), len(x)
    first, second = (
        found.metric.influence(found.truth[m], found.predicted[m], **(found.options or {})) for m in (a, b)
    )
    return clustered_influence(first, second, codes, found.metric.widest, plan.level, freedom), len(first.psi)


def chosen(
    wanted: str | None, test: str, tests: tuple[str, ...], interval: str, intervals: tuple[str, ...]
) -> tuple[str, str]:
    """The test and the interval of a method's name: either, or both joined by a slash.

    Raises ``InputError`` for a name that neither has.

    >>> chosen("exact/newcombe", "mid-p", ("mid-p", "exact"), "score", ("score", "newcombe"))
    ('exact', 'newcombe')
    """
    for name in (wanted or "").split("/"):
        if name in tests:
            test = name
        elif name in intervals:
            interval = name
        elif name:
            known = ", ".join([*tests, *intervals])
            raise InputError(f"method: expected one of {known} here, got {quoted(name)}; name one of them")
    return test, interval


def _ratio(other: Difference, own: Difference) -> float | None:
    """How many times the standard error of another design is that of this one."""
    a, b = other.estimate.standard_error, own.estimate.standard_error
    return a / b if b > 0 and math.isfinite(a) and math.isfinite(b) else None
