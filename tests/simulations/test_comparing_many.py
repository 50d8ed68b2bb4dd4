"""How often tests of many models cry wolf: at all, for any pair, for any rival; and whether the best is held."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tearless.statistics.comparison.best_of_many import best_of_many, compare_with_reference
from tearless.statistics.comparison.many_data_sets import compare_all_pairs, compare_with_control, friedman

pytestmark = pytest.mark.slow
RUNS = 2_000
ERROR = math.sqrt(0.05 * 0.95 / RUNS)


def said(name: str, share: float) -> float:
    print(f"{name}: {share:.4f} of {RUNS:,}")
    return share


@pytest.mark.parametrize(("rows", "k"), [(10, 3), (8, 4), (30, 6)])
def test_friedman_of_equal_models(rows: int, k: int) -> None:
    """The exact chance never above 5 %; F near it, chi-square below."""
    rng = np.random.default_rng(1)
    found = [friedman(rng.normal(size=(rows, k))) for _ in range(RUNS)]
    best = said("p", np.mean([f.p <= 0.05 for f in found]).item())
    f = said("F", np.mean([f.p_f <= 0.05 for f in found]).item())
    chi = said("chi-square", np.mean([f.p_chi_square <= 0.05 for f in found]).item())
    assert 0.035 < best < 0.05 + 3 * ERROR
    assert 0.035 < f < 0.07
    assert chi <= f


@pytest.mark.parametrize("method", ["bergmann", "shaffer", "holm", "nemenyi"])
def test_any_pair_of_five_equal_models(method: str) -> None:
    rng = np.random.default_rng(2)
    shares = [compare_all_pairs(rng.normal(size=(20, 5)), method=method).adjusted.min() <= 0.05 for _ in range(RUNS)]  # type: ignore[arg-type]
    assert 0.02 < said(method, np.mean(shares).item()) < 0.05 + 3 * ERROR


@pytest.mark.parametrize("method", ["bergmann", "shaffer", "holm"])
def test_any_false_pair_where_two_groups_of_models_are_equal(method: str) -> None:
    """Models 0 and 1 equal, 2, 3, 4 equal and better: ranks see the other models, yet the error stays near 5 %."""
    rng = np.random.default_rng(3)
    false = [0, 7, 8, 9]
    shares = [
        compare_all_pairs(rng.normal(size=(20, 5)) + np.array([0, 0, 9, 9, 9]), method=method).adjusted[false].min()
        <= 0.05  # type: ignore[arg-type]
        for _ in range(RUNS)
    ]
    assert said(method, np.mean(shares).item()) < 0.05 + 3 * ERROR


@pytest.mark.parametrize("method", ["holm", "hochberg", "hommel", "bonferroni"])
def test_any_rival_of_a_control_that_equals_it(method: str) -> None:
    rng = np.random.default_rng(4)
    shares = [
        compare_with_control(rng.normal(size=(20, 6)), 0, method=method).adjusted.min() <= 0.05 for _ in range(RUNS)
    ]  # type: ignore[arg-type]
    assert 0.02 < said(method, np.mean(shares).item()) < 0.05 + 3 * ERROR


@pytest.mark.parametrize(("n", "share"), [(200, 0.75), (50, 0.9), (50, 0.98)])
def test_any_prompt_of_ten_against_a_reference_that_equals_it(n: int, share: float) -> None:
    """Max-t: at 5 % for 200 items; few wrong answers make it timid, not bold."""
    rng = np.random.default_rng(5)
    wolf = 0
    for _ in range(RUNS):
        found = compare_with_reference((rng.random((n, 10)) < share).astype(float), 0, resamples=499, seed=rng)
        wolf += min(d.p for d in found) <= 0.05
    assert said(f"max-t, n = {n}, {share}", wolf / RUNS) < 0.05 + 3 * ERROR


@pytest.mark.parametrize("apart", [0.0, 0.03])
def test_the_confidence_set_holds_the_best_and_the_corrected_score_is_unbiased(apart: float) -> None:
    rng = np.random.default_rng(6)
    truth = 0.75 + apart * np.arange(5)
    held, left, seen = 0, [], []
    for _ in range(RUNS // 2):
        found = best_of_many((rng.random((200, 5)) < truth).astype(float), resamples=499, seed=rng)
        held += 4 in found.as_good
        left.append(found.corrected - truth[found.best])
        seen.append(found.seen - truth[found.best])
    print(f"seen {np.mean(seen):+.4f}, corrected {np.mean(left):+.4f}")
    assert said("holds the best", 2 * held / RUNS) > 0.95 - 3 * ERROR
    assert abs(np.mean(left)) < 0.006
