"""``tearless power``."""

from __future__ import annotations

from typing import Annotated

import typer

from .deliver import FailOn, Shape, deliver
from .streams import writable


def power(
    items: Annotated[int | None, typer.Option(metavar="N", help="Items of the test set.")] = None,
    difference: Annotated[float | None, typer.Option(metavar="X", help="True difference: 0.02 is two points.")] = None,
    discordant: Annotated[float | None, typer.Option(metavar="P", help="Items one model alone gets right.")] = None,
    accuracy: Annotated[float | None, typer.Option(metavar="P", help="The first model's, with --unpaired.")] = None,
    spread: Annotated[float | None, typer.Option(metavar="SD", help="Of scores that are numbers.")] = None,
    unpaired: Annotated[bool, typer.Option("--unpaired", help="Each model has a test set of its own.")] = False,
    wanted: Annotated[float, typer.Option("--power", metavar="P", help="Share of trials that show it.")] = 0.8,
    level: Annotated[float, typer.Option(metavar="P", help="Confidence of the interval.")] = 0.95,
    shape: Annotated[Shape, typer.Option("--format", help="How to print it.")] = Shape.text,
    output: Annotated[str | None, typer.Option(metavar="FILE", help="Write it there.")] = None,
) -> int:
    """Plan a comparison: items needed for a difference, or the difference that a test set can show."""
    if output is not None:
        writable(output, ())
    from tearless.doctor.power import power

    report = power(
        items=items,
        difference=difference,
        discordant=discordant,
        accuracy=accuracy,
        spread=spread,
        paired=not unpaired,
        power=wanted,
        level=level,
    )
    return deliver(report, output, shape, FailOn.never, concise=False, verbose=False)
