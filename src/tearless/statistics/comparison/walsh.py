"""The averages of all pairs of numbers, in order, without listing them where they are many."""

from __future__ import annotations

import math

import numpy as np

from tearless.statistics.estimate import Floats

LISTED = 2_000
"""Numbers up to which all averages are listed: two million."""
THINNED = 1_000_000
"""Above, every so many-th of the sorted numbers stands for its neighbours."""


class WalshAverages:
    """The n(n + 1)/2 averages (dᵢ + dⱼ)/2, i ≤ j, of numbers of shape (n,); J. L. Hodges and E. L. Lehmann, 1963.

    >>> averages = WalshAverages(np.array([0.0, 1.0, 4.0]))  # 0 0.5 1 2 2.5 4
    >>> averages.count, averages.at(1), averages.at(4), averages.median
    (6, 0.0, 2.0, 1.5)
    """

    def __init__(self, d: Floats) -> None:
        ordered = np.sort(d)
        if len(ordered) > THINNED:
            ordered = ordered[np.linspace(0, len(ordered) - 1, THINNED).round().astype(np.int64)]
        self.ordered = ordered
        self.count = len(ordered) * (len(ordered) + 1) // 2
        few = len(ordered) <= LISTED
        rows, columns = np.triu_indices(len(ordered)) if few else (np.zeros(0, dtype=np.int64),) * 2
        self.listed = np.sort(ordered[rows] / 2 + ordered[columns] / 2)

    @property
    def median(self) -> float:
        """The Hodges-Lehmann estimate."""
        return self.at((self.count + 1) // 2) / 2 + self.at(self.count // 2 + 1) / 2

    def at(self, k: int) -> float:
        """The k-th smallest, from 1. Exact where all are listed, else to 12 digits of the range."""
        k = min(max(k, 1), self.count)
        if len(self.listed):
            return float(self.listed[k - 1])
        low, high = float(self.ordered[0]), float(self.ordered[-1])
        few, many = 0, self.count
        tiny = 1e-12 * (high - low)
        for turn in range(200):
            if high - low <= tiny or few >= many:
                break
            share = (k - few) / (many - few) if turn % 3 else 0.5
            middle = low + (high - low) * min(max(share, 1e-3), 1 - 1e-3)
            below = self.up_to(middle)
            low, high, few, many = (low, middle, few, below) if below >= k else (middle, high, below, many)
        return high

    def up_to(self, x: float) -> int:
        """How many are at most x."""
        if len(self.listed):
            return int(np.searchsorted(self.listed, x, side="right"))
        partners = np.searchsorted(self.ordered, 2 * x - self.ordered[::-1], side="right")
        own = int(np.searchsorted(self.ordered, x, side="right"))
        return (int(partners.sum()) + own) // 2

    def beyond(self, x: float, side: int) -> float:
        """The nearest one above x (``side`` 1) or below it (−1); inf or −inf where there is none."""
        if side > 0:
            k = self.up_to(x) + 1
            return self.at(k) if k <= self.count else math.inf
        k = self.up_to(math.nextafter(x, -math.inf))
        return self.at(k) if k >= 1 else -math.inf
