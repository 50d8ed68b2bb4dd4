"""Degenerate input through every door: numbers with a width and a chance above 0, or words that say why not."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest

import tearless
from tearless.core.errors import TearlessError
from tearless.report.report import Report
from tearless.statistics.comparison.designs import compared
from tearless.statistics.comparison.metrics import METRICS
from tearless.statistics.comparison.plan import Plan

N = 40
ONE, ZERO, HALF = np.ones(N, int), np.zeros(N, int), np.tile([0, 1], N // 2)
RNG = np.random.default_rng(0)
ANY, OTHER = RNG.random(N), RNG.random(N)
PERFECT = np.where(HALF == 1, 0.9, 0.1) + RNG.random(N) * 0.05
GROUPS = np.repeat(np.arange(8), 5)
ITEM, RUN = np.tile(np.arange(20), 2), np.repeat([0, 1], 20)


def sound(report: Report) -> None:
    """No nan, no chance of 0, no interval without width, no check that failed; and it prints in every format."""
    assert report.answer is not None
    assert not report.faults
    for name, number in report.answer.numbers.items():
        if number.interval is not None:
            low, high = number.interval
            assert low < high, name
            assert number.value is None or low <= number.value <= high, name
        if number.unit == "chance" and number.value is not None:
            assert 0 < number.value <= 1, name
    text = report.to_text(verbose=True).replace("nan or +inf", "")  # what the check of logits looks for
    assert not re.search(r"\b(nan|None|np)\b|\binf\b|p = 0(?![.\d])", text), text
    for form in ("json", "markdown", "html"):
        assert getattr(report, f"to_{form}")()


def answered(report: Any) -> None:
    """Sound, or refused in words that say what to do."""
    why = ""
    try:
        sound(report())
    except TearlessError as refused:
        why = str(refused)
    assert not why or len(why) > 40
    assert not re.search(r"\b(nan|inf|object|dtype|int64|float64)\b", why), why


TABLES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "no disagreement": ({"a": HALF, "b": HALF}, {}),
    "all right": ({"a": ONE, "b": ONE}, {}),
    "all wrong": ({"a": ZERO, "b": ZERO}, {}),
    "all wrong, all right": ({"a": ZERO, "b": ONE}, {}),
    "three, all right": ({"a": ONE, "b": ONE, "c": ONE}, {}),
    "one item": ({"a": [1], "b": [0]}, {}),
    "one item, a number": ({"a": [0.3], "b": [0.4]}, {}),
    "two items": ({"a": [0.3, 0.5], "b": [0.4, 0.9]}, {}),
    "constant scores": ({"a": np.full(N, 0.3), "b": np.full(N, 0.3)}, {}),
    "constant difference": ({"a": ANY, "b": ANY + 1}, {}),
    "ties": ({"a": np.round(ANY, 1), "b": np.round(ANY + 0.2, 1)}, {}),
    "one cluster": ({"a": HALF, "b": ONE, "cluster": ["x"] * N}, {}),
    "two clusters": ({"a": HALF, "b": ONE, "cluster": ["x", "y"] * (N // 2)}, {}),
    "clusters, no disagreement": ({"a": HALF, "b": HALF, "cluster": GROUPS}, {}),
    "clusters, all wrong, all right": ({"a": ZERO, "b": ONE, "cluster": GROUPS}, {}),
    "seeds and items, all right": ({"a": ONE, "b": ONE, "item": ITEM, "seed": RUN}, {}),
    "no worse, no disagreement": ({"a": HALF, "b": HALF}, {"margin": 0.05}),
    "no worse, constant difference": ({"a": ANY, "b": ANY + 1}, {"margin": 0.5}),
    "looks, no disagreement": ({"a": HALF, "b": HALF}, {"looks": 3}),
    "looks, one item": ({"a": [0], "b": [1]}, {"looks": 0}),
    "folds, equal": ({"a": [0.8] * 5, "b": [0.8] * 5, "fold": range(5)}, {}),
    "data sets, equal": ({"a": [0.8] * 5, "b": [0.8] * 5, "data_set": list("abcde")}, {}),
    "data sets, constant": ({"a": [0.7] * 5, "b": [0.8] * 5, "c": [0.9] * 5, "data_set": list("abcde")}, {}),
    "texts of one class": ({"truth": ["x"] * N, "a": ["x"] * N, "b": ["x"] * N}, {}),
}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "one fold": ({"a": [0.8], "b": [0.9], "fold": [0]}, "one fold does not show"),
    "one run": ({"a": [0.8], "b": [0.9], "seed": [0]}, "one run of each model does not show"),
    "folds all alike": ({"a": [0.8] * 5, "b": [0.9] * 5, "fold": range(5)}, "expected some spread"),
    "a model without a result": ({"a": HALF, "b": np.full(N, np.nan)}, "no row has a result of every model"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_comparison_is_answered(name: str) -> None:
    table, options = TABLES[name]
    models = [column for column in table if column in ("a", "b", "c")]
    sound(tearless.compare(table, models=models, **options))


@pytest.mark.parametrize("name", REFUSED)
def test_a_comparison_that_cannot_be_made_says_why(name: str) -> None:
    table, why = REFUSED[name]
    with pytest.raises(TearlessError, match=why):
        tearless.compare(table)


def predictions(needs: str) -> Iterator[tuple[Any, Any, Any]]:
    """Truth and two models' predictions, each degenerate in its own way."""
    if needs == "numbers":
        yield from ((ANY, ANY, ANY), (ANY, ANY, ANY + 1), ([0.5], [0.4], [0.2]), ([0.5, 0.6], [0.4, 0.2], [0.2, 0.3]))
        yield np.full(N, 0.5), ANY, OTHER
        yield np.full(N, 0.5), np.full(N, 0.4), np.full(N, 0.6)
        return
    yield from ((HALF, PERFECT, PERFECT), (HALF, ANY, PERFECT), (HALF, 1 - PERFECT, PERFECT))
    yield HALF, np.full(N, 0.5), np.full(N, 0.5)
    yield HALF, np.full(N, 0.5), PERFECT
    yield HALF, HALF.astype(float), 1.0 - HALF
    yield HALF, HALF.astype(float), PERFECT
    yield ZERO, ANY, OTHER
    yield np.r_[1, ZERO[1:]], ANY, OTHER
    yield ["no"] * N, ANY, OTHER
    yield from (([1], [0.3], [0.4]), ([0, 1], [0.3, 0.2], [0.4, 0.8]))


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_every_metric_of_degenerate_predictions(metric: str) -> None:
    for truth, a, b in predictions(METRICS[metric].needs):
        one, two = ({"truth": truth, "score": x} for x in (a, b))
        options: dict[str, Any] = {"metric": metric, "predicted": "score"}
        answered(lambda one=one, two=two, options=options: tearless.compare({"one": one, "two": two}, **options))
        answered(
            lambda one=one, two=two, options=options: tearless.compare(
                {"one": one, "two": two}, paired=False, **options
            )
        )


def test_a_class_without_positives_is_not_taken_for_the_positive_one() -> None:
    table = {"truth": ZERO, "a": np.full(N, 0.2), "b": np.full(N, 0.4)}
    found = tearless.compare(table, metric="log-loss", models=["a", "b"])
    assert math.isclose(found["value of a"].value or 0, -math.log(0.8))
    assert tearless.compare(table, metric="accuracy", models=["a", "b"])["value of a"].value == 1
    words = {**table, "truth": ["no"] * N}
    with pytest.raises(TearlessError, match="name their class with --positive"):
        tearless.compare(words, metric="log-loss", models=["a", "b"])
    named = tearless.compare(words, metric="log-loss", models=["a", "b"], positive="yes")
    assert named["value of a"].value == found["value of a"].value


def test_p_and_interval_agree_about_0_on_any_paired_table() -> None:
    rng = np.random.default_rng(0)
    told = 0
    for n, level in zip(rng.integers(1, 61, 90), [0.9, 0.95, 0.99] * 30, strict=True):
        counts = rng.multinomial(n, rng.dirichlet([1, 0.5, 0.5, 1]))
        table = {"a": np.repeat([1, 1, 0, 0], counts), "b": np.repeat([1, 0, 1, 0], counts)}
        difference = compared(pl.DataFrame(table), Plan(("a", "b"), level=level), seed=0).pairs[0].difference
        e = difference.estimate
        assert (difference.p <= 1 - level) == (not e.low <= 0 <= e.high), counts
        told += difference.p <= 1 - level
    assert 10 < told < 80


def test_errors_all_alike_have_no_upper_end() -> None:
    table = {"truth": np.full(N, 0.5), "a": np.full(N, 0.4), "b": np.full(N, 0.7)}
    for metric in ("mae", "mse", "rmse"):
        found = tearless.compare(table, metric=metric, models=["a", "b"])
        assert found["value of a"].interval is None


@pytest.mark.parametrize(
    "logits", [[3.0], [1.0, 1.0, 1.0], [0.0, -1e300], [5.0, -math.inf], [1e4, -1e4], [[0.0, 0.0], [9.0, -9.0]]]
)
def test_logits_are_answered(logits: Any) -> None:
    answered(lambda: tearless.sample(np.array(logits)))


@pytest.mark.parametrize(
    "plan",
    [
        {"items": 1},
        {"items": 1, "spread": 1.0},
        {"items": 2, "spread": 1.0},
        {"items": 1, "accuracy": 0.5, "paired": False},
        {"items": 10, "accuracy": 1.0, "paired": False},
        {"items": 10_000_000},
        {"items": 10_000_000, "difference": 0.1},
        {"items": 100, "discordant": 1.0},
        {"difference": 1.0},
        {"difference": 1e-5},
        {"difference": 1e-7},
        {"difference": 1e-7, "spread": 1.0},
        {"difference": 1e300, "spread": 1.0},
    ],
)
def test_a_plan_is_answered(plan: dict[str, Any]) -> None:
    answered(lambda: tearless.power(**plan))


@pytest.mark.slow
def test_ten_million_items() -> None:
    """1.4 s of CPU and 0.6 GB for the comparison, 20 s and 1.7 GB for the probabilities."""
    rng, n = np.random.default_rng(0), 10_000_000
    a = (rng.random(n) < 0.8).astype(np.int8)
    b = np.where(rng.random(n) < 0.95, a, rng.random(n) < 0.9).astype(np.int8)
    found = tearless.compare({"a": a, "b": b})
    sound(found)
    assert found["p"].value is not None
    assert found["p"].value < 1e-9
    p = rng.beta(2, 2, n)
    sound(tearless.calibration((rng.random(n) < p).astype(np.int8), p))
