"""The learning rates of a run, and whether its loss was still falling while they were at work."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tearless.core import CannotTell, NotApplicable
from tearless.readers.training.run import Run


def rates_of(run: Run) -> NDArray[np.float64]:
    """The rates of the run's one optimiser, or of the one that made the most looked-at steps; of groups the highest.

    Raises ``NotApplicable`` where the script makes its steps by hand, ``CannotTell`` where no rates are told.

    >>> rates_of(Run.from_entries([{"kind": "losses", "first": 1, "rates": [0.1, 0.05]}])).tolist()
    [0.1, 0.05]
    """
    if run.steps and all(step.by_hand for step in run.steps):
        raise NotApplicable("the script makes its steps by hand: their rate is not seen")
    if len(run.optimizers) > 1 or any(len(step.rates) > 1 for step in run.steps):
        return _of_one(run)
    logged = (run.metric(name)[1] for name in ("lr", "learning_rate"))
    rates = run.rates if len(run.rates) else next((values for values in logged if len(values)), run.rates)
    rates = rates[np.isfinite(rates)]
    if len(rates) < 2:
        raise CannotTell("the learning rate of at least two steps is needed; this run tells fewer")
    return rates


def highest_rate(run: Run, rates: NDArray[np.float64]) -> float:
    """The highest of some rates, shape (n,); where they never change, the one that the schedule was made for, if any.

    >>> run = Run.from_entries([{"kind": "optimizer", "groups": [{"initial_lr": 0.5}]}])
    >>> highest_rate(run, np.array([0.1, 0.1])), highest_rate(run, np.array([0.2, 0.1]))
    (0.5, 0.2)
    """
    top = float(rates.max())
    meant = [float(g.get("initial_lr") or 0) for o in run.optimizers for g in o.groups[:1]]
    return max(top, *meant) if len(meant) == 1 and rates.min() == top else top


def still_falling(losses: NDArray[np.float64], rates: NDArray[np.float64], top: float) -> float:
    """The most that the second half of the way at a working rate (a tenth of the highest) brought of the loss's fall.

    The way is the sum of the rates, so that it does not matter how slowly its end was walked. Compared are its third
    and its last quarter, two standard errors added; 1 where the loss is not known or did not fall for sure. ``losses``
    and ``rates`` go by steps, shapes (n,).

    >>> still_falling(np.array([5.0, 4.0, 4.0, 3.0, 3.0, 1.0, 1.0, 1.0]), np.ones(8), 1.0)  # 3 to 1, of 5 to 1
    0.5
    """
    if len(losses) < len(rates) or top <= 0:
        return 1.0
    kept = np.flatnonzero((rates >= top / 10) & np.isfinite(losses[: len(rates)]))
    if len(kept) < 8:
        return 1.0
    way = np.cumsum(rates[kept]) / rates[kept].sum()
    seen = losses[kept]
    first, before, last = seen[: max(int((way < 0.125).sum()), 1)], seen[(way >= 0.5) & (way < 0.75)], seen[way >= 0.75]
    if not len(before):
        return 1.0
    noise = np.sqrt(before.var() / len(before) + last.var() / len(last))
    fall = first.mean() - last.mean()
    if fall <= 2 * noise:
        return 1.0
    return float(np.clip((before.mean() - last.mean() + 2 * noise) / fall, 0, 1))


def _of_one(run: Run) -> NDArray[np.float64]:
    """Each looked-at rate held until the next look, for the optimiser with the most looked-at steps."""
    looked = [(s.optimizer, s.step, max(s.rates)) for s in run.steps if s.rates and not s.by_hand]
    if len(looked) < 2:
        raise CannotTell("the learning rates of the looked-at steps are not known")
    ids = [one for one, _, _ in looked]
    most = max(sorted(set(ids)), key=ids.count)
    own = [(step, rate) for one, step, rate in looked if one == most]
    reach = np.diff([step for step, _ in own], append=own[-1][0] + 1)
    return np.repeat([rate for _, rate in own], reach).astype(float)
