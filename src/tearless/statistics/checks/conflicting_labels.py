"""This table has rows with equal features and different targets.

## What it measures
Among the rows that agree in every feature: how many disagree about the target, and how much of the target no model can
get right because of it: the share of rows that must be mistaken, or for a quantity the share of its variance.

## Why it matters
A model sees only the features, so of two equal rows with different labels it gets one wrong, whatever it is. Where the
features are fine enough to tell the rows apart, equal features with different labels are one thing labelled twice, and
one of the labels is wrong.

## The mathematics
In a group of equal features of size c the best guess is its most frequent label, with count m, and c − m rows are
mistaken. The sum over the groups, over all rows, is a floor for the error on this table, and one minus it a ceiling for
the accuracy. For a quantity the best guess is the group's mean, and the floor is Σ(y − ȳ_group)² / Σ(y − ȳ)², known as
pure error. Where few levels make equal rows by chance (see duplicate-rows for the bound), different labels are simply
the noise in the target; then only a large floor is noted. Rows without a target are left out.

## When it is wrong
The floor belongs to these rows: with chance-equal rows it is lower than the true noise. Real repeats with different
outcomes (a patient measured twice, the same purchase returned once) are noise and not mistakes. A row number among the
features hides all conflicts.

## What to do
Look at the rows named. If one thing was labelled twice, settle its label or drop both. If the rows are different
things, a feature that tells them apart is missing: find it, or accept the ceiling.

## References
N. R. Draper, H. Smith, *Applied Regression Analysis*, 3rd ed., Wiley 1998, section 2.1 (pure error). C. G. Northcutt,
A. Athalye, J. Mueller, *Pervasive label errors in test sets destabilize machine learning benchmarks*, NeurIPS 2021
Datasets and Benchmarks.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import (
    Example,
    Limit,
    Measured,
    Mend,
    NotApplicable,
    Number,
    Severity,
    columns_renamed,
    columns_shuffled,
    fooled,
    healthy,
    in_other_units,
    rows_shuffled,
    sick,
)
from tearless.linear_algebra.facts import Sample
from tearless.statistics.conflicts import labelled_rows, mistaken_labels, pure_error, sampled_rows
from tearless.statistics.duplicates import agreeing_by_chance, groups_of_equal
from tearless.statistics.facts import Target
from tearless.statistics.intervals import poisson_at_least
from tearless.statistics.row_hashes import RowHashes

MEND = Mend.source
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed, in_other_units)
ROWS_SHOWN = 1_000
RARE = 1e-4

SOME = Limit(
    of="conflicting",
    at=2.0,
    unit="rows",
    kind="derived",
    because="A conflict takes two rows: with equal features and different targets. Fewer cannot disagree.",
)
WORTH_KNOWING = Limit(
    of="floor",
    at=lambda chance: 0.0 if chance <= RARE else 0.05,
    unit="share",
    kind="convention",
    severity=Severity.note,
    because="Where chance does not make rows of equal features, one conflict is worth a look. Where it does, different "
    "labels are noise, worth knowing once they cost one row in twenty. The number is a convention.",
)
NO_CHANCE = Limit(
    of="chance",
    at=RARE,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.001,
    severity=Severity.warning,
    because="Poisson tail at the most that chance makes: one table in ten thousand, ten times that allowed for the "
    "error of the estimated mean.",
)
BEYOND_CHANCE = Limit(
    of="equal_features",
    at=lambda by_chance_at_most: 10 * by_chance_at_most,
    unit="rows",
    kind="convention",
    severity=Severity.warning,
    because="Ten times as many rows of equal features as chance makes at most: the bound is an estimate, and the "
    "factor covers its error. The factor is a convention.",
)
COSTS = Limit(
    of="floor",
    at=0.005,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="Half a point of accuracy is lost to every model, the size of differences that decide between models. No "
    "theorem singles out the number.",
)

HEADLINE = "{conflicting} rows share all features with a row of another {columns}"
EVIDENCE = (
    "{equal_features} rows equal an earlier row in all features, where chance makes {by_chance_at_most} such pairs at "
    "most"
)
WHY = "a model sees only the features, so {lost}, whatever the model"
DO = "look at rows {first}: settle the label if one thing was labelled twice, else find what tells them apart"


def measure(hashes: RowHashes, target: Target, sample: Sample) -> Iterator[Measured]:
    features = sample.frame.drop(target.name)
    if not features.width:
        raise NotApplicable("the table has no column beside the target")
    classes = target.kind == "classes"
    known = labelled_rows(hashes.settled(), sample.frame[target.name]) if classes else None
    keys, labels, first, count, share, total = known or sampled_rows(features, target, sample)
    groups = groups_of_equal(keys, count)
    conflicting, lost, member = mistaken_labels(groups, labels, count) if classes else pure_error(groups, labels)
    rows = first[member]
    whole = total * share if classes else float(((labels - labels.mean()) ** 2).sum()) if len(labels) else 0.0
    floor = min(1.0, lost / whole) if whole > 0 else 0.0
    equal = groups.extra / share
    by_chance = agreeing_by_chance(features, total).most if groups.extra else None
    chance = (poisson_at_least(equal, by_chance) if classes else 1.0) if by_chance is not None else None
    yield Measured(
        (target.name,),
        {
            "conflicting": Number(
                conflicting / share, "rows", "rows whose features equal those of a row of another target"
            ),
            "equal_features": Number(equal, "rows", "rows whose features equal those of an earlier row"),
            "floor": Number(
                floor, "share", "rows mistaken" if classes else "variance of the target left, at least, by every model"
            ),
            "ceiling": Number(
                1 - floor, "share", "best accuracy on these rows" if classes else "best R² on these rows"
            ),
            "by_chance_at_most": Number(by_chance, "pairs", "pairs of equal features expected by chance, at most"),
            "chance": Number(
                chance,
                "chance",
                "chance of so many rows of equal features (1 for a quantity, where repeats are ordinary)",
            ),
        },
        words={
            "lost": f"at most {_percent(1 - floor)} of "
            + ("these rows can be right" if classes else "the variance of the target can be explained"),
            "first": " and ".join(str(r) for r in rows[:2]),
        },
        rows=tuple(int(r) for r in np.sort(rows)[:ROWS_SHOWN]),
    )


def _percent(share: float) -> str:
    return str(Number(share, "share", "share"))


@healthy
def measured_features(rng: np.random.Generator) -> Example:
    return Example({"a": rng.normal(size=300), "b": rng.normal(size=300), "y": rng.integers(0, 2, 300)}, target="y")


@healthy
def few_levels_and_little_noise(rng: np.random.Generator) -> Example:
    a, b = rng.integers(0, 3, 1_000), rng.integers(0, 3, 1_000)
    return Example({"a": a, "b": b, "y": (a > b) ^ (rng.random(1_000) < 0.02)}, target="y")


@sick
def one_thing_labelled_twice(rng: np.random.Generator) -> Example:
    again = np.r_[np.arange(300), rng.choice(300, 10, replace=False)]
    y = rng.integers(0, 2, 300)[again]
    y[300:] = 1 - y[300:]
    return Example({"a": rng.normal(size=300)[again], "b": rng.normal(size=300)[again], "y": y}, target="y")


@sick
def coin_tosses_in_few_cells(rng: np.random.Generator) -> Example:
    return Example(
        {"a": rng.integers(0, 3, 600), "b": rng.integers(0, 2, 600), "y": rng.integers(0, 2, 600)}, target="y"
    )


@sick
def a_quantity_measured_again(rng: np.random.Generator) -> Example:
    x = np.repeat(rng.normal(size=100), 3)
    return Example({"x": x, "y": x + rng.normal(size=300)}, target="y")


@fooled("silent", "a row number makes all features different, though every row is labelled twice")
def numbered_conflicts(rng: np.random.Generator) -> Example:
    return Example(
        {"id": np.arange(200), "a": np.tile(rng.normal(size=100), 2), "y": np.repeat([0, 1], 100)}, target="y"
    )


@fooled("fires", "two throws that are real repeats differ by their own noise, and neither is mislabelled")
def repeated_trials(rng: np.random.Generator) -> Example:
    dose, age = np.repeat(rng.normal(size=100), 4), np.repeat(rng.normal(size=100), 4)
    return Example({"dose": dose, "age": age, "cured": rng.random(400) < 0.5}, target="cured")
