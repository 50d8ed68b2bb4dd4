"""Which of several processes this is, and which tensors it holds only a part of."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import torch

NAMES = (("RANK", "WORLD_SIZE"), ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("SLURM_PROCID", "SLURM_NTASKS"))
"""Where ``torchrun``, ``mpirun`` and ``srun`` say which process one is, and of how many."""


def rank_here() -> tuple[int, int]:
    """``(rank, ranks)``: which process this is, of how many that were started together; (0, 1) where it is alone."""
    for name, count in NAMES:
        rank, ranks = os.environ.get(name, ""), os.environ.get(count, "")
        if rank.isdecimal() and ranks.isdecimal() and int(ranks) > 1:
            return int(rank), int(ranks)
    return 0, 1


def together() -> bool:
    """Whether this process trains with others: they look at steps of one series then, so that parts can be added."""
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def parts(parameters: Sequence[torch.Tensor]) -> list[int | None]:
    """For each how many processes hold the same part of it: 0 where this one holds all, ``None`` where not known.

    Empty where all are whole.
    """
    found = [_copies(p) for p in parameters] if together() else []
    return found if any(copies != 0 for copies in found) else []


def _copies(p: torch.Tensor) -> int | None:
    placements, mesh = getattr(p, "placements", None), getattr(p, "device_mesh", None)
    if placements is None or mesh is None:
        return None if getattr(p, "_fsdp_flattened", False) else 0
    if any(place.is_partial() for place in placements):
        return None
    if not any(place.is_shard() for place in placements):
        return 0
    return math.prod(int(mesh.size(i)) for i, place in enumerate(placements) if place.is_replicate())
