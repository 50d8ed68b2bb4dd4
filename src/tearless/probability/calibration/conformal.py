"""Split-conformal prediction: sets and intervals that hold the truth as often as promised, whatever the model.

The promise needs rows of calibration and rows to come that could be swapped: no drift, no rows of one group on both
sides. It is kept on average over calibration sets; ``Threshold.coverage_range`` says how far one set may be off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError
from tearless.linear_algebra.arrays import array, to_numpy, whole
from tearless.probability.beta_binomial import predicted_successes
from tearless.probability.calibration.calibrator import forecasts
from tearless.probability.calibration.forecasts import Floats, class_outcomes, one_length, vector
from tearless.probability.distributions import Beta

_FINEST = 10**9
"""Levels are taken for the fraction of denominator up to this that is nearest: 0.30000000000000004 for 3/10."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The calibration score at ``rank`` of ``rows``: a new row's score is at most ``value`` with at least ``level``.

    ``promised`` is rank/(rows + 1), what is really kept on average where no scores tie.

    >>> found = threshold([float(x) for x in range(1, 100)], 0.9)
    >>> found.value, found.promised, found.covered_range(1_000)
    (90.0, 0.9, (831, 953))
    """

    value: float
    rank: int
    rows: int
    level: float

    @property
    def promised(self) -> float:
        return self.rank / (self.rows + 1)

    def coverage_range(self, share: float = 0.95) -> tuple[float, float]:
        """Between which the long-run coverage of this very threshold lies with this chance: Beta(rank, n + 1 − rank).

        V. Vovk, *Conditional validity of inductive conformal predictors*, ACML 2012. Exact without ties.
        """
        law = Beta(float(self.rank), float(self.rows + 1 - self.rank))
        tail = (1 - share) / 2
        return float(law.quantile(tail)), float(law.quantile(tail, upper=True))

    def covered_range(self, cases: int, share: float = 0.95) -> tuple[int, int]:
        """How many of so many new rows are covered, with at least this chance: beta-binomial."""
        return predicted_successes(cases, float(self.rank), float(self.rows + 1 - self.rank), share)


def rank(rows: int, level: float) -> int:
    """⌈(rows + 1) · level⌉, without rounding on the way: 3 for 9 rows at 1 − 0.7, where floats say 4.

    ``level`` is the coverage, taken for the simplest fraction it stands for. Raises ``InputError`` where the rows are
    too few: the rank would be above them, and only an infinite threshold would do.

    >>> rank(9, 1 - 0.7), math.ceil(10 * (1 - 0.7))
    (3, 4)
    """
    n = whole(rows, "rows")
    if not 0 < level < 1:
        raise InputError(f"level: expected a coverage between 0 and 1, got {level!r}; 0.9 for sets right 9 times in 10")
    wanted = Fraction(level).limit_denominator(_FINEST)
    place = math.ceil((n + 1) * wanted)
    if place > n:
        least = math.ceil(wanted / (1 - wanted)) if wanted < 1 else None
        more = f"give {least:,} rows" if least is not None else "ask for less"
        raise InputError(
            f"rows: expected enough to promise {level:g}, got {n}, which promise at most {reachable(n):.4g}; "
            f"{more}, or ask for less"
        )
    return place


def reachable(rows: int) -> float:
    """n/(n + 1): the highest coverage that n rows of calibration can promise.

    >>> reachable(19)
    0.95
    """
    n = whole(rows, "rows", least=0)
    return n / (n + 1)


def threshold(scores: Any, level: float) -> Threshold:
    """The threshold of nonconformity scores (n,): the one at ``rank``, counted from the least.

    V. Vovk, A. Gammerman and G. Shafer, *Algorithmic Learning in a Random World*, 2005, section 4.2; H. Papadopoulos
    et al., ECML 2002. Raises ``InputError`` as ``rank``.

    >>> threshold([5.0, 1.0, 4.0, 2.0, 3.0, 9.0, 7.0, 8.0, 6.0], 0.9)
    Threshold(value=9.0, rank=9, rows=9, level=0.9)
    """
    s = vector(scores, "scores")
    place = rank(len(s), level)
    return Threshold(float(np.partition(s, place - 1)[place - 1]), place, len(s), level)


def class_threshold(y: Any, p: Any, level: float) -> Threshold:
    """The threshold of 1 − the probability of the class that came, for ``y`` (n,) and ``p`` (n, k).

    The sets are the smallest on average where the probabilities are right (M. Sadinle, J. Lei and L. Wasserman, *Least
    ambiguous set-valued classifiers with bounded error levels*, JASA 114, 2019): "LAC". Errors as ``rank``.

    >>> class_threshold([0, 1], [[0.75, 0.25], [0.5, 0.5]], 0.5).value
    0.5
    """
    came, said = class_outcomes(y, p)
    return threshold((1 - said)[np.arange(len(came)), came], level)


def class_sets(p: Any, found: Threshold) -> NDArray[np.bool_]:
    """The classes kept, (n, k), for probabilities ``p`` (n, k) and a threshold of ``class_threshold``.

    A set may be empty: no class is likely enough to be among those that conform.

    >>> class_sets([[0.6, 0.3, 0.1]], Threshold(0.7, 9, 9, 0.9)).tolist()
    [[True, True, False]]
    """
    return np.asarray((1 - _rows(p)) <= found.value)


def adaptive_threshold(y: Any, p: Any, level: float, *, seed: int | None = None) -> Threshold:
    """The threshold of the probability summed from the likeliest class to the one that came: "APS".

    Sets grow where the model is unsure (Y. Romano, M. Sesia and E. Candès, *Classification with valid and adaptive
    coverage*, NeurIPS 2020). With a ``seed``, a random part of the last class's probability is left out, as they do,
    and coverage is as promised; without, sets are larger than need be. Errors as ``rank``.

    >>> adaptive_threshold([0, 1], [[0.75, 0.25], [0.75, 0.25]], 0.5).value
    1.0
    """
    came, said = class_outcomes(y, p)
    return threshold(_summed(said, seed)[np.arange(len(came)), came], level)


def adaptive_sets(p: Any, found: Threshold, *, seed: int | None = None) -> NDArray[np.bool_]:
    """The classes kept, (n, k), for a threshold of ``adaptive_threshold``; give a seed if it had one, another one.

    >>> adaptive_sets([[0.6, 0.3, 0.1]], Threshold(0.9, 9, 9, 0.9)).tolist()
    [[True, True, False]]
    """
    return np.asarray(_summed(_rows(p), seed) <= found.value)


def residual_threshold(y: Any, predicted: Any, level: float, *, scale: Any = None) -> Threshold:
    """The threshold of |y − predicted|, divided by ``scale`` where given; all (n,).

    J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani and L. Wasserman, *Distribution-free predictive inference for
    regression*, JASA 113, 2018, section 2.2. The interval is predicted ± value·scale. Errors as ``rank``.

    >>> residual_threshold([1.0, 2.0, 3.0], [1.5, 2.0, 2.0], 0.75).value
    1.0
    """
    came, said = vector(y, "y"), vector(predicted, "predicted")
    one_length(y=came, predicted=said)
    width = np.ones(len(came)) if scale is None else vector(scale, "scale")
    one_length(y=came, scale=width)
    if not width.min() > 0:
        raise InputError(f"scale: expected numbers above 0, got {width.min():g}; a scale of 0 allows no error")
    return threshold(np.abs(came - said) / width, level)


def quantile_threshold(y: Any, low: Any, high: Any, level: float) -> Threshold:
    """The threshold of max(low − y, y − high) for predicted quantiles, all (n,): negative where they are too wide.

    Conformalised quantile regression (Y. Romano, E. Patterson and E. Candès, NeurIPS 2019): the interval is
    low − value to high + value. Errors as ``rank``.

    >>> quantile_threshold([1.0, 5.0, 9.0], [2.0, 2.0, 2.0], [8.0, 8.0, 8.0], 0.75).value
    1.0
    """
    came, left, right = vector(y, "y"), vector(low, "low"), vector(high, "high")
    one_length(y=came, low=left, high=right)
    return threshold(np.maximum(left - came, came - right), level)


def _rows(p: Any) -> Floats:
    given = np.asarray(to_numpy(array(p, "p", ndim=2)[1]), dtype=np.float64)
    if given.shape[1] == 2:
        forecasts(given[:, 1], 2)
        return given
    return forecasts(given, given.shape[1])


def _summed(p: Floats, seed: int | None) -> Floats:
    """For each class, the probability of all classes at least as likely, ties in the order of the columns."""
    order = np.argsort(-p, axis=1, kind="stable")
    ranked = np.take_along_axis(p, order, axis=1)
    total = np.minimum(np.cumsum(ranked, axis=1), 1.0)
    if seed is not None:
        total = total - np.random.default_rng(seed).random((len(p), 1)) * ranked
    out = np.empty_like(total)
    np.put_along_axis(out, order, total, axis=1)
    return out
