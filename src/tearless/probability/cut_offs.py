"""Cut-offs: which choices a sampler keeps. top-k, top-p, min-p, typical, epsilon, eta.

Each takes logits of shape (..., C) and answers a ``Kept`` with the set that is kept, its mass, and what is drawn from
it. All agree that a choice ruled out before (logit −inf) stays out, that at least one choice is kept, and that equal
choices are told apart only where a count or a mass must be met exactly: then ``ties`` says how.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from tearless.calculus.exponentials import log_softmax, softmax
from tearless.core import InputError
from tearless.linear_algebra.arrays import Array, within
from tearless.linear_algebra.kernels import own
from tearless.probability.temperature import usable

Ties = Literal["all", "first"]
"""Choices equal to the last one kept: all of them stay, or only the first by position until the count is met."""


@dataclass(frozen=True, eq=False)
class Kept:
    """What a cut-off left. Arrays of the library, dtype and device of the logits.

    Made by ``top_k``, ``top_p``, ``min_p``, ``typical``, ``epsilon`` and ``eta``; ``xp`` is the namespace of the
    library.

    >>> cut = top_k([2.0, 1.0, 0.0], 1)
    >>> cut.logits.tolist(), int(cut.count), cut.probabilities.tolist(), float(cut.effective)
    ([2.0, -inf, -inf], 1, [1.0, 0.0, 0.0], 1.0)
    """

    xp: Any
    given: Array
    """The logits that came in, shape (..., C)."""
    kept: Array
    """True for what stays, shape (..., C)."""

    @property
    def logits(self) -> Array:
        """The logits with −inf for what is cut."""
        return own(self.xp).where(self.kept, self.given, -math.inf)

    @property
    def count(self) -> Array:
        """How many choices stay, shape (...)."""
        return self.xp.count_nonzero(self.kept, axis=-1)

    @property
    def mass(self) -> Array:
        """The probability, before the cut, of what stays, shape (...)."""
        p = softmax(self.given)
        return self.xp.sum(self.xp.where(self.kept, p, self.xp.zeros_like(p)), axis=-1)

    @property
    def probabilities(self) -> Array:
        """The probabilities that are drawn from: those kept, divided by their mass. Shape (..., C)."""
        return softmax(self.logits)

    @property
    def entropy(self) -> Array:
        """The entropy of ``probabilities`` in nats, shape (...)."""
        return _entropy(self.xp, self.logits)

    @property
    def effective(self) -> Array:
        """exp of the entropy: the effective number of choices, from 1 to ``count``, shape (...)."""
        return self.xp.exp(self.entropy)


def top_k(logits: Any, k: int, *, ties: Ties = "all") -> Kept:
    """The k largest logits.

    With ``ties="all"`` every choice equal to the k-th stays, so more than k can be kept (as transformers does); with
    "first" exactly k are, the first by position among equals (llama.cpp keeps k too). k above C keeps all. Raises
    ``InputError`` for k below 1 and for logits as ``temperature`` does. (A. Fan, M. Lewis and Y. Dauphin, *Hierarchical
    Neural Story Generation*, 2018, section 5.)

    >>> top_k([3.0, 1.0, 1.0, 0.0], 2).kept.tolist()
    [True, True, True, False]
    >>> top_k([3.0, 1.0, 1.0, 0.0], 2, ties="first").kept.tolist()
    [True, True, False, False]
    """
    xp, z = usable(logits)
    count = min(_count(k, "k"), z.shape[-1])
    last = _kth(xp, z, count)
    best = _best(xp, z, last, count, ties)
    return Kept(xp, z, best) if within(xp, last, -math.inf, math.inf) else _kept(xp, z, best)


def top_p(logits: Any, p: float, *, least: int = 1, ties: Ties = "first") -> Kept:
    """The fewest choices, the likeliest first, whose mass is at least p: the one that crosses p is kept.

    A sum equal to p up to rounding has reached it. ``least`` choices are kept whatever their mass. With
    ``ties="first"`` the choice that crosses p stays without later ones equal to it, so that no fewer would do (as in
    transformers and llama.cpp, which choose among equals otherwise); "all" keeps its equals too. p = 1 keeps all.
    Raises ``InputError`` for p outside 0..1 and for logits as ``temperature`` does. (A. Holtzman et al., *The Curious
    Case of Neural Text Degeneration*, 2020, section 3.1: nucleus sampling.)

    >>> import numpy as np
    >>> top_p(np.log([0.1, 0.2, 0.3, 0.4]), 0.7).probabilities.round(6).tolist()
    [0.0, 0.0, 0.428571, 0.571429]
    """
    xp, z = usable(logits)
    wanted = _share(p, "p", closed=True)
    ranked = xp.sort(z, axis=-1, descending=True, stable=False)
    n = z.shape[-1] if wanted == 1 else None
    count = _crossing(xp, softmax(ranked), wanted, _count(least, "least"), n)
    return _kept(xp, z, _best(xp, z, _at(xp, ranked, count), count, ties))


def min_p(logits: Any, p: float, *, least: int = 1) -> Kept:
    """The choices at least p times as likely as the likeliest, and the ``least`` likeliest whatever they are.

    Equal choices are treated alike. Compared as logits, z ≥ max z + ln p, so no softmax is rounded; a choice at the
    border up to rounding stays. Raises ``InputError`` for p outside 0..1 and for logits as ``temperature`` does.
    (M. Nguyen et al., *Turning Up the Heat: Min-p Sampling*, 2024, section 3.)

    >>> import numpy as np
    >>> min_p(np.log([0.1, 0.2, 0.3, 0.4]), 0.51).probabilities.round(6).tolist()
    [0.0, 0.0, 0.428571, 0.571429]
    """
    xp, z = usable(logits)
    share = _share(p, "p", closed=True)
    below = z - xp.max(z, axis=-1, keepdims=True)
    border = math.log(share) if share > 0 else -math.inf
    slack = 8 * float(xp.finfo(z.dtype).eps) * (1 + abs(border)) if share > 0 else 0.0
    return _kept(xp, z, (below >= border - slack) | _likeliest(xp, z, least))


def typical(logits: Any, mass: float, *, least: int = 1, ties: Ties = "all") -> Kept:
    """The choices whose surprise is nearest to the entropy, until their mass is at least ``mass``.

    The likeliest choice is cut where it is less surprising than a choice is on average. With ``ties="all"`` every
    choice as near as the last one stays (as transformers does); "first" stops when the mass is reached (as llama.cpp
    does). Distances equal up to rounding count as equal. ``mass`` = 1 keeps all. Raises ``InputError`` for mass outside
    0..1 and for logits as ``temperature`` does. (C. Meister, T. Pimentel, G. Wiher and R. Cotterell, *Locally Typical
    Sampling*, 2023, section 4.)

    >>> import numpy as np
    >>> typical(np.log([0.4, 0.2, 0.2, 0.2]), 0.5).kept.tolist()
    [False, True, True, True]
    """
    xp, z = usable(logits)
    wanted = _share(mass, "mass", closed=True)
    p, surprise, possible = _surprise(xp, z)
    nearness = -xp.abs(surprise - xp.sum(p * surprise, axis=-1, keepdims=True))
    unit = 32 * float(xp.finfo(z.dtype).eps) * (1 + xp.max(surprise, axis=-1, keepdims=True))
    nearness = xp.where(possible, xp.round(nearness / unit) * unit, xp.full_like(z, -xp.inf))
    order = xp.argsort(nearness, axis=-1, descending=True, stable=True)
    ranked = xp.take_along_axis(nearness, order, axis=-1)
    n = z.shape[-1] if wanted == 1 else None
    count = _crossing(xp, xp.take_along_axis(p, order, axis=-1), wanted, _count(least, "least"), n)
    return _kept(xp, z, _best(xp, nearness, _at(xp, ranked, count), count, ties))


def epsilon(logits: Any, cut: float, *, least: int = 1) -> Kept:
    """The choices with probability at least ``cut``, and the ``least`` likeliest with their equals whatever they are.

    Raises ``InputError`` unless 0 < cut < 1, and for logits as ``temperature`` does. (J. Hewitt, C. D. Manning and
    P. Liang, *Truncation Sampling as Language Model Desmoothing*, 2022, section 4.)

    >>> import numpy as np
    >>> epsilon(np.log([0.9, 0.09, 0.01]), 0.05).kept.tolist()
    [True, True, False]
    """
    xp, z = usable(logits)
    share = _share(cut, "cut", closed=False)
    return _kept(xp, z, (softmax(z) >= share) | _likeliest(xp, z, least))


def eta(logits: Any, cut: float, *, least: int = 1) -> Kept:
    """The choices with probability at least min(ε, √ε e^−H), H the entropy in nats and ε = ``cut``.

    Where the model is unsure the cut is lower than epsilon's. ``least`` and errors as ``epsilon``. (J. Hewitt et al.
    2022, section 4.)

    >>> import numpy as np
    >>> eta(np.log([0.9, 0.09, 0.01]), 0.05).kept.tolist()
    [True, True, False]
    """
    xp, z = usable(logits)
    share = _share(cut, "cut", closed=False)
    p, surprise, _ = _surprise(xp, z)
    border = xp.clip(math.sqrt(share) * xp.exp(-xp.sum(p * surprise, axis=-1, keepdims=True)), None, share)
    return _kept(xp, z, (p >= border) | _likeliest(xp, z, least))


def _kept(xp: Any, z: Array, kept: Array) -> Kept:
    return Kept(xp, z, kept & (z > -xp.inf))


def _crossing(xp: Any, ranked: Array, wanted: float, least: int, every: int | None) -> Array:
    """How many of the ranked probabilities it takes to reach the mass wanted, at least ``least``: shape (...)."""
    choices = ranked.shape[-1]
    if every is not None:
        return _everywhere(xp, ranked, every)
    slack = 8 * float(xp.finfo(ranked.dtype).eps)
    short = xp.cumulative_sum(ranked, axis=-1) < wanted - slack
    count = xp.count_nonzero(short, axis=-1) + 1
    return xp.clip(count, min(least, choices), choices)


def _best(xp: Any, score: Array, last: Array, count: Array | int, ties: str) -> Array:
    """True for the ``count`` highest scores of each slice, where the last of them has the score ``last`` (..., 1)."""
    if ties not in ("all", "first"):
        raise InputError(f"ties: expected 'all' or 'first', got {ties!r}; choose one")
    if ties == "all":
        return score >= last
    above, equal = score > last, score == last
    room = count - xp.count_nonzero(above, axis=-1)
    return above | (equal & (xp.cumulative_sum(xp.astype(equal, room.dtype), axis=-1) <= room[..., None]))


def _likeliest(xp: Any, z: Array, least: int) -> Array:
    """The ``least`` largest logits and their equals."""
    n = min(_count(least, "least"), z.shape[-1])
    if n == 1:
        return z == xp.max(z, axis=-1, keepdims=True)
    return z >= _kth(xp, z, n)


def _at(xp: Any, ranked: Array, count: Array) -> Array:
    """The last of the first ``count`` entries of each slice, shape (..., 1)."""
    return xp.take_along_axis(ranked, (count - 1)[..., None], axis=-1)


def _kth(xp: Any, z: Array, k: int) -> Array:
    """The k-th largest of each slice, shape (..., 1), by the library's selection if it has one: sorting costs more."""
    if hasattr(xp, "topk"):
        return xp.topk(z, k, dim=-1).values[..., -1:]
    if hasattr(xp, "partition"):
        at = z.shape[-1] - k
        return xp.partition(z, at, axis=-1)[..., at : at + 1]
    return xp.sort(z, axis=-1, descending=True, stable=False)[..., k - 1 : k]


def _entropy(xp: Any, z: Array) -> Array:
    """The entropy of softmax(z) in nats; choices ruled out add 0."""
    p, surprise, _ = _surprise(xp, z)
    return xp.sum(p * surprise, axis=-1)


def _surprise(xp: Any, z: Array) -> tuple[Array, Array, Array]:
    """Probabilities, their −ln, 0 where a choice is ruled out, and which are not ruled out."""
    possible = z > -xp.inf
    return softmax(z), own(xp).where(possible, -log_softmax(z), 0.0), possible


def _count(k: int, name: str) -> int:
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise InputError(f"{name}: expected a whole number of at least 1, got {k!r}; leave the cut-off out to keep all")
    return k


def _share(p: float, name: str, *, closed: bool) -> float:
    try:
        share = float(p)
    except (TypeError, ValueError):
        share = math.nan
    if not (0 <= share <= 1 if closed else 0 < share < 1):
        ends = "from 0 to 1" if closed else "between 0 and 1"
        raise InputError(f"{name}: expected a share {ends}, got {p!r}; 5 % is 0.05")
    return share


def _everywhere(xp: Any, z: Array, n: int) -> Array:
    """n for each slice of z, as whole numbers on its device."""
    return xp.count_nonzero(z == z, axis=-1) * 0 + n
