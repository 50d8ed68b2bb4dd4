"""A table of evidence: what each observation says about each hypothesis, in the order it came.

Everything stands in logarithms. Products of a few hundred likelihoods underflow to 0 for every hypothesis at once, and
0/0 decides nothing; sums of their logarithms do not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tearless.calculus.exponentials import log_softmax, logsumexp
from tearless.core import InputError, Number
from tearless.core.number import shown
from tearless.core.text import visible

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """k hypotheses, their prior, and n observations with the log likelihood of each under each hypothesis.

    ``log_prior`` has shape (k,), ``log_likelihood`` (n, k), in nats; −inf is "impossible". Observations are taken as
    independent given the hypothesis: their logarithms are added. Likelihoods may be densities. Raises ``InputError``
    where shapes do not match, for nan and inf, and where every hypothesis is ruled out: then none of them is true, or a
    likelihood of 0 was claimed that should have been small.

    >>> e = Evidence(("spam", "ham"), np.log([0.2, 0.8]), ("free",), np.log([[0.8, 0.05]]))
    >>> e.posterior.round(3).tolist(), e.winner
    ([0.8, 0.2], 'spam')
    """

    hypotheses: Sequence[str]
    log_prior: Floats
    observations: Sequence[str]
    log_likelihood: Floats

    def __post_init__(self) -> None:
        k, n = len(self.hypotheses), len(self.observations)
        if k == 0 or self.log_prior.shape != (k,) or self.log_likelihood.shape != (n, k):
            raise InputError(
                f"log_prior, log_likelihood: expected shapes ({k},) and ({n}, {k}) for {k} hypotheses and {n} "
                f"observations, got {self.log_prior.shape} and {self.log_likelihood.shape}; match them"
            )
        if not (np.all(self.log_prior < np.inf) and np.all(self.log_likelihood < np.inf)):
            raise InputError("log_prior, log_likelihood: expected numbers or -inf, got nan or inf; mend the input")
        if np.isneginf(self.log_joint).all():
            raise InputError(
                "log_likelihood: expected evidence that some hypothesis allows, got evidence that all of them call "
                "impossible; replace chances of 0 by small ones, or add a hypothesis"
            )

    @property
    def log_joint(self) -> Floats:
        """ln of prior times likelihoods, shape (k,)."""
        return np.asarray(self.log_prior + self.log_likelihood.sum(axis=0), dtype=np.float64)

    @property
    def log_marginal(self) -> float:
        """ln of the probability (or density) of all observations together, whatever the hypothesis."""
        return float(logsumexp(self.log_joint) - logsumexp(self.log_prior))

    @property
    def log_posterior(self) -> Floats:
        """ln of the posterior, shape (k,)."""
        return np.asarray(log_softmax(self.log_joint), dtype=np.float64)

    @property
    def posterior(self) -> Floats:
        """The posterior, shape (k,)."""
        return np.exp(self.log_posterior)

    @property
    def path(self) -> Floats:
        """ln of the posterior before the first observation and after each, shape (n + 1, k)."""
        steps = np.vstack([self.log_prior[None, :], self.log_likelihood])
        return np.asarray(log_softmax(np.cumsum(steps, axis=0), axis=1), dtype=np.float64)

    @property
    def winner(self) -> str:
        """The hypothesis with the largest posterior; the first of several."""
        return self.hypotheses[int(np.argmax(self.log_joint))]

    @property
    def runner_up(self) -> str | None:
        """The hypothesis that comes second, or None where there is one only."""
        order = np.argsort(-self.log_joint, kind="stable")
        return self.hypotheses[int(order[1])] if len(order) > 1 else None

    def weights(self, hypothesis: str, against: str) -> Floats:
        """How many bits each observation speaks for one hypothesis against another, shape (n,).

        log₂ of the likelihood ratio: 1 bit doubles the odds, −1 halves them, ±inf settles it; 0 where both call it
        impossible. (I. J. Good, *Probability and the Weighing of Evidence*, 1950.) Raises ``InputError`` for a name
        that is no hypothesis.
        """
        i, j = self._at(hypothesis), self._at(against)
        a, b = self.log_likelihood[:, i], self.log_likelihood[:, j]
        both = np.isneginf(a) & np.isneginf(b)
        return np.where(both, 0.0, np.where(both, 0.0, a) - np.where(both, 0.0, b)) / math.log(2)

    def prior_weight(self, hypothesis: str, against: str) -> float:
        """The bits that the prior alone speaks for one hypothesis against another."""
        a, b = float(self.log_prior[self._at(hypothesis)]), float(self.log_prior[self._at(against)])
        return 0.0 if a == b else (a - b) / math.log(2)

    def strongest(self, most: int = 10) -> Evidence:
        """The observations that speak most, either way, for the winner against the second; the rest as one."""
        if len(self.observations) <= most or self.runner_up is None:
            return self
        size = np.abs(self.weights(self.winner, self.runner_up))
        order = np.argsort(-size, kind="stable")
        first, rest = np.sort(order[:most]), order[most:]
        names = [*(self.observations[i] for i in first), f"{len(rest):,} others together"]
        logs = np.vstack([self.log_likelihood[first], self.log_likelihood[rest].sum(axis=0)])
        return Evidence(self.hypotheses, self.log_prior, names, logs)

    def numbers(self, most: int = 8) -> dict[str, Number]:
        """The strongest observations and what comes of them, as named numbers: bits for the winner over the second."""
        first, second, few = self.winner, self.runner_up, self.strongest(most)
        out: dict[str, Number] = {}
        if second is not None:
            for name, bits in zip(
                ["prior", *few.observations],
                [few.prior_weight(first, second), *few.weights(first, second)],
                strict=True,
            ):
                out[name] = Number(float(bits), "bits", f"for {first} over {second}")
        out[f"P({first})"] = Number(float(np.max(self.posterior)), "chance", "given all of it")
        return out

    def __str__(self) -> str:
        second = self.runner_up
        if second is None:
            return f"{visible(self.winner)} is the only hypothesis"
        first = self.winner
        bits = [self.prior_weight(first, second), *self.weights(first, second)]
        i = self._at(first)
        rows = [("observation", f"bits for {first} over {second}", f"P({first})")]
        for name, weight, log in zip(["prior", *self.observations], bits, self.path[:, i], strict=True):
            rows.append((name, f"{weight:+.3g}", shown(math.exp(log), "chance")))
        clean = [tuple(visible(cell) for cell in row) for row in rows]
        wide = [max(len(row[c]) for row in clean) for c in range(3)]
        return "\n".join(f"{a:<{wide[0]}}  {b:>{wide[1]}}  {c:>{wide[2]}}".rstrip() for a, b, c in clean)

    def _at(self, hypothesis: str) -> int:
        if hypothesis not in self.hypotheses:
            raise InputError(f"hypothesis: expected one of {list(self.hypotheses)}, got {hypothesis!r}; choose one")
        return list(self.hypotheses).index(hypothesis)


def log_chances(p: ArrayLike, name: str) -> Floats:
    """ln of probabilities, −inf for 0. Raises ``InputError`` unless each is from 0 to 1.

    Any shape.

    >>> log_chances([1.0, 0.0], "prior").tolist()
    [0.0, -inf]
    """
    given = np.asarray(p, dtype=np.float64)
    if not np.all((given >= 0) & (given <= 1)):
        raise InputError(f"{name}: expected probabilities from 0 to 1, got {given.tolist()}; give shares, not percent")
    return np.where(given > 0, np.log(np.where(given > 0, given, 1.0)), -np.inf)
