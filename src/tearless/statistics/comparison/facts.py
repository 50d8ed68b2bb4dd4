"""What a comparison of models comes to, worked out once and shared by the verdict and the checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tearless.core import Asked
from tearless.core.fact import About
from tearless.readers.whole import Whole
from tearless.statistics.comparison.design import Design
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.plan import Plan
from tearless.statistics.estimate import Estimate

if TYPE_CHECKING:
    from tearless.statistics.comparison.anytime import Looks
    from tearless.statistics.comparison.best_of_many import BestOfMany
    from tearless.statistics.comparison.equivalence import Equivalence
    from tearless.statistics.comparison.fold_layout import FoldLayout
    from tearless.statistics.comparison.many_data_sets import CriticalDifference, Friedman, PairwiseRanks
    from tearless.statistics.comparison.peeking import Peeking
    from tearless.statistics.comparison.seed_scores import SeedScores
    from tearless.statistics.comparison.seeds import SeedsAndItems


@dataclass(frozen=True, eq=False)
class Items(Whole):
    """The joined table of results: an item, a fold, a seed or a data set a row, a model a column.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> Items.of(Batch(pl.DataFrame({"A": [1, 0], "B": [1, 1]}))).rows
    2
    """

    about: ClassVar[About] = "comparison"


@dataclass(frozen=True, slots=True)
class Pair:
    """One model against another: ``difference`` is the metric of ``b`` less that of ``a``.

    Made by ``paired_pair``, ``clustered_pair`` and the functions of ``of_others``. ``rows`` are the items (or folds,
    seeds, data sets) it rests on; ``others`` what other common tests say of the same data, by name; ``adjusted_p`` is
    corrected for all the pairs looked at; ``disagree`` counts items that ``a`` alone and ``b`` alone got right;
    ``detectable`` is the smallest difference that such data show in 80 % of trials, ``needed`` how many rows would show
    the difference seen as often. ``ratio`` is the standard error of the unpaired design, or of one that forgets
    clusters or folds, over that of this one.
    """

    a: str
    b: str
    difference: Difference
    rows: int
    others: tuple[tuple[str, float], ...] = ()
    adjusted_p: float | None = None
    disagree: tuple[int, int] | None = None
    detectable: float | None = None
    needed: int | None = None
    ratio: float | None = None

    @property
    def corrected_p(self) -> float:
        """The p that counts: corrected for all pairs where there are several."""
        return self.difference.p if self.adjusted_p is None else self.adjusted_p


@dataclass(frozen=True, slots=True)
class ClusterSizes:
    """Clusters of items: their column, number, effective number, and the design effect on the difference.

    Made by ``clustered_pair``.
    """

    column: str
    clusters: int
    effective: float
    design_effect: float


@dataclass(frozen=True, slots=True)
class RanksOverDataSets:
    """Several models over several data sets: Friedman's test, every pair corrected, and the critical difference.

    The ``ranks`` of a ``Comparison``, by ``friedman``, ``compare_all_pairs`` (the ``pairs``) and
    ``critical_difference``.
    """

    friedman: Friedman
    pairs: PairwiseRanks
    critical: CriticalDifference


@dataclass(frozen=True, eq=False)
class Comparison:
    """Models compared by the design that the data have; ``estimates`` are those of ``plan.models``, by the metric.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> table = pl.DataFrame({"old": [1, 1, 0, 0], "new": [1, 1, 1, 0]})
    >>> found = Comparison.derive(Items.of(Batch(table)), Asked(options={"plan": Plan(("old", "new"))}))
    >>> found.design, found.value_of("new").value, found.pairs[0].difference.estimate.value
    (<Design.items: 'items'>, 0.75, 0.25)
    """

    about: ClassVar[About] = "comparison"
    plan: Plan
    design: Design
    said: str
    """The design in words: how it was recognised, or that the user named it."""
    metric: str
    unit: str
    """``share`` for what lies between 0 and 1, else ``1``."""
    lower_is_better: bool
    estimates: tuple[Estimate, ...]
    pairs: tuple[Pair, ...]
    """Each other model against the reference, in the order of the models."""
    rows: int
    lacking: tuple[int, ...] = ()
    """For each model, the rows left out because it has no result there."""
    clusters: ClusterSizes | None = None
    layout: FoldLayout | None = None
    runs: tuple[SeedScores, ...] = ()
    """For each pair, where a row is a run: the permutation test beside Welch's t."""
    crossed: tuple[SeedsAndItems, ...] = ()
    """For each pair, where every run answered every item: the parts of the variance."""
    ranks: RanksOverDataSets | None = None
    """Where a row is a data set and there are three models or more."""
    best: BestOfMany | None = None
    """Where three models or more answered the same items; columns as in ``plan.models``, higher is better."""
    looks: tuple[Looks, ...] = ()
    """For each pair, where the plan says that the result was looked at while items came in."""
    peeking: Peeking | None = None
    against_margin: tuple[Equivalence, ...] = ()
    """For each pair, where the plan has a margin; turned so that larger is better."""

    def value_of(self, model: str) -> Estimate:
        """The metric of one model of the plan."""
        return self.estimates[self.plan.models.index(model)]

    @property
    def noun(self) -> str:
        """What a row is, in the plural."""
        rows = {Design.folds: "folds", Design.seeds: "runs", Design.data_sets: "data sets"}
        return rows.get(self.design, "items")

    @classmethod
    def derive(cls, items: Items, asked: Asked) -> Comparison:
        """The comparison that the rows allow. Raises ``CannotTell`` where they allow none."""
        from tearless.statistics.comparison.designs import compared

        plan = asked.options.get("plan") or Plan(tuple(items.frame.columns))
        return compared(items.frame, plan, asked.seed)
