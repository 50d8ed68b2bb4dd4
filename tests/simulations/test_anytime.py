"""Looks along the way: errors under many looks, and the coverage of confidence sequences at all looks together."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tearless.statistics.comparison.anytime import anytime_bounded, anytime_paired
from tearless.statistics.comparison.betting import (
    STAKES,
    log_wealth_about_zero,
    log_wealth_of_counts,
    log_wealth_of_stakes,
)
from tearless.statistics.comparison.peeking import peeking_cost

pytestmark = pytest.mark.slow

RUNS, ITEMS = 4_000, 1_000
LIMIT = math.log(20)


def within(claim: float, count: int, runs: int = RUNS) -> bool:
    """Whether a share is at most the claim, but for two standard errors of the simulation."""
    return count / runs <= claim + 2 * math.sqrt(claim * (1 - claim) / runs)


def counts(rng: np.random.Generator, better: float, worse: float, runs: int = RUNS) -> tuple[np.ndarray, np.ndarray]:
    u = rng.random((runs, ITEMS))
    return np.cumsum(u < better, axis=1), np.cumsum(u > 1 - worse, axis=1)


@pytest.mark.parametrize("discordant", [0.02, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("prior", [0.5, 1.0, 5.0])
def test_evidence_at_every_single_item_errs_in_five_percent_at_most(discordant: float, prior: float) -> None:
    b, c = counts(np.random.default_rng(1), discordant / 2, discordant / 2)
    wrong = int((log_wealth_about_zero(b, c, prior).max(axis=1) >= LIMIT).sum())
    print("every item", discordant, prior, wrong / RUNS)
    assert within(0.05, wrong)


def test_fifty_looks_at_the_usual_level_err_in_a_third() -> None:
    """z of the discordant items at 50 even looks: 32 % by theory, by simulation; the betting test at the same looks."""
    b, c = counts(np.random.default_rng(2), 0.25, 0.25)
    at = np.arange(20, ITEMS + 1, 20) - 1
    z = np.abs(b - c)[:, at] / np.sqrt(b + c)[:, at]
    usual = int((z.max(axis=1) >= 1.959963984540054).sum())
    betting = int((log_wealth_about_zero(b, c)[:, at].max(axis=1) >= LIMIT).sum())
    print("50 looks", usual / RUNS, betting / RUNS)
    assert usual / RUNS == pytest.approx(peeking_cost(50).error, abs=0.03)
    assert within(0.05, betting)


@pytest.mark.parametrize("looks", [2, 5, 10, 50])
def test_the_price_of_peeking(looks: int) -> None:
    """Sums of normal items, evenly looked at: the chance to have crossed, against the integral."""
    walk = np.cumsum(np.random.default_rng(3).normal(size=(40_000, looks)), axis=1)
    z = np.abs(walk) / np.sqrt(np.arange(1, looks + 1))
    crossed = float((z.max(axis=1) >= 1.959963984540054).mean())
    print("peeking", looks, crossed, peeking_cost(looks).error)
    assert crossed == pytest.approx(peeking_cost(looks).error, abs=3 * math.sqrt(0.22 / 40_000))


@pytest.mark.parametrize(
    ("better", "worse"), [(0.05, 0.05), (0.06, 0.03), (0.3, 0.1), (0.01, 0.0), (0.6, 0.4), (0.95, 0.01)]
)
def test_the_sequence_of_pairs_covers_at_fifty_looks_together(better: float, worse: float) -> None:
    """The truth is in the interval of every look unless its wealth reached 20 at one."""
    b, c = counts(np.random.default_rng(4), better, worse, 1_000)
    at = np.unique(np.geomspace(1, ITEMS, 50).round().astype(int)) - 1
    n = np.broadcast_to(at + 1.0, (1_000, len(at))).ravel()
    claim = np.full(len(n), better - worse)
    wealth = log_wealth_of_counts(b[:, at].ravel().astype(float), c[:, at].ravel().astype(float), n, claim)
    missed = int((wealth.reshape(1_000, -1).max(axis=1) >= LIMIT).sum())
    print("pairs", better, worse, 1 - missed / 1_000)
    assert within(0.05, missed, 1_000)


LAWS = {
    "uniform": lambda rng, shape: rng.uniform(-0.6, 1, shape),
    "narrow": lambda rng, shape: np.clip(rng.normal(0.02, 0.05, shape), -1, 1),
    "rare and large": lambda rng, shape: np.where(rng.random(shape) < 0.01, 1.0, -0.01),
    "beta": lambda rng, shape: 2 * rng.beta(0.3, 0.5, shape) - 1,
}
MEANS = {"uniform": 0.2, "narrow": 0.02, "rare and large": 0.0001, "beta": 2 * 0.3 / 0.8 - 1}


@pytest.mark.parametrize("law", LAWS)
def test_the_sequence_of_bounded_differences_covers(law: str) -> None:
    """Fifty looks, real-valued differences of four laws."""
    x = LAWS[law](np.random.default_rng(5), (1_000, ITEMS))
    at = np.unique(np.geomspace(1, ITEMS, 50).round().astype(int)) - 1
    growth = np.stack([np.cumsum(np.log1p(k * x), axis=1)[:, at] for k in STAKES], axis=-1)
    n = np.broadcast_to(at + 1.0, (1_000, len(at))).ravel()
    wealth = log_wealth_of_stakes(growth.reshape(len(n), -1), n, np.full(len(n), MEANS[law]))
    missed = int((wealth.reshape(1_000, -1).max(axis=1) >= LIMIT).sum())
    print(law, 1 - missed / 1_000)
    assert within(0.05, missed, 1_000)


def test_the_printed_intervals_cover_and_find() -> None:
    """The whole way, 50 looks, +3 points with 9 % discordant: coverage, and how often 500 and 5,000 items settle it."""
    rng = np.random.default_rng(6)
    covered = {"pairs": 0, "bounded": 0}
    found = dict.fromkeys((500, 5_000), 0)
    runs = 200
    for _ in range(runs):
        d = rng.choice([-1, 0, 1], 5_000, p=[0.03, 0.91, 0.06])
        looks = np.unique([*np.geomspace(10, 5_000, 49).round().astype(int).tolist(), 500])
        pairs = anytime_paired(d <= 0, d >= 0, looks=looks)
        bounded = anytime_bounded(d, looks=looks)
        for name, one in (("pairs", pairs), ("bounded", bounded)):
            covered[name] += bool((one.low[-1] <= 0.03) & (one.high[-1] >= 0.03))
        for n in found:
            found[n] += bool(pairs.p[np.flatnonzero(pairs.items == n)[0]] <= 0.05)
    print({name: n / runs for name, n in covered.items()}, {n: count / runs for n, count in found.items()})
    assert min(covered.values()) >= 0.95 * runs - 2 * math.sqrt(0.05 * 0.95 * runs)
    assert found[5_000] >= 0.95 * runs
