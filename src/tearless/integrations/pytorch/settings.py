"""An optimiser's settings, from which another one like it can be made for a copy of its parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Settings:
    """The class of an optimiser, its groups' settings, and the identities of the parameters in each group."""

    kind: type[torch.optim.Optimizer]
    groups: tuple[Mapping[str, Any], ...]
    held: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, optimizer: torch.optim.Optimizer) -> Settings:
        """As they are before the first step."""
        groups = tuple({k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups)
        return cls(type(optimizer), groups, tuple(tuple(map(id, g["params"])) for g in optimizer.param_groups))

    def again(
        self, copies: Mapping[int, torch.Tensor], more: Sequence[torch.Tensor] = (), **changed: float
    ) -> torch.optim.Optimizer | None:
        """An optimiser like it for copies of its parameters (by identity) and ``more`` tensors.

        ``rate`` multiplies each group's rate; other names replace a setting where a group has it. ``None`` where it
        cannot be made.
        """
        rate = changed.pop("rate", 1.0)
        groups: list[dict[str, Any]] = []
        for settings, held in zip(self.groups, self.held, strict=True):
            own = {
                **settings,
                **{k: v for k, v in changed.items() if k in settings},
                "lr": float(settings["lr"]) * rate,
            }
            own = {k: v for k, v in own.items() if k != "initial_lr"}
            mine = [copies[i] for i in held if i in copies]
            if mine:
                groups.append({**own, "params": [*mine, *more]})
                more = ()
        try:
            return self.kind(groups, lr=float(self.groups[0]["lr"])) if groups else None  # type: ignore[call-arg]
        except (TypeError, ValueError, KeyError):
            return None


def divisors(optimizer: torch.optim.Optimizer) -> Mapping[int, torch.Tensor]:
    """What an adaptive optimiser divides each parameter's gradient by now, by identity: sqrt(v / bias) + eps."""
    found: dict[int, torch.Tensor] = {}
    for group in optimizer.param_groups:
        for p in group["params"]:
            state = optimizer.state.get(p, {})
            v = state.get("exp_avg_sq", state.get("square_avg", state.get("sum")))
            if isinstance(v, torch.Tensor) and v.shape == p.shape and not v.is_complex():
                steps = float(state.get("step", 1) or 1)
                beta = group.get("betas", (0, 0))[1] if "exp_avg_sq" in state else 0.0
                bias = 1 - beta**steps if beta else 1.0
                found[id(p)] = (v.detach().double() / max(bias, 1e-12)).sqrt() + group.get("eps", 1e-8)
    return found


def bound(optimizer: torch.optim.Optimizer) -> float | None:
    """The curvature (as the optimiser scales it) beyond which its steps grow on a quadratic: 2(1 + beta)/lr for descent
    with momentum, (2 + 2 beta)/((1 - beta) lr) for Adam's averaged gradient; ``None`` for what is neither."""
    group = optimizer.param_groups[0] if optimizer.param_groups else {}
    rate = float(group.get("lr", math.nan))
    if not rate > 0:
        return None
    if "betas" in group:
        beta = float(group["betas"][0])
        return (2 + 2 * beta) / ((1 - beta) * rate)
    if "momentum" in group and not group.get("nesterov"):
        return 2 * (1 + float(group["momentum"])) / rate
    return 2 / rate if "momentum" not in group else None
