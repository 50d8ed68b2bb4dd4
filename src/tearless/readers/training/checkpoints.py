"""Checkpoints as entries of a record: what each tensor is, what the optimiser kept, and what moved between two.

Entries beside those of a watched run: ``checkpoint`` (its ``name``, ``step``, and ``tensors`` as ``told_of`` tells
them; ``optimizer`` with what ``_kept_of`` tells), and ``moved`` (``first``, ``second``, ``steps`` between them, and
``tensors`` as ``tensors.moved`` tells them).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tearless.core import InputError, visible

from .entries import FORMAT
from .saved import Checkpoint, Maker, State, is_checkpoint, read_checkpoint
from .tensors import DIGITS, MEASURED, as_floats, blocks, moved, told_of

_SHARD = re.compile(r"^(.*?)[-_.]?\d+[-_]of[-_]\d+")
_BESIDE = re.compile(r"^(?:scheduler|scaler|rng_state.*|training_args|optimizer|random_states.*)\.(?:pt|pth|bin|pkl)$")
_SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".safetensors")
MOST_CHECKPOINTS = 50
Entry = dict[str, Any]


def entries_of_checkpoints(groups: Sequence[Sequence[Path]], argument: str = "data") -> tuple[list[Entry], list[str]]:
    """The entries of one checkpoint or a series of them, each the files it is made of, and notes on how they were read.

    Raises ``InputError`` where one cannot be read.
    """
    found = in_order([read_checkpoint(files, argument) for files in groups])
    entries: list[Entry] = [{"kind": "start", "format": FORMAT, "source": "checkpoint", "what": found[0].what}]
    for i, checkpoint in enumerate(found):
        tensors = [told_of(make()) for make in checkpoint.weights.values()]
        if i == 0:
            entries.append(_model(checkpoint, tensors))
        kept = [_kept_of(state, checkpoint) for state in checkpoint.states]
        entry = {"kind": "checkpoint", "name": checkpoint.label, "step": checkpoint.step, "tensors": tensors}
        entries.append({**entry, "optimizers": kept})
    entries += [_between(a, b) for a, b in pairwise(found)]
    notes = [f"checkpoints in this order: {', '.join(c.label for c in found[:6])}"] if len(found) > 1 else []
    return entries, notes


def in_order(found: Sequence[Checkpoint]) -> list[Checkpoint]:
    """Checkpoints by their steps where each has its own, else by the time at which they were written."""
    steps = {checkpoint.step for checkpoint in found}
    if None not in steps and len(steps) == len(found):
        return sorted(found, key=lambda one: one.step or 0)
    return sorted(found, key=lambda one: (one.changed, one.label))


def checkpoints_in(folder: Path, argument: str = "data") -> list[list[Path]]:
    """The checkpoints in a folder, in ``checkpoints`` below it or in its ``checkpoint-*`` folders, each as its files.

    Raises ``InputError`` where there are more than ``MOST_CHECKPOINTS``.
    """
    places = [folder, *sorted(p for p in folder.glob("checkpoint*") if p.is_dir())]
    places += [p for p in (folder / "ckpt", folder / "models") if p.is_dir()]
    groups: list[list[Path]] = []
    for place in places:
        files = [p for p in sorted(place.iterdir()) if _may_be_one(p)]
        groups += _by_checkpoint(files)
    if len(groups) > MOST_CHECKPOINTS:
        raise InputError(
            f"{argument}: expected at most {MOST_CHECKPOINTS} checkpoints, got {len(groups):,} in "
            f"{visible(str(folder), 120)}; name some of them"
        )
    return groups


def _may_be_one(path: Path) -> bool:
    named = path.suffix.lower() in _SUFFIXES and not _BESIDE.match(path.name)
    return named and is_checkpoint(path)


def _by_checkpoint(files: Iterable[Path]) -> list[list[Path]]:
    """Files of one checkpoint together: ``model-00001-of-00003.safetensors`` is a part."""
    groups: dict[str, list[Path]] = {}
    for path in files:
        part = _SHARD.match(path.stem)
        groups.setdefault(f"{path.parent}/{part.group(1)}/" if part else str(path), []).append(path)
    return list(groups.values())


def _model(checkpoint: Checkpoint, tensors: Sequence[Mapping[str, Any]]) -> Entry:
    """The parameters, as they stand in the first checkpoint."""
    names = set(checkpoint.parameters())
    parameters = [
        {key: tensor.get(key) for key in ("name", "shape", "dtype", "distinct_rows", "std")}
        for tensor in tensors
        if tensor["name"] in names and tensor["dtype"] in MEASURED
    ]
    return {"kind": "model", "model": checkpoint.label, "parameters": parameters}


def _between(first: Checkpoint, second: Checkpoint) -> Entry:
    """What lies between two checkpoints: the tensors that both have, of one shape and type."""
    tensors = []
    for name, make in first.weights.items():
        if name not in second.weights:
            continue
        before, after = make(), second.weights[name]()
        if before.shape == after.shape and before.dtype == after.dtype:
            tensors.append(moved(before, after))
    known = first.step is not None and second.step is not None
    steps = (second.step or 0) - (first.step or 0) if known else None
    entry = {"kind": "moved", "first": first.label, "second": second.label, "steps": steps}
    return {**entry, "only": len(set(first.weights) ^ set(second.weights)), "tensors": tensors}


def _kept_of(state: State, checkpoint: Checkpoint) -> dict[str, Any]:
    """What an optimiser kept: its groups, and for each parameter whether it has a state and what that says of Adam."""
    parameters = []
    for (name, tensors), rate, group in zip(state.parameters, state.rates, state.group_of, strict=True):
        about: dict[str, Any] = {"name": name, "state": bool(tensors), "rate": rate}
        if {"exp_avg", "exp_avg_sq"} <= set(tensors):
            about |= _of_adam(tensors, state.groups[group], rate, checkpoint.weights.get(name))
        parameters.append(about)
    groups = [{k: v for k, v in group.items() if not isinstance(v, tuple)} for group in state.groups]
    return {"groups": groups, "parameters": parameters}


def _of_adam(
    tensors: Mapping[str, Maker], group: Mapping[str, Any], rate: float | None, weight: Maker | None
) -> dict[str, Any]:
    """Shares of the numbers that ever had a gradient: those whose root of v̂ is ``below_eps``, and the ``lost`` ones,
    whose next update at no new gradient would be less than half an ulp of the weight."""
    step = _number(tensors.get("step"))
    betas = group.get("betas")
    if not isinstance(betas, tuple) or len(betas) != 2 or not step or step < 1:
        return {}
    first, second = (1 - float(beta) ** step for beta in betas)
    eps = float(group.get("eps", 1e-8))
    mean, square = tensors["exp_avg"](), tensors["exp_avg_sq"]()
    held = weight() if weight else None
    fits = held is not None and held.dtype in DIGITS and held.shape == mean.shape and not group.get("amsgrad")
    below = lost = moving = 0
    others: Iterator[Any] = blocks(held) if fits and held is not None else _nothing()
    with np.errstate(all="ignore"):
        for m, v in zip(blocks(mean), blocks(square), strict=True):
            root = np.sqrt(as_floats(v, square.dtype) / second)
            live = root > 0
            moving += int(live.sum())
            below += int((live & (root < eps)).sum())
            numbers = next(others, None)
            if held is not None and numbers is not None and rate is not None:
                update = rate * np.abs(as_floats(m, mean.dtype) / first) / (root + eps)
                size = np.abs(as_floats(numbers, held.dtype))
                lost += int((live & (update < half_an_ulp(size, held.dtype))).sum())
    told: dict[str, Any] = {"step": step, "live": moving, "below_eps": below / moving if moving else 0.0, "eps": eps}
    if fits and held is not None and rate and moving:
        told |= {"lost": lost / moving, "dtype": held.dtype, "state_dtype": mean.dtype}
    return told


def half_an_ulp(size: Any, dtype: str) -> Any:
    """Half the distance from a number to the next larger one of its type: an update below it is rounded away.

    Shapes: as given.

    >>> float(half_an_ulp(np.array(1.0), "bfloat16"))
    0.00390625
    """
    _, exponent = np.frexp(size)
    return np.where(size > 0, np.ldexp(0.5, exponent - DIGITS[dtype]), 0.0)


def _number(make: Maker | None) -> float | None:
    """The one number of a tensor."""
    if make is None:
        return None
    held = make()
    if held.values != 1 or held.dtype not in MEASURED | {"int64", "int32"}:
        return None
    value = float(as_floats(next(iter(blocks(held))), held.dtype).ravel()[0])
    return value if math.isfinite(value) else None


def _nothing() -> Iterator[Any]:
    yield from ()
