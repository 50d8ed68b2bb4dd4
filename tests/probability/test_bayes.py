"""Bayes: against exact fractions, in odds, in any order, far below what products can hold."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.core import InputError
from tearless.probability.bayes import (
    bayes,
    from_odds,
    meaning_of_a_test,
    odds,
    posterior,
    prevalence_needed,
    updated_odds,
)
from tearless.probability.evidence import Evidence


def test_the_tutorials_spam_case() -> None:
    """P(spam) 0.2, P(word | spam) 0.8, P(word | ham) 0.05: published as 0.800."""
    seen = bayes({"spam": 0.2, "ham": 0.8}, {"word": {"spam": 0.8, "ham": 0.05}})
    assert seen.posterior[0] == pytest.approx(0.8, abs=1e-15)
    assert math.exp(seen.log_marginal) == pytest.approx(0.2)
    assert from_odds(updated_odds(odds(0.2), 0.8 / 0.05)) == pytest.approx(0.8, abs=1e-15)
    assert seen.weights("spam", "ham").tolist() == pytest.approx([4.0])
    assert seen.prior_weight("spam", "ham") == pytest.approx(-2.0)
    assert (seen.winner, seen.runner_up) == ("spam", "ham")


CHANCE = st.integers(1, 999).map(lambda i: Fraction(i, 1000))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(CHANCE, CHANCE, CHANCE), min_size=2, max_size=6))
def test_the_posterior_is_that_of_exact_fractions(rows: list[tuple[Fraction, ...]]) -> None:
    total = sum(r[0] for r in rows)
    prior = [r[0] / total for r in rows]
    joint = [p * r[1] * r[2] for p, r in zip(prior, rows, strict=True)]
    exact = [float(j / sum(joint)) for j in joint]
    ours = posterior([float(p) for p in prior], [[float(r[1]) for r in rows], [float(r[2]) for r in rows]])
    np.testing.assert_allclose(ours, exact, rtol=1e-13)


def test_evidence_comes_in_any_order_and_in_parts() -> None:
    rng = np.random.default_rng(0)
    logs = np.log(rng.random((8, 3)))
    names = tuple("abcdefgh")
    both = Evidence(("x", "y", "z"), np.log([0.2, 0.3, 0.5]), names, logs)
    turned = Evidence(("x", "y", "z"), np.log([0.2, 0.3, 0.5]), names, logs[::-1])
    np.testing.assert_allclose(both.posterior, turned.posterior, rtol=1e-12)
    half = Evidence(("x", "y", "z"), np.log([0.2, 0.3, 0.5]), names[:4], logs[:4])
    rest = Evidence(("x", "y", "z"), half.log_posterior, names[4:], logs[4:])
    np.testing.assert_allclose(rest.posterior, both.posterior, rtol=1e-12)
    np.testing.assert_allclose(both.path[4], half.log_posterior, rtol=1e-12)
    np.testing.assert_allclose(both.path[-1], both.log_posterior, rtol=1e-12)
    np.testing.assert_allclose(half.log_marginal + rest.log_marginal, both.log_marginal, rtol=1e-12)


def test_ten_thousand_updates_decide_where_their_product_is_zero() -> None:
    likelihood = np.tile([0.30, 0.29], (10_000, 1))
    assert np.prod(likelihood, axis=0).tolist() == [0.0, 0.0]
    assert posterior([0.5, 0.5], likelihood)[1] == pytest.approx((0.29 / 0.30) ** 10_000, rel=1e-9)
    assert updated_odds(1.0, *[1e300, 1e-300] * 50) == pytest.approx(1.0)


def test_what_one_hypothesis_excludes_leaves_the_others() -> None:
    assert posterior([0.5, 0.5], [0.0, 1e-300]).tolist() == [0.0, 1.0]
    assert posterior([0.0, 1.0], [1.0, 0.5]).tolist() == [0.0, 1.0]
    seen = bayes({"a": 0.5, "b": 0.5}, {"one": {"a": 0.0, "b": 0.1}, "two": {"a": 0.0, "b": 0.0001}})
    assert seen.weights("b", "a").tolist() == [math.inf, math.inf]
    assert Evidence(("a",), np.zeros(1), (), np.zeros((0, 1))).posterior.tolist() == [1.0]


def test_the_table_names_what_speaks_most() -> None:
    logs = np.zeros((30, 2))
    logs[7, 0], logs[20, 1] = 3.0, 2.0
    seen = Evidence(("yes", "no"), np.log([0.5, 0.5]), tuple(f"w{i}" for i in range(30)), logs)
    short = seen.strongest(2)
    assert short.observations == ["w7", "w20", "28 others together"]
    np.testing.assert_allclose(short.posterior, seen.posterior)
    assert "w7" in str(short)
    assert "\x1b" not in str(Evidence(("a\x1b[31m", "b"), np.log([0.5, 0.5]), (), np.zeros((0, 2))))


def test_a_positive_test_means_little_where_few_have_it() -> None:
    """1 in 1,000 ill, sensitivity 0.99, specificity 0.95: exactly 0.00099 / (0.00099 + 0.04995)."""
    t = meaning_of_a_test(0.001, 0.99, 0.95)
    exact = Fraction(99, 100_000) / (Fraction(99, 100_000) + Fraction(999, 1000) * Fraction(5, 100))
    assert t.if_positive == pytest.approx(float(exact), rel=1e-12)
    assert sum(t.counts(5_000).values()) == pytest.approx(5_000)
    cells = t.counts(1_000)
    assert cells["true positives"] / (cells["true positives"] + cells["false positives"]) == pytest.approx(
        t.if_positive
    )
    needed = prevalence_needed(0.99, 0.95, 0.5)
    assert meaning_of_a_test(needed, 0.99, 0.95).if_positive == pytest.approx(0.5)
    assert meaning_of_a_test(0.3, 1.0, 1.0).if_positive == 1.0
    assert meaning_of_a_test(0.3, 1.0, 1.0).if_negative == 0.0
    assert math.isnan(meaning_of_a_test(0.3, 0.0, 1.0).if_positive)


@settings(max_examples=60, deadline=None)
@given(st.floats(1e-9, 1 - 1e-9))
def test_odds_and_back(p: float) -> None:
    assert from_odds(odds(p)) == pytest.approx(p, rel=1e-14)


def test_odds_at_their_ends() -> None:
    assert (odds(0.0), odds(1.0), from_odds(0.0), from_odds(math.inf)) == (0.0, math.inf, 0.0, 1.0)
    assert updated_odds(2.0, 0.0) == 0.0
    assert updated_odds(2.0, math.inf) == math.inf
    assert updated_odds(1e200, 1e200) == math.inf


@pytest.mark.parametrize(
    "call",
    [
        lambda: posterior([0.5, 0.6], [0.1, 0.1]),
        lambda: posterior([0.5, 0.5], [1.2, 0.1]),
        lambda: posterior([0.5, 0.5], [-0.1, 0.1]),
        lambda: posterior([0.5, 0.5], [math.nan, 0.1]),
        lambda: posterior([0.5, 0.5], [0.1, 0.2, 0.3]),
        lambda: posterior([0.5, 0.5], [0.0, 0.0]),
        lambda: posterior([50, 50], [0.1, 0.1]),
        lambda: bayes({}, {}),
        lambda: bayes({"a": 1.0}, {"x": {"b": 0.5}}),
        lambda: bayes({"a": 1.0}, {"x": {"a": 0.5}}).weights("a", "b"),
        lambda: Evidence(("a", "b"), np.zeros(2), ("x",), np.full((1, 2), math.inf)),
        lambda: odds(80),
        lambda: from_odds(-1.0),
        lambda: from_odds(math.nan),
        lambda: updated_odds(1.0, -2.0),
        lambda: updated_odds(0.0, math.inf),
        lambda: meaning_of_a_test(1, 95, 0.9),
        lambda: meaning_of_a_test("half", 0.9, 0.9),  # type: ignore[arg-type]
        lambda: prevalence_needed(0.0, 1.0, 0.5),
    ],
)
def test_what_is_no_probability_is_refused(call: Any) -> None:
    with pytest.raises(InputError, match="expected"):
        call()
