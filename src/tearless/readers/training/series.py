"""The loss, the rate and the mode of each step, from blocks of steps of which a long run keeps only some.

A block (kind ``losses``) has ``values`` from step ``first`` on: of every step, or of every ``every``-th, and then also
``peaks``: of the steps left out the ones with the largest losses, and the first that is no finite number, each as
``[step, loss]``. ``rates`` and ``training`` go along with ``values``; where they are shorter, their last one stands for
all that follow, and between two kept steps those of the first one hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ENDS = 256
"""Steps at the begin and at the end of a run whose losses are all told."""
Floats = NDArray[np.float64]
Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Series:
    """One number for each step, nan where it is not known; ``kept``: whether the step's loss was known and kept, be
    it a number or nan. Shape (steps,).

    Where blocks differ in how many steps they keep, only those that the coarsest would keep as well are told: losses
    are then as far apart at the end of a run as at its begin, and what is measured on them means the same.
    """

    losses: Floats
    rates: Floats
    modes: Floats
    kept: NDArray[np.bool_]


def series_of(blocks: Sequence[Entry], looked_at: Sequence[Entry] = ()) -> Series:
    """The series that some blocks tell; ``looked_at``: entries of steps, whose losses are known in any case.

    >>> found = series_of([{"first": 1, "every": 2, "values": [3.0, 2.0], "rates": [0.1], "peaks": [[4, 9.0]]}])
    >>> found.losses.tolist(), found.rates.tolist()
    ([3.0, nan, 2.0, 9.0], [0.1, 0.1, 0.1, 0.1])
    """
    coarsest = max((every(block) for block in blocks), default=1)
    losses, kept = _losses(blocks, coarsest)
    sure = looked_at if coarsest > 1 else ()
    peaks = [pair for block in blocks for pair in block.get("peaks") or ()]
    for step, value in (*peaks, *((one["step"], one["loss"]) for one in sure if one.get("loss") is not None)):
        if 0 < step <= len(losses) and not kept[int(step) - 1]:
            losses[int(step) - 1], kept[int(step) - 1] = _number(value), True
    return Series(losses, _held(blocks, "rates"), _held(blocks, "training"), kept)


def _losses(blocks: Sequence[Entry], coarsest: int) -> tuple[Floats, NDArray[np.bool_]]:
    """The losses at the begin, at the end, and between them one of so many steps; and which these are."""
    length = max((_last(block, "values") for block in blocks), default=0)
    losses, kept, at = np.full(length, np.nan), np.zeros(length, dtype=np.bool_), np.arange(length)
    told = (at % coarsest == 0) | (at < ENDS) | (at >= length - ENDS)
    for block in blocks:
        values = _numbers(block, "values")
        where = int(block.get("first") or 1) - 1 + every(block) * np.arange(len(values))
        shown = (where >= 0) & told[np.maximum(where, 0)]
        losses[where[shown]] = values[shown]
        given = np.array([value is not None for value in block.get("values") or ()], dtype=np.bool_)
        kept[where[shown]] = given[shown]
    return losses, kept


def _held(blocks: Sequence[Entry], name: str) -> Floats:
    """A list that goes along with the values, each of its numbers held until the next."""
    lasts = [_last(block, name) for block in blocks]
    out = np.full(max(lasts, default=0), np.nan)
    for block, last in zip(blocks, lasts, strict=True):
        own, start = _numbers(block, name), max(0, int(block.get("first") or 1) - 1)
        if len(own):
            steps = np.repeat(own, every(block))[: last - start]
            out[start : start + len(steps)] = steps
            out[start + len(steps) : last] = own[-1]
    return out


def every(block: Entry) -> int:
    """Of how many steps a block keeps one.

    >>> every({"first": 1, "values": [2.0]})
    1
    """
    return max(1, int(block.get("every") or 1))


def _last(block: Entry, name: str) -> int:
    """The last step that a block tells something of, in one of its lists; 0 where it has none."""
    counts = [len(block.get(one) or ()) for one in ("values", name)]
    if not counts[1]:
        return 0
    peaks = [int(step) for step, _ in block.get("peaks") or ()]
    return max(0, int(block.get("first") or 1) + (max(counts) - 1) * every(block), int(block.get("last") or 0), *peaks)


def _numbers(block: Entry, name: str) -> Floats:
    return np.array([_number(value) for value in block.get(name) or ()], dtype=np.float64)


def _number(value: Any) -> float:
    return np.nan if value is None else float(value)
