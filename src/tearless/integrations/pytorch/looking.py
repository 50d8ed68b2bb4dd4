"""Numbers of a tensor, taken without touching it: nothing is kept, no random number drawn, no gradient recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import torch

MOST_LOOKED_AT = 1 << 17
"""Numbers of one tensor that are looked at: of a larger one as many whole samples as fit."""
MOST_COLUMNS = 64
MOST_LABELS = 1000
MOST_ROWS = 4096


def local(x: torch.Tensor) -> torch.Tensor:
    """Of a tensor that is split over processes the part that this one holds: asking for more would wait for others."""
    part = getattr(x, "to_local", None)
    return part() if part is not None else x


def has_storage(x: torch.Tensor) -> bool:
    """Whether there are numbers behind a tensor: FSDP takes them away from what it gathered for a while."""
    x = local(x)
    return x.layout != torch.strided or x.device.type == "meta" or not x.numel() or x.untyped_storage().size() > 0


def plain(x: torch.Tensor) -> torch.Tensor | None:
    """The tensor without its graph, dense and real, some samples of a large one; ``None`` for what has no numbers."""
    x = local(x.detach())
    if x.layout != torch.strided:
        x = x.coalesce().values() if x.layout == torch.sparse_coo else x
        if x.layout != torch.strided:
            return None
    if x.device.type == "meta" or x.is_quantized or x.numel() == 0 or type(x) not in (torch.Tensor, torch.nn.Parameter):
        return None
    if x.is_complex():
        x = torch.view_as_real(x.resolve_conj())
    if x.numel() > MOST_LOOKED_AT and x.ndim:
        every = -(-x.numel() // MOST_LOOKED_AT)
        x = x[::every] if x.ndim == 1 else x[: max(1, MOST_LOOKED_AT // max(1, x[0].numel()))]
    return x


def told(x: torch.Tensor, columns: bool = False, counts: bool = False) -> dict[str, Any]:
    """A tensor as the record has it (``readers.training.told.Tensor``)."""
    entry: dict[str, Any] = {"shape": list(x.shape), "dtype": str(x.dtype).removeprefix("torch.")}
    with torch.no_grad():
        seen = plain(x)
        if seen is None:
            return entry
        numbers = seen.double() if seen.dtype in (torch.float64, torch.int64) else seen.float()
        finite = torch.isfinite(numbers)
        if not bool(finite.all()):
            entry["nan"], entry["inf"] = int(torch.isnan(numbers).sum()), int(torch.isinf(numbers).sum())
            kept = numbers[finite]
        else:
            entry["nan"] = entry["inf"] = 0
            kept = numbers.reshape(-1)
        if kept.numel():
            low, high = torch.aminmax(kept)
            std, mean = torch.std_mean(kept, correction=0)
            found = torch.stack([low, high, mean, std, (kept == 0).to(kept.dtype).mean()]).tolist()
            entry |= dict(zip(("low", "high", "mean", "std", "zeros"), found, strict=True))
        if columns and numbers.ndim >= 2 and seen.is_floating_point():
            entry |= _columns(numbers)
        if counts and not seen.is_floating_point():
            entry |= _counts(seen)
    return entry


def _columns(x: torch.Tensor) -> dict[str, Any]:
    """Mean and spread of each feature: the last axis, or the channels (axis 1) of images."""
    axis = 1 if x.ndim >= 4 else x.ndim - 1
    flat = x.movedim(axis, -1).reshape(-1, x.shape[axis])
    std, mean = torch.std_mean(flat, dim=0, correction=0)
    still = (flat == flat[:1]).all(0)
    return {
        "means": mean[:MOST_COLUMNS].tolist(),
        "stds": std[:MOST_COLUMNS].tolist(),
        "constant": float(still.float().mean()) if len(flat) > 1 else None,
    }


def _counts(x: torch.Tensor) -> dict[str, Any]:
    values, counts = torch.unique(x.reshape(-1).long(), return_counts=True)
    entry: dict[str, Any] = {"distinct": len(values)}
    if len(values) <= MOST_LABELS:
        entry["counts"] = dict(zip(map(str, values.tolist()), counts.tolist(), strict=True))
    return entry


def row_hashes(x: torch.Tensor, most: int = MOST_ROWS) -> list[str]:
    """A hash of each sample's numbers, of at most so many samples."""
    if x.ndim < 2 or x.layout != torch.strided or x.device.type == "meta" or x.numel() == 0:
        return []
    rows = x.detach()[:most].to("cpu").contiguous()
    if rows.dtype in (torch.bfloat16, torch.float16):
        rows = rows.float()
    flat = rows.reshape(len(rows), -1).numpy()
    return [hashlib.blake2b(row.tobytes(), digest_size=8).hexdigest() for row in flat]


def norms(tensors: Sequence[torch.Tensor | None]) -> list[float | None]:
    """The Euclidean norm of each; ``None`` where there is no tensor. One round trip to the device for all."""
    known = [x for t in tensors if t is not None and (x := _dense(t)) is not None]
    if not known:
        return [None] * len(tensors)
    with torch.no_grad():
        parts = [torch.linalg.vector_norm(t, dtype=torch.float64) for t in known]
        values = iter(torch.stack([p.to(parts[0].device, torch.float64) for p in parts]).tolist())
    return [None if t is None or _dense(t) is None else next(values) for t in tensors]


def _dense(t: torch.Tensor) -> torch.Tensor | None:
    t = local(t.detach())
    if t.is_sparse:
        t = t.coalesce().values()
    if t.device.type == "meta" or t.layout != torch.strided:
        return None
    return torch.view_as_real(t.resolve_conj()) if t.is_complex() else t


def distinct_rows(x: torch.Tensor | None) -> int | None:
    """Different rows of a matrix (or filters of a kernel), ``None`` for what has fewer than two rows.

    Rows are told apart by one inner product with fixed numbers, in double precision.
    """
    if x is None or type(x) not in (torch.Tensor, torch.nn.Parameter):
        return None
    if x.ndim < 2 or x.shape[0] < 2 or x.numel() > 1 << 24 or x.is_complex():
        return None
    flat = _dense(x)
    if flat is None or flat.ndim != x.ndim:
        return None
    with torch.no_grad():
        flat = flat.reshape(flat.shape[0], -1).double()
        along = torch.arange(1, flat.shape[1] + 1, dtype=torch.float64, device=flat.device).sqrt()
        return int(torch.unique((flat * along).sum(1)).numel())


def bad(x: torch.Tensor | None) -> int | None:
    """How many numbers are nan or infinite."""
    if x is None or (seen := _dense(x)) is None or not seen.is_floating_point():
        return None
    return int((~torch.isfinite(seen)).sum())


def scalar(x: Any) -> float | None:
    """A tensor of one number as a float; ``None`` for anything else."""
    if isinstance(x, torch.Tensor) and x.numel() == 1 and not x.is_complex() and x.device.type != "meta":
        return float(x.detach())
    return None
