"""``tearless.power``: the items for a difference, the difference for items, and the power of both, by other routes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestIndPower, TTestPower

import tearless
from tearless.core import InputError
from tearless.report.report import Report
from tearless.statistics.comparison.mcnemar import mcnemar


def number(report: Report, name: str) -> float:
    found = report[name].value
    assert found is not None
    return found


def by_enumeration(items: int, difference: float, discordant: float) -> float:
    """The power of mid-p McNemar, every table of disagreements counted."""
    up, down = (discordant + difference) / 2, (discordant - difference) / 2
    total = 0.0
    for m in range(items + 1):
        chance = stats.binom.pmf(m, items, discordant)
        k = np.arange(m + 1)
        sure = np.array([mcnemar(int(m - x), int(x), method="mid-p") <= 0.05 for x in k])
        total += chance * stats.binom.pmf(k, m, up / (up + down))[sure].sum()
    return total


@pytest.mark.parametrize(("items", "difference", "discordant"), [(60, 0.1, 0.2), (100, 0.05, 0.05), (40, -0.15, 0.3)])
def test_power_on_a_shared_set_is_that_of_every_table(items: int, difference: float, discordant: float) -> None:
    found = number(tearless.power(items=items, difference=difference, discordant=discordant), "power")
    assert found == pytest.approx(by_enumeration(items, abs(difference), discordant), rel=1e-9)


def test_items_and_difference_are_each_others_answer() -> None:
    items = number(tearless.power(difference=0.03, discordant=0.09), "items")
    assert items == 769
    assert number(tearless.power(items=769, difference=0.03, discordant=0.09), "power") >= 0.8
    assert number(tearless.power(items=700, difference=0.03, discordant=0.09), "power") < 0.8
    seen = number(tearless.power(items=769, discordant=0.09), "difference")
    assert seen == pytest.approx(0.03, rel=0.01)


def test_scores_by_t_agree_with_statsmodels() -> None:
    paired = tearless.power(difference=0.5, spread=2.0)
    wanted = TTestPower().solve_power(effect_size=0.25, alpha=0.05, power=0.8)
    assert number(paired, "items") == np.ceil(wanted)
    seen = number(tearless.power(items=50, spread=2.0), "difference")
    assert seen == pytest.approx(2.0 * TTestPower().solve_power(nobs=50, alpha=0.05, power=0.8), rel=1e-6)
    apart = tearless.power(difference=0.5, spread=2.0, paired=False)
    assert number(apart, "items") == np.ceil(TTestIndPower().solve_power(effect_size=0.25, alpha=0.05, power=0.8))


def test_two_test_sets_need_more_than_one() -> None:
    shared = number(tearless.power(difference=0.03, discordant=0.09), "items")
    apart = tearless.power(difference=0.03, accuracy=0.8, paired=False)
    assert number(apart, "items") > 3 * shared
    assert apart.answer is not None
    assert "items for each model" in apart.answer.verdict


def test_an_assumption_is_said() -> None:
    report = tearless.power(difference=0.02)
    assert report.answer is not None
    assert "an assumption" in dict(report.answer.said)["design"]
    assert "an assumption" not in dict(tearless.power(difference=0.02, discordant=0.1).answer.said)["design"]  # type: ignore[union-attr]


def test_power_rises_with_items_difference_and_falls_with_level() -> None:
    def at(**given: Any) -> float:
        return number(tearless.power(**({"items": 400, "difference": 0.04, "discordant": 0.1} | given)), "power")

    assert at(items=300) < at() < at(items=600)
    assert at(difference=0.03) < at() < at(difference=0.06)
    assert at(level=0.99) < at() < at(level=0.9)
    assert at(discordant=0.2) < at()
    assert at(difference=-0.04) == at()


def test_so_few_items_that_nothing_shows() -> None:
    report = tearless.power(items=3)
    assert report.answer is not None
    assert "no difference that there can be" in report.answer.verdict
    assert report.to_text(40, False, True)
    sure = tearless.power(items=10**7, difference=0.5, discordant=0.5)
    assert number(sure, "power") == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "expected one of them at least"),
        ({"difference": 0}, "difference: expected a number other than 0"),
        ({"difference": "x"}, "difference: expected a number other than 0"),
        ({"difference": float("nan")}, "difference: expected a number other than 0"),
        ({"difference": 1.5}, "difference"),
        ({"items": 0}, "items"),
        ({"items": -5, "difference": 0.1}, "items"),
        ({"items": 2.5}, "items"),
        ({"items": "x"}, "items"),
        ({"items": 100, "power": 1.0}, "power"),
        ({"items": 100, "power": "x"}, "power"),
        ({"items": 100, "level": 0}, "level"),
        ({"items": 100, "level": "x"}, "level"),
        ({"items": 100, "discordant": 1.5}, "discordant"),
        ({"items": 100, "discordant": 0}, "discordant"),
        ({"items": 100, "discordant": "x"}, "discordant"),
        ({"items": 100, "spread": 0}, "spread"),
        ({"items": 100, "spread": -1}, "spread"),
        ({"items": 100, "spread": 1, "discordant": 0.1}, "each is for another design"),
        ({"items": 100, "paired": False}, "accuracy: expected it with two test sets"),
        ({"items": 100, "accuracy": 0.8}, "accuracy: expected it with two test sets"),
        ({"items": 100, "accuracy": 1.2, "paired": False}, "accura"),
        ({"difference": 0.9, "accuracy": 0.5, "paired": False}, "difference"),
    ],
)
def test_plans_that_cannot_be_are_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        tearless.power(**given)
