"""Which design the rows have, and the comparison that goes with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import CannotTell, InputError, quoted
from tearless.statistics.comparison.also import with_all
from tearless.statistics.comparison.design import Design
from tearless.statistics.comparison.facts import Comparison
from tearless.statistics.comparison.judged import Judged, judged
from tearless.statistics.comparison.of_items import clustered_pair, paired_pair
from tearless.statistics.comparison.of_others import (
    data_set_pair,
    fold_order,
    fold_pair,
    seed_pair,
    seeds_and_items_pair,
    unpaired_pair,
)
from tearless.statistics.comparison.plan import Plan
from tearless.statistics.comparison.words import counted

if TYPE_CHECKING:
    import polars as pl

FEWEST_CLUSTERS = 5
"""Fewer groups in a column that only its name makes one are mostly all there are (a level, a language): no sample."""


def recognised(frame: pl.DataFrame, plan: Plan) -> tuple[Design, str]:
    """The design, and in words what shows it. A design that the plan names overrules what the columns suggest.

    Raises ``InputError`` for a design that is not known.

    >>> import polars as pl
    >>> table = pl.DataFrame({"fold": [1, 2, 3], "old": [0.7, 0.8, 0.7], "new": [0.8, 0.8, 0.9]})
    >>> recognised(table, Plan(("old", "new"), fold="fold", joined="3 rows"))
    (<Design.folds: 'folds'>, '3 rows; a row is one of the folds, by `fold`')
    """
    if plan.design is not None:
        if plan.design not in list(Design):
            names = ", ".join(Design)
            raise InputError(f"design: expected one of {names}, got {quoted(plan.design)}; name one of them")
        return Design(plan.design), f"{plan.joined}; {plan.design}, as you said"
    if not plan.paired and plan.seed is not None:
        return Design.seeds, f"{plan.joined}; a row is one of the seeds, by {quoted(plan.seed)}"
    if not plan.paired:
        return Design.unpaired, plan.joined
    if plan.item is None:
        for design, column in (
            (Design.data_sets, plan.data_set),
            (Design.folds, plan.repeat or plan.fold),
            (Design.seeds, plan.seed),
        ):
            if column is not None and _names_rows(frame, plan, column):
                return design, f"{plan.joined}; a row is one of the {design.value}, by {quoted(column)}"
    if plan.seed is not None and plan.item is not None and frame[plan.seed].n_unique() > 1:
        return Design.seeds_and_items, f"{plan.joined}; each item was answered by several runs, by {quoted(plan.seed)}"
    if plan.cluster is not None and frame[plan.cluster].n_unique() == 1 < frame.height:
        same = f"all of one {quoted(plan.cluster)}, so that nothing is said of others"
        return Design.items, f"{plan.joined}; a row is an item that every model answered, {same}"
    groups = frame[plan.cluster].n_unique() if plan.cluster is not None else frame.height
    if plan.cluster is not None and not plan.cluster_named and groups < min(FEWEST_CLUSTERS, frame.height):
        few = (
            f"{groups} kinds of {quoted(plan.cluster)} are few for a sample of more, so that items are taken one by one"
        )
        named = f"--cluster {quoted(plan.cluster)} would take them for clusters"
        return Design.items, f"{plan.joined}; a row is an item that every model answered; {few}: {named}"
    if plan.cluster is not None and groups < frame.height:
        return Design.clusters, f"{plan.joined}; items hang together in {quoted(plan.cluster)}"
    return Design.items, f"{plan.joined}; a row is an item that every model answered"


def _names_rows(frame: pl.DataFrame, plan: Plan, column: str) -> bool:
    parts = [name for name in (plan.data_set, plan.repeat, plan.fold, plan.seed) if name is not None]
    return bool(frame.select(list(dict.fromkeys([column, *parts]))).is_unique().all())


def compared(frame: pl.DataFrame, plan: Plan, seed: int) -> Comparison:
    """The models of the plan compared on these rows.

    Raises ``CannotTell`` where nothing can be said, and ``InputError`` where the baseline is none of the models.

    >>> import polars as pl
    >>> table = pl.DataFrame({"old": [1, 0, 0, 0, 0, 0], "new": [0, 1, 1, 1, 1, 1]})
    >>> pair = compared(table, Plan(("old", "new")), seed=0).pairs[0]
    >>> pair.disagree, pair.difference.p  # 5 against 1: 2 * (1 + 6/2) / 64
    ((1, 5), 0.125)
    """
    if frame.height == 0 or len(plan.models) < 2:
        raise CannotTell("a comparison needs at least two models and one row")
    if plan.reference not in plan.models:
        raise InputError(f"baseline: expected one of the models, got {quoted(plan.reference)}; name one of them")
    design, said = recognised(frame, plan)
    found = judged(frame, plan)
    estimates = tuple(found.estimate(name, plan.level) for name in plan.models)
    if found.dropped:
        said += f"; {counted(found.dropped, 'row')} without a result of every model left out"
    holes = frame.select(plan.models).fill_nan(None) if found.dropped else frame.clear()
    whole = Comparison(
        plan,
        design,
        said,
        found.name,
        found.unit,
        found.lower_is_better,
        estimates,
        (),
        frame.height - found.dropped,
        tuple(holes[name].null_count() for name in plan.models) if found.dropped else (),
    )
    return with_all(_paired_off(whole, found, seed), found, seed)


def _paired_off(whole: Comparison, found: Judged, seed: int) -> Comparison:
    """Every other model against the reference, each pair as the design has it."""
    plan, a = whole.plan, whole.plan.reference
    others = [name for name in plan.models if name != a]
    rows = found.frames[a]
    if found.metric is not None and whole.design in (Design.folds, Design.seeds, Design.data_sets):
        raise CannotTell(f"rows that are {whole.design.value} hold scores, not predictions; leave the truth out")
    match whole.design:
        case Design.items:
            return replace(whole, pairs=tuple(paired_pair(found, plan, a, b, seed) for b in others))
        case Design.unpaired:
            return replace(whole, pairs=tuple(unpaired_pair(found, plan, a, b, seed) for b in others))
        case Design.clusters:
            codes = _column(rows, plan.cluster, "cluster")
            told = [clustered_pair(found, plan, a, b, codes, seed) for b in others]
            return replace(whole, pairs=tuple(pair for pair, _ in told), clusters=told[0][1])
        case Design.folds:
            layout, order = fold_order(rows, plan, rows.height)
            pairs = tuple(fold_pair(found, plan, a, b, layout, order) for b in others)
            return replace(whole, pairs=pairs, layout=layout, said=f"{whole.said}; {layout.said}")
        case Design.seeds:
            runs = [seed_pair(found, plan, a, b, seed) for b in others]
            return replace(whole, pairs=tuple(pair for pair, _ in runs), runs=tuple(told for _, told in runs))
        case Design.seeds_and_items:
            crossed = [
                seeds_and_items_pair(found, plan, a, b, rows, paired_pair(found, plan, a, b, seed)) for b in others
            ]
            return replace(whole, pairs=tuple(pair for pair, _ in crossed), crossed=tuple(told for _, told in crossed))
        case Design.data_sets:
            return replace(whole, pairs=tuple(data_set_pair(found, plan, a, b) for b in others))


def _column(rows: pl.DataFrame, name: str | None, part: str) -> NDArray[Any]:
    """A column that the design needs, as labels. Raises ``InputError`` where none is named."""
    if name is None:
        raise InputError(f"{part}: expected the column that says it, got none; name it with --{part}")
    column = rows[name]
    return column.to_numpy() if column.dtype.is_numeric() else np.array(column.cast(str).to_list(), dtype=object)
