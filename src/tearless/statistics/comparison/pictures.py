"""A comparison drawn: each difference with its interval, beside none and beside what these rows could show."""

from __future__ import annotations

import math

from tearless.core import Measured, visible
from tearless.core.number import shown
from tearless.core.picture import Axis, Bars, Mark, Picture, Points, Ranges, Rule, values

from .facts import Comparison, Pair
from .words import title

MOST_DRAWN = 16


def differences(found: Comparison, *more: Mark, only: tuple[str, ...] = ()) -> Picture | None:
    """Every difference with its interval, or those of the models named; ``None`` where none has ends to be drawn.

    >>> import polars as pl
    >>> from tearless.statistics.comparison.designs import compared
    >>> from tearless.statistics.comparison.facts import Plan
    >>> table = pl.DataFrame({"old": [1, 0, 0, 0, 0, 0], "new": [0, 1, 1, 1, 1, 1]})
    >>> found = compared(table, Plan(("old", "new")), seed=0)
    >>> differences(found).says
    'new less old: 66.7 %, -16.3 % to 95.2 %'
    """
    pairs = [pair for pair in found.pairs if _drawable(pair) and (not only or pair.b in only)][:MOST_DRAWN]
    if not pairs:
        return None
    estimates = [pair.difference.estimate for pair in pairs]
    marks: list[Mark] = [
        Ranges(
            values(range(len(pairs))),
            values(e.low for e in estimates),
            values(e.high for e in estimates),
            values(e.value for e in estimates),
        ),
        Rule(0.0, "no difference", role="soft"),
        *more,
    ]
    smallest = [pair.detectable for pair in pairs if pair.detectable is not None and math.isfinite(pair.detectable)]
    if len(pairs) == 1 and smallest:
        side = math.copysign(smallest[0], estimates[0].value)
        marks.append(Rule(side, f"detectable {shown(smallest[0], found.unit)}", role="second"))
    says = "; ".join(
        f"{visible(p.b)} less {visible(p.a)}: {shown(e.value, found.unit)}, {shown(e.low, found.unit)} to "
        f"{shown(e.high, found.unit)}"
        for p, e in zip(pairs, estimates, strict=True)
    )
    names = tuple(f"{visible(pair.b)} − {visible(pair.a)}" for pair in pairs)
    return Picture(
        "The difference, with its interval", says, tuple(marks), Axis(title(found.metric)), Axis(names=names)
    )


def _drawable(pair: Pair) -> bool:
    e = pair.difference.estimate
    return all(map(math.isfinite, (e.low, e.value, e.high)))


def one_difference(measured: Measured, found: Comparison) -> Picture:
    """The difference that was judged, with its interval. Raises ``ValueError`` where it has no ends.

    >>> import polars as pl
    >>> from tearless.statistics.checks.difference_is_noise import measure
    >>> from tearless.statistics.comparison.designs import compared
    >>> from tearless.statistics.comparison.facts import Plan
    >>> table = pl.DataFrame({"old": [1, 0, 0, 0, 0, 0], "new": [0, 1, 1, 1, 1, 1]})
    >>> found = compared(table, Plan(("old", "new")), seed=0)
    >>> one_difference(next(measure(found)), found).y.names
    ('new − old',)
    """
    return _drawn(differences(found, only=measured.subject))


def beside_worth(measured: Measured, found: Comparison) -> Picture:
    """The difference that was judged, beside one worth having and the smallest that these rows show.

    >>> import polars as pl
    >>> from tearless.core import Number
    >>> from tearless.statistics.comparison.designs import compared
    >>> from tearless.statistics.comparison.facts import Plan
    >>> table = pl.DataFrame({"old": [1, 0, 0, 0, 0, 0], "new": [0, 1, 1, 1, 1, 1]})
    >>> found = compared(table, Plan(("old", "new")), seed=0)
    >>> judged = Measured(("new",), {"worth": Number(0.1, "share", "worth having")})
    >>> [mark.label for mark in beside_worth(judged, found).marks[1:]]
    ['no difference', 'worth having 10 %', 'detectable 92.7 %']
    """
    worth = measured.numbers["worth"]
    pair = next(pair for pair in found.pairs if (pair.b,) == measured.subject)
    side = math.copysign(worth.value or 0.0, pair.difference.estimate.value)
    return _drawn(differences(found, Rule(side, f"worth having {worth}", role="good"), only=measured.subject))


def _drawn(picture: Picture | None) -> Picture:
    if picture is None:
        raise ValueError("the interval of the difference has no ends")
    return picture


def winner(measured: Measured, found: Comparison) -> Picture:
    """Each model's value with its interval, and what is left of the winner's without the luck of being picked.

    >>> import polars as pl
    >>> from tearless.statistics.checks.best_of_many import measure
    >>> from tearless.statistics.comparison.designs import compared
    >>> from tearless.statistics.comparison.facts import Plan
    >>> table = pl.DataFrame({"a": [1, 0, 0, 0, 0, 1], "b": [0, 1, 1, 1, 1, 1], "c": [0, 1, 0, 1, 0, 1]})
    >>> found = compared(table, Plan(("a", "b", "c")), seed=0)
    >>> winner(next(measure(found)), found).y.names
    ('b', 'c', 'a')
    """
    names = list(found.plan.models)
    order = sorted(range(len(names)), key=lambda i: found.estimates[i].value, reverse=not found.lower_is_better)
    drawn = [i for i in order if math.isfinite(found.estimates[i].value)][:MOST_DRAWN]
    estimates = [found.estimates[i] for i in drawn]
    corrected, seen = measured.numbers["corrected"], measured.numbers["seen"]
    at = drawn.index(names.index(measured.subject[0]))
    ends = [
        (e.low, e.high) if math.isfinite(e.low) and math.isfinite(e.high) else (e.value, e.value) for e in estimates
    ]
    marks: tuple[Mark, ...] = (
        Ranges(
            values(range(len(drawn))),
            values(low for low, _ in ends),
            values(high for _, high in ends),
            values(e.value for e in estimates),
        ),
        Points((corrected.value or 0.0,), (float(at),), "without the luck of being picked", "second"),
    )
    says = f"The best shows {seen}; without the luck of being picked it is {corrected}."
    heading = f"The {title(found.metric)} of each model, with its interval"
    return Picture(heading, says, marks, Axis(title(found.metric)), Axis(names=tuple(visible(names[i]) for i in drawn)))


def gap_to_fresh_rows(measured: Measured) -> Picture:
    """The score on training rows and on test rows, beside that of one answer given always.

    >>> from tearless.core import Number
    >>> values = {"train": 1.0, "test": 0.8, "gap": -0.2, "lost": 0.4}
    >>> found = {name: Number(x, "share", "") for name, x in values.items()}
    >>> picture = gap_to_fresh_rows(Measured((), found, words={"metric": "accuracy"}))
    >>> picture.title, [type(mark).__name__ for mark in picture.marks], picture.marks[1].at
    ('The accuracy on training rows and on test rows', ['Bars', 'Rule'], 0.5)
    """
    numbers = measured.numbers
    train, test, lost, gap = (numbers[of].value or 0.0 for of in ("train", "test", "lost", "gap"))
    marks: list[Mark] = [Bars((0.0, 1.0), (train, test), along="x")]
    if lost > 0:
        marks.append(Rule(train + gap / lost, "one answer always", role="second"))
    label = measured.words["metric"] if numbers["train"].unit == "share" else "mean squared error"
    says = f"{label}: {numbers['train']} on training rows, {numbers['test']} on test rows."
    heading = f"The {label} on training rows and on test rows"
    return Picture(heading, says, tuple(marks), Axis(label, low=0.0), Axis(names=("training rows", "test rows")))


def way_to_perfect(measured: Measured) -> Picture:
    """How much of the way from one answer given always to perfect was gone, on training rows and on test rows.

    >>> from tearless.core import Number
    >>> ends = {"train_least": 0.5, "train_most": 0.6, "test_least": 0.1, "test_most": 0.3}
    >>> way_to_perfect(Measured((), {name: Number(x, "share", "") for name, x in ends.items()})).says
    'It goes 50 % to 60 % of the way on training rows, 10 % to 30 % on test rows.'
    """
    numbers = measured.numbers
    ends = [[numbers[f"{of}_{end}"] for end in ("least", "most")] for of in ("train", "test")]
    low, high = (values(pair[k].value or 0.0 for pair in ends) for k in (0, 1))
    told = [f"{pair[0]} to {pair[1]}" for pair in ends]
    return Picture(
        "How far the model comes from one answer given always to none wrong",
        f"It goes {told[0]} of the way on training rows, {told[1]} on test rows.",
        (Ranges((0.0, 1.0), low, high), Rule(0.0, "one answer always", role="soft"), Rule(1.0, "perfect", role="good")),
        Axis("share of the way"),
        Axis(names=("training rows", "test rows")),
    )
