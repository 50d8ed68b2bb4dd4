"""Probabilities drawn: what was said against what came, with the band that honest probabilities stay in."""

from __future__ import annotations

from tearless.core.picture import Axis, Bars, Picture, values
from tearless.probability.calibration.pictures import reliability_curve

from .judged import Judged


def pictures(j: Judged, title: str) -> tuple[Picture, ...]:
    """The reliability curve, and how often each probability was given."""
    curve, said = reliability_curve(j.curve, title), values(j.curve.forecast)
    width = min(0.08, 0.7 / max(1, len(said)))
    counted = values(j.curve.count)
    most = max(counted, default=0.0)
    told = f"How many rows each group holds, the largest {most:,.0f}."
    counts = Picture(
        "How often it was said", told, (Bars(said, counted, width=width),), Axis("said", low=0.0, high=1.0),
        Axis("rows", low=0.0),
    )  # fmt: skip
    return curve, counts
