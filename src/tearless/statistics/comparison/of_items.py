"""Models that answered the same items, right or wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tearless.statistics.comparison.facts import Comparison, Design, Pair
from tearless.statistics.comparison.paired_proportions import PairedTable, compare_paired
from tearless.statistics.comparison.plan import Plan
from tearless.statistics.score_intervals import of_share

if TYPE_CHECKING:
    import polars as pl


def of_items(frame: pl.DataFrame, plan: Plan, design: Design, said: str, seed: int) -> Comparison:
    """Each model against the reference by the mid-p McNemar test."""
    right = {name: frame[name].cast(float).to_numpy() for name in plan.models}
    estimates = tuple(of_share(float(right[name].sum()), frame.height, plan.level) for name in plan.models)
    pairs = []
    for name in plan.models:
        if name != plan.reference:
            table = PairedTable.of(right[plan.reference], right[name])
            found = compare_paired(table, plan.level)
            alone = (table.only_a, table.only_b)
            pairs.append(Pair(plan.reference, name, found, frame.height, disagree=alone))
    return Comparison(plan, design, said, "accuracy", "share", False, estimates, tuple(pairs), frame.height)
