"""Bayes: from what was believed and how likely the evidence is under each hypothesis, to what to believe now."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tearless.core import InputError
from tearless.probability.evidence import Evidence, log_chances

Floats = NDArray[np.float64]


def bayes(prior: Mapping[str, float], likelihoods: Mapping[str, Mapping[str, float]]) -> Evidence:
    """The posterior of named hypotheses, with the table of evidence that leads to it.

    ``prior`` gives each hypothesis its probability, summing to 1; ``likelihoods`` gives for each observation, in order,
    its probability under each hypothesis. Observations count as independent given the hypothesis. Raises ``InputError``
    for probabilities outside 0..1, a prior that does not sum to 1, hypotheses missing or unknown, and evidence that all
    hypotheses call impossible. Relative error of a posterior: about an ulp times the largest logarithm. (T. Bayes,
    *An Essay towards solving a Problem in the Doctrine of Chances*, 1763.)

    P(spam | word) = 0.2 · 0.8 / (0.2 · 0.8 + 0.8 · 0.05) = 0.16 / 0.20:

    >>> seen = bayes({"spam": 0.2, "ham": 0.8}, {"the word": {"spam": 0.8, "ham": 0.05}})
    >>> seen.posterior.round(6).tolist()
    [0.8, 0.2]
    >>> print(seen)
    observation  bits for spam over ham  P(spam)
    prior                            -2     20 %
    the word                         +4     80 %
    """
    names = tuple(prior)
    for observation, said in likelihoods.items():
        if set(said) != set(names):
            raise InputError(
                f"likelihoods: expected the hypotheses {sorted(names)} for {observation!r}, got {sorted(said)}; "
                "give each its probability"
            )
    rows = [[said[name] for name in names] for said in likelihoods.values()]
    log_likelihood = log_chances(np.array(rows, dtype=np.float64).reshape(len(rows), len(names)), "likelihoods")
    return Evidence(names, log_prior(list(prior.values())), tuple(likelihoods), log_likelihood)


def posterior(prior: ArrayLike, likelihood: ArrayLike) -> Floats:
    """P(hypothesis | evidence) = prior · likelihood / Σ prior · likelihood.

    Shapes: prior (k,), likelihood (k,) for one observation or (n, k) for n independent ones; the result has (k,).
    Errors and exactness as ``bayes``.

    >>> posterior([0.2, 0.8], [0.8, 0.05]).round(6).tolist()
    [0.8, 0.2]
    """
    rows = np.atleast_2d(log_chances(likelihood, "likelihood"))
    logs = log_prior(prior)
    hypotheses = tuple(map(str, range(len(logs))))
    return Evidence(hypotheses, logs, tuple(map(str, range(len(rows)))), rows).posterior


def log_prior(prior: ArrayLike) -> Floats:
    """ln of a prior. Raises ``InputError`` unless it has one axis, lies in 0..1 and sums to 1 within 10⁻⁶.

    Shape ``(k,)``, one entry a hypothesis.

    >>> log_prior([1.0, 0.0]).tolist()
    [0.0, -inf]
    """
    logs = log_chances(prior, "prior")
    total = float(np.sum(np.asarray(prior, dtype=np.float64)))
    if logs.ndim != 1 or not abs(total - 1) <= 1e-6:
        raise InputError(
            f"prior: expected one probability a hypothesis, summing to 1, got shape {logs.shape} and sum {total:.6g}; "
            "divide by the sum"
        )
    return logs


def odds(p: float) -> float:
    """p/(1−p): how many times likelier than not. inf for p = 1. Raises ``InputError`` unless 0 ≤ p ≤ 1.

    >>> odds(0.8), odds(0.5)
    (4.000000000000001, 1.0)
    """
    chance = _chance(p, "p")
    return math.inf if chance == 1 else chance / (1 - chance)


def from_odds(o: float) -> float:
    """o/(1+o), the probability of these odds, 1 for inf. Raises ``InputError`` for negative odds and nan.

    >>> from_odds(4.0)
    0.8
    """
    if not o >= 0:
        raise InputError(f"odds: expected a number of at least 0, got {o!r}; odds of 1 are even")
    return 1.0 if math.isinf(o) else o / (1 + o)


def updated_odds(prior_odds: float, *likelihood_ratios: float) -> float:
    """Prior odds times the likelihood ratio of each piece of evidence: Bayes' rule for two hypotheses.

    A ratio is P(evidence | hypothesis) / P(evidence | not). Added as logarithms, so thousands of updates neither
    overflow nor underflow before their end. 0 and inf settle it; both together contradict each other. Raises
    ``InputError`` for negative numbers, nan, and such a contradiction.

    1 to 4, then evidence 16 times likelier under the hypothesis: 4 to 1.

    >>> round(updated_odds(0.25, 0.8 / 0.05), 9)
    4.0
    """
    parts = (prior_odds, *likelihood_ratios)
    if not all(part >= 0 for part in parts):
        raise InputError(
            f"likelihood_ratios: expected numbers of at least 0, got {parts}; a ratio below 1 speaks against"
        )
    if 0 in parts and math.inf in parts:
        raise InputError("likelihood_ratios: expected no 0 beside an inf, got both: one proves what the other excludes")
    logs = (
        math.fsum(-math.inf if part == 0 else math.log(part) for part in parts) if math.inf not in parts else math.inf
    )
    return math.inf if logs > 709.78 else math.exp(logs)


@dataclass(frozen=True, slots=True)
class TestResult:
    """What a test's answer means where this share of people (or messages, or parts) has what it looks for.

    Made by ``meaning_of_a_test``, from the ``prevalence``, the ``sensitivity`` P(positive | has it) and the
    ``specificity`` P(negative | has it not).

    >>> meaning_of_a_test(0.5, 0.75, 0.5).counts(people=8)  # 4 have it, 4 have it not
    {'true positives': 3.0, 'false negatives': 1.0, 'false positives': 2.0, 'true negatives': 2.0}
    """

    __test__ = False
    prevalence: float
    sensitivity: float
    specificity: float
    if_positive: float
    """P(has it | positive): the positive predictive value."""
    if_negative: float
    """P(has it | negative): one minus the negative predictive value."""

    def counts(self, people: float = 1_000) -> dict[str, float]:
        """How many of so many people fall in each of the four cells, on average."""
        has, has_not = people * self.prevalence, people * (1 - self.prevalence)
        return {
            "true positives": has * self.sensitivity,
            "false negatives": has * (1 - self.sensitivity),
            "false positives": has_not * (1 - self.specificity),
            "true negatives": has_not * self.specificity,
        }


def meaning_of_a_test(prevalence: float, sensitivity: float, specificity: float) -> TestResult:
    """What a positive and a negative test mean at this prevalence.

    Sensitivity is P(positive | has it), specificity P(negative | has it not). Most positives of a good test are false
    where few have what it looks for: of 1,000 people, 1 in 100 ill, a test right 95 times in 100 finds 9.5 of the ill
    and 49.5 of the healthy. Raises ``InputError`` for numbers outside 0..1; an answer that never comes means nan.

    >>> t = meaning_of_a_test(0.01, 0.95, 0.95)
    >>> round(t.if_positive, 3), round(t.counts()["false positives"], 6)
    (0.161, 49.5)
    """
    has = _chance(prevalence, "prevalence")
    hit, right = _chance(sensitivity, "sensitivity"), _chance(specificity, "specificity")
    positive, wrong = has * hit, (1 - has) * (1 - right)
    missed, negative = has * (1 - hit), (1 - has) * right
    return TestResult(has, hit, right, _share(positive, wrong), _share(missed, negative))


def prevalence_needed(sensitivity: float, specificity: float, if_positive: float) -> float:
    """The prevalence from which on a positive test is right with at least this probability.

    Odds of ``if_positive`` divided by the likelihood ratio sensitivity/(1−specificity). Raises ``InputError`` for
    numbers outside 0..1, or a test that is never positive.

    >>> round(prevalence_needed(0.95, 0.95, 0.5), 6)
    0.05
    """
    hit, false = _chance(sensitivity, "sensitivity"), 1 - _chance(specificity, "specificity")
    wanted = _chance(if_positive, "if_positive")
    if hit == 0 and false == 0:
        raise InputError("sensitivity, specificity: expected a test that can be positive, got one that never is")
    up, down = wanted * false, (1 - wanted) * hit
    return 1.0 if down == 0 and up == 0 else up / (up + down)


def _share(part: float, other: float) -> float:
    return part / (part + other) if part + other > 0 else math.nan


def _chance(p: float, name: str) -> float:
    try:
        number = float(p)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number <= 1:
        raise InputError(f"{name}: expected a probability from 0 to 1, got {p!r}; give a share, not a percentage")
    return number
