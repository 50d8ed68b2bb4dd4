"""Information in bits: how much there is, how much an error rate leaves, and what counts are worth as evidence."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from tearless.core import InputError

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def entropy_bits(counts: ArrayLike) -> float:
    """Shannon entropy, in bits, of the distribution that these counts have.

    Shape ``(k,)``, none negative, at least one positive; zero counts add nothing. Raises ``InputError`` otherwise.
    Exact up to rounding. It is the plug-in estimate, which on average is too low by about (k−1)/(2 n ln 2) bits
    (Cover and Thomas, *Elements of Information Theory*, 2nd ed., 2006, section 2.1; Miller 1955 for the bias).

    >>> entropy_bits([2, 1, 1])
    1.5
    """
    n = _counts(counts)
    share = n[n > 0] / n.sum()
    return float(max(0.0, -(share * np.log2(share)).sum()))


def _counts(counts: ArrayLike) -> Floats:
    n = np.asarray(counts, dtype=np.float64)
    if n.ndim != 1 or not (np.isfinite(n).all() and (n >= 0).all() and n.sum() > 0):
        raise InputError(f"counts: expected a 1-D array of counts, one of them positive, got {counts!r}; count first")
    return n


def binary_entropy(p: float) -> float:
    """Entropy in bits of a coin that falls one way with chance ``p``: −p log₂ p − (1−p) log₂(1−p), 0 at both ends.

    Raises ``InputError`` unless 0 ≤ p ≤ 1. Exact up to rounding.

    >>> binary_entropy(0.5)
    1.0
    """
    if not 0 <= p <= 1:
        raise InputError(f"p: expected a chance between 0 and 1, got {p!r}; give a share, not a percentage")
    if p in (0.0, 1.0):
        return 0.0
    return float(-(p * np.log2(p) + (1 - p) * np.log1p(-p) / np.log(2)))


def bits_left_at_most(error: float, classes: int) -> float:
    """The most bits about a class that can be left when it is guessed with this chance of error (Fano's inequality).

    h(e) + e log₂(k−1) for k classes, and log₂ k once e ≥ 1−1/k. Raises ``InputError`` unless 0 ≤ error ≤ 1 and
    classes ≥ 2. A theorem: R. M. Fano, *Transmission of Information*, 1961; Cover and Thomas 2006, theorem 2.10.1.

    >>> bits_left_at_most(0.5, 2), bits_left_at_most(0.0, 10)
    (1.0, 0.0)
    """
    if classes < 2:
        raise InputError(f"classes: expected at least 2, got {classes!r}; one class holds no bits")
    if not 0 <= error <= 1:
        raise InputError(f"error: expected a share between 0 and 1, got {error!r}; give errors over rows")
    if error >= 1 - 1 / classes:
        return float(np.log2(classes))
    return binary_entropy(error) + error * float(np.log2(classes - 1))


def log_evidence(groups: Codes, classes: Codes, n_groups: int, n_classes: int) -> float:
    """Natural logarithm of the evidence that classes go with groups: a Bayes factor that is also an e-value.

    ``groups`` and ``classes`` have shape ``(n,)``: codes below ``n_groups`` and ``n_classes``. In each group the labels
    get the Dirichlet-multinomial probability with prior counts π (the overall shares, one in all); against that
    stands every order of the labels alike, n!/∏nₖ! of them. The first is a distribution over label sequences, so under
    exchangeable labels the ratio averages at most 1, and by Markov's inequality exceeds 1/α with chance at most α: no
    asymptotics, valid for any n, sparse tables too. Groups must be made without looking at the classes.
    Gunel and Dickey, Biometrika 61, 1974, 545-557 (the factor); Vovk and Wang, Ann. Statist. 49, 2021 (e-values).

    >>> g = np.repeat([0, 1], 10)
    >>> bool(log_evidence(g, g, 2, 2) > np.log(1_000)), bool(log_evidence(g, np.tile([0, 1], 10), 2, 2) < 0)
    (True, True)
    """
    joint = np.bincount(groups * n_classes + classes, minlength=n_groups * n_classes).reshape(n_groups, n_classes)
    total = joint.sum(axis=0)
    seen = total > 0
    joint, total = joint[joint.any(axis=1)][:, seen], total[seen]
    prior = total / total.sum()
    orders = gammaln(total.sum() + 1) - gammaln(total + 1).sum()
    inside = (gammaln(joint + prior) - gammaln(prior)).sum() - gammaln(joint.sum(axis=1) + 1).sum()
    return float(orders + inside)


def chance_of(*log_evidences: float) -> float:
    """The chance ``p`` of evidence this strong when nothing goes with anything: 1/mean(e), at most 1.

    The mean of e-values is an e-value, whatever their dependence (Vovk and Wang 2021, proposition 3.1). Raises
    ``InputError`` where none is given.

    >>> round(chance_of(float(np.log(50.0)), float(np.log(50.0))), 12)
    0.02
    """
    if not log_evidences:
        raise InputError("log_evidences: expected at least one, got none; give the evidence of each view")
    mean: Any = np.logaddexp.reduce(np.array(log_evidences)) - np.log(len(log_evidences))
    return float(np.exp(-max(0.0, float(mean))))
