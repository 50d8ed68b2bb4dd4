"""Probabilities drawn: what was said against what came, with the band that honest probabilities stay in."""

from __future__ import annotations

from tearless.core.number import shown
from tearless.core.picture import Axis, Band, Bars, Line, Picture, Points, Ranges, values

from .judged import Judged


def pictures(j: Judged, title: str) -> tuple[Picture, ...]:
    """The reliability curve, and how often each probability was given."""
    c = j.curve
    said, came = values(c.forecast), values(c.came)
    marks = (
        Band(said, values(c.band_low), values(c.band_high), "if honest"),
        Line((0.0, 1.0), (0.0, 1.0), "said = came", "soft", dashed=True),
        Ranges(said, values(c.low), values(c.high), role="main", along="y"),
        Points(said, came, f"came, {shown(c.level, 'share')}"),
    )
    outside = int(c.outside.sum())
    says = f"Of {len(said)} groups of rows by the probability said, {outside} lie outside the band of honest ones."
    curve = Picture(title, says, marks, Axis("said", low=0.0, high=1.0), Axis("came", low=0.0, high=1.0), square=True)
    width = min(0.08, 0.7 / max(1, len(said)))
    most = max(values(c.count), default=0.0)
    told = f"How many rows each group holds, the largest {most:,.0f}."
    counts = Picture(
        "How often it was said", told, (Bars(said, values(c.count), width=width),), Axis("said", low=0.0, high=1.0),
        Axis("rows", low=0.0),
    )  # fmt: skip
    return curve, counts
