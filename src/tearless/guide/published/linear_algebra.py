"""Published figures of linear algebra, computed again."""

from __future__ import annotations

import numpy as np

from tearless.algorithms.linear_regression import LinearRegression
from tearless.calculus import descent
from tearless.linear_algebra import layer, norms, pca, vectors

from .row import Row, figures

CUSTOMERS = np.array([[35, 75_000, 24], [28, 52_000, 12], [42, 98_000, 36], [31, 61_000, 18], [55, 120_000, 48]], float)
X = np.array([0.2, 0.8, 0.1])
Y = np.array([0.3, 0.7, 0.2])
WEIGHTS = np.array([2.5, -1.3, 0.8])


def rows() -> list[Row]:
    return [_layer(), _dot(), _cosine(), _ratios(), _component(), _l2(), _l1(), _regression()]


def _layer() -> Row:
    weights = np.random.RandomState(42).randn(3, 2)
    first = layer.layer(CUSTOMERS, weights, np.array([0.5, -0.3]))[0]
    return Row(
        "one layer",
        "five customers (age, income, months); weights from RandomState(42), 3 × 2; bias [0.5, −0.3]; first row",
        figures({"first output": "-108.684", "second output": "-64.489"}, _numbered(("first", "second"), first)),
        f"an income of 75,000 times weights of {weights[1, 0]:.2f} and {weights[1, 1]:.2f} gives tens of thousands: "
        "the printed row is no output of these inputs. It also shows what raw columns do: the income decides both",
    )


def _numbered(names: tuple[str, str], values: np.ndarray) -> dict[str, float]:
    return {f"{name} output": float(value) for name, value in zip(names, values, strict=True)}


def _dot() -> Row:
    computed = {"dot product": float(vectors.dot(X, Y))}
    return Row("dot product", "[0.2, 0.8, 0.1] and [0.3, 0.7, 0.2]", figures({"dot product": "0.640"}, computed), "")


def _cosine() -> Row:
    cosine, product = float(vectors.cosine(X, Y)), float(vectors.dot(X, Y))
    a, b = float(vectors.dot(X, X)), float(vectors.dot(Y, Y))
    return Row(
        "cosine similarity",
        "the same vectors",
        figures({"cosine": "0.973"}, {"cosine": cosine}),
        f"{product:.3g} / (√{a:.3g} · √{b:.3g}) = {cosine:.3f}; no rounding of these lengths gives the printed one",
    )


def _standardised() -> np.ndarray:
    standardised: np.ndarray = (CUSTOMERS - CUSTOMERS.mean(axis=0)) / CUSTOMERS.std(axis=0)
    return standardised


def _ratios() -> Row:
    ratios = pca.pca(_standardised()).share
    computed = {f"component {i + 1}": float(r) for i, r in enumerate(ratios)}
    return Row(
        "PCA, explained variance",
        "the five customers, standardised",
        figures({"component 1": "0.963", "component 2": "0.037", "component 3": "0.000"}, computed),
        f"the three columns rise together more closely than printed: one direction holds {100 * ratios[0]:.1f} % of "
        "the variance",
    )


def _component() -> Row:
    first = pca.pca(_standardised()).components[0]
    computed = {f"{name}, size": abs(float(v)) for name, v in zip(("age", "income", "months"), first, strict=True)}
    return Row(
        "PCA, first component",
        "the same; sizes, since the sign of a component is free",
        figures(dict.fromkeys(computed, "0.577"), computed),
        "0.577 = 1/√3 is what three columns would give if every pair were correlated equally; these are nearly so, "
        "and the third digit shows that they are not",
    )


def _l2() -> Row:
    length = float(norms.l2(WEIGHTS))
    squares = " + ".join(f"{float(w) ** 2:.2f}" for w in WEIGHTS)
    return Row(
        "L2 norm",
        "[2.5, −1.3, 0.8]",
        figures({"L2 norm": "2.953"}, {"L2 norm": length}),
        f"√({squares}) = √{length**2:.2f} = {length:.3f}",
    )


def _l1() -> Row:
    return Row("L1 norm", "the same", figures({"L1 norm": "4.600"}, {"L1 norm": float(norms.l1(WEIGHTS))}), "")


def _regression() -> Row:
    rng = np.random.RandomState(42)
    x = rng.randn(100, 3)
    y = x @ WEIGHTS + 0.5 * rng.randn(100)
    exact = LinearRegression().fit(x, y)

    def gradient(w: np.ndarray) -> np.ndarray:
        slope: np.ndarray = 2 * x.T @ (x @ w - y) / len(y)
        return slope

    path = descent.path(lambda w: ((x @ w - y) ** 2).mean(), gradient, np.zeros(3), descent.GradientDescent(0.01), 500)
    *_, last = path
    r2 = 1 - ((y - x @ last.w) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    printed = ("2.536", "-1.304", "0.801")
    names = ("first", "second", "third")
    computed = {f"{n}, least squares": float(c) for n, c in zip(names, exact.coef_, strict=True)}
    computed |= {f"{n}, descent": float(c) for n, c in zip(names, last.w, strict=True)}
    claimed: dict[str, str | None] = {f"{n}, least squares": p for n, p in zip(names, printed, strict=True)}
    claimed |= {f"{n}, descent": p for n, p in zip(names, printed, strict=True)}
    return Row(
        "linear regression",
        "RandomState(42): X normal (100, 3), y = X [2.5, −1.3, 0.8] + 0.5 normal; descent without intercept, rate "
        "0.01, 500 steps from 0",
        figures({**claimed, "R² of descent": "0.9645"}, {**computed, "R² of descent": float(r2)}),
        "the two ways cannot print the same three digits: one fits an intercept, the other does not, and after 500 "
        "steps at this rate descent has only just arrived",
    )
