"""Which design the rows have, and the comparison that goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tearless.core import CannotTell, InputError, quoted
from tearless.statistics.comparison.facts import Comparison, Design
from tearless.statistics.comparison.of_items import of_items
from tearless.statistics.comparison.plan import Plan

if TYPE_CHECKING:
    import polars as pl


def recognised(frame: pl.DataFrame, plan: Plan) -> tuple[Design, str]:
    """The design, and in words what shows it. A design that the plan names overrules what the columns suggest.

    Raises ``InputError`` for a design that is not known.
    """
    if plan.design is not None:
        if plan.design not in list(Design):
            names = ", ".join(Design)
            raise InputError(f"design: expected one of {names}, got {quoted(plan.design)}; name one of them")
        return Design(plan.design), f"{plan.design}, as you said"
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
    if plan.seed is not None and frame[plan.seed].n_unique() > 1:
        return Design.seeds_and_items, f"{plan.joined}; each item was answered by several runs, by {quoted(plan.seed)}"
    if plan.cluster is not None and frame[plan.cluster].n_unique() < frame.height:
        return Design.clusters, f"{plan.joined}; items hang together in {quoted(plan.cluster)}"
    return Design.items, f"{plan.joined}; a row is an item that every model answered"


def _names_rows(frame: pl.DataFrame, plan: Plan, column: str) -> bool:
    parts = [name for name in (plan.data_set, plan.repeat, plan.fold, plan.seed) if name is not None]
    return bool(frame.select(dict.fromkeys([column, *parts])).is_unique().all())


def compared(frame: pl.DataFrame, plan: Plan, seed: int) -> Comparison:
    """The models of the plan compared on these rows. Raises ``CannotTell`` where nothing can be said."""
    if frame.height == 0 or len(plan.models) < 2:
        raise CannotTell("a comparison needs at least two models and one row")
    design, said = recognised(frame, plan)
    return of_items(frame, plan, design, said, seed)
