"""Whether the order of rows carries information: tests of exchangeability against place, with effect sizes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtr, pdtrc

from tearless.core import InputError

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
BLOCKS = 10
PER_CELL = 5


@dataclass(frozen=True, slots=True)
class Order:
    """What the place of a row tells about its value.

    ``p`` is the chance of as much when rows are exchangeable. ``tenths`` is the correlation ratio η of the value and
    the tenth of the table (for classes, of the class with the tenth), freed of its bias; ``neighbours`` the correlation
    of a row with the next (for classes, the agreement beyond chance), 0 where it is negative.

    Made by ``of_numbers`` and ``of_classes``.
    """

    p: float
    tenths: float
    neighbours: float

    @property
    def size(self) -> float:
        """The larger of the two, between 0 and 1."""
        return max(self.tenths, self.neighbours)


def of_numbers(x: Floats, block: Codes) -> Order:
    """The order in numbers. ``x`` has shape ``(n,)``, finite; ``block`` the tenth (0 to 9) of each row, not falling.

    Between tenths: the Kruskal-Wallis statistic, which is (n − 1)·η² of the ranks, against χ². Between neighbours: the
    lag-1 autocorrelation of the ranks, which under exchangeability has mean −1/(n − 1) and variance below 1/n (R.
    Bartels, J. Amer. Statist. Assoc. 77, 1982, 40-46). The two share the error equally. Both laws are asymptotic; a
    column of which one value fills half is tested as that value against the others, counting cells.

    >>> of_numbers(np.arange(100.0), np.arange(100) // 10).p < 1e-12
    True
    """
    _checked(x, block)
    _, code, count = np.unique(x, return_inverse=True, return_counts=True)
    if len(x) < 2 or count.max(initial=0) * 2 >= len(x):
        return of_classes((code == int(np.argmax(count))).astype(np.int64) if len(x) else code, block)
    rank = (np.cumsum(count) - (count - 1) / 2)[code] - (len(x) + 1) / 2
    total = float(rank @ rank)
    sums, sizes = np.bincount(block, rank), np.bincount(block)
    full = sizes > 0
    df = int(full.sum()) - 1
    eta = float((sums[full] ** 2 / sizes[full]).sum()) / total
    r = float(rank[:-1] @ rank[1:]) / total
    by_block = float(chdtrc(df, (len(x) - 1) * eta)) if df and len(x) >= PER_CELL * (df + 1) else 1.0
    by_next = float(ndtr(-(r + 1 / (len(x) - 1)) * np.sqrt(len(x))))
    return Order(min(1.0, 2 * min(by_block, by_next)), _unbiased(eta, df, len(x)), max(0.0, r))


def of_classes(code: Codes, block: Codes) -> Order:
    """The order in classes. ``code`` holds whole numbers from 0; ``block`` the tenth (0 to 9) of each row.

    Shapes ``(n,)``; ``block`` does not fall. Between
    tenths: Pearson's χ² of class by tenth, with rare classes put together and tenths joined to fifths or halves
    until each class has five rows to expect a cell; η² = χ²/(n·min(classes − 1, blocks − 1)), Cramér's V². Between
    neighbours: how many next rows are of the same class, with its exact mean and variance over all orders; of the
    normal and the Poisson law of that count the larger chance is taken, so that rare classes do not mislead.

    >>> of_classes(np.arange(100) // 50, np.arange(100) // 10).p < 1e-12
    True
    """
    _checked(code, block)
    n = len(code)
    by_next, agreement = _matches(code)
    for blocks in (BLOCKS, 5, 2):
        joined = _joined(code, PER_CELL * blocks)
        classes = int(joined.max(initial=-1)) + 1
        if classes < 2:
            continue
        at = block * blocks // BLOCKS
        table = np.bincount(at * classes + joined, minlength=blocks * classes).reshape(blocks, classes).astype(float)
        table = table[table.sum(axis=1) > 0]
        expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / n
        chi2, fewest = float(((table - expected) ** 2 / expected).sum()), min(table.shape) - 1
        if fewest < 1:
            break
        df = (table.shape[0] - 1) * (classes - 1)
        p = min(1.0, 2 * min(float(chdtrc(df, chi2)), by_next))
        return Order(p, _unbiased(chi2 / (n * fewest), df / fewest, n), max(0.0, agreement))
    return Order(min(1.0, 2 * by_next), 0.0, max(0.0, agreement))


def _matches(code: Codes) -> tuple[float, float]:
    """The chance of so many equal neighbours, and their agreement beyond chance (as in Cohen's κ).

    A class of more than half of the rows is not counted: what it does, the others show, and where they are rare their
    count is nearly Poisson while the count of all equal neighbours is far from normal.
    """
    n = len(code)
    if n < 4:
        return 1.0, 0.0
    size = np.bincount(code).astype(float)
    common = size > n / 2
    c = size[~common]
    pair = c * (c - 1)
    two, three = pair.sum() / (n * (n - 1)), (pair * (c - 2)).sum() / (n * (n - 1) * (n - 2))
    apart = (pair.sum() ** 2 - (pair**2).sum() + (pair * (c - 2) * (c - 3)).sum()) / (n * (n - 1) * (n - 2) * (n - 3))
    seen = float(((code[1:] == code[:-1]) & ~common[code[1:]]).sum())
    mean, most = (n - 1) * two, float((c - 1).sum())
    variance = mean + 2 * (n - 2) * three + ((n - 1) ** 2 - (n - 1) - 2 * (n - 2)) * apart - mean**2
    if seen <= mean or most <= mean or variance <= 0:
        return 1.0, 0.0
    normal = float(ndtr(-(seen - 0.5 - mean) / np.sqrt(variance)))
    rare = float(pdtrc(seen - 1, mean)) if mean < n / 4 else 0.0
    return max(normal, rare), (seen - mean) / (most - mean)


def _joined(code: Codes, fewest: int) -> Codes:
    """The classes renumbered: those of fewer than ``fewest`` rows as one, or with the smallest if still few."""
    count = np.bincount(code)
    rare = count < fewest
    new = np.cumsum(~rare) - 1
    if rare.any() and not rare.all():
        rest = int(count[rare].sum())
        smallest = int(new[np.flatnonzero(~rare)[np.argmin(count[~rare])]])
        new[rare] = int((~rare).sum()) if rest >= fewest else smallest
    elif rare.all():
        new[:] = 0
    out: Codes = new[code].astype(np.int64)
    return out


def _unbiased(eta: float, df: float, n: int) -> float:
    """The correlation ratio η, with what df blocks explain of n rows by chance taken off (Kelley's ε)."""
    by_chance = df / max(1, n - 1)
    return float(np.sqrt(max(0.0, (eta - by_chance) / (1 - by_chance)))) if by_chance < 1 else 0.0


def _checked(x: NDArray[np.generic], block: Codes) -> None:
    if x.ndim != 1 or x.shape != block.shape or (len(block) and not 0 <= block.min() <= block.max() < BLOCKS):
        raise InputError(
            f"x, block: expected one block from 0 to {BLOCKS - 1} for each value, got shapes {x.shape} and "
            f"{block.shape}; number the blocks of rows in order"
        )
