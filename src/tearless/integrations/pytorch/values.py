"""The numbers of each op's output at a looked-at step, gathered on the device and brought over at once."""

from __future__ import annotations

from typing import Any

import torch

from .looking import plain

FIELDS = (
    "rms", "low", "high", "mean", "std", "zeros", "nan", "inf", "still", "slope", "entropy", "ones", "ones_first",
)  # fmt: skip
SMOOTH = {"sigmoid", "tanh", "hardsigmoid", "hardtanh", "softsign"}
RECTIFIED = {"relu", "relu_", "relu6", "leaky_relu", "leaky_relu_", "elu", "selu", "gelu", "silu", "hardswish", "clamp"}
SOFT = {"softmax", "log_softmax"}


def of_output(function: str, x: torch.Tensor) -> torch.Tensor | None:
    """The numbers named by ``FIELDS`` as one tensor, nan where there is none; ``None`` for what has no numbers."""
    seen = plain(x)
    if seen is None or not seen.is_floating_point():
        return None
    wide = seen if seen.dtype == torch.float64 else seen.float()
    nan, inf = torch.isnan(wide), torch.isinf(wide)
    kept = torch.where(nan | inf, torch.zeros_like(wide), wide)
    unknown = torch.full((), torch.nan, dtype=wide.dtype, device=wide.device)
    found: dict[str, torch.Tensor] = {
        "rms": kept.square().mean().sqrt(),
        "low": kept.amin(),
        "high": kept.amax(),
        "mean": kept.mean(),
        "std": kept.std(correction=0),
        "zeros": (wide == 0).to(wide.dtype).mean(),
        "nan": nan.sum().to(wide.dtype),
        "inf": inf.sum().to(wide.dtype),
    }
    if wide.ndim >= 2 and wide.shape[0] > 1:
        found["still"] = _still(wide)
        if wide.shape[-1] > 1:
            found |= _simplex(function, kept)
    slope = _slope(function, kept)
    if slope is not None:
        found["slope"] = slope
    return torch.stack([found.get(name, unknown).to(torch.float64) for name in FIELDS])


def _still(x: torch.Tensor) -> torch.Tensor:
    """Share of units with one value over all samples: the last axis, or the channels of images."""
    axis = 1 if x.ndim >= 4 else x.ndim - 1
    flat = x.movedim(axis, -1).reshape(-1, x.shape[axis])
    return (flat.amax(0) == flat.amin(0)).to(x.dtype).mean()


def _slope(function: str, y: torch.Tensor) -> torch.Tensor | None:
    """The mean derivative of an activation, from its output, as a share of its largest."""
    if function.startswith("sigmoid"):
        return (4 * y * (1 - y)).mean()
    if function.startswith("tanh"):
        return (1 - y * y).mean()
    if function in RECTIFIED:
        return (y > 0).to(y.dtype).mean()
    return None


def _simplex(function: str, y: torch.Tensor) -> dict[str, torch.Tensor]:
    """How far the sums along the last and the first axis are from 1, and the entropy of softmax rows."""
    found = {"ones": (y.sum(-1) - 1).abs().amax(), "ones_first": (y.sum(0) - 1).abs().amax()}
    if function in SOFT:
        p = y.exp() if function == "log_softmax" else y
        nats = -(p * p.clamp_min(torch.finfo(p.dtype).tiny).log()).sum(-1).mean()
        found["entropy"] = nats / torch.log(torch.tensor(float(y.shape[-1]), dtype=y.dtype, device=y.device))
    return found


def of_gradient(grad: torch.Tensor) -> torch.Tensor | None:
    """Root mean square of a gradient, how many of its numbers are nan or infinite, and how many are nan."""
    seen = plain(grad)
    if seen is None or not seen.is_floating_point():
        return None
    wide = seen if seen.dtype == torch.float64 else seen.float()
    broken = ~torch.isfinite(wide)
    kept = torch.where(broken, torch.zeros_like(wide), wide)
    found = [kept.square().mean().sqrt(), broken.sum(), torch.isnan(wide).sum()]
    return torch.stack([x.double() for x in found])


def entry_of(outputs: list[torch.Tensor | None], gradients: dict[int, torch.Tensor]) -> dict[str, Any]:
    """Lists along the ops, one for each field; one round trip to the device."""
    width = len(FIELDS) + 3
    device = next((x.device for x in outputs if x is not None), torch.device("cpu"))
    rows = []
    for i, output in enumerate(outputs):
        row = torch.full((width,), torch.nan, dtype=torch.float64, device=device)
        if output is not None:
            row[: len(FIELDS)] = output.to(device)
        if i in gradients:
            row[len(FIELDS) :] = gradients[i].to(device)
        rows.append(row)
    table = torch.stack(rows).T.tolist() if rows else [[] for _ in range(width)]
    return {
        name: [None if v != v else v for v in column]
        for name, column in zip((*FIELDS, "grad", "grad_bad", "grad_nan"), table, strict=True)
    }
