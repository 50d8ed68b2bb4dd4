"""Predicted quantities: do the intervals hold what they promise, and are the spreads right?"""

from __future__ import annotations

import numpy as np

from tearless.core import NotApplicable, Number
from tearless.core.number import shown
from tearless.probability.calibration.conformal import quantile_threshold, rank, reachable, residual_threshold
from tearless.probability.calibration.forecasts import Floats, Interval, exact_share
from tearless.probability.calibration.intervals_of_regression import Coverage, Pit, coverage, crps_normal, normal_pit
from tearless.probability.predictions import Spreads
from tearless.report.answer import Answer, Bar, Cell, Table
from tearless.statistics.estimate import normal_quantile

from .wishes import Wishes, chance, of_interval, told

USUAL = 0.9
BINS = 10


def of_quantities(found: Spreads, wishes: Wishes) -> Answer:
    """The answer for predicted intervals, or means with spreads."""
    promised = wishes.coverage or wishes.promised or USUAL
    if found.mean is not None and found.spread is not None:
        return _spreads(found.y, found.mean, found.spread, promised, wishes)
    if found.lower is not None and found.upper is not None:
        return _intervals(found.y, found.lower, found.upper, promised, wishes)
    raise NotApplicable("there is no predicted interval or spread of a quantity")


def _intervals(y: Floats, lower: Floats, upper: Floats, promised: float, wishes: Wishes) -> Answer:
    held = coverage(y, lower, upper, promised, level=wishes.level)
    name = f"{shown(promised, 'share')} intervals"
    by_name = "by their columns' names" if wishes.promised else "nothing says what they promise; --coverage does"
    taken = [] if wishes.coverage else [("promise", f"taken for {name}: {by_name}")]
    lines = [*taken, _held(held, name), ("outside", _outside(held))]
    numbers = _coverage_numbers(held)
    verdict = _verdict(held, name)
    if reachable(len(y)) >= promised and _can(len(y), promised):
        cut = quantile_threshold(y, lower, upper, promised)
        numbers["widen_by"] = Number(cut.value, "1", "to move each end outwards by, so that the promise holds")
        way = "outwards" if cut.value >= 0 else "inwards"
        low, high = cut.coverage_range(wishes.level)
        move = (
            f"move both ends {way} by {shown(abs(cut.value))} to hold {shown(cut.promised, 'share')} of new rows "
            f"({shown(low, 'share')} to {shown(high, 'share')} with this very number)"
        )
        lines.append(("mending", move))
        verdict += f"; {move}" if held.verdict != "cannot tell" else ""
    return Answer(verdict, tuple(lines), numbers)


def _can(rows: int, promised: float) -> bool:
    return rank(rows, min(promised, reachable(rows))) <= rows


def _spreads(y: Floats, mean: Floats, spread: Floats, promised: float, wishes: Wishes) -> Answer:
    pit = normal_pit(y, mean, spread, level=wishes.level)
    reach = normal_quantile(promised) * spread
    held = coverage(y, mean - reach, mean + reach, promised, level=wishes.level)
    score = crps_normal(y, mean, spread)
    right = np.asarray(crps_normal(y, mean + pit.bias.value * spread, spread * max(pit.spread.value, 1e-9)))
    name = f"{shown(promised, 'share')} intervals (normal, from mean and spread)"
    lines = [
        _held(held, name),
        ("outside", _outside(held)),
        ("spread", f"the errors are {told(pit.spread)} times the predicted spread, 1 is right"),
        ("bias", f"the truth lies {told(pit.bias)} predicted spreads above the mean, 0 is right"),
        ("shape", f"{pit.test.method} {shown(pit.test.statistic)}, {chance(pit.test.p)}"),
        (
            "CRPS",
            f"{shown(float(score.mean()))} on average, in the unit of the truth; absolute error "
            f"{shown(float(np.abs(y - mean).mean()))}; with bias and spread mended on these very rows "
            f"{shown(float(right.mean()))}",
        ),
    ]
    numbers = {
        **_coverage_numbers(held),
        "spread_factor": of_interval(pit.spread, "1", "errors in predicted spreads: above 1 the spread is too small"),
        "bias": of_interval(pit.bias, "1", "mean error in predicted spreads"),
        "pit_ks": Number(pit.test.statistic, "share", "how far the PIT strays from evenness"),
        "pit_p": Number(pit.test.p, "chance", f"by {pit.test.method}"),
        "crps": Number(float(score.mean()), "1", "continuous ranked probability score, in the unit of the truth"),
    }
    if _can(len(y), promised) and reachable(len(y)) >= promised:
        cut = residual_threshold(y, mean, promised, scale=spread)
        lines.append(
            ("mending", f"mean ± {shown(cut.value)} spreads hold {shown(cut.promised, 'share')} of new rows, any shape")
        )
        numbers["spreads_to_hold"] = Number(cut.value, "1", "spreads to each side that hold the promised share")
    return Answer(_spread_verdict(pit, held, name), tuple(lines), numbers, (_pit_table(pit, wishes),))


def _spread_verdict(pit: Pit, held: Coverage, name: str) -> str:
    parts = []
    if pit.verdict != "cannot tell":
        parts.append(f"spreads {pit.verdict}: errors are {told(pit.spread)} times as large as said")
    if not pit.bias.holds(0.0):
        way = "low" if pit.bias.value > 0 else "high"
        parts.append(f"means too {way}, by {shown(abs(pit.bias.value))} predicted spreads")
    if held.verdict != "cannot tell":
        parts.append(_verdict(held, name))
    if not parts and pit.test.p < 0.05:
        parts.append(f"the shape is off: the truths do not fall evenly in the predicted normals, {chance(pit.test.p)}")
    return "; ".join(parts) or f"nothing speaks against these spreads: {_verdict(held, name)}"


def _verdict(held: Coverage, name: str) -> str:
    share = f"{name} hold {told(held.share, 'share')}"
    if held.verdict == "cannot tell":
        return f"{share}: nothing speaks against the promise"
    return f"{held.verdict}: {share}"


def _held(held: Coverage, name: str) -> tuple[str, str]:
    return (
        "coverage",
        f"{name} hold {told(held.share, 'share')}, {chance(held.test.p)}; width {shown(held.width)} on average",
    )


def _outside(held: Coverage) -> str:
    return f"{held.below:,} below, {held.above:,} above"


def _coverage_numbers(held: Coverage) -> dict[str, Number]:
    return {
        "coverage": of_interval(held.share, "share", "share of truths inside their interval"),
        "coverage_promised": Number(held.promised, "share", "share that was promised"),
        "coverage_p": Number(held.test.p, "chance", f"by {held.test.method}"),
        "below": Number(float(held.below), "rows", "truths below their interval"),
        "above": Number(float(held.above), "rows", "truths above their interval"),
        "width": Number(held.width, "1", "mean width, in the unit of the truth"),
    }


def _pit_table(pit: Pit, wishes: Wishes) -> Table:
    """How many truths fell in each tenth of their predicted distribution."""
    n = len(pit.values)
    count = np.bincount(np.minimum((pit.values * BINS).astype(int), BINS - 1), minlength=BINS)
    low, high = exact_share(count, n, wishes.level)
    rows: list[tuple[Cell, ...]] = []
    for i in range(BINS):
        share = Interval(count[i] / n, float(low[i]), float(high[i]), wishes.level)
        flag = "" if share.holds(1 / BINS) else "more" if share.value > 1 / BINS else "fewer"
        rows.append(
            (
                f"{i * 10}–{i * 10 + 10} %",
                Number(float(count[i]), "1", "rows"),
                Number(share.value, "share", "share of rows"),
                f"{100 * share.low:.3g}–{100 * share.high:.3g}",
                Bar(min(1.0, share.value * BINS / 2)),
                flag,
            )
        )
    return Table(
        "Where the truth fell in what was predicted: 10 % in each is right",
        ("part", "rows", "share", "95 %" if wishes.level == 0.95 else "interval", "", ""),
        tuple(rows),
    )
