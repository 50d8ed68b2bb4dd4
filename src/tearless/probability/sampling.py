"""From logits to a drawn choice: temperature and cut-offs in a stated order, then one draw.

The order matters. Temperature before the cut-offs changes what they see: at t = 2 a top-p of 0.9 keeps many more
choices. Temperature after them only reshapes what they kept. Libraries differ, and the same settings give different
texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from tearless.calculus.exponentials import softmax
from tearless.core import InputError
from tearless.linear_algebra.arrays import Array
from tearless.probability.cut_offs import Kept, epsilon, eta, min_p, top_k, top_p, typical
from tearless.probability.temperature import temperature, usable

TRANSFORMERS = ("temperature", "top_k", "top_p", "min_p", "typical", "epsilon", "eta")
"""Temperature first: ``GenerationMixin._get_logits_processor`` in transformers 5.23."""
VLLM = ("temperature", "min_p", "top_k", "top_p")
"""Temperature first, then min-p, then top-k and top-p: vLLM's V1 sampler."""
LLAMA_CPP = ("top_k", "typical", "top_p", "min_p", "temperature")
"""Temperature last: the default ``--samplers`` of llama.cpp, without the penalties and samplers that stand idle."""

_CUTS: Mapping[str, Callable[[Any, Any], Kept]] = MappingProxyType(
    {"top_k": top_k, "top_p": top_p, "min_p": min_p, "typical": typical, "epsilon": epsilon, "eta": eta}
)


@dataclass(frozen=True, eq=False)
class Stage:
    """One operation of a chain, and what stood after it.

    One of the ``stages`` of a ``Chain``: the operation's ``name``, and its ``setting`` as given.
    """

    name: str
    setting: float
    after: Kept
    """The logits after it; what was cut here or before is not kept."""
    mass: Array
    """How much of the model's own probability (before any operation) is still possible, shape (...)."""


@dataclass(frozen=True, eq=False)
class Chain:
    """A chain of operations on one array of logits, in the order they were done.

    Made by ``chain``. Printing it shows the ``stages``, one a line.
    """

    logits: Array
    """The logits that are drawn from, −inf where cut."""
    stages: Sequence[Stage]

    @property
    def probabilities(self) -> Array:
        """What is drawn from, shape (..., C)."""
        return softmax(self.logits)

    def __str__(self) -> str:
        lines = [f"{'operation':<12} {'setting':>8} {'choices':>9} {'mass kept':>10} {'effective':>10}"]
        for s in self.stages:
            count, mass, effective = (np.mean(v.tolist()) for v in (s.after.count, s.mass, s.after.effective))
            lines.append(f"{s.name:<12} {s.setting:>8g} {count:>9,.6g} {mass:>10.4g} {effective:>10.4g}")
        return "\n".join(lines)


def chain(logits: Any, settings: Mapping[str, float], order: Sequence[str] = TRANSFORMERS) -> Chain:
    """Temperature and cut-offs on logits of shape (..., C), each on what the one before left, in the order given.

    ``settings`` maps names of operations (temperature, top_k, top_p, min_p, typical, epsilon, eta) to their numbers;
    what it leaves out is not done. ``order`` must name every operation that is set, once. Each stage has the set still
    kept, the model's mass still possible, the entropy and the effective number of choices. Printed, a batch shows
    means. Raises ``InputError`` for unknown or unplaced operations, and as the operations themselves.

    >>> z = [3.0, 2.0, 1.0, 0.0]
    >>> chain(z, {"temperature": 2.0, "top_p": 0.6}).probabilities.round(3).tolist()
    [0.622, 0.378, 0.0, 0.0]
    >>> chain(z, {"temperature": 2.0, "top_p": 0.6}, order=LLAMA_CPP).probabilities.round(3).tolist()
    [1.0, 0.0, 0.0, 0.0]
    """
    xp, z = usable(logits)
    unknown = set(settings) - {"temperature", *_CUTS}
    if unknown:
        raise InputError(f"settings: expected names among temperature, {', '.join(_CUTS)}, got {sorted(unknown)}")
    unplaced = set(settings) - set(order)
    if unplaced or len(set(order)) < len(order):
        raise InputError(
            f"order: expected each operation that is set once, got {list(order)} for {sorted(settings)}; name all"
        )
    model = softmax(z)
    stages = []
    for name in order:
        if name in settings:
            value = settings[name]
            z = temperature(z, value) if name == "temperature" else _CUTS[name](z, value).logits
            after = Kept(xp, z, z > -xp.inf)
            mass = xp.sum(xp.where(after.kept, model, xp.zeros_like(model)), axis=-1)
            stages.append(Stage(name, float(value), after, mass))
    return Chain(z, tuple(stages))


def draw(logits: Any, rng: np.random.Generator, how: Literal["inverse", "gumbel"] = "inverse") -> Array:
    """One choice from softmax(logits) for each slice: shape (...), whole numbers from 0 to C − 1.

    ``rng`` is NumPy's, so that a seed gives the same choices in every library, up to rounding. "inverse" takes one
    number a slice and finds where the running sum of probabilities passes it; "gumbel" adds to each logit a number of
    Gumbel's law and takes the largest, which has the same distribution and needs no probabilities (E. J. Gumbel,
    *Statistical Theory of Extreme Values*, 1954). A choice with logit −inf is never drawn. For many draws, broadcast
    the logits. Raises ``InputError`` as ``temperature``, and for another ``how``.

    >>> draw([0.0, float("-inf")], np.random.default_rng(0)).tolist()
    0
    """
    xp, z = usable(logits)
    if how == "gumbel":
        noise = xp.asarray(rng.gumbel(size=tuple(z.shape)), dtype=z.dtype, device=getattr(z, "device", None))
        return xp.argmax(z + noise, axis=-1)
    if how != "inverse":
        raise InputError(f"how: expected 'inverse' or 'gumbel', got {how!r}; choose one")
    sums = xp.cumulative_sum(softmax(z), axis=-1)
    at = xp.asarray(rng.random((*tuple(z.shape[:-1]), 1)), dtype=z.dtype, device=getattr(z, "device", None))
    drawn = xp.count_nonzero(sums <= at * sums[..., -1:], axis=-1)
    # rounding may carry the number to the very end of the sum: the last possible choice is the answer then
    return xp.minimum(drawn, xp.count_nonzero(sums < sums[..., -1:], axis=-1))
