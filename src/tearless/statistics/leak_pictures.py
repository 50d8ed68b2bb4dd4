"""A column that gives the target away, drawn: the target by its values."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl

from tearless.core import Measured, listed, quoted, visible
from tearless.core.picture import Axis, Bars, Line, Mark, Picture, Points, Role, values
from tearless.linear_algebra.facts import Sample, floats

from .column_pictures import by_value
from .facts import Target
from .histograms import BINS, LARGEST, Floats, bulk, in_bins
from .missingness import missing_cells

MOST_POINTS = 130
MOST_ROWS = 16_384
ROLES: tuple[Role, ...] = ("main", "second", "third")
FEW = 10
HOLES = 0.05
"""From this share of empty cells on the picture shows what being filled tells."""
MADE = 0.9
"""The share of the target's variance that a fitted combination must hold to be drawn as one."""


def given_away(measured: Measured, sample: Sample, target: Target) -> Picture:
    """The target by the values of the column that tells it, or by the columns that tell it together.

    >>> from tearless.core import Asked, Number
    >>> from tearless.readers.source import Batch
    >>> sample = Sample.of(Batch(pl.DataFrame({"code": ["p", "q", "q", "p"], "ill": ["no", "yes", "yes", "no"]})))
    >>> target = Target.derive(sample, Asked(target="ill"))
    >>> found = Measured(("code",), {"share": Number(1.0, "share", "told")})
    >>> picture = given_away(found, sample, target)
    >>> picture.title, [mark.lengths for mark in picture.marks]
    ('The classes of `ill` by the value of `code`', [(1.0, 0.0), (0.0, 1.0)])
    """
    rows = np.flatnonzero(target.known)
    step = max(1, math.ceil(len(rows) / MOST_ROWS))
    rows, y = rows[::step], target.values[::step]
    columns = [sample.frame[name].gather(rows) for name in measured.subject]
    if target.kind == "number":
        drawn = _number(columns, y.astype(np.float64), target)
    elif len(columns) > 1:
        drawn = _plane(columns, y.astype(np.int64), target)
    else:
        drawn = _classes(columns[0], y.astype(np.int64), target)
    tell = "tell" if len(columns) > 1 else "tells"
    share = measured.numbers["share"]
    says = (
        f"On held-out rows {listed(measured.subject)} {tell} {share} of what there is to know of {quoted(target.name)}."
    )
    return replace(drawn, says=says)


def _commonest(y: np.ndarray[tuple[int], np.dtype[np.int64]], target: Target) -> list[int]:
    """The classes that are drawn: the commonest, in their order."""
    counts = np.bincount(y, minlength=len(target.classes))
    return sorted(int(k) for k in np.argsort(-counts, kind="stable")[: len(ROLES)])


def _classes(column: pl.Series, y: np.ndarray[tuple[int], np.dtype[np.int64]], target: Target) -> Picture:
    title = f"The classes of {quoted(target.name)} by the value of {quoted(column.name)}"
    drawn = _commonest(y, target)
    empty = missing_cells(column).to_numpy()
    if empty.mean() > HOLES:
        groups = [("filled", ~empty), ("missing", empty)]
    elif column.dtype.is_numeric() and column.n_unique() > FEW:
        return _distributions(column, y, target, title)
    else:
        groups = by_value(column)
    marks: list[Mark] = []
    wide = 0.8 / len(drawn)
    for i, (k, role) in enumerate(zip(drawn, ROLES, strict=False)):
        at = values(j + (i - (len(drawn) - 1) / 2) * wide for j in range(len(groups)))
        share = values((y[rows] == k).mean() for _, rows in groups)
        marks.append(Bars(at, share, visible(target.classes[k], 24), role, width=wide, along="x"))
    axes = Axis("share of rows", low=0.0, high=1.0), Axis(names=tuple(text for text, _ in groups))
    return Picture(title, "", tuple(marks), *axes)


def _distributions(
    column: pl.Series, y: np.ndarray[tuple[int], np.dtype[np.int64]], target: Target, title: str
) -> Picture:
    x = np.clip(floats(column), -LARGEST, LARGEST)
    ends = bulk(x[np.isfinite(x)])
    width = (ends[1] - ends[0]) / BINS
    marks: list[Mark] = []
    for k, role in zip(_commonest(y, target), ROLES, strict=False):
        own = x[(y == k) & np.isfinite(x)]
        at, share = in_bins(own, ends)
        marks.append(Bars(values(at), values(share), visible(target.classes[k], 24), role, width=width))
    axes = Axis(visible(column.name, 30)), Axis("share of its class", low=0.0)
    return Picture(title, "", tuple(marks), *axes)


def _plane(columns: list[pl.Series], y: np.ndarray[tuple[int], np.dtype[np.int64]], target: Target) -> Picture:
    """Two columns as a plane, each row in the colour of its class. Raises ``ValueError`` where they are no numbers."""
    if not all(column.dtype.is_numeric() for column in columns[:2]):
        raise ValueError("the columns are no numbers")
    a, b = (floats(column) for column in columns[:2])
    fit = np.flatnonzero(np.isfinite(a) & np.isfinite(b))
    fit = fit[:: max(1, math.ceil(len(fit) / MOST_POINTS))]
    names = [column.name for column in columns[:2]]
    marks: list[Mark] = []
    for k, role in zip(_commonest(y, target), ROLES, strict=False):
        own = fit[y[fit] == k]
        label = visible(target.classes[k], 24)
        marks.append(Points(values(a[own]), values(b[own]), label, role, hollow=role == "second"))
    axes = Axis(visible(names[0], 30)), Axis(visible(names[1], 30))
    title = f"{listed(names)}, each row by its class of {quoted(target.name)}"
    return Picture(title, "", tuple(marks), *axes)


def _number(columns: list[pl.Series], y: Floats, target: Target) -> Picture:
    """A target that is a number against the column, or against the combination of columns that fits it best.

    Raises ``ValueError`` where neither sum nor product of powers holds most of it.
    """
    x = np.column_stack([floats(c.to_physical() if c.dtype.is_temporal() else c) for c in columns])
    fit = np.flatnonzero(np.isfinite(x).all(axis=1) & np.isfinite(y))
    x, y, names = x[fit], y[fit], [column.name for column in columns]
    told, label = x[:, 0], visible(names[0], 30)
    if len(names) > 1:
        told, label = _made(x, y), "computed from them"
    some = slice(None, None, max(1, math.ceil(len(y) / MOST_POINTS)))
    marks: list[Mark] = [Points(values(told[some]), values(y[some]))]
    if len(names) > 1:
        ends = (float(told[some].min()), float(told[some].max()))
        marks.insert(0, Line(ends, ends, "equal", "soft", dashed=True))
    title = f"{quoted(target.name)} against {listed(names)}"
    return Picture(title, "", tuple(marks), Axis(label), Axis(visible(target.name, 30)))


def _made(x: Floats, y: Floats) -> Floats:
    """The target as a sum of multiples of the columns, or as a product of their powers, whichever fits better."""

    def fitted(a: Floats, b: Floats) -> Floats:
        design = np.column_stack([np.ones(len(a)), a])
        return np.asarray(design @ np.linalg.lstsq(design, b, rcond=None)[0], dtype=np.float64)

    tries = [fitted(x, y)]
    if (y > 0).all() and (x > 0).all():
        tries.append(np.exp(fitted(np.log(x), np.log(y))))
    best = min(tries, key=lambda told: float(((told - y) ** 2).sum()))
    if ((best - y) ** 2).sum() > (1 - MADE) * ((y - y.mean()) ** 2).sum():
        raise ValueError("no sum and no product of the columns fits")
    return best
