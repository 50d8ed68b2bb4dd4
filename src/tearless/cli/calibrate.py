"""``tearless calibrate``."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from .deliver import FailOn, Shape, deliver
from .exits import CLEAN
from .streams import complain, say, writable, write

if TYPE_CHECKING:
    from tearless.doctor.calibrating.probabilities import Told


class By(StrEnum):
    """How bins are cut."""

    width = "width"
    mass = "mass"


class Method(StrEnum):
    """A mending."""

    temperature = "temperature"
    platt = "platt"
    isotonic = "isotonic"
    beta = "beta"
    vector = "vector"


FILE = "The predictions: a table with the truth and a probability, or one for each class."
PROBABILITY = "The column of the probability; several, joined by commas, for several classes."
APPLY = "Apply a kept calibrator instead: writes the table with mended probabilities as CSV."
NULL = "In text files this stands for a missing value; may be repeated."
COL = "COL"


def calibrate(
    predictions: Annotated[str, typer.Argument(help=FILE)],
    truth: Annotated[str | None, typer.Option(metavar=COL, help="The column of what came.")] = None,
    probability: Annotated[list[str] | None, typer.Option(metavar="COL,...", help=PROBABILITY)] = None,
    predicted: Annotated[str | None, typer.Option(metavar=COL, help="The column of the predicted class.")] = None,
    positive: Annotated[str | None, typer.Option(metavar="CLASS", help="Of which class the probability is.")] = None,
    lower: Annotated[str | None, typer.Option(metavar=COL, help="Lower ends of predicted intervals.")] = None,
    upper: Annotated[str | None, typer.Option(metavar=COL, help="Upper ends of predicted intervals.")] = None,
    mean: Annotated[str | None, typer.Option(metavar=COL, help="Predicted means.")] = None,
    spread: Annotated[str | None, typer.Option(metavar=COL, help="Predicted standard deviations.")] = None,
    logits: Annotated[bool, typer.Option("--logits", help="The numbers are logits.")] = False,
    new: Annotated[str | None, typer.Option(metavar="FILE", help="Other rows, no truth needed: base rate.")] = None,
    among: Annotated[int | None, typer.Option(metavar="N", help="Mistakes to expect among N cases.")] = None,
    at: Annotated[float | None, typer.Option(metavar="P", help="... given this probability of being right.")] = None,
    prevalence: Annotated[float | None, typer.Option(metavar="P", help="What a flag means at this base rate.")] = None,
    cut_off: Annotated[float, typer.Option(metavar="P", help="From which probability on rows are flagged.")] = 0.5,
    coverage: Annotated[float | None, typer.Option(metavar="P", help="Sets or intervals that hold the truth.")] = None,
    bins: Annotated[int, typer.Option(metavar="N", help="Bins of the reliability table.")] = 10,
    by: Annotated[By, typer.Option(help="Bins of equal width, or of equally many rows.")] = By.width,
    method: Annotated[Method | None, typer.Option(help="The mending to keep, not the best.")] = None,
    save: Annotated[str | None, typer.Option(metavar="FILE", help="Keep the calibrator as JSON.")] = None,
    apply: Annotated[str | None, typer.Option(metavar="FILE", help=APPLY)] = None,
    level: Annotated[float, typer.Option(metavar="P", help="Confidence of intervals.")] = 0.95,
    null: Annotated[list[str] | None, typer.Option(metavar="TEXT", help=NULL)] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="For what is drawn at random.")] = 0,
    fail_on: Annotated[FailOn, typer.Option(help="The least severity that gives exit status 1.")] = FailOn.error,
    shape: Annotated[Shape, typer.Option("--format", help="How to print it.")] = Shape.text,
    output: Annotated[str | None, typer.Option(metavar="FILE", help="Write it there.")] = None,
    concise: Annotated[bool, typer.Option("--concise", help="One line a finding.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Every row of the tables, and every number.")] = False,
) -> int:
    """Do the probabilities hold, and if not, what mends them?

    Reliability, calibration errors beside what honest probabilities show, over- or under-confidence, and mendings
    judged on rows that they were not fitted to.
    """
    for file in (output, save):
        if file is not None:
            writable(file, (predictions, new, apply))
    from tearless.doctor.calibrate import calibration
    from tearless.doctor.calibrating.probabilities import Told

    columns = tuple(name for names in probability or () for name in names.split(",") if name)
    if apply is not None:
        told = Told(truth, columns, predicted, positive=positive, logits=logits)
        return _applied(apply, predictions, told, output, null or ())
    report = calibration(
        predictions,
        truth=truth,
        probability=columns or None,
        predicted=predicted,
        lower=lower,
        upper=upper,
        mean=mean,
        spread=spread,
        positive=positive,
        logits=logits,
        new=new,
        among=among,
        at=at,
        prevalence=prevalence,
        cut_off=cut_off,
        coverage=coverage,
        bins=bins,
        by=by.value,
        method=method.value if method else None,
        save=save,
        level=level,
        null=null or (),
        seed=seed,
    )
    return deliver(report, output, shape, fail_on, concise, verbose)


def _applied(kept: str, predictions: str, told: Told, output: str | None, null: list[str] | tuple[()]) -> int:
    """The table with mended probabilities beside the given ones, as CSV."""
    from tearless.doctor.calibrate import mended_csv

    text, rows = mended_csv(kept, predictions, told, null)
    if output is None:
        say(text)
    else:
        write(output, text)
        complain(f"{rows:,} rows with calibrated probabilities are in {output}")
    return CLEAN
