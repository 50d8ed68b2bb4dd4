"""Equal rows: which they are, and how many of them chance alone would make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import InputError

SLICE = 4_096
"""Rows from which the chance of agreement is estimated."""
COLUMNS_LOOKED_AT = 24
"""Columns, those that agree least often, among which unrelated ones are sought."""
MOST_COLUMNS = 256
LOOSE = 1.5
"""Two columns that agree together up to this many times as often as unrelated ones would count as unrelated."""
GOES_WITH = 60.0
"""Pearson's χ² of two columns in six bins each beyond which they go together: of unrelated ones 1 in 10,000."""
_BINS = 6

Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of two or more equal rows: group g holds the entries ``member[start[g]:start[g + 1]]``, in their order.

    Made by ``groups_of_equal``.
    """

    member: Codes
    start: Codes
    size: Codes
    """How many rows each group stands for."""

    @property
    def extra(self) -> int:
        """Rows beyond the first of each group."""
        return int((self.size - 1).sum())


def groups_of_equal(keys: NDArray[np.uint64], counts: Codes) -> Groups:
    """The groups of entries with equal ``keys``, shape (n,), each entry standing for ``counts`` rows.

    One sort of the keys; the entries that are alone are not touched again. Raises ``InputError`` where the lengths
    differ.

    >>> g = groups_of_equal(np.array([7, 3, 7], dtype=np.uint64), np.ones(3, dtype=np.int64))
    >>> g.member.tolist(), g.size.tolist(), g.extra
    ([0, 2], [2], 1)
    """
    if len(keys) != len(counts):
        raise InputError(f"counts: expected one for each of {len(keys)} keys, got {len(counts)}; pass them together")
    ordered = np.sort(keys)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    together = counts > 1
    if len(twice):
        twice = twice[np.r_[True, twice[1:] != twice[:-1]]]
        together |= twice[np.minimum(np.searchsorted(twice, keys), len(twice) - 1)] == keys
    member = np.flatnonzero(together)
    member = member[np.argsort(keys[member], kind="stable")]
    if not len(member):
        return Groups(member, np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64))
    key = keys[member]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    return Groups(member, np.r_[starts, len(member)], np.add.reduceat(counts[member], starts))


def leaked_share(sizes: Codes, rows: float, test: float = 0.2) -> float:
    """The expected share of test rows that have an equal row in training, after a random split.

    ``sizes`` are those of the groups of equal rows, shape (g,); ``test`` is the share of rows drawn for testing. A test
    row of a group of c has a copy in training unless all c − 1 others are in the test too: Σ c·(1 − testᶜ⁻¹) / rows.
    Exact where each row is drawn by itself. Raises ``InputError`` unless 0 < test < 1 and rows > 0.

    >>> leaked_share(np.array([2]), rows=10)
    0.16
    """
    if not (0 < test < 1 and rows > 0):
        raise InputError(f"test: expected a share between 0 and 1 of some rows, got {test} of {rows}; 0.2 is usual")
    return float((sizes * (1 - test ** (sizes - 1.0))).sum() / rows)


@dataclass(frozen=True, slots=True)
class ByChance:
    """How many pairs of rows agree everywhere by chance.

    Made by ``agreeing_by_chance``.
    """

    unrelated: float
    """Were all columns unrelated."""
    most: float
    """With the columns related as they may be, except those that are seen to be unrelated."""
    columns: tuple[str, ...]
    """The unrelated columns, on whose agreement ``most`` rests."""


def agreeing_by_chance(frame: pl.DataFrame, rows: float) -> ByChance:
    """How many pairs of ``rows`` independent rows agree in every column by chance, estimated from ``frame``.

    Were the columns unrelated, a pair would agree with probability ∏ⱼ cⱼ, where cⱼ = Σₖ pⱼₖ² is the collision
    probability of column j. Related columns agree together more often. But a pair that agrees everywhere agrees on any
    few columns, so the product over a few that are unrelated to one another bounds the chance, however the others are
    related to them. Two columns count as unrelated where they agree together at most 1.5 times as often as the product
    says, both coarsely (in six bins) and exactly (without the rows that are equal everywhere); the excess is multiplied
    in. Each cⱼ is (k+1)/(K+1) for k of K pairs in an even slice of 4,096 rows, copies included, which errs upwards;
    for broken numbers finer than a millionth (billionth) of their spread that agree in copies only it is 1e-6 (1e-9).
    A column that agrees in hardly anything but copies may be computed from others, as a logarithm or a body mass index
    is: where it goes with one of them, nothing is multiplied with it, and its digits count only if the columns that are
    not fine leave rows for the fine ones to tell apart.
    Raises ``InputError`` without columns.

    >>> coins = pl.DataFrame({"a": [0, 0, 1, 1] * 50, "b": [0, 1] * 100})
    >>> 4_800 < agreeing_by_chance(coins, rows=200).most < 5_000
    True
    """
    if frame.width == 0:
        raise InputError("frame: expected at least one column, got none; every row is then equal")
    part = frame.gather_every(max(1, -(-frame.height // SLICE))) if frame.height else frame
    names = frame.columns[:: max(1, -(-frame.width // MOST_COLUMNS))]
    whole = max(1.0, part.height * (part.height - 1) / 2)
    codes = [_codes(part[name]) for name in names]
    equal = _pairs(_codes(part.hash_rows(seed=0)))
    ties = np.array([_pairs(c) for c in codes])
    grain, doubtful = _measured(part, names, codes, ties, equal)
    seen = (ties + 1) / (whole + 1)
    agree = np.where(doubtful, seen, np.minimum(seen, grain))
    apart = np.flatnonzero(~doubtful)
    order = apart[np.argsort(agree[apart], kind="stable")][:COLUMNS_LOOKED_AT]
    coarse = {j: _coarse(codes[j], part[names[j]].dtype.is_numeric()) for j in order}
    chosen: list[int] = []
    most = 1.0
    for j in order:
        ratio = [_excess(coarse[i], coarse[j]) for i in chosen]
        exact = [_pairs(_joint(codes[i], codes[j])) - equal for i in chosen]
        fine = [e / (whole * agree[i] * agree[j] + 3) for e, i in zip(exact, chosen, strict=True)]
        if max(ratio, default=0.0) <= LOOSE and max(fine, default=0.0) <= LOOSE:
            chosen.append(j)
            most *= min(1.0, float(agree[j]) * float(np.prod(np.maximum(ratio, 1.0))))
    if doubtful.any() and float(agree[doubtful].min()) < most:
        chosen = [int(np.argmin(np.where(doubtful, agree, 2.0)))]
        most = float(agree[chosen[0]])
    pairs = rows * (rows - 1) / 2
    unrelated = float(np.exp(max(-700.0, float(np.log(agree).sum()))))
    return ByChance(pairs * unrelated, pairs * most, tuple(names[j] for j in chosen))


def _codes(values: pl.Series) -> Codes:
    """A number for each different value, in the order of the values where they have one. A hole is a value."""
    hashed = values if values.dtype.is_numeric() else values.hash(seed=0)
    return hashed.rank("dense").fill_null(0).to_numpy().astype(np.int64)


def _pairs(codes: Codes) -> float:
    """How many pairs of entries are equal."""
    counts = np.bincount(codes).astype(np.float64)
    return float((counts * (counts - 1) / 2).sum())


def _joint(a: Codes, b: Codes) -> Codes:
    """One number for each different pair of values."""
    both = a * (int(b.max(initial=0)) + 1) + b
    joint: Codes = np.unique(both, return_inverse=True)[1]
    return joint


def _measured(
    part: pl.DataFrame, names: list[str], codes: list[Codes], ties: NDArray[np.float64], equal: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The grain of each column that looks like a fine measurement, 1 for all others; and which may be computed ones."""
    grain = np.ones(len(names))
    for j, name in enumerate(names):
        if ties[j] <= equal and part[name].dtype.is_float():
            x = part[name].drop_nulls().to_numpy().astype(np.float64)
            grain[j] = _grain(x[np.isfinite(x)])
    fine, rest = np.flatnonzero(grain < 1), np.flatnonzero(grain == 1)
    suspects = rest[ties[rest] <= 2 * equal]
    if len(fine) and len(rest):
        others = part.select(name for name in part.columns if name not in {names[j] for j in fine})
        if _pairs(_codes(others.hash_rows(seed=0))) <= equal:
            suspects = np.r_[suspects, fine]
    doubtful = np.zeros(len(names), dtype=np.bool_)
    doubtful[suspects[COLUMNS_LOOKED_AT:]] = True
    suspects = suspects[:COLUMNS_LOOKED_AT]
    if len(suspects) and len(rest):
        bins = {j: _coarse(codes[j], part[names[j]].dtype.is_numeric()) for j in {*suspects, *rest}}
        together = _go_together([bins[j] for j in suspects], [bins[j] for j in rest])
        doubtful[suspects] = (together & (suspects[:, None] != rest)).any(axis=1)
    return grain, doubtful


def _go_together(first: list[Codes], second: list[Codes]) -> NDArray[np.bool_]:
    """Which of the first go with which of the second: Pearson's χ² of their bins, all pairs in one product."""
    n = max(1, len(first[0]))
    x, y = (
        np.concatenate([np.equal.outer(range(_BINS), c) for c in part]).astype(np.float32) for part in (first, second)
    )
    joint = (x @ y.T).astype(np.float64).reshape(len(first), _BINS, len(second), _BINS)
    apart = np.outer(x.sum(axis=1), y.sum(axis=1)).astype(np.float64).reshape(joint.shape) / n
    chi2 = np.divide((joint - apart) ** 2, apart, out=np.zeros_like(joint), where=apart > 0).sum(axis=(1, 3))
    together: NDArray[np.bool_] = chi2 > GOES_WITH
    return together


def _grain(x: NDArray[np.float64]) -> float:
    """1e-9 or 1e-6 where the numbers are written finer than that part of their middle spread, else 1."""
    spread = float(np.subtract(*np.quantile(x, [0.75, 0.25]))) if len(x) else 0.0
    for grain in (1e-9, 1e-6):
        if not 1e-290 < spread < 1e290:
            break
        steps = x * 10.0 ** -np.floor(np.log10(spread * grain))
        fine = (np.abs(steps) < 2.0**50) & (np.abs(steps - np.round(steps)) > 0.001)
        if float(fine.mean()) > 0.9:
            return grain
    return 1.0


def _coarse(codes: Codes, ordered: bool) -> Codes:
    """At most six bins: of equal counts where the values have an order, else each value in a bin by its number."""
    if int(codes.max(initial=0)) < _BINS or not ordered:
        plain: Codes = codes % _BINS
        return plain
    below = np.cumsum(np.bincount(codes))
    bins: Codes = np.minimum(_BINS - 1, _BINS * (below[codes] - 1) // max(1, len(codes)))
    return bins


def _excess(a: Codes, b: Codes) -> float:
    """How many times as often two coarse columns agree together as unrelated ones would."""
    joint = np.bincount(a * _BINS + b, minlength=_BINS * _BINS).reshape(_BINS, _BINS) / max(1, len(a))
    apart = float((joint.sum(axis=0) ** 2).sum() * (joint.sum(axis=1) ** 2).sum())
    return float((joint**2).sum()) / apart if apart else 1.0
