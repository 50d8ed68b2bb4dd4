"""A batch that could not be put together: which samples of the data set have which shapes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import FrameType
from typing import Any

from tearless.integrations.shapes.operations.held import spec_of
from tearless.linear_algebra.shapes import Clash, Operand, Operation, Repair

from .calls import LayerCall
from .loaders import Loader
from .words import Words

LAW = "samples are stacked into a batch: all must have one shape"
_SIZES = re.compile(r"got \[([\d, ]*)\] at entry (\d+) and \[([\d, ]*)\] at entry (\d+)")
_PAD = "torch.nn.utils.rnn.pad_sequence({}, batch_first=True)"
_AS_USUAL = "torch.utils.data.default_collate({})"


@dataclass(frozen=True, slots=True)
class Batch:
    """Two samples that do not fit. ``route`` leads to what is stacked in each; ``count`` parts if samples are tuples.

    ``kind`` says what is stacked: ``tensor``, ``array`` or ``list``; ``unknown`` where only a message is left.
    """

    first: Operand
    second: Operand
    route: tuple[Any, ...] = ()
    count: int = 0
    kind: str = "tensor"


def of_batch(
    error: BaseException, words: Words, above: Sequence[FrameType], below: Sequence[FrameType]
) -> LayerCall | None:
    """The two samples that cannot stand in one batch; ``None`` where the error is another."""
    loading = [one for one in below if str(one.f_globals.get("__name__", "")).startswith("torch.utils.data")]
    if not loading or not isinstance(error, RuntimeError):
        return None
    batch = _seen(loading) or _told(str(error))
    if batch is None:
        return None
    first, second = batch.first, batch.second
    operation = Operation("stack", (first, second), {"axis": 0})
    says = f"{first} and {second} stand in one batch: their shapes must be equal"
    marks = _unlike(first.shape, second.shape)
    clash = Clash(says, LAW, marks, lambda: _repairs(batch), "shape", operation)
    return LayerCall(operation, (None, None), clash, remade=Loader(above[-1], words))


def _seen(frames: Sequence[FrameType]) -> Batch | None:
    """The samples, from the frames of the loader itself."""
    held = [one.f_locals.get("batch") for one in frames if one.f_code.co_name.startswith("collate")]
    rows: list[Sequence[Any]] = [row for row in held if isinstance(row, list | tuple) and len(row) > 1]
    if not rows:
        return None
    holders = (one.f_locals for one in frames if "possibly_batched_index" in one.f_locals)
    indices = next((names["possibly_batched_index"] for names in holders), None)
    route = tuple(key for row, after in pairwise(rows) for key in _step(row, after))
    specs = [_like(one) for one in rows[-1]]
    at = next((i for i, one in enumerate(specs) if one and specs[0] and one.shape != specs[0].shape), None)
    if at is None or specs[0] is None:
        return None
    names = [_name(indices, i, route) for i in (0, at)]
    pair = [
        Operand(name, one.shape, one.dtype, one.device, one.library)
        for name, one in zip(names, (specs[0], specs[at]), strict=True)
    ]
    whole = rows[0][0]
    count = len(whole) if isinstance(whole, tuple | list) and route else 0
    arrays = any(one.f_code.co_name == "collate_numpy_array_fn" for one in frames)
    kind = "list" if isinstance(rows[-1][0], list | tuple) else "array" if arrays else "tensor"
    return Batch(pair[0], pair[1], route, count, kind)


def _like(one: Any) -> Any:
    return Operand("", (len(one),)) if isinstance(one, list | tuple) else spec_of(one)


def _step(row: Sequence[Any], after: Sequence[Any]) -> list[Any]:
    """By which number or key each sample of a row gives what stands in the next row."""
    whole = row[0]
    if type(whole) is dict:
        return [key for key, value in whole.items() if value is after[0]][:1]
    if isinstance(whole, tuple | list):
        return [i for i, value in enumerate(whole) if value is after[0]][:1]
    return []


def _name(indices: Any, at: int, route: Sequence[Any]) -> str:
    known = isinstance(indices, list) and at < len(indices)
    sample = f"dataset[{indices[at]}]" if known else f"sample {at} of the batch"
    return sample + "".join(f"[{_key(key)}]" for key in route)


def _key(key: Any) -> str:
    return json.dumps(key, ensure_ascii=False) if isinstance(key, str | int) else repr(key)


def _told(message: str) -> Batch | None:
    """The samples, from what a worker process wrote: their numbers in the batch."""
    found = _SIZES.search(message)
    if found is None:
        return None
    shapes = [tuple(int(size) for size in text.split(",") if size.strip()) for text in (found[1], found[3])]
    pairs = zip((found[2], found[4]), shapes, strict=True)
    first, second = (Operand(f"sample {at} of the batch", shape, library="torch") for at, shape in pairs)
    parts = "collate(samples" in message
    inside = parts or "for d in batch" in message
    kind = "unknown" if inside else "array" if "collate_numpy_array_fn" in message else "tensor"
    return Batch(first, second, (), 2 if parts else 0, kind)


def _unlike(first: Sequence[Any], second: Sequence[Any]) -> list[tuple[int, int]]:
    pairs = [(axis, first[axis : axis + 1] != second[axis : axis + 1]) for axis in range(max(len(first), len(second)))]
    marks = [(0, axis) for axis, unlike in pairs if unlike and axis < len(first)]
    return marks + [(1, axis) for axis, unlike in pairs if unlike and axis < len(second)]


def _repairs(batch: Batch) -> list[Repair]:
    first, second = batch.first.shape, batch.second.shape
    found = []
    padded = _padded(batch) if len(first) == len(second) > 0 and first[1:] == second[1:] else ""
    if padded:
        because = "samples are of different lengths: the shorter are filled with zeros"
        found.append(Repair(because, layer={"collate_fn": padded}))
    apart = "lambda batch: tuple(zip(*batch))" if batch.count else "list"
    found.append(Repair("the samples stay as they are, in lists", layer={"collate_fn": apart}))
    return found


def _padded(batch: Batch) -> str:
    """A function that fills up samples of this kind; empty for kinds that it cannot take apart."""
    if batch.kind == "unknown" or len(batch.route) > 1:
        return ""
    make = {"array": "torch.as_tensor({})", "list": "torch.tensor({})"}.get(batch.kind, "{}")
    if not batch.route:
        row = "batch" if make == "{}" else f"[{make.format('one')} for one in batch]"
        return f"lambda batch: {_PAD.format(row)}"
    (key,) = batch.route
    part = f"one[{_key(key)}]"
    mine = _PAD.format(f"[{make.format(part)} for one in batch]")
    if not batch.count:
        rest = f"{{key: value for key, value in one.items() if key != {_key(key)}}} for one in batch"
        return f"lambda batch: {{**{_AS_USUAL.format(f'[{rest}]')}, {_key(key)}: {mine}}}"
    parts = [mine if i == key else _AS_USUAL.format(f"[one[{i}] for one in batch]") for i in range(batch.count)]
    return f"lambda batch: ({', '.join(parts)})"
