"""target-leak: the known leaks of real tables, planted ones of every kind, honest columns, and chance."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import sklearn
import sklearn.datasets
import statsmodels.api as sm

import tearless
from tearless.core import Finding
from tearless.statistics.cells import cells_of
from tearless.statistics.equations import find_equation
from tearless.statistics.told import Answer, noise_factor, told

N = 400


def leaks(data: Any, target: str = "y") -> dict[tuple[str, ...], Finding]:
    report = tearless.check(data, target=target, select=["target-leak"])
    assert not [o.fault for o in report.outcomes if o.fault]
    return {f.subject: f for f in report.findings}


def outcome(data: Any, target: str = "y") -> tuple[str, str]:
    report = tearless.check(data, target=target, select=["target-leak"])
    return next((o.result, o.reason) for o in report.outcomes if o.name == "target-leak")


def table(seed: int = 0, n: int = N, **columns: Any) -> pl.DataFrame:
    rng = np.random.default_rng([seed, 99])
    noise = {"x": rng.normal(size=n), "z": rng.lognormal(size=n), "code": rng.integers(0, 4, n)}
    return pl.DataFrame({**noise, **columns})


@pytest.fixture(scope="module")
def titanic() -> pl.DataFrame:
    from sklearn.externals import _arff

    folder = Path(sklearn.__file__).parent / "datasets/tests/data/openml/id_40945"
    read = _arff.loads(gzip.decompress(next(folder.glob("*.arff.gz")).read_bytes()).decode())
    names = [name for name, _ in read["attributes"]]
    rows = pl.DataFrame(read["data"], schema=names, orient="row", infer_schema_length=None)
    return rows.with_columns(pl.col("survived").cast(pl.Int64))


def test_titanic(titanic: pl.DataFrame) -> None:
    """`boat` and `body`, at error level, and nothing else: not `sex`, not `cabin`, not the near-identifiers."""
    found = leaks(titanic, "survived")
    assert {s: f.severity.name for s, f in found.items()} == {("boat",): "error", ("body",): "error"}
    boat, body = found[("boat",)], found[("body",)]
    assert boat.headline == "column `boat` gives `survived` away"
    assert titanic.filter(titanic["body"].is_not_null())["survived"].to_list() == [0] * 121
    p = float((titanic["survived"].to_numpy() == 0).mean())
    assert f"121 of the 121 rows where it is filled have `survived` = `0`, against {100 * p:.3g} %" in body.said
    bits = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    assert boat.evidence["bits"].value == pytest.approx(bits, abs=1e-12)
    assert boat.evidence["share"].value == pytest.approx(0.83, abs=0.02)
    assert body.evidence["left_at_most"].value == pytest.approx((1 - 0.05 ** (1 / 121)) / (1 - p), abs=1e-9)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits", "diabetes"])
def test_honest_columns_are_no_leaks(name: str) -> None:
    frame = getattr(sklearn.datasets, f"load_{name}")(as_frame=True).frame
    assert leaks(frame, "target") == {}


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("longley", "TOTEMP"),
        ("longley", "POP"),
        ("macrodata", "realgdp"),
        ("macrodata", "cpi"),
        ("stackloss", "STACKLOSS"),
        ("macrodata", "pop"),
        ("fair", "affairs"),
        ("copper", "COPPERPRICE"),
        ("star98", "NABOVE"),
    ],
)
def test_a_shared_trend_is_no_leak(name: str, target: str) -> None:
    assert leaks(getattr(sm.datasets, name).load_pandas().data, target) == {}


def test_real_leaks_of_numbers_are_found() -> None:
    """The area of a nucleus is its radius again; one income is the other squared."""
    cancer = sklearn.datasets.load_breast_cancer(as_frame=True).frame
    assert leaks(cancer, "mean radius")[("mean area",)].severity.name == "error"
    assert set(leaks(sm.datasets.ccard.load_pandas().data, "INCOME")) == {("INCOMESQ",)}
    assert ("logpopul",) in leaks(sm.datasets.anes96.load_pandas().data, "popul")


def classes(seed: int, n: int = N) -> tuple[np.random.Generator, np.ndarray[Any, Any]]:
    rng = np.random.default_rng(seed)
    return rng, rng.integers(0, 2, n)


@pytest.mark.parametrize("seed", range(3))
def test_copies_of_classes(seed: int) -> None:
    rng, y = classes(seed, 1_000)
    copies: dict[str, Any] = {
        "renamed": np.where(y == 1, "yes", "no"),
        "boolean": y == 1,
        "noisy": y + rng.normal(0, 0.01, 1_000),
        "some wrong": np.where(rng.random(1_000) < 0.01, 1 - y, y),
        "with holes": np.where(rng.random(1_000) < 0.3, np.nan, y),
        "as text": y.astype(str),
        "filled after": np.where((y == 1) & (rng.random(1_000) < 0.4), rng.normal(size=1_000), np.nan),
        "dated": (np.datetime64("2024-01-01") + y.astype("timedelta64[D]")).astype("datetime64[ms]"),
    }
    assert set(leaks(table(seed, 1_000, **copies, y=y))) == {(name,) for name in copies}


@pytest.mark.parametrize("seed", range(3))
def test_copies_of_numbers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.lognormal(0, 1, N)
    copies: dict[str, Any] = {
        "logarithm": np.log(y),
        "reversed": 7 - 3 * y,
        "cubed": y**3,
        "as text": [f"{v:.4f}" for v in y],
        "in euros": [f"€ {v:,.2f}" for v in 1e4 * y],
        "with holes": np.where(rng.random(N) < 0.3, np.nan, y),
        "some wrong": np.where(rng.random(N) < 0.01, rng.lognormal(size=N), y),
    }
    assert set(leaks(table(seed, **copies, y=y))) == {(name,) for name in copies}


def test_a_function_that_is_not_monotone() -> None:
    a = np.random.default_rng(2).normal(size=N)
    assert set(leaks(table(a=a, y=np.sin(3 * a)))) == {("a",)}
    assert set(leaks(table(a=a, y=a**2))) == {("a",)}


def test_ten_classes_and_rare_ones() -> None:
    rng = np.random.default_rng(4)
    y = rng.integers(0, 10, N)
    assert set(leaks(table(code2=(7 * y + 3) % 10, y=y))) == {("code2",)}
    rare = (rng.random(5_000) < 0.01).astype(int)
    assert set(leaks(table(n=5_000, flag=np.where(rare, "a", "b"), y=rare))) == {("flag",)}


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda a, b: a - b, "`y` = `a` − `b`"),
        (lambda a, b: 2 * a + 5 * b - 3, "`y` = 2 × `a` + 5 × `b` − 3"),
        (lambda a, b: a * b, "`y` = `a` × `b`"),
        (lambda a, b: a / b**2, "`y` = `a` × `b`^-2"),
    ],
)
def test_an_equation_is_named(made: Any, said: str) -> None:
    rng = np.random.default_rng(8)
    a, b = rng.lognormal(3, 0.5, N), rng.lognormal(1, 0.5, N)
    (found,) = leaks(table(a=a, b=b, y=made(a, b))).values()
    assert found.subject == ("a", "b")
    assert found.severity.name == "error"
    assert found.said.startswith(said)


def test_an_equation_among_many_columns_and_few_rows() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 80))
    found = find_equation(x, x[:, 5] - 2 * x[:, 17] + x[:, 60], rng.permutation(60))
    assert found is not None
    assert found.columns == (5, 17, 60)
    assert found.weights == pytest.approx((1, -2, 1))


def test_a_noisy_sum_of_many_columns_is_a_model_not_an_equation() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(1_000, 5))
    columns = {f"x{j}": x[:, j] for j in range(5)}
    assert leaks(pl.DataFrame({**columns, "y": x.sum(axis=1) + rng.normal(0, 0.1, 1_000)})) == {}


@pytest.mark.parametrize("seed", range(2))
def test_pairs_that_give_a_class(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, f, g = rng.normal(size=1_000), rng.normal(size=1_000), rng.integers(0, 2, 1_000), rng.integers(0, 2, 1_000)
    for y, pair in (
        ((a > b).astype(int), ("a", "b")),
        (((a > 0) ^ (b > 0)).astype(int), ("a", "b")),
        (f ^ g, ("f", "g")),
    ):
        (found,) = leaks(table(seed, 1_000, a=a, b=b, f=f, g=g, y=y)).values()
        assert set(found.subject) == set(pair)


def test_rows_that_stand_twice_do_not_tell_themselves() -> None:
    rng = np.random.default_rng(0)
    once = pl.DataFrame({"a": rng.normal(size=300), "b": rng.normal(size=300), "y": rng.integers(0, 2, 300)})
    assert leaks(pl.concat([once] * 4)) == {}
    assert leaks(pl.concat([once.with_columns(y=rng.normal(size=300))] * 4)) == {}


def test_an_empty_cell_that_goes_with_the_commonest_class_is_no_leak() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(5_000) < 0.05).astype(int)
    card = np.where((y == 0) & (rng.random(5_000) < 0.4), np.nan, rng.normal(size=5_000))
    assert leaks(table(n=5_000, card=card, y=y)) == {}


@pytest.mark.parametrize("block", range(4))
def test_chance_never_fires(block: int) -> None:
    """Independent targets of every kind, tables of every shape: no finding in 120 tables."""
    for seed in range(30 * block, 30 * block + 30):
        rng = np.random.default_rng(seed)
        n, p = int(np.exp(rng.uniform(np.log(10), np.log(1_500)))), int(rng.integers(1, 20))
        kinds = (
            lambda n=n, rng=rng: rng.normal(size=n),
            lambda n=n, rng=rng: rng.integers(0, 5, n),
            lambda n=n, rng=rng: rng.integers(0, max(2, n // 2), n).astype(str),
            lambda n=n, rng=rng: np.where(rng.random(n) < 0.4, np.nan, rng.lognormal(size=n)),
            lambda n=n, rng=rng: np.cumsum(rng.normal(size=n)),
        )
        targets = (
            lambda n=n, rng=rng: rng.integers(0, 2, n),
            lambda n=n, rng=rng: (rng.random(n) < 0.03).astype(int),
            lambda n=n, rng=rng: rng.integers(0, 8, n),
            lambda n=n, rng=rng: rng.standard_cauchy(n),
            lambda n=n, rng=rng: np.where(rng.random(n) < 0.7, 0.0, rng.normal(size=n)),
            lambda n=n, rng=rng: np.cumsum(rng.normal(0.5, 1, n)),
        )
        columns = {f"c{j}": kinds[int(rng.integers(len(kinds)))]() for j in range(p)}
        assert leaks(pl.DataFrame({**columns, "y": targets[seed % len(targets)]()})) == {}, seed


@pytest.mark.parametrize(
    ("data", "result"),
    [
        (pl.DataFrame({"a": [], "y": []}, schema={"a": pl.Float64, "y": pl.Int64}), "not applicable"),
        (pl.DataFrame({"a": [1.0, 2.0], "y": [0, 1]}), "cannot tell"),
        (pl.DataFrame({"a": np.arange(50), "y": np.ones(50)}), "not applicable"),
        (pl.DataFrame({"y": np.arange(50) % 2}), "not applicable"),
        (pl.DataFrame({"a": np.arange(50), "y": [f"row {i}" for i in range(50)]}), "not applicable"),
    ],
)
def test_what_cannot_be_asked_is_said(data: pl.DataFrame, result: str) -> None:
    got, reason = outcome(data)
    assert got == result
    assert reason


def test_odd_columns_do_no_harm() -> None:
    n = 200
    rng = np.random.default_rng(0)
    odd = pl.DataFrame(
        {
            "null": [None] * n,
            "infinite": np.where(rng.random(n) < 0.3, np.inf, rng.normal(size=n)),
            "huge": rng.normal(size=n) * 1e300,
            "tiny": rng.normal(size=n) * 5e-320,
            "big": 2**60 + np.arange(n),
            "list": [[i] for i in range(n)],
            "category": pl.Series(["a", "b"] * (n // 2), dtype=pl.Categorical),
            "{x}\x1b[31m": [""] * n,
        }
    )
    for y in (rng.integers(0, 2, n), rng.normal(size=n), rng.normal(size=n) * 1e300, rng.normal(size=n) * 1e-310):
        assert leaks(odd.with_columns(y=y)) == {}
    (found,) = leaks(
        odd.with_columns(pl.Series("{y}", rng.normal(size=n))).with_columns(pl.col("{y}").alias("c")), "{y}"
    )
    assert found == ("c",)


def test_an_honest_share_agrees_with_a_second_route() -> None:
    """Leave-one-out bits in a table of counts, by a plain loop."""
    rng = np.random.default_rng(6)
    x, y = rng.integers(0, 4, 200), rng.integers(0, 2, 200)
    y = np.where(rng.random(200) < 0.6, x % 2, y)
    got = told(cells_of(pl.Series(x)), Answer.of(y, True, np.arange(200)))
    lost = 0.0
    for i in range(200):
        same = (x == x[i]) & (np.arange(200) != i)
        prior = ((y == y[i]).sum() - 0.5) / 200
        lost -= np.log2(((y[same] == y[i]).sum() + prior) / (same.sum() + 1))
    share = y.mean()
    bits = -(share * np.log2(share) + (1 - share) * np.log2(1 - share))
    assert got.share == pytest.approx(1 - lost / 200 / bits, abs=1e-12)


def test_the_bound_of_the_noise_covers() -> None:
    """The upper bound covers the truth in at least 93 % of draws of normal noise."""
    rng = np.random.default_rng(0)
    from tearless.statistics.held_out import gaps_by_order

    covered = 0
    for _ in range(400):
        x, y = np.sort(rng.uniform(size=60)), rng.normal(size=60)
        squares = gaps_by_order(x, y)
        covered += float(squares.mean()) * noise_factor(squares) >= 1.0
    assert covered / 400 >= 0.93


def test_units_of_a_column_do_not_matter() -> None:
    rng, y = classes(0)
    useful = y + rng.normal(0, 0.3, N)
    for unit in (1e-6, 1.0, 1e9):
        got = told(cells_of(pl.Series(unit * useful)), Answer.of(y, True, np.arange(N)))
        base = told(cells_of(pl.Series(useful)), Answer.of(y, True, np.arange(N)))
        assert got.share == pytest.approx(base.share, abs=1e-9)
