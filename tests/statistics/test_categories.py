"""Categories and identifiers: unseen levels as they are met in held-out rows, numbers of rows told from others."""

from __future__ import annotations

import datetime
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st

import tearless
from tearless.core import Finding, InputError
from tearless.statistics.levels import Levels, chance_of_few_repeats, steps_of
from tearless.statistics.looks import are_calendar, are_dates, are_quantities, whole_numbers


def found(data: Any, *names: str, target: str | None = None) -> dict[str, Finding]:
    report = tearless.check(data, target=target, select=list(names))
    assert not [o.fault for o in report.outcomes if o.fault]
    return {f.subject[0]: f for f in report.findings}


@pytest.fixture(scope="module")
def titanic() -> pl.DataFrame:
    from sklearn.externals import _arff

    folder = Path(sklearn.__file__).parent / "datasets/tests/data/openml/id_40945"
    text = gzip.decompress(next(folder.glob("*.arff.gz")).read_bytes()).decode()
    table = _arff.loads(text)
    names = [name for name, _ in table["attributes"]]
    return pl.DataFrame(table["data"], schema=names, orient="row", infer_schema_length=None)


def test_titanic_names_its_rows_in_one_column_and_bodies_in_another(titanic: pl.DataFrame) -> None:
    got = found(titanic, "identifier-column", target="survived")
    assert set(got) == {"name", "body"}
    assert got["name"].evidence["distinct"].value == titanic["name"].n_unique() == 1_307


def test_titanic_has_too_many_tickets_cabins_and_homes(titanic: pl.DataFrame) -> None:
    got = found(titanic, "too-many-categories", target="survived")
    assert {k for k, f in got.items() if f.severity.name == "warning"} == {"name", "ticket", "cabin", "home.dest"}
    counts = titanic["ticket"].value_counts()["count"]
    assert got["ticket"].evidence["unseen"].value == pytest.approx((counts == 1).sum() / 1_309)


def test_good_turing_foretells_the_unseen_share() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(100):
        p = rng.zipf(1.5, 4_000).clip(1, 3_000)
        seen, new = p[:1_000], p[1_000:]
        levels = Levels.of(pl.Series([str(v) for v in seen]))
        low, high = levels.unseen_interval()
        covered += low <= 1 - np.isin(new, seen).mean() <= high
    assert covered >= 90


def test_the_interval_never_closes_where_all_rows_differ() -> None:
    low, high = Levels.of(pl.Series(list("abcde"))).unseen_interval()
    assert low == pytest.approx(0.025**0.2)
    assert high == 1.0


def test_the_birthday_bound_is_the_exact_product() -> None:
    exact = np.prod([(365 - i) / 365 for i in range(23)])
    assert chance_of_few_repeats(23, 0, 365) == pytest.approx(exact, rel=1e-12)
    assert chance_of_few_repeats(400, 0, 365) == 0
    assert chance_of_few_repeats(0, 0, 1) == chance_of_few_repeats(1, 0, 1e18) == 1
    with pytest.raises(InputError, match="repeats"):
        chance_of_few_repeats(3, 4, 10)
    with pytest.raises(InputError, match="steps"):
        chance_of_few_repeats(3, 0, 0.5)


@pytest.mark.parametrize("n", [50, 300])
def test_the_bound_holds_under_unequal_probabilities(n: int) -> None:
    rng = np.random.default_rng(n)
    chances = []
    for _ in range(300):
        x = np.round(rng.normal(0, n * n / 8, n)).astype(int)
        repeats = n - len(np.unique(x))
        chances.append(chance_of_few_repeats(n, repeats, steps_of(x)))
    for level in (0.05, 0.2):
        assert np.mean(np.array(chances) <= level) <= level + 3 * np.sqrt(level / 300)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=20))
def test_steps_are_exact_over_64_bits(values: list[int]) -> None:
    import math

    step = math.gcd(*(v - values[0] for v in values)) or 1
    assert steps_of(np.array(values)) == float((max(values) - min(values)) // step + 1)


def test_unsigned_numbers_beyond_the_signed_range() -> None:
    assert steps_of(np.array([2**64 - 1, 2**64 - 5], dtype=np.uint64)) == 2.0


@pytest.mark.parametrize("n", [40, 300, 5_000])
def test_measurements_are_no_identifiers(n: int) -> None:
    rng = np.random.default_rng(n)
    day = datetime.date(1990, 1, 1)
    table = pl.DataFrame(
        {
            "normal": rng.normal(size=n),
            "income": rng.integers(20_000, 200_000 * n, n),
            "hundreds": 100 * rng.integers(0, 10 * n * n, n),
            "lognormal": np.exp(rng.normal(14, 1, n)).astype(int),
            "age": rng.integers(18, 90, n),
            "day": [day + datetime.timedelta(i) for i in range(n)],
            "written": [str(day + datetime.timedelta(i)) for i in range(n)],
            "compact": [int((day + datetime.timedelta(i)).strftime("%Y%m%d")) for i in range(n)],
            "price": [f"{v:.2f}" for v in rng.normal(50, 9, n)],
        }
    )
    assert not found(table, "identifier-column")


@pytest.mark.parametrize("n", [40, 300, 5_000])
def test_numbers_and_names_of_rows_are_identifiers(n: int) -> None:
    rng = np.random.default_rng(n)
    table = pl.DataFrame(
        {
            "running": np.arange(n),
            "shuffled": rng.permutation(n) * 7 + 10**9,
            "floating": np.arange(n, dtype=float) + 5_000,
            "uuid": [f"{rng.integers(2**62):016x}-{i}" for i in range(n)],
            "mail": [f"p{i}@example.org" for i in range(n)],
            "zeros": [f"{i:06d}" for i in range(n)],
            "x": rng.normal(size=n),
        }
    )
    assert set(found(table, "identifier-column")) == set(table.columns) - {"x"}


def test_free_text_is_noted() -> None:
    rng = np.random.default_rng(0)
    review = [" ".join(rng.choice(["good", "food", "and", "very", "clean", "room"], 30)) for _ in range(200)]
    (finding,) = found({"review": review}, "identifier-column").values()
    assert finding.severity.name == "note"
    assert "free text" in finding.headline


def test_categories_that_repeat_beyond_the_sample_are_no_identifier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tearless.linear_algebra.facts.SAMPLE_ROWS", 1_000)
    rng = np.random.default_rng(0)
    few = pl.DataFrame({"shop": [f"shop {k}" for k in rng.integers(0, 30_000, 40_000)]})
    assert not found(few, "identifier-column")
    (finding,) = found(few, "too-many-categories").values()
    truth = few["shop"].value_counts().filter(pl.col("count") == 1).height / 40_000
    assert truth - 0.05 <= (finding.evidence["unseen"].value or 0) <= 0.75


@pytest.mark.parametrize("n", [3, 10, 30, 100, 3_000])
def test_usual_categories_are_silent(n: int) -> None:
    rng = np.random.default_rng(n)
    table = {f"c{k}": rng.choice([f"v{i}" for i in range(k)], n) for k in (2, 5, 12)}
    assert not found(table, "too-many-categories", "identifier-column")


def test_looks() -> None:
    assert are_dates(pl.Series(["3 Jan 2020", "January 3, 2020", "2020-01-03T10:00:00"]))
    assert are_quantities(pl.Series(["$1,200.50", "-3e5", "12 %"]))
    assert not are_quantities(pl.Series(["A/5 21171", "PC 17599"]))
    assert are_calendar(np.array([202401, 202412]))
    assert not are_calendar(np.array([202413]))
    assert not are_calendar(np.array([], dtype=np.int64))
    assert whole_numbers(pl.Series([np.inf, 1.0])) is None
    assert whole_numbers(pl.Series([2.0**60])) is None


def test_dates_written_as_text_are_to_be_read_as_dates() -> None:
    days = (np.datetime64("2020-01-01") + np.arange(400)).astype(str)
    found = [f for f in tearless.check({"day": days}).findings if f.name == "too-many-categories"]
    assert [f.do.startswith("read `day` as a date") for f in found] == [True]
