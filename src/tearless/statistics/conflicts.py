"""What equal features with different targets cost every model."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.linear_algebra.facts import Sample

from .duplicates import Groups
from .facts import Target
from .row_hashes import RowHashes

Members = NDArray[np.int64]
Parts = tuple[
    NDArray[np.uint64], NDArray[np.float64] | NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64], float, float
]
"""Features hashed, targets, row numbers, rows that each entry stands for; the share of hashes kept, the rows in all."""


def mistaken_labels(
    groups: Groups, labels: NDArray[np.float64] | NDArray[np.uint64], count: Members
) -> tuple[int, float, Members]:
    """Rows in groups of more than one label, the rows among them that every model mistakes, and the entries concerned.

    ``labels`` and ``count``, shape (n,), are the label of each entry and the rows that it stands for. In a group of c
    rows whose most frequent label has m, c − m are mistaken by any function of the features. Exact.

    >>> from tearless.statistics.duplicates import groups_of_equal
    >>> one = np.ones(4, dtype=np.int64)
    >>> groups = groups_of_equal(np.array([5, 5, 5, 9], dtype=np.uint64), one)
    >>> mistaken_labels(groups, np.array([1.0, 1.0, 2.0, 1.0]), one)[:2]
    (3, 1.0)
    """
    if not len(groups.member):
        return 0, 0.0, groups.member
    group = np.repeat(np.arange(len(groups.size)), np.diff(groups.start))
    label = labels[groups.member]
    order = np.lexsort((label, group))
    g, y = group[order], label[order]
    starts = np.flatnonzero(np.r_[True, (g[1:] != g[:-1]) | (y[1:] != y[:-1])])
    most = np.zeros(len(groups.size), dtype=np.int64)
    np.maximum.at(most, g[starts], np.add.reduceat(count[groups.member][order], starts))
    mixed = most < groups.size
    return int(groups.size[mixed].sum()), float((groups.size - most).sum()), groups.member[mixed[group]]


def pure_error(groups: Groups, values: NDArray[np.float64] | NDArray[np.uint64]) -> tuple[int, float, Members]:
    """Rows in groups whose values differ, the sum of squares about the group means, and the entries concerned.

    ``values``, shape (n,), hold one row each. No function of the features comes closer than the group means. Exact to
    rounding. N. R. Draper, H. Smith, *Applied Regression Analysis*, 3rd ed., section 2.1.

    >>> from tearless.statistics.duplicates import groups_of_equal
    >>> groups = groups_of_equal(np.array([5, 5, 9], dtype=np.uint64), np.ones(3, dtype=np.int64))
    >>> pure_error(groups, np.array([1.0, 3.0, 8.0]))[:2]
    (2, 2.0)
    """
    if not len(groups.member):
        return 0, 0.0, groups.member
    y = values[groups.member].astype(np.float64)
    starts = groups.start[:-1]
    mixed = np.minimum.reduceat(y, starts) < np.maximum.reduceat(y, starts)
    group = np.repeat(np.arange(len(groups.size)), np.diff(groups.start))
    mean = np.add.reduceat(y, starts) / np.diff(groups.start)
    inside = mixed[group]
    squares = float(((y - mean[group])[inside] ** 2).sum())
    return int(groups.size[mixed].sum()), squares, groups.member[inside]


def labelled_rows(hashes: RowHashes, target: pl.Series) -> Parts:
    """The hashed rows whose target is neither null nor nan: over all rows, or a share of them.

    >>> from tearless.readers.source import Batch
    >>> frame = pl.DataFrame({"x": [1, 1, 2], "y": ["a", "b", None]})
    >>> parts = labelled_rows(RowHashes.of(Batch(frame, target="y")), frame["y"])
    >>> parts[2].tolist(), parts[3].tolist(), parts[5]  # rows 0 and 1, each standing for itself; two in all
    ([0, 1], [1, 1], 2.0)
    """
    holes = pl.Series([None, float("nan")] if target.dtype.is_float() else [None], dtype=target.dtype)
    known = ~np.isin(hashes.target, holes.hash(seed=1).to_numpy())
    count = hashes.count[known]
    return (
        hashes.features[known],
        hashes.target[known],
        hashes.first[known],
        count,
        hashes.share,
        float(count.sum()) / hashes.share,
    )


def sampled_rows(features: pl.DataFrame, target: Target, sample: Sample) -> Parts:
    """The rows of the sample whose target is known, with the target over its largest size, lest squares overflow.

    >>> from tearless.core import Asked
    >>> from tearless.readers.source import Batch
    >>> frame = pl.DataFrame({"x": [1, 1, 2], "y": [0.5, 1.0, None]})
    >>> sample = Sample.of(Batch(frame))
    >>> parts = sampled_rows(frame.drop("y"), Target.derive(sample, Asked(target="y")), sample)
    >>> parts[1].tolist(), parts[2].tolist()  # over the largest, 1
    ([0.5, 1.0], [0, 1])
    """
    keys = features.hash_rows(seed=0).to_numpy()[target.known]
    first = sample.row_numbers[target.known]
    values = target.values.astype(np.float64)
    values = values / max(float(np.abs(values).max(initial=0.0)), np.finfo(np.float64).tiny)
    return keys, values, first, np.ones(len(keys), dtype=np.int64), 1.0, float(len(keys))
