"""A copy of a model whose parameters have no numbers: nothing of the model's own is read, moved or changed."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from tearless.core import InputError, quoted, visible

from .entrywise import META
from .fake import MOST_KEPT

DEEPEST = 6


def without_data(model: torch.nn.Module) -> torch.nn.Module:
    """A deep copy of the model that shares no tensor with it. Raises ``InputError`` where it cannot be copied."""
    memo: dict[int, Any] = {}
    for module in model.modules():
        _prepare(vars(module), memo, 0)
    try:
        made: torch.nn.Module = copy.deepcopy(model, memo)
    except Exception as fault:  # noqa: BLE001 - whatever the objects in the model raise
        kind = quoted(type(model).__name__)
        raise InputError(
            f"model: expected one that `copy.deepcopy` can copy, got {kind} ({visible(str(fault), 200)}); give what "
            "makes it instead, module:factory"
        ) from None
    return made


def _prepare(value: Any, memo: dict[int, Any], deep: int) -> None:
    """Put into ``memo`` what stands for each tensor in the copy; large arrays of other libraries are shared."""
    if id(value) in memo or deep > DEEPEST:
        return
    if isinstance(value, torch.Tensor):
        lazy = isinstance(value, (UninitializedBuffer, UninitializedParameter))
        memo[id(value)] = _unshaped(value) if lazy else _stand_in(value)
        memo.setdefault(id(memo), []).append(value)
    elif isinstance(value, Mapping):
        for one in value.values():
            _prepare(one, memo, deep + 1)
    elif isinstance(value, (list, tuple)):
        for one in value:
            _prepare(one, memo, deep + 1)
    elif hasattr(value, "__array_interface__"):
        memo[id(value)] = value


def _unshaped(tensor: torch.Tensor) -> torch.Tensor:
    """What stands for one that gets its shape at the first forward pass: it gets no numbers then."""
    kind: Any = type(tensor)
    made: torch.Tensor = kind(tensor.requires_grad, device=META, dtype=tensor.dtype)
    made.__dict__.update(tensor.__dict__)
    return made


def _stand_in(tensor: torch.Tensor) -> torch.Tensor:
    with torch._C._DisableTorchDispatch(), torch.no_grad():
        if isinstance(tensor, torch.nn.Parameter):
            blank = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=META)
            made: torch.Tensor = torch.nn.Parameter(blank, tensor.requires_grad)
        elif tensor.is_meta or tensor.numel() > MOST_KEPT or tensor.layout != torch.strided:
            made = torch.empty(tensor.shape, dtype=tensor.dtype, device=META)
        else:
            made = tensor.detach().cpu().clone()
    if not isinstance(tensor, torch.nn.Parameter):
        made.requires_grad_(tensor.requires_grad)
    made.__dict__.update({k: v for k, v in tensor.__dict__.items() if not k.startswith("_tearless")})
    return made
