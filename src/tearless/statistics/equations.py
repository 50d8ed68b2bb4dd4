"""The equation of a few columns that gives a number: a weighted sum or a product of powers, tried on held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tearless.core import quoted

from .held_out import gaps_by_order
from .information import log_evidence
from .told import Codes, Floats, noise_factor, parts_of

Kind = Literal["sum", "product"]
MOST_TERMS = 6
MOST_COLUMNS = 100
FIT_ROWS = 4_000
ROUNDING = 1e-16
"""Share of the variance below which a miss is rounding, and a further term gives nothing."""


@dataclass(frozen=True)
class Equation:
    """A number as a weighted sum of columns, or as a product of their powers, with what it leaves on held-out rows.

    ``left`` is the share of the variation that the equation does not give, on rows that did not choose it.

    Made by ``find_equation``. ``columns`` are positions, ``weights`` theirs (powers, in a product), ``constant`` what
    is added (or multiplied), ``left_at_most`` the upper 95 % bound of ``left``, ``rows`` those it was tried on;
    ``log_evidence`` is against an equation that says nothing.

    >>> total = Equation((0, 2), (1.0, -2.0), 3.0, "sum", 0.0, 0.0, 50, 400.0)
    >>> total.said("y", ["a", "b", "c"])
    '`y` = `a` − 2 × `c` + 3'
    """

    columns: tuple[int, ...]
    weights: tuple[float, ...]
    constant: float
    kind: Kind
    left: float
    left_at_most: float
    rows: int
    log_evidence: float

    def said(self, target: str, names: Sequence[str]) -> str:
        """The equation in words: names made safe, whole weights shown whole."""
        if self.kind == "product":
            powers = [quoted(n) + ("" if _whole(w) == "1" else f"^{_whole(w)}") for n, w in self._terms(names)]
            front = [] if abs(self.constant - 1) < 1e-6 else [_whole(self.constant)]
            return f"{quoted(target)} = {' × '.join(front + powers)}"
        said = ""
        for name, w in self._terms(names):
            sign = "−" if w < 0 else "+"
            times = "" if _whole(abs(w)) == "1" else f"{_whole(abs(w))} × "
            said += (f" {sign} " if said else sign.replace("+", "")) + times + quoted(name)
        c = self.constant
        return f"{quoted(target)} = {said}" + (f" {'−' if c < 0 else '+'} {_whole(abs(c))}" if c else "")

    def _terms(self, names: Sequence[str]) -> list[tuple[str, float]]:
        return [(names[j], w) for j, w in zip(self.columns, self.weights, strict=True)]


def _whole(weight: float) -> str:
    near = round(weight)
    return f"{near:,}" if near and abs(weight - near) < 1e-4 * abs(near) else f"{weight:.4g}"


def find_equation(x: Floats, y: Floats, row: Codes) -> Equation | None:
    """The smallest sum or product of at most six columns that gives ``y`` best; ``None`` where too few rows are whole.

    ``x`` has shape ``(n, p)`` and ``y`` ``(n,)``, in random order; nan marks a hole; ``row`` are the row numbers. The
    first half of the whole rows chooses and fits, the other half tries. For a product, logarithms of absolute values.
    What is left is measured against the variation of ``y`` and against the rows above and below, whichever is less: in
    a series, a column that only shares the trend gives no more than the neighbouring rows do.

    >>> x = np.random.default_rng(0).normal(size=(60, 3))
    >>> found = find_equation(x, x[:, 0] - 2 * x[:, 2] + 3, np.arange(60))
    >>> found.said("y", ["a", "b", "c"]), found.left < 1e-20
    ('`y` = `a` − 2 × `c` + 3', True)
    """
    found = [_found(x, y, row, "sum")]
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.abs(x)), np.log(np.abs(y))
    if (y > 0).mean() > 0.95:
        x_log, y_log = (np.where(np.isfinite(z), z, np.nan) for z in logs)
        found.append(_found(x_log, y_log, row, "product"))
    known = [e for e in found if e is not None]
    return min(known, key=lambda e: (e.left, len(e.columns)), default=None)


def _found(x: Floats, y: Floats, row: Codes, kind: Kind) -> Equation | None:
    usable = np.flatnonzero(np.isfinite(x).mean(axis=0) >= 0.8)
    whole = np.flatnonzero(np.isfinite(x[:, usable]).all(axis=1) & np.isfinite(y))[: 2 * FIT_ROWS]
    fit, held = np.arange(len(whole) // 2), np.arange(len(whole) // 2, len(whole))
    if len(fit) < 10:
        return None
    x, y, row = x[whole], y[whole], row[whole]
    middle, spread = x[fit].mean(axis=0), x[fit].std(axis=0)
    usable = usable[spread[usable] > 1e-12 * np.abs(middle[usable])]
    unit = float(y[fit].std())
    if len(usable) < 2 or unit == 0 or y[held].std() == 0:
        return None
    z, v = (x[:, usable] - middle[usable]) / spread[usable], (y - y[fit].mean()) / unit
    order = _ranked(z[fit], v[fit])
    tried = [(k, *_tried(z, v, fit, held, order[:k])) for k in range(2, min(MOST_TERMS, len(order)) + 1)]
    least = min(float(miss.mean()) for _, _, miss in tried)
    enough = max(4 * least, ROUNDING)
    k = next(k for k, _, miss in tried if miss.mean() <= enough)
    chosen = _pruned(z, v, fit, held, np.sort(order[:k]), enough)
    weights, miss = _tried(z, v, fit, held, chosen)
    own = weights * unit / spread[usable[chosen]]
    constant = _constant(float(y[fit].mean() - own @ middle[usable[chosen]]), unit, kind)
    base = min(
        float(v[held].var()), float(gaps_by_order(np.arange(len(v), dtype=np.float64), v[np.argsort(row)]).mean())
    )
    left = float(miss.mean()) / base if base else 1.0
    at_most = min(1.0, left * noise_factor(miss))
    parts = min(8, max(2, len(held) // 5))
    evidence = log_evidence(parts_of(z[np.ix_(held, chosen)] @ weights, parts), parts_of(v[held], parts), parts, parts)
    columns = tuple(usable[chosen].tolist())
    return Equation(columns, tuple(own.tolist()), constant, kind, min(1.0, left), at_most, len(held), evidence)


def _constant(constant: float, unit: float, kind: Kind) -> float:
    """The constant term of a sum, zero where it is rounding; the factor of a product."""
    if kind == "product":
        return float(np.exp(np.clip(constant, -700, 700)))
    return 0.0 if abs(constant) < 1e-6 * unit else constant


def _pruned(z: Floats, v: Floats, fit: Codes, held: Codes, columns: Codes, enough: float) -> Codes:
    """The columns without those that the others can spare, the lightest first; two are always left."""
    while len(columns) > 2:
        weights, _ = _tried(z, v, fit, held, columns)
        fewer = np.delete(columns, np.abs(weights).argmin())
        if _tried(z, v, fit, held, fewer)[1].mean() > enough:
            break
        columns = fewer
    return columns


def _tried(z: Floats, v: Floats, fit: Codes, held: Codes, columns: Codes) -> tuple[Floats, Floats]:
    """Weights by least squares on the rows that fit, and the squares missed on those held out."""
    a, b = z[np.ix_(fit, columns)], v[fit]
    weights: Floats = np.linalg.lstsq(a - a.mean(axis=0), b - b.mean(), rcond=1e-12)[0]
    miss = v[held] - b.mean() - (z[np.ix_(held, columns)] - a.mean(axis=0)) @ weights
    return weights, miss**2


def _ranked(z: Floats, v: Floats) -> Codes:
    """Columns in the order of their standardised weight where the rows suffice for all, else by greedy pursuit.

    Where an exact equation exists, least squares on all columns gives its members their weights and all others zero;
    the pursuit (Pati, Rezaiifar and Krishnaprasad, Asilomar 1993) serves where there are too few rows for that.
    """
    near = np.argsort(-np.abs(v @ z), kind="stable")[:MOST_COLUMNS]
    if len(v) >= 2 * len(near) + 10:
        weights = np.linalg.lstsq(z[:, near], v, rcond=1e-10)[0]
        return near[np.argsort(-np.abs(weights), kind="stable")]
    chosen: list[int] = []
    rest = v
    for _ in range(min(MOST_TERMS, len(near), len(v) // 3)):
        gain = np.abs(rest @ z[:, near])
        gain[np.isin(near, chosen)] = -1.0
        chosen.append(int(near[gain.argmax()]))
        rest = v - z[:, chosen] @ np.linalg.lstsq(z[:, chosen], v, rcond=1e-12)[0]
    return np.array(chosen, dtype=np.int64)
