"""``tearless.power``: how many items a comparison needs, or what difference a test set can show."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tearless.core import InputError, Number, quoted
from tearless.core.number import shown
from tearless.report.answer import Answer, Table
from tearless.report.report import Report
from tearless.statistics.comparison.paired_power import paired_detectable, paired_items, paired_power
from tearless.statistics.comparison.power import MOST_ITEMS
from tearless.statistics.comparison.power_of_means import (
    paired_t_detectable,
    paired_t_items,
    paired_t_power,
    welch_detectable,
    welch_items,
    welch_power,
)
from tearless.statistics.comparison.unpaired_power import unpaired_detectable, unpaired_items, unpaired_power

SIZES = (100, 200, 500, 1_000, 2_000, 5_000, 10_000)
DISCORDANT = 0.1
"""Share of items on which two models differ, where nothing is said: a common order of size, to be replaced."""


class Plan(NamedTuple):
    """One design: its words, and its power, items and detectable difference as functions."""

    said: str
    unit: str
    power_at: Callable[[int, float], float]
    items: Callable[[float, float], float]
    detectable: Callable[[int, float], float]


def power(
    *,
    items: int | None = None,
    difference: float | None = None,
    discordant: float | None = None,
    accuracy: float | None = None,
    spread: float | None = None,
    paired: bool = True,
    power: float = 0.8,
    level: float = 0.95,
) -> Report:
    """Plan a comparison of two models: give ``difference`` for the items needed, or ``items`` for what they show.

    With both the answer is the power. Right or wrong on one shared test set needs ``discordant``, the share of items
    that exactly one model gets right (0.1 if not given; two such models seen before say it); on two test sets
    (``paired=False``) ``accuracy``, that of the first model. Scores that are numbers need ``spread``: the standard
    deviation of the differences item by item, or of the scores where not paired. The report's numbers are ``items``,
    ``difference`` and ``power``. Items of unpaired designs are those of each model. Exact powers of the tests that
    ``compare`` uses. Raises ``InputError`` where neither is given, and for shares that cannot be.

    >>> report = power(difference=0.03, discordant=0.09)
    >>> report["items"].value, round(report["power"].value, 3)
    (769.0, 0.8)
    """
    if items is None and difference is None:
        raise InputError(
            "items, difference: expected one of them at least, got none; a difference of 0.02 is two points"
        )
    _checked(items, difference, {"discordant": discordant, "accuracy": accuracy, "spread": spread})
    for name, x in (("power", power), ("level", level)):
        if not (_is_number(x) and 0 < x < 1):
            raise InputError(f"{name}: expected a share between 0 and 1, got {quoted(repr(x))}; 0.8 is 80 %")
    plan = _plan(discordant, accuracy, spread, paired, level)
    gap = abs(difference) if difference is not None else plan.detectable(items or 0, power)
    count = items if items is not None else plan.items(gap, power)
    reached = plan.power_at(int(count), gap) if math.isfinite(count) and math.isfinite(gap) else 0.0
    numbers = {
        "items": Number(count, "items", "of each model's test set" if not paired else "of the shared test set"),
        "difference": Number(gap, plan.unit, "true difference of the models"),
        "power": Number(reached, "share", "of trials in which this difference is told from 0"),
    }
    verdict = _verdict(plan, items, difference, count, gap, reached, paired)
    said = (("design", plan.said), ("level", f"an interval of {shown(level, 'share')}, two-sided"))
    return Report(
        (),
        (),
        "a plan",
        int(count) if math.isfinite(count) else 0,
        0,
        0,
        answer=Answer(verdict, said, numbers, (_table(plan, power, gap),)),
    )


def _is_number(x: object) -> bool:
    return isinstance(x, (int, float, np.number)) and not isinstance(x, bool) and math.isfinite(x)


def _checked(items: object, difference: object, given: dict[str, float | None]) -> None:
    """Raises ``InputError`` for what is no count, no difference or no share."""
    whole = hasattr(items, "__index__") and not isinstance(items, bool)
    if items is not None and not (whole and operator.index(items) >= 1):  # type: ignore[arg-type]
        raise InputError(f"items: expected a whole number of at least 1, got {quoted(repr(items))}; count them")
    most = math.inf if given["spread"] is not None else 1
    if difference is not None and not (_is_number(difference) and 0 < abs(difference) <= most):  # type: ignore[arg-type]
        end = "" if most == math.inf else " and at most 1 in size"
        got = quoted(repr(difference))
        raise InputError(f"difference: expected a number other than 0{end}, got {got}; 0.02 is two points")
    for name, x in given.items():
        top = math.inf if name == "spread" else 1
        if x is not None and not (_is_number(x) and 0 < x <= top):
            span = "above 0" if name == "spread" else "above 0 and at most 1"
            raise InputError(f"{name}: expected a number {span}, got {quoted(repr(x))}; 0.1 is 10 %")
    accuracy = given["accuracy"]
    if accuracy is not None and difference is not None and abs(difference) > max(accuracy, 1 - accuracy):  # type: ignore[arg-type]
        raise InputError(
            f"difference: expected one that an accuracy of {accuracy:g} leaves room for, got {difference}; at most "
            f"{max(accuracy, 1 - accuracy):g}"
        )


def _verdict(
    plan: Plan, items: int | None, difference: float | None, count: float, gap: float, reached: float, paired: bool
) -> str:
    each = ("items" if items != 1 else "item") + ("" if paired else " for each model")
    size = _gap(gap, plan.unit)
    if items is not None and difference is not None:
        return f"{count:,} {each} show a true difference of {size} in {shown(reached, 'share')} of trials"
    if not math.isfinite(count):
        return f"no number of {each} up to {MOST_ITEMS:,} shows a true difference of {size} often enough"
    if not math.isfinite(gap):
        return f"no difference that there can be shows itself often enough in {items:,} {each}"
    share = shown(reached, "share")
    if items is None:
        return f"{int(count):,} {each} are needed to show a true difference of {size} in {share} of trials"
    return f"{count:,} {each} show a true difference of {size} or more in {share} of trials"


def _gap(gap: float, unit: str) -> str:
    return f"{shown(100 * gap)} points" if unit == "share" else shown(gap)


def _table(plan: Plan, power: float, gap: float) -> Table:
    rows = []
    for n in SIZES:
        seen, reached = plan.detectable(n, power), plan.power_at(n, gap) if math.isfinite(gap) else 0.0
        cell = _gap(seen, plan.unit) if math.isfinite(seen) else "none"
        rows.append((f"{n:,}", cell, Number(reached, "share", "power")))
    known = f"power for {_gap(gap, plan.unit)}" if math.isfinite(gap) else "power"
    return Table("By size", ("items", f"shows in {shown(power, 'share')}", known), tuple(rows))


def _plan(discordant: float | None, accuracy: float | None, spread: float | None, paired: bool, level: float) -> Plan:
    """The design that the given numbers speak of. Raises ``InputError`` where they speak of two."""
    given = {"discordant": discordant, "accuracy": accuracy, "spread": spread}
    named = [name for name, value in given.items() if value is not None]
    if len(named) > 1:
        raise InputError(f"{', '.join(named)}: expected one of them, got {len(named)}; each is for another design")
    if spread is not None:
        return _of_means(spread, paired, level)
    if not paired or accuracy is not None:
        if paired or accuracy is None:
            raise InputError(
                "accuracy: expected it with two test sets (--unpaired) and only there; else give discordant"
            )
        first = accuracy
        return Plan(
            f"right or wrong on two test sets, the first model right on {shown(first, 'share')}: the score test",
            "share",
            lambda n, d: unpaired_power(n, n, first, _moved(first, d), level),
            lambda d, power: unpaired_items(first, _moved(first, d), power, level)[0],
            lambda n, power: unpaired_detectable(n, n, first, power, level),
        )
    share = DISCORDANT if discordant is None else discordant
    guess = ", an assumption: --discordant says the share seen" if discordant is None else ""
    return Plan(
        f"right or wrong on one shared test set, {shown(share, 'share')} of items right by one model alone{guess}: the "
        "mid-p McNemar test",
        "share",
        lambda n, d: paired_power(n, d, max(share, d), level),
        lambda d, power: paired_items(d, max(share, d), power, level),
        lambda n, power: paired_detectable(n, share, power, level),
    )


def _moved(share: float, gap: float) -> float:
    """The other model's accuracy: above the first's, or below it where there is no room above."""
    return share + gap if share + gap <= 1 else share - gap


def _of_means(spread: float, paired: bool, level: float) -> Plan:
    if paired:
        return Plan(
            f"scores on one shared test set, differences of standard deviation {shown(spread)}: the paired t test",
            "1",
            lambda n, d: paired_t_power(n, d, spread, level),
            lambda d, power: paired_t_items(d, spread, power, level),
            lambda n, power: paired_t_detectable(n, spread, power, level),
        )
    return Plan(
        f"scores on two test sets, each with a standard deviation of {shown(spread)}: Welch's t test",
        "1",
        lambda n, d: welch_power(n, n, d, spread, spread, level),
        lambda d, power: welch_items(d, spread, spread, power, level)[0],
        lambda n, power: welch_detectable(n, n, spread, spread, power, level),
    )
