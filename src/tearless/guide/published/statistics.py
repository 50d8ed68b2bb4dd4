"""Published figures of statistics, computed again."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtr, stdtrit

from tearless.statistics.correlation import pearson

from .row import Row, figures


def rows() -> list[Row]:
    return [_incomes(), _two_models(), _interval(), _correlations()]


def _incomes() -> Row:
    rng = np.random.RandomState(42)
    incomes = np.r_[rng.exponential(40_000, 800), rng.normal(200_000, 50_000, 200)]
    low, middle, high = np.quantile(incomes, [0.25, 0.5, 0.75])
    computed = {
        "median": float(middle),
        "standard deviation": float(incomes.std(ddof=1)),
        "lower quartile": float(low),
        "upper quartile": float(high),
        "mean − median": float(incomes.mean() - middle),
    }
    printed = ("36221", "77143", "14076", "99381", "36266")
    return Row(
        "skewed incomes",
        "RandomState(42): 800 exponential(40,000), then 200 normal(200,000, 50,000)",
        figures(dict(zip(computed, printed, strict=True)), computed),
        "the seed and the two laws fix every value, and these five do not come out. What they are to show stands: the "
        "mean lies far above the median",
    )


def _models() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.RandomState(42)
    return rng.binomial(1, 0.85, 1_000), rng.binomial(1, 0.87, 1_000)


def _two_models() -> Row:
    a, b = _models()
    pooled = (a.var(ddof=1) + b.var(ddof=1)) / 2
    t = (a.mean() - b.mean()) / np.sqrt(2 * pooled / 1_000)
    computed = {
        "accuracy of A": float(a.mean()),
        "accuracy of B": float(b.mean()),
        "t": float(t),
        "p": float(2 * stdtr(1_998, -abs(t))),
    }
    return Row(
        "two models",
        "RandomState(42): 1,000 Bernoulli(0.85), then 1,000 Bernoulli(0.87); two-sample t-test",
        figures(dict(zip(computed, ("0.847", "0.872", "-1.562", "0.1185"), strict=True)), computed),
        f"the second accuracy is {b.mean():.3f} with this seed, and t and p follow from it. On one shared test set an "
        "unpaired test is the wrong one besides",
    )


def _interval() -> Row:
    _, b = _models()
    half = float(stdtrit(999, 0.975) * b.std(ddof=1) / np.sqrt(1_000))
    computed = {"low": float(b.mean()) - half, "high": float(b.mean()) + half}
    return Row(
        "interval for model B",
        "the same; 95 % t interval",
        figures({"low": "0.851", "high": "0.893"}, computed),
        f"it is centred on {b.mean():.3f}, the accuracy that the seed gives",
    )


def _correlations() -> Row:
    rng = np.random.RandomState(42)
    age = rng.normal(40, 10, 200)
    experience = age - 22 + rng.normal(0, 3, 200)
    salary = 30_000 + 1_500 * experience + rng.normal(0, 5_000, 200)
    spread = np.sqrt(1_500**2 * 109 + 5_000**2)
    expected = (10 / np.sqrt(109), 1_500 * np.sqrt(109) / spread, 1_500 * 10 / spread)
    computed = {
        "age, experience": float(pearson(age, experience)),
        "experience, salary": float(pearson(experience, salary)),
        "age, salary": float(pearson(age, salary)),
    }
    return Row(
        "correlations",
        "RandomState(42), n = 200: age N(40, 10), experience = age − 22 + N(0, 3), salary = 30,000 + 1,500 experience "
        "+ N(0, 5,000)",
        figures(dict(zip(computed, ("0.949", "0.888", "0.843"), strict=True)), computed),
        f"the theory gives {', '.join(f'{r:.3f}' for r in expected)}, with standard errors of at most "
        f"{max((1 - r * r) / np.sqrt(200) for r in expected):.2g} at 200 rows: the last two printed lie too far "
        "away",
    )
