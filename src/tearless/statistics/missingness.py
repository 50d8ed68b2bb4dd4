"""Missing cells: which they are, and which groups of rows they keep to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import quoted, visible
from tearless.linear_algebra.facts import floats
from tearless.statistics.association import fisher_chance, tie_to_groups

FEWEST = 5
"""Cells on either side of a cut, or rows of a category, below which it is no group."""
CATEGORIES = 8
CUTS = (0.2, 0.4, 0.6, 0.8)
PAIRS = 2_000_000
"""Columns with holes times groups that are compared at most; beyond, partners are drawn at random."""
ROWS = 32_768
"""Rows that are compared at most, evenly spaced."""
CELLS = 4_000_000
"""Cells of the table of groups at most; beyond, the rows are thinned evenly."""


def missing_cells(column: pl.Series) -> pl.Series:
    """Whether each cell is missing: null, or nan in a column of floats. Shape (n,), exact.

    >>> missing_cells(pl.Series([1.0, None, float("nan"), float("inf")])).to_list()
    [False, True, True, False]
    """
    return pl.Series(np.isnan(floats(column))) if column.dtype.is_float() else column.is_null()


@dataclass(frozen=True, slots=True)
class Group:
    """Some rows of a table by the value of one column, its partner: in words, and as a mask of the known rows.

    Made by ``groups_of``; ``inside`` and ``known`` have shape (n,).
    """

    partner: str
    words: str
    inside: NDArray[np.bool_]
    known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tie:
    """How the holes of a column keep to one group: counts among the rows where the partner is known, and the chance.

    ``chance`` is exact for this one group (Fisher); ``looked`` is how many groups were looked at to choose it.

    Made by ``ties``. Of ``rows`` rows, ``inside`` are of the group and ``missing`` have a hole, ``missing_inside`` of
    them in the group.

    >>> group = Group("sex", "`sex` is 'f'", np.repeat([True, False], 50), np.ones(100, dtype=bool))
    >>> tie = Tie(group, missing_inside=30, missing=30, inside=50, rows=100, chance=1e-9, looked=4)
    >>> tie.share_before, round(tie.share_after, 3), round(tie.corrected, 12)  # 20 of 70 are left
    (0.5, 0.286, 4e-09)
    """

    group: Group
    missing_inside: int
    missing: int
    inside: int
    rows: int
    chance: float
    looked: int

    @property
    def corrected(self) -> float:
        """The chance times the groups looked at (Bonferroni): valid although the group was chosen for its tie."""
        return min(1.0, self.chance * self.looked)

    @property
    def share_before(self) -> float:
        """Share of the group among all rows."""
        return self.inside / self.rows

    @property
    def share_after(self) -> float:
        """Share of the group among the rows that are left when those with a hole are dropped."""
        return (self.inside - self.missing_inside) / max(1, self.rows - self.missing)

    @property
    def shift(self) -> float:
        """Change of the group's share by dropping them, in standard deviations of belonging to the group."""
        share = self.share_before
        return abs(self.share_after - share) / float(np.sqrt(share * (1 - share)))


def groups_of(column: pl.Series) -> list[Group]:
    """The groups of rows that one column makes: its commonest categories, or its rows up to each fifth of the values.

    A group and its complement each hold at least five known rows. Empty where the column makes none.

    >>> [g.words for g in groups_of(pl.Series("x", list(range(1, 21))))]
    ['`x` is at most 8', '`x` is at most 12']
    """
    if column.dtype == pl.String or isinstance(column.dtype, pl.Categorical | pl.Enum):
        return _categories(column.cast(pl.String))
    if not (column.dtype.is_numeric() or column.dtype == pl.Boolean or column.dtype.is_temporal()):
        return []
    x = floats(column if not column.dtype.is_temporal() else column.to_physical())
    known = np.isfinite(x)
    present = x[known]
    if present.size < 2 * FEWEST:
        return []
    cuts = np.unique(np.quantile(present, CUTS, method="inverted_cdf"))
    few = np.unique(present[:: -(-present.size // (50 * CATEGORIES))])
    if len(few) <= CATEGORIES and np.isin(present, few).all():
        return _kept(column.name, [(f"is {_said(column, v)}", x == v) for v in few.tolist()[::-1]], known)
    return _kept(column.name, [(f"is at most {_said(column, cut)}", x <= cut) for cut in cuts.tolist()], known)


def _said(column: pl.Series, value: float) -> str:
    """A value of the column in words."""
    if column.dtype == pl.Boolean:
        return str(bool(value)).lower()
    if column.dtype.is_temporal():
        return str(pl.Series([int(value)]).cast(column.to_physical().dtype).cast(column.dtype)[0])
    return f"{value:.6g}"


def _categories(column: pl.Series) -> list[Group]:
    counts = column.drop_nulls().alias("text").value_counts(sort=True, name="n")
    counts = counts.filter(pl.col("n") >= FEWEST).head(CATEGORIES)
    names = counts.to_series(0).to_list()
    inside = [(f"is '{visible(v, 40)}'", (column == v).fill_null(False).to_numpy()) for v in names]
    return _kept(column.name, inside, column.is_not_null().to_numpy())


def _kept(name: str, named: list[tuple[str, NDArray[np.bool_]]], known: NDArray[np.bool_]) -> list[Group]:
    rows = int(known.sum())
    sized = [(words, inside, int(inside.sum())) for words, inside in named]
    kept = [Group(name, f"{quoted(name)} {w}", i, known) for w, i, size in sized if FEWEST <= size <= rows - FEWEST]
    return kept[:1] if len(kept) == 2 == len(named) else kept


def ties(
    frame: pl.DataFrame, holed_names: Sequence[str], target: str | None, rng: np.random.Generator
) -> Iterator[tuple[str, Tie | None]]:
    """For every column named, the group of rows that its holes keep to, or shun, most; ``None`` without a group.

    Half of the chance allowed is spent on the target's groups and half on all others'. The target's group is chosen
    where its tie is certain (corrected chance at most 0.001) or the stronger one. The work is bounded: of many partners
    some are drawn at random, of many rows evenly spaced ones are taken.

    >>> rng = np.random.default_rng(0)
    >>> frame = pl.DataFrame({"a": [None] * 30 + [1.0] * 70, "sex": ["f"] * 50 + ["m"] * 50})
    >>> [(name, tie.group.words, tie.missing_inside) for name, tie in ties(frame, ["a"], None, rng)]
    [('a', "`sex` is 'f'", 30)]
    """
    step = -(-frame.height // ROWS)
    frame = frame.gather_every(step) if step > 1 else frame
    holed = [(name, m) for name in holed_names if (m := missing_cells(frame[name])).any() and not m.all()]
    if not holed:
        return
    groups = _groups(frame, target, len(holed), rng)
    if not groups:
        yield from ((name, None) for name, _ in holed)
        return
    step = -(-frame.height * (2 * len(groups) + len(holed)) // CELLS)
    flags = np.column_stack([m.to_numpy()[::step] for _, m in holed])
    inside = np.column_stack([g.inside[::step] for g in groups])
    known = np.column_stack([g.known[::step] for g in groups])
    squared, *_ = tie_to_groups(*(a.astype(np.float32) for a in (flags, inside, known)))
    of_target = np.array([g.partner == target for g in groups])
    for j, (name, mask) in enumerate(holed):
        found = [_strongest(groups, squared[:, j], part, mask.to_numpy()) for part in (of_target, ~of_target)]
        yield name, _preferred(*found)


def _groups(frame: pl.DataFrame, target: str | None, holed: int, rng: np.random.Generator) -> list[Group]:
    """The groups of the target, and of as many other columns as the bound on pairs allows."""
    most = max(1, PAIRS // (holed * len(CUTS)))
    partners = [name for name in frame.columns if name != target]
    if len(partners) > most:
        partners = [partners[i] for i in np.sort(rng.choice(len(partners), most, replace=False))]
    return [g for name in ([target] if target else []) + partners for g in groups_of(frame[name])]


def _strongest(
    groups: list[Group], squared: NDArray[np.float64], part: NDArray[np.bool_], missing: NDArray[np.bool_]
) -> Tie | None:
    """The strongest tie among some of the groups, with its exact chance, for all the rows."""
    looked = int(part.sum())
    if not looked or not squared[part].max() > 0:
        return None
    group = groups[int(np.flatnonzero(part)[np.argmax(squared[part])])]
    missing = missing & group.known
    counts = int((missing & group.inside).sum()), int(missing.sum()), int(group.inside.sum()), int(group.known.sum())
    return Tie(group, *counts, fisher_chance(*counts), 2 * looked)


def _preferred(of_target: Tie | None, of_other: Tie | None) -> Tie | None:
    if of_target is None or of_other is None:
        return of_target or of_other
    sure = of_target.corrected <= 0.001 or of_target.corrected <= of_other.corrected
    return of_target if sure else of_other
