"""A unit is named where the rows tell its factor and no plainer factor does, and no other way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

import tearless
from tearless.readers.source import Batch
from tearless.statistics.against.units import Fit, best_fit
from tearless.statistics.profile.profile import ColumnProfile, Profile

Law = Callable[[np.random.Generator], Any]
ROWS = 800
SEEDS = range(6)
LAWS: dict[str, Law] = {
    "exponential": lambda r: r.exponential(5, ROWS),
    "gamma": lambda r: r.gamma(3, 20, ROWS),
    "lognormal": lambda r: r.lognormal(3, 0.5, ROWS),
    "normal": lambda r: r.normal(70, 12, ROWS),
    "Poisson": lambda r: r.poisson(3, ROWS),
    "ratings": lambda r: r.integers(1, 6, ROWS),
}
whole_numbers = pytest.mark.parametrize("law", ["Poisson", "ratings"])
any_law = pytest.mark.parametrize("law", LAWS)


def column(x: Any, private: bool) -> ColumnProfile:
    made = Profile.of(Batch(pl.DataFrame({"x": np.asarray(x, dtype=float)}))).columns["x"]
    return replace(made, histogram=None) if private else made


def fits(now: Law, past: Law, private: bool = False) -> list[Fit]:
    """Those that take away four fifths of the gap, which is what the check asks for."""
    found = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        first = now(rng)
        fit = best_fit(column(first, private), column(past(rng), private))
        if fit is not None and fit.explained >= 0.8:
            found.append(fit)
    return found


@pytest.mark.parametrize("private", [False, True])
@any_law
def test_what_doubled_has_no_unit(law: str, private: bool) -> None:
    found = fits(lambda r: 2 * LAWS[law](r), LAWS[law], private)
    assert not any(fit.conversion.name for fit in found)
    assert len(found) >= (5 if law in ("normal", "lognormal", "Poisson") else 0)


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize(("factor", "name"), [(1000, "kilo to units"), (100, "a share to percent, or euros to cents")])
@any_law
def test_powers_of_ten_are_named_before_units_near_them(law: str, factor: int, name: str, private: bool) -> None:
    found = fits(lambda r: factor * LAWS[law](r), LAWS[law], private)
    assert [fit.conversion.name for fit in found] == [name] * len(SEEDS)


@any_law
def test_sixty_is_minutes_to_seconds_and_no_angle(law: str) -> None:
    found = fits(lambda r: 60 * LAWS[law](r), LAWS[law])
    assert {fit.conversion.name for fit in found} == {"minutes to seconds, or hours to minutes"}
    assert len(found) == len(SEEDS)


@any_law
def test_a_factor_that_is_no_unit_is_not_given_one(law: str) -> None:
    found = fits(lambda r: 7.46 * LAWS[law](r), LAWS[law])
    assert not any(fit.conversion.name for fit in found)


@whole_numbers
def test_whole_numbers_come_from_whole_numbers(law: str) -> None:
    assert {fit.said for fit in fits(lambda r: 2 * LAWS[law](r), LAWS[law])} == {"2 x"}
    assert not fits(lambda r: r.poisson(6, ROWS), LAWS["Poisson"])
    assert not fits(lambda r: r.integers(1, 11, ROWS), LAWS["ratings"])


@pytest.mark.parametrize("private", [False, True])
@any_law
def test_half_of_the_rows_times_ten_are_no_unit(law: str, private: bool) -> None:
    found = fits(lambda r: LAWS[law](r) * np.where(r.random(ROWS) < 0.5, 10, 1), LAWS[law], private)
    assert found == []


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("digits", [1, 9])
@pytest.mark.parametrize(
    ("past", "convert", "said"),
    [
        (lambda r: r.normal(15, 8, ROWS), lambda x: 1.8 * x + 32, "degrees Celsius to Fahrenheit, 1.8 x + 32"),
        (lambda r: r.normal(37, 0.8, ROWS), lambda x: 1.8 * x + 32, "degrees Celsius to Fahrenheit, 1.8 x + 32"),
        (lambda r: r.normal(68, 3, ROWS), lambda x: 2.54 * x, "inches to centimetres, 2.54 x"),
        (lambda r: r.normal(170, 9, ROWS), lambda x: x / 2.54, "the way back from inches to centimetres, 0.393701 x"),
        (lambda r: r.normal(70, 9, ROWS), lambda x: x / 0.45359237, "kilograms to pounds, 2.20462 x"),
    ],
)
def test_units_of_what_is_measured_are_named(past: Law, convert: Any, said: str, digits: int, private: bool) -> None:
    found = fits(lambda r: np.round(convert(past(r)), digits), past, private)
    assert sum(fit.said.startswith(said) for fit in found) == len(SEEDS)


def test_whole_inches_to_whole_centimetres_are_named() -> None:
    found = fits(lambda r: np.round(2.54 * np.round(r.normal(68, 3, ROWS))), lambda r: np.round(r.normal(68, 3, ROWS)))
    assert sum(fit.conversion.name == "inches to centimetres" for fit in found) >= 5


@pytest.mark.parametrize(("factor", "severity"), [(2, "warning"), (1000, "error")])
def test_a_factor_without_a_unit_is_a_warning(factor: int, severity: str) -> None:
    rng = np.random.default_rng(0)
    day, now = ({"x": rng.lognormal(3, 0.5, 2_000)} for _ in range(2))
    report = tearless.check({"x": now["x"] * factor}, against=tearless.summarize(day), select=["changed-unit"])
    assert [finding.severity.name for finding in report.findings] == [severity]


@pytest.mark.parametrize("seed", SEEDS)
def test_two_columns_that_changed_places_are_said_to_have(seed: int) -> None:
    rng = np.random.default_rng(seed)
    days = [{"a": rng.normal(5, 1, ROWS), "b": rng.exponential(50, ROWS), "c": rng.normal(size=ROWS)} for _ in range(2)]
    now = {"a": days[1]["b"], "b": days[1]["a"], "c": days[1]["c"] * 1000}
    report = tearless.check(now, against=tearless.summarize(days[0]), select=["changed-unit", "unlike-before"])
    said = {finding.subject[0]: finding.headline for finding in report.findings if finding.name == "unlike-before"}
    assert "as `b` was before: the two have changed places" in said["a"]
    assert "as `a` was before: the two have changed places" in said["b"]
    assert [finding.subject for finding in report.findings if finding.name == "changed-unit"] == [("c",)]
