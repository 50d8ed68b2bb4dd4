"""The verdict on binary forecasts in words, the sentences under it, and their reliability table."""

from __future__ import annotations

from tearless.core import Number
from tearless.core.number import shown
from tearless.probability.calibration.forecasts import Interval
from tearless.report.answer import Bar, Table

from .judged import Judged
from .mended import Mendings
from .wishes import chance, told

SMALL = 0.005
"""An error below half a point is called small, however certain."""
MAY_BE = "what honest probabilities show"


def verdict(j: Judged, mended: Mendings, says: str, of_answers: bool = False) -> str:
    """What is wrong, how much, and what would mend it; or what could have been seen. ``says`` is what p speaks of.

    ``of_answers``: p is the probability of being right, so that too high a total is over-confidence too.
    """
    rows = f"{len(j.y):,} row{'' if len(j.y) == 1 else 's'}"
    if not j.wrong and j.mass.usual_to == 0:
        most = 1 - (1 - j.curve.level) ** (1 / len(j.y))
        return (
            f"nothing speaks against these probabilities: what they rule out did not come; {rows} would not have shown "
            f"mistakes in less than {shown(most, 'share')}"
        )
    if not j.wrong:
        return (
            f"nothing speaks against these probabilities: on {rows} luck alone shows an error (ECE) up to "
            f"{shown(j.mass.usual_to, digits=2)}, and a larger one would have stood out{_few(j)}"
        )
    parts = [f"{kind(j, of_answers)}: {example(j, says)}"]
    if j.mass.debiased < SMALL:
        parts.append(f"certain but small: {_in_points(j.mass.debiased)} on average")
    parts.append(_gain(mended))
    return "; ".join(part for part in parts if part)


def kind(j: Judged, of_answers: bool = False) -> str:
    """The name of what is wrong: over- or under-confident, too high or too low, or off in places."""
    low = j.large.excess.value > 0
    by = f"by {_in_points(abs(j.large.excess.value))} on average"
    if of_answers and j.surely("total"):
        return f"{'under' if low else 'over'}-confident {by}"
    names = []
    if j.sharp is not None and j.surely("slope"):
        names.append(_named(j.sharp.factor.value))
    if j.surely("total"):
        names.append(f"too {'low' if low else 'high'} {by}")
    return " and ".join(names) or "off in places"


def _named(factor: float) -> str:
    if factor < 0:
        return "the wrong way round"
    return "over-confident" if factor < 1 else "under-confident"


def example(j: Judged, says: str) -> str:
    """The bin that lies furthest outside its band, in words."""
    c = j.curve
    weight = c.count * abs(c.came - c.forecast)
    outside = c.outside if c.outside.any() else weight >= weight.max()
    i = int((weight * outside).argmax())
    return (
        f"where {says} {shown(float(c.forecast[i]), 'share')} on average ({int(c.count[i]):,} rows), "
        f"{shown(float(c.came[i]), 'share')} came ({shown(float(c.low[i]), 'share')} to "
        f"{shown(float(c.high[i]), 'share')})"
    )


def _few(j: Judged) -> str:
    return "; so few rows show only gross errors" if j.mass.usual_to > 0.1 else ""


def _gain(mended: Mendings) -> str:
    best = mended.best
    if best is None:
        return "no mending tried surely helps on rows not used to fit it" if mended.tried else ""
    before = shown(mended.log_loss)
    return (
        f"the log loss of {before} would fall by {told(best.gain)} with {best.words}, judged on rows not used to fit it"
    )


def _intercept(found: Interval | None) -> str:
    if found is None:
        return "no intercept: these probabilities tell the outcomes apart without error, so that any would do"
    return f"intercept {told(found)}, 0 is right"


def said(j: Judged, mended: Mendings, whole: str = "") -> list[tuple[str, str]]:
    """The measures in sentences; ``whole`` are the scores over all classes, where these are of the likeliest."""
    lines = [
        (
            "ECE",
            f"{_error(j.width)} in {j.width.bins} bins of equal width; {_error(j.mass)} in {j.mass.bins} of equal mass",
        ),
        (
            "",
            f"{MAY_BE} at {len(j.y):,} rows: {shown(j.width.if_calibrated, digits=2)} (up to "
            f"{shown(j.width.usual_to, digits=2)}) and {shown(j.mass.if_calibrated, digits=2)} (up to "
            f"{shown(j.mass.usual_to, digits=2)}); noise taken off: {shown(j.width.debiased, digits=2)} and "
            f"{shown(j.mass.debiased, digits=2)}; smooth ECE: {j.smooth}",
        ),
    ]
    if j.sharp is not None and j.line is not None:
        way = "1 is right, below over-confident, above under-confident"
        lines.append(
            (
                "slope",
                f"of the log-odds {told(j.line.slope)}, {way}; {_intercept(j.line.intercept)}" + _beyond(j),
            )
        )
    lines.append(
        (
            "total",
            f"{shown(j.large.came)} came, {shown(float(f'{j.large.expected:.6g}'))} were to be expected: "
            f"{_points_told(j.large.excess)} points of all rows, {chance(j.large.test.p)}",
        )
    )
    lines += [("tests", _tests(j)), ("scores", whole + _scores(j))]
    if mended.rows < mended.all_rows:
        lines.append(("mending", f"judged on {mended.rows:,} rows drawn of {mended.all_rows:,}"))
    if mended.refused and not mended.tried:
        lines.append(("mending", mended.refused))
    return lines


def _beyond(j: Judged) -> str:
    least = 1 / (2 * len(j.y) + 2)
    odd = bool(((j.p < least) | (j.p > 1 - least)).any())
    return f"; chances beyond 1 in {2 * len(j.y) + 2:,}, which so few rows cannot tell, count as that" if odd else ""


def _error(e: object) -> str:
    return shown(getattr(e, "value", None))


def _tests(j: Judged) -> str:
    parts = []
    if j.spiegelhalter is not None:
        parts.append(f"Spiegelhalter z = {shown(j.spiegelhalter.statistic)}, {chance(j.spiegelhalter.p)}")
    parts.append(f"Kolmogorov-Smirnov {shown(j.gap.largest.statistic)}, {chance(j.gap.largest.p)}")
    parts.append(f"Kuiper {shown(j.gap.range.statistic)}, {chance(j.gap.range.p)}")
    return "; ".join(parts)


def _scores(j: Judged) -> str:
    b = j.brier
    within = f" {'+' if b.within >= 0 else '−'} {shown(abs(b.within))} within bins" if abs(b.within) > 1e-15 else ""
    return (
        f"log loss {shown(j.log_loss)}; Brier {shown(b.score)} = {shown(b.reliability)} reliability − "
        f"{shown(b.resolution)} resolution + {shown(b.uncertainty)} uncertainty{within}"
    )


def reliability_table(j: Judged, title: str) -> Table:
    """The bins: what was said, how many rows, what came with its interval, what honest luck allows, a bar."""
    c = j.curve
    rows = tuple(
        (
            Number(float(c.forecast[i]), "share", "mean probability said"),
            Number(float(c.count[i]), "1", "rows"),
            Number(float(c.came[i]), "share", "share that came"),
            f"{_points(c.low[i])}–{_points(c.high[i])}",
            f"{_points(c.band_low[i])}–{_points(c.band_high[i])}",
            Bar(float(c.came[i])),
            ("more" if c.came[i] > c.band_high[i] else "fewer") if c.outside[i] else "",
        )
        for i in range(len(c.count))
    )
    return Table(
        title, ("said", "rows", "came", "95 %" if j.curve.level == 0.95 else "interval", "honest", "", ""), rows
    )


def _in_points(share: float) -> str:
    """A difference of shares, in percentage points.

    >>> _in_points(0.0162)
    '1.62 points'
    """
    return f"{100 * share:.3g} points"


def _points_told(found: Interval) -> str:
    return f"{100 * found.value:+.3g} ({100 * found.low:.3g} to {100 * found.high:.3g})"


def _points(share: float) -> str:
    return f"{100 * float(share):.3g}"
