"""``tearless compare``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from tearless.core.errors import InputError
from tearless.core.text import quoted
from tearless.statistics.comparison.design import Design

from .deliver import FailOn, Shape, deliver
from .streams import writable

FILES = "A file of results for each model, or one table with a column (or rows) for each."
COL = "COL"
DESIGNS = f"Overrules what the columns suggest: {', '.join(Design)}."


class Unmatched(StrEnum):
    """What to do with items that some model lacks."""

    refuse = "refuse"
    drop = "drop"


def compare(
    results: Annotated[list[str], typer.Argument(help=FILES)],
    truth: Annotated[str | None, typer.Option(metavar="COL|FILE", help="True values: a column, or a file.")] = None,
    metric: Annotated[str | None, typer.Option(metavar="NAME", help="accuracy, f1, auc, log-loss, mae ...")] = None,
    score: Annotated[str | None, typer.Option(metavar=COL, help="The column that is compared.")] = None,
    models: Annotated[list[str] | None, typer.Option(metavar="COL,...", help="Columns of one table.")] = None,
    baseline: Annotated[str | None, typer.Option(metavar="NAME", help="What the others are compared with.")] = None,
    item: Annotated[str | None, typer.Option(metavar=COL, help="Names the items: rows are joined by it.")] = None,
    cluster: Annotated[str | None, typer.Option(metavar=COL, help="Items of one passage, user, ...")] = None,
    fold: Annotated[str | None, typer.Option(metavar=COL, help="A row is a fold or split.")] = None,
    repeat: Annotated[str | None, typer.Option(metavar=COL, help="Repeats of the cross-validation.")] = None,
    seeds: Annotated[str | None, typer.Option(metavar=COL, help="Training runs.")] = None,
    data_set: Annotated[str | None, typer.Option(metavar=COL, help="A row is a data set.")] = None,
    model: Annotated[str | None, typer.Option(metavar=COL, help="Which model a row is of.")] = None,
    predicted: Annotated[str | None, typer.Option(metavar=COL, help="Predicted classes or numbers.")] = None,
    probability: Annotated[str | None, typer.Option(metavar=COL, help="Predicted probability.")] = None,
    positive: Annotated[str | None, typer.Option(metavar="CLASS", help="The class that counts.")] = None,
    only: Annotated[list[str] | None, typer.Option(metavar="COL=VALUE", help="Only such rows; may repeat.")] = None,
    unpaired: Annotated[bool, typer.Option("--unpaired", help="The models saw different items.")] = False,
    unmatched: Annotated[Unmatched, typer.Option(help="Items that some model lacks.")] = Unmatched.refuse,
    design: Annotated[Design | None, typer.Option(metavar="NAME", help=DESIGNS)] = None,
    method: Annotated[str | None, typer.Option(metavar="NAME", help="exact, t, bca, newcombe, wilcoxon ...")] = None,
    level: Annotated[float, typer.Option(metavar="P", help="Confidence of the intervals.")] = 0.95,
    margin: Annotated[float | None, typer.Option(metavar="X", help="No worse than this: 0.02 is two points.")] = None,
    looks: Annotated[int | None, typer.Option(metavar="N", help="Looked so often meanwhile; 0: at any time.")] = None,
    test_share: Annotated[float | None, typer.Option(metavar="X", help="Test rows over training rows.")] = None,
    lower: Annotated[bool | None, typer.Option("--lower-is-better/--higher-is-better", help="Which is good.")] = None,
    fail_on: Annotated[FailOn, typer.Option(help="The least severity that gives exit status 1.")] = FailOn.error,
    shape: Annotated[Shape, typer.Option("--format", help="How to print it.")] = Shape.text,
    output: Annotated[str | None, typer.Option(metavar="FILE", help="Write it there.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Every number and outcome.")] = False,
    seed: Annotated[int, typer.Option(metavar="N", help="For what is drawn at random.")] = 0,
) -> int:
    """Did it really improve: how big, how sure, and what would change the verdict.

    The design is recognised and said: one shared test set, clusters, folds, seeds, data sets, different items.
    """
    if output is not None:
        writable(output, results)
    from tearless.doctor.compare import compare

    report = compare(
        *results,
        truth=truth,
        metric=metric,
        score=score,
        models=[name for text in models or () for name in text.split(",") if name],
        baseline=baseline,
        item=item,
        cluster=cluster,
        fold=fold,
        repeat=repeat,
        seeds=seeds,
        data_set=data_set,
        model=model,
        predicted=predicted,
        probability=probability,
        positive=positive,
        only=dict(_pair(text) for text in only or ()),
        paired=not unpaired,
        unmatched="drop" if unmatched is Unmatched.drop else "refuse",
        design=design.value if design else None,
        method=method,
        level=level,
        margin=margin,
        looks=looks,
        test_share=test_share,
        lower_is_better=lower,
        seed=seed,
    )
    return deliver(report, output, shape, fail_on, concise=False, verbose=verbose)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise InputError(f"--only: expected COL=VALUE, got {quoted(text)}; name the column, then the value")
    return name, value
