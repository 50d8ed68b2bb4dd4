"""The designs of ``honesty.py``: each test where nothing differs, with its claim and how often it is sure."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "simulations"))
import test_anytime as anytime
import test_folds as folds
from honest_sums import Rate, paired_error, unpaired_coverage
from test_calibration import honest
from test_comparing_means import ratings
from test_metric_differences import classified, numbers, probabilities
from test_seeds import scores as seeded

from tearless.probability.calibration.calibration_error import calibration_error
from tearless.probability.calibration.calibration_tests import hosmer_lemeshow, in_the_large, spiegelhalter
from tearless.probability.calibration.cumulative_gap import cumulative_gap
from tearless.statistics.comparison.best_of_many import compare_with_reference
from tearless.statistics.comparison.betting import log_wealth_about_zero
from tearless.statistics.comparison.clusters import compare_clustered
from tearless.statistics.comparison.delong import compare_areas
from tearless.statistics.comparison.equivalence import against_paired, against_paired_means
from tearless.statistics.comparison.many_data_sets import compare_all_pairs, compare_with_control, friedman
from tearless.statistics.comparison.means import compare_means_paired, compare_means_unpaired
from tearless.statistics.comparison.metrics import metric_difference
from tearless.statistics.comparison.paired_proportions import PairedTable
from tearless.statistics.comparison.seed_scores import seed_scores
from tearless.statistics.comparison.seeds import seeds_and_items
from tearless.statistics.comparison.sign_flips import sign_flips
from tearless.statistics.comparison.signed_ranks import sign_test, signed_ranks

Row = tuple[str, str, float, Rate]


def drawn(p_of: Callable[[np.random.Generator], float], runs: int = 1_000, at: float = 0.05) -> Rate:
    """How often p is at most the level, over seeded runs."""

    def rate() -> tuple[float, int]:
        rng = np.random.default_rng(2026)
        return sum(p_of(rng) <= at for _ in range(runs)) / runs, runs

    return rate


def of_folds(design: str, name: str, runs: int = 500) -> Rate:
    def p_of(rng: np.random.Generator) -> float:
        y = rng.permutation(np.arange(folds.ROWS) % 2)
        x = rng.normal(size=(2, folds.ROWS, folds.FEATURES)) + folds.SHIFT * (2 * y[:, None] - 1)
        masks = folds.DESIGNS[design][0](rng)
        return folds.DESIGNS[design][1][name](*(folds.accuracies(part, y, masks) for part in x)).p

    return drawn(p_of, runs)


def clustered(rng: np.random.Generator) -> float:
    codes, gap = np.repeat(np.arange(30), 10), rng.normal(size=30)
    a, b = ((rng.random(300) < expit(0.5 + side * gap[codes])).astype(float) for side in (0.7, -0.7))
    return compare_clustered(a, b, codes).difference.p


def by_seeds(rng: np.random.Generator) -> float:
    shared = rng.normal(size=50)
    a, b = (seeded(rng, 3, shared + 0.2 * rng.normal(size=50), (0.05, 1.0)) for _ in range(2))
    return seeds_and_items(a, b).difference.p


def areas(rng: np.random.Generator, m: int, n: int, shift: float) -> float:
    y, shared = np.repeat([1, 0], [m, n]), rng.normal(size=m + n)
    a, b = (shift * y + math.sqrt(0.5) * (shared + rng.normal(size=m + n)) for _ in range(2))
    return compare_areas(y, a, b).p


def peeking(looks: int) -> Rate:
    """Five hundred items, half of them differing, looked at so often: by evidence, at any look."""

    def rate() -> tuple[float, int]:
        b, c = anytime.counts(np.random.default_rng(2), 0.25, 0.25)
        at = np.linspace(anytime.ITEMS / looks, anytime.ITEMS, looks).astype(int) - 1
        return float((log_wealth_about_zero(b, c)[:, at].max(axis=1) >= anytime.LIMIT).mean()), anytime.RUNS

    return rate


def not_worse(rng: np.random.Generator) -> float:
    """B is worse by just the margin of five points, of 300 items."""
    a, b, both = rng.multinomial(300, [0.10, 0.05, 0.75, 0.10])[[0, 1, 2]]
    return against_paired(PairedTable(int(both), int(a), int(b), int(300 - a - b - both)), 0.05).p_not_worse


def metric_rows(name: str, k: int, n: int, right: float) -> Row:
    def p_of(rng: np.random.Generator) -> float:
        return metric_difference(name, *classified(rng, n, (right, right), k)).p

    return f"{name}, paired", f"{n} items, {k} classes, {100 * right:g} % right", 0.05, drawn(p_of)


def loss_rows(name: str, draw: Callable[..., Any]) -> Row:
    def p_of(rng: np.random.Generator) -> float:
        return metric_difference(name, *draw(rng, 50), classes=[0, 1]).p

    return f"{name}, paired", "50 items", 0.05, drawn(p_of)


def calibrated(n: int, p_of: Callable[[np.ndarray, np.ndarray], float]) -> Rate:
    return drawn(lambda rng: p_of(*honest(n, rng)))


TESTS: list[Row] = [
    *(
        (f"McNemar, {method}", f"{n:,} items, {100 * share:g} % differ", 0.05, paired_error(n, share, method))
        for method in ("mid-p", "exact")
        for n, share in ((20, 0.3), (50, 0.09), (200, 0.09), (1_000, 0.02), (1_000, 0.3))
    ),
    *(
        (
            "two test sets, Miettinen and Nurminen",
            f"{n:,} items each, {100 * right:g} % right",
            0.05,
            lambda n=n, right=right: (1 - unpaired_coverage(n, right), 0),
        )
        for n, right in ((20, 0.5), (50, 0.9), (200, 0.9), (1_000, 0.98))
    ),
    (
        "sign flips, lattice",
        "25 differences of seven values",
        0.05,
        drawn(lambda r: sign_flips(ratings(r, 25)).difference.p),
    ),
    ("sign flips, real", "14 of Student's t(3)", 0.05, drawn(lambda r: sign_flips(r.standard_t(3, 14)).difference.p)),
    (
        "paired t",
        "12 normal",
        0.05,
        drawn(lambda r: compare_means_paired(np.zeros(12), r.normal(size=12), method="t").p),
    ),
    (
        "Welch's t",
        "40 of spread 1, 10 of 4",
        0.05,
        drawn(lambda r: compare_means_unpaired(r.normal(size=40), 4 * r.normal(size=10)).p),
    ),
    (
        "permutation, two sets",
        "20 and 30 exponential",
        0.05,
        drawn(
            lambda r: (
                compare_means_unpaired(
                    r.exponential(size=20), r.exponential(size=30), method="permutation", resamples=199, seed=r
                ).p
            )
        ),
    ),
    (
        "Wilcoxon, ties and zeros",
        "20 differences of seven values",
        0.05,
        drawn(lambda r: signed_ranks(np.zeros(20), ratings(r, 20)).difference.p),
    ),
    ("sign test", "30 skewed", 0.05, drawn(lambda r: sign_test(np.zeros(30), r.exponential(size=30) - math.log(2)).p)),
    metric_rows("f1", 2, 50, 0.9),
    metric_rows("f1", 2, 200, 0.98),
    metric_rows("matthews", 2, 50, 0.9),
    metric_rows("f1-macro", 3, 200, 0.9),
    metric_rows("kappa", 3, 200, 0.9),
    metric_rows("balanced-accuracy", 3, 200, 0.9),
    ("AUC, DeLong", "20 and 20, areas .76", 0.05, drawn(lambda r: areas(r, 20, 20, 1.0))),
    ("AUC, DeLong", "5 and 100, areas .92", 0.05, drawn(lambda r: areas(r, 5, 100, 2.0))),
    loss_rows("log-loss", probabilities),
    loss_rows("brier", probabilities),
    loss_rows("average-precision", probabilities),
    loss_rows("mse", numbers),
    loss_rows("mae", numbers),
    loss_rows("r2", numbers),
    ("clusters, CR1 with t(G − 1)", "30 clusters of 10", 0.05, drawn(clustered)),
    ("Nadeau-Bengio", "30 splits, a third held out", 0.05, of_folds("30 splits, a third held out", "corrected")),
    ("Nadeau-Bengio", "10 × 10 folds", 0.05, of_folds("10 x 10 folds", "corrected", 200)),
    ("5 × 2 t", "5 × 2 folds", 0.05, of_folds("5 x 2", "t")),
    ("5 × 2 F", "5 × 2 folds", 0.05, of_folds("5 x 2", "F")),
    (
        "(t taking splits for independent, refused)",
        "30 splits, a third held out",
        0.05,
        of_folds("30 splits, a third held out", "uncorrected"),
    ),
    ("seeds and items", "3 seeds, 50 items", 0.05, drawn(by_seeds)),
    (
        "seeds alone, Welch",
        "5 and 5 runs",
        0.05,
        drawn(lambda r: seed_scores(r.normal(size=5), r.normal(size=5)).difference.p, 500),
    ),
    ("Friedman", "10 data sets, 3 models", 0.05, drawn(lambda r: friedman(r.normal(size=(10, 3))).p)),
    (
        "all pairs, Bergmann-Hommel",
        "20 data sets, 5 models, any pair",
        0.05,
        drawn(lambda r: compare_all_pairs(r.normal(size=(20, 5)), method="bergmann").adjusted.min(), 500),
    ),
    (
        "all pairs, Nemenyi",
        "20 data sets, 5 models, any pair",
        0.05,
        drawn(lambda r: compare_all_pairs(r.normal(size=(20, 5)), method="nemenyi").adjusted.min(), 500),
    ),
    (
        "against a control, Holm",
        "20 data sets, 6 models, any rival",
        0.05,
        drawn(lambda r: compare_with_control(r.normal(size=(20, 6)), 0, method="holm").adjusted.min()),
    ),
    (
        "many against a reference, max t",
        "200 items, 10 models, any rival",
        0.05,
        drawn(
            lambda r: min(
                d.p
                for d in compare_with_reference((r.random((200, 10)) < 0.75).astype(float), 0, resamples=199, seed=r)
            ),
            500,
        ),
    ),
    ("evidence at any of 50 looks", "1,000 items, half differ", 0.05, peeking(50)),
    ("evidence at every item", "1,000 items, half differ", 0.05, peeking(1_000)),
    ("no worse by a margin, paired", "300 items, worse by just the margin", 0.025, drawn(not_worse, 4_000, 0.025)),
    (
        "no worse by a margin, paired means",
        "20 normal, worse by just the margin",
        0.025,
        drawn(lambda r: against_paired_means(np.zeros(20), r.normal(size=20) - 1, 1.0).p_not_worse, 4_000, 0.025),
    ),
    (
        "calibration in the large",
        "200 honest probabilities",
        0.05,
        calibrated(200, lambda y, p: in_the_large(y, p).test.p),
    ),
    ("Spiegelhalter", "200 honest probabilities", 0.05, calibrated(200, lambda y, p: spiegelhalter(y, p).p)),
    (
        "Kolmogorov-Smirnov of calibration",
        "200 honest probabilities",
        0.05,
        calibrated(200, lambda y, p: cumulative_gap(y, p).largest.p),
    ),
    (
        "Kuiper of calibration",
        "200 honest probabilities",
        0.05,
        calibrated(200, lambda y, p: cumulative_gap(y, p).range.p),
    ),
    ("Hosmer-Lemeshow", "200 honest probabilities", 0.05, calibrated(200, lambda y, p: hosmer_lemeshow(y, p).p)),
    (
        "calibration error",
        "200 honest probabilities, 10 bins",
        0.05,
        calibrated(200, lambda y, p: calibration_error(y, p, bins=10).p),
    ),
]
"""What is tested, the design, the claim, and how to measure it."""
