"""What an optimiser's settings bound by themselves: its memory, how it scales gradients, how fast its decay shrinks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tearless.core import CannotTell, NotApplicable
from tearless.readers.training.run import Run
from tearless.readers.training.told import Optimizer

SCALING = ("adam", "rmsprop", "adagrad", "adadelta", "rprop", "lion", "adafactor", "lamb", "sophia", "muon", "shampoo")
"""Parts of the names of optimisers whose step does not grow in proportion with the gradient."""
DECOUPLED = ("adamw", "lion", "lamb", "muon", "adafactor", "nadamw", "sgdw")
"""Parts of the names of optimisers that shrink weights beside the gradient, not through it."""


def only_optimizer(run: Run) -> Optimizer | None:
    """The one optimiser that steps; ``None`` where none is told of, as in a log.

    Raises ``NotApplicable`` where several step: their losses may pull against each other, as a critic's do.

    >>> only_optimizer(Run.from_entries([{"kind": "optimizer", "name": "SGD"}])).name
    'SGD'
    """
    stepping = {step.optimizer for step in run.steps}
    if len(stepping) > 1 or (not stepping and len(run.optimizers) > 1):
        raise NotApplicable("several optimisers step, and the loss of one may rise where the other's falls")
    found = [o for o in run.optimizers if not stepping or o.optimizer in stepping]
    return found[0] if found else None


def known_optimizer(run: Run) -> Optimizer:
    """The one optimiser that steps. Raises ``CannotTell`` where none is told of, ``NotApplicable`` where several.

    >>> known_optimizer(Run.from_entries([{"kind": "optimizer", "name": "SGD", "groups": [{"lr": 0.1}]}])).groups
    ({'lr': 0.1},)
    """
    found = only_optimizer(run)
    if found is None or not found.groups:
        raise CannotTell("this needs the settings of the optimiser: run the script under `tearless watch`")
    return found


def scales_gradients(name: str) -> bool:
    """Whether an optimiser of this class divides by the gradient's own size.

    >>> scales_gradients("AdamW"), scales_gradients("SGD")
    (True, False)
    """
    return any(part in name.lower() for part in SCALING)


def decouples_decay(optimizer: Optimizer) -> bool:
    """Whether decay acts on the weights beside the gradient (AdamW) and not as a part of it (SGD, Adam).

    >>> decouples_decay(Optimizer(name="AdamW")), decouples_decay(Optimizer(name="SGD"))
    (True, False)
    """
    named = any(part in optimizer.name.lower() for part in DECOUPLED)
    return named or any(bool(group.get("decoupled_weight_decay")) for group in optimizer.groups)


def momentum(group: Mapping[str, Any]) -> float:
    """β of a group: its ``momentum``, or the first of its ``betas``; 0 where it has none.

    >>> momentum({"betas": [0.9, 0.999]}), momentum({"lr": 0.1})
    (0.9, 0.0)
    """
    betas = group.get("betas")
    found = group.get("momentum", betas[0] if isinstance(betas, (list, tuple)) and betas else 0.0)
    return float(found) if isinstance(found, (int, float)) and 0 <= found < 1 else 0.0


def memory(beta: float) -> float:
    """Steps after which a swing has faded to 1/e: 2/(1 − β), for the roots of z² − (1+β−a)z + β have modulus √β where
    they swing, and ln √β ≈ −(1 − β)/2. For β = 0 one step.

    >>> round(memory(0.99), 9)
    200.0
    """
    return max(1.0, 2.0 / (1.0 - beta))


def number_of(group: Mapping[str, Any], key: str, default: float = 0.0) -> float:
    """A setting of a group as a number; ``default`` where it has none (a tensor's text, None).

    >>> number_of({"lr": 0.1}, "lr"), number_of({"lr": None}, "lr", 1.0)
    (0.1, 1.0)
    """
    value = group.get(key)
    fine = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if fine and value is not None else default


def normal_cut(size: float) -> float:
    """How far numbers were cut by clipping each to ±c, from their root mean square after it over c: the factor by which
    it was larger before, for numbers that were normal with mean 0.

    E[min(z², c²)] = erf(c/√2) − c√(2/π)e^(−c²/2) + c²·erfc(c/√2) for a standard normal z; solved for c by bisection.
    Many zeros among them make it come out too small. 1 where hardly anything was cut; at most 1,000.

    >>> round(normal_cut(0.95), 1), normal_cut(0.1)
    (5.7, 1.0)
    """

    def after(c: float) -> float:
        tail = math.erfc(c / math.sqrt(2))
        return 1 - tail - c * math.sqrt(2 / math.pi) * math.exp(-c * c / 2) + c * c * tail

    low, high = 1e-3, 10.0
    for _ in range(60):
        c = math.sqrt(low * high)
        low, high = (c, high) if math.sqrt(after(c)) / c > size else (low, c)
    return min(1e3, 1.0 / math.sqrt(after(low)))
