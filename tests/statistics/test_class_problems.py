"""The problems of the lessons on logistic regression and on trees: what they keep, refuse, and measure."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tearless.algorithms.decision_tree import DecisionTreeClassifier
from tearless.core import Asked, NotApplicable
from tearless.linear_algebra.facts import Sample
from tearless.readers.source import Batch
from tearless.statistics.class_rows import ClassRows
from tearless.statistics.separable_rows import SeparableRows
from tearless.statistics.split_luck import SplitRows, best_gains, impurity
from tearless.statistics.tree_layout import laid_out


def rows_of(columns: dict[str, object], target: str | None = "y") -> ClassRows:
    return ClassRows.derive(Sample.of(Batch(pl.DataFrame(columns))), Asked(target))


def some(n: int, seed: int = 0) -> ClassRows:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    codes = (X[:, 0] + rng.normal(size=n) > 0).astype(np.int64)
    return ClassRows(("a", "b", "c"), "y", ("no", "yes"), X, codes, f"{n} rows")


def test_holes_text_and_constants_are_left_out() -> None:
    n = 30
    columns = {
        "a": [None if i % 9 == 0 else float(i) for i in range(n)],
        "mostly empty": [1.0 * i if i < 5 else None for i in range(n)],
        "same": [1.0] * n,
        "name": [f"row {i}" for i in range(n)],
        "huge": [1e200 * (i + 1) for i in range(n)],
        "sex": ["f", "m", "m"] * 10,
        "y": ["no", "yes"] * 15,
    }
    found = rows_of(columns)
    assert found.names == ("a", "sex is m")
    assert len(found.codes) == n - 4
    assert rows_of(columns, None).target == "y"


@pytest.mark.parametrize(
    "columns",
    [
        {"a": [1.0] * 20, "y": ["u", "v"] * 10},
        {"a": list(range(20)), "y": ["u"] * 20},
        {"a": list(range(5)), "y": ["u", "v", "u", "v", "u"]},
        {"a": list(range(20)), "y": [float(i) / 7 for i in range(20)]},
        {"a": [float("nan")] * 20, "y": ["u", "v"] * 10},
    ],
)
def test_what_cannot_be_used_is_refused(columns: dict[str, object]) -> None:
    with pytest.raises(NotApplicable):
        rows_of(columns)


def test_a_rhythm_of_the_rows_does_no_harm() -> None:
    for period in (2, 3, 4, 6):
        codes = (np.arange(60) % period == 0).astype(np.int64)
        rows = ClassRows(("a",), "y", ("no", "yes"), np.arange(60.0)[:, None], codes, "60 rows")
        for found in (SplitRows.derive(rows).seen, SeparableRows.derive(rows).seen):
            assert 0.2 < codes[found].mean() / codes.mean() < 2.0
            assert len(set(codes[found])) == 2


def test_rows_without_overlap_are_separable() -> None:
    from tearless.algorithms.logistic_regression import LogisticRegression
    from tearless.core import InputError

    found = SeparableRows.derive(some(150))
    assert 0 < found.apart.sum() < found.seen.sum()
    assert not (found.apart & ~found.seen).any()
    with pytest.raises(InputError, match="separate"):
        LogisticRegression(np.inf).fit(found.standardised[found.apart], found.y[found.apart])


def by_hand(x: np.ndarray, codes: np.ndarray) -> float:
    def entropy(c: np.ndarray) -> float:
        p = np.bincount(c) / len(c)
        return float(-(p[p > 0] * np.log2(p[p > 0])).sum())

    gains = [0.0]
    for t in np.unique(x)[:-1]:
        yes = x <= t
        gains.append(entropy(codes) - yes.mean() * entropy(codes[yes]) - (~yes).mean() * entropy(codes[~yes]))
    return max(gains)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_gains_are_those_of_every_threshold_and_of_the_tree(classes: int) -> None:
    rng = np.random.default_rng(classes)
    X, codes = rng.integers(0, 9, size=(60, 5)).astype(float), rng.integers(0, classes, 60)
    X[:, 4] = 2.0
    gains = best_gains(X, codes, classes)
    assert gains == pytest.approx([by_hand(x, codes) for x in X.T], abs=1e-12)
    tree = DecisionTreeClassifier(criterion="entropy", max_depth=1).fit(X, codes)
    assert tree.tree_.gain[0] == pytest.approx(gains.max(), abs=1e-12)
    assert impurity(codes, classes, "entropy") == pytest.approx(tree.tree_.impurity[0], abs=1e-12)


def test_luck_grows_with_the_number_of_values() -> None:
    found = SplitRows.derive(some(300))
    assert len(np.unique(found.random(7))) == 7
    assert found.luck[0] < found.luck[len(found.luck) // 2] < found.luck[-1]
    assert found.gains[0] > 3 * found.luck[-1]


def test_nodes_of_a_level_never_share_a_place() -> None:
    rows = some(120)
    tree = DecisionTreeClassifier().fit(rows.X, rows.codes).tree_
    found = laid_out(tree, 3)
    assert len(set(zip(found.x, found.y, strict=True))) == len(found.nodes)
    assert all(tree.depth[node] == -y for node, y in zip(found.nodes, found.y, strict=True))
    assert all(found.y[child] == found.y[parent] - 1 for parent, child, _ in found.links)
