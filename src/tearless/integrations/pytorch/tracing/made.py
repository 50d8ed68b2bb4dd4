"""Shapes of new tensors by what makes them, told without making them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch


def made(name: str, args: tuple[Any, ...], given: Mapping[str, Any]) -> tuple[tuple[int, ...], torch.dtype] | None:
    """Shape and type of a new tensor, by what makes it; ``None`` where it is left to PyTorch."""
    usual = given.get("dtype") or torch.get_default_dtype()
    if name in ("zeros", "ones", "randn", "rand") and isinstance(args[0], (list, tuple)):
        return tuple(args[0]), usual
    if name == "arange" and all(type(one) is int for one in args):
        start, end, step = (0, args[0], 1) if len(args) == 1 else (*args, 1)[:3]
        return (len(range(start, end, step)),), given.get("dtype") or torch.int64
    if name == "linspace":
        return (args[2],), usual
    if name == "eye":
        return (args[0], args[-1]), usual
    if name == "full" and isinstance(args[1], float):
        return tuple(args[0]), usual
    if name == "randint":
        return tuple(args[-1]), given.get("dtype") or torch.int64
    return None
