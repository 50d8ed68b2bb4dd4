"""Shapes of what works entry by entry on meta tensors; ``None`` for what is left to PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

META = torch.device("meta")


def is_floats(tensor: Any) -> bool:
    """Whether it is a meta tensor of fractions."""
    return isinstance(tensor, torch.Tensor) and tensor.is_meta and tensor.dtype.is_floating_point


def empty(shape: Sequence[int], like: torch.Tensor) -> torch.Tensor:
    """A new tensor of this shape and of another's type."""
    return torch.empty(shape, dtype=like.dtype, device=META)


def like(tensor: torch.Tensor, dtype: torch.dtype | None = None) -> torch.Tensor:
    """A new tensor that lies in memory as another does, without holes."""
    shape, strides = tensor.shape, tensor.stride()
    dense, step = [0] * len(shape), 1
    for axis in sorted(range(len(shape)), key=lambda a: (strides[a], shape[a] if strides[a] else 0, -a)):
        dense[axis] = step
        step *= max(1, shape[axis])
    if 0 in strides and any(s == 0 and n > 1 for s, n in zip(strides, shape, strict=True)):
        return torch.empty(shape, dtype=dtype or tensor.dtype, device=META)
    return torch.empty_strided(shape, dense, dtype=dtype or tensor.dtype, device=META)


def shape_of(a: torch.Tensor, b: torch.Tensor) -> tuple[int, ...] | None:
    """The shape of two together, entry by entry; ``None`` where they do not fit."""
    if a.shape == b.shape:
        return tuple(a.shape)
    out: list[int] = []
    for back in range(1, max(a.ndim, b.ndim) + 1):
        m, n = (t.shape[-back] if back <= t.ndim else 1 for t in (a, b))
        if m != n and 1 not in (m, n):
            return None
        out.append(n if m == 1 else m)
    return tuple(reversed(out))


def of_one(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    """Entry by entry of one tensor of fractions; whatever else it takes are numbers."""
    if is_floats(args[0]) and not any(isinstance(a, torch.Tensor) for a in args[1:]):
        return like(args[0])
    return None


def in_place(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    """One tensor changed in place by numbers."""
    return args[0] if is_floats(args[0]) and not any(isinstance(a, torch.Tensor) for a in args[1:]) else None


def of_softmax(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    """Along an axis that is there."""
    x, dim = args[0], args[1]
    return like(x) if is_floats(x) and -x.ndim <= dim < x.ndim and not any(args[2:3]) else None


def of_two(args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
    """Two tensors of one type, or one and a number."""
    a, b = args[0], args[1]
    if not is_floats(a) or set(given) - {"alpha"}:
        return None
    if isinstance(b, (int, float)):
        return like(a)
    if not is_floats(b) or a.dtype != b.dtype:
        return None
    shape = shape_of(a, b)
    if shape is None:
        return None
    return like(a) if shape == a.shape else like(b) if shape == b.shape else empty(shape, a)


def of_two_in_place(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    """The first of two changed in place."""
    a, b = args[0], args[1]
    if not is_floats(a):
        return None
    if isinstance(b, (int, float)):
        return a
    return a if is_floats(b) and a.dtype == b.dtype and shape_of(a, b) == a.shape else None


def like_second(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    """As large as the second, as gradients are."""
    return like(args[1]) if is_floats(args[0]) and is_floats(args[1]) else None


def like_first(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    """As large as the first."""
    return like(args[0]) if is_floats(args[0]) else None


def masked(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    """Entries put in place of some."""
    x, mask = args[0], args[1]
    return like(x) if is_floats(x) and mask.dtype == torch.bool and shape_of(x, mask) == x.shape else None


def compared(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    """A truth for each entry."""
    a, b = args[0], args[1]
    if not a.is_meta:
        return None
    shape = a.shape if not isinstance(b, torch.Tensor) else shape_of(a, b)
    return None if shape is None else torch.empty(shape, dtype=torch.bool, device=META)


def chosen(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    """Entries of one or of the other."""
    if len(args) != 3 or not all(isinstance(t, torch.Tensor) for t in args):
        return None
    where, a, b = args
    kinds = {t.dtype for t in (a, b) if t.ndim} or {a.dtype}
    if where.dtype != torch.bool or len(kinds) != 1 or not all(t.dtype.is_floating_point for t in (a, b)):
        return None
    shape = shape_of(a, b)
    shape = shape_of(where, torch.empty(shape, device=META)) if shape is not None else None
    return torch.empty(shape, dtype=kinds.pop(), device=META) if shape is not None else None


def copied_into(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    """A tensor overwritten by one that fits into it."""
    return args[0] if args[0].is_meta and shape_of(args[0], args[1]) == args[0].shape else None


def copied(args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
    """A copy."""
    kept = given.get("memory_format")
    if not isinstance(args[0], torch.Tensor) or kept not in (None, torch.preserve_format, torch.contiguous_format):
        return None
    return like(args[0]) if kept != torch.contiguous_format else empty(args[0].shape, args[0])


def new_like(args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
    """A new tensor as large as another."""
    return like(args[0], given.get("dtype")) if given.get("memory_format") in (None, torch.preserve_format) else None
