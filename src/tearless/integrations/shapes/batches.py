"""A batch that could not be put together: which samples of the data set have which shapes."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from types import FrameType
from typing import Any

from tearless.linear_algebra.shapes import Clash, Edit, Operand, Operation, Repair, Where

from .bodies import Body, body_of_frame, callee
from .calls import LayerCall
from .values import spec_of
from .words import Words

LAW = "samples are stacked into a batch: all must have one shape"
_SIZES = re.compile(r"got \[([\d, ]*)\] at entry (\d+) and \[([\d, ]*)\] at entry (\d+)")


def of_batch(
    error: BaseException, words: Words, above: Sequence[FrameType], below: Sequence[FrameType]
) -> LayerCall | None:
    """The two samples that cannot stand in one batch; ``None`` where the error is another."""
    loading = [one for one in below if str(one.f_globals.get("__name__", "")).startswith("torch.utils.data")]
    if not loading:
        return None
    found = _seen(loading) or _told(str(error))
    if found is None:
        return None
    first, second, part = found
    data = loading[0].f_locals.get("self")
    operation = Operation("stack", (first, second), {"axis": 0})
    marks = _unlike(first.shape, second.shape)
    says = f"{first} and {second} stand in one batch: their shapes must be equal"
    repairs = _repairs(operation, part, _samples(loading))
    clash = Clash(says, LAW, marks, lambda: repairs, "shape", operation)
    return LayerCall(operation, (None, None), clash, remade=Loader(above[-1], words, getattr(data, "_dataset", None)))


def _seen(frames: Sequence[FrameType]) -> tuple[Operand, Operand, int | None] | None:
    """The samples, from the frames of the loader itself."""
    last = next((one for one in reversed(frames) if one.f_code.co_name == "collate_tensor_fn"), None)
    batch = last.f_locals.get("batch") if last is not None else None
    if not isinstance(batch, list | tuple) or not batch:
        return None
    indices = next(
        (one.f_locals["possibly_batched_index"] for one in frames if "possibly_batched_index" in one.f_locals), None
    )
    part = next((i for one in frames for i in _part(one, batch)), None)
    specs = [spec_of(one) for one in batch]
    for i, spec in enumerate(specs):
        if spec is not None and specs[0] is not None and spec.shape != specs[0].shape:
            names = [_name(indices, k, part) for k in (0, i)]
            return specs[0].named(names[0]), spec.named(names[1]), part
    return None


def _part(frame: FrameType, batch: Sequence[Any]) -> list[int]:
    """Which part of each sample the tensors are, where samples are tuples."""
    rows = frame.f_locals.get("transposed")
    if frame.f_code.co_name != "collate" or not isinstance(rows, list):
        return []
    return [
        i
        for i, row in enumerate(rows)
        if len(row) == len(batch) and all(a is b for a, b in zip(row, batch, strict=True))
    ]


def _name(indices: Any, at: int, part: int | None) -> str:
    sample = (
        f"dataset[{indices[at]}]" if isinstance(indices, list) and at < len(indices) else f"sample {at} of the batch"
    )
    return sample if part is None else f"{sample}[{part}]"


def _told(message: str) -> tuple[Operand, Operand, None] | None:
    """The samples, from what a worker process wrote: their numbers in the batch."""
    found = _SIZES.search(message)
    if found is None:
        return None
    shapes = [tuple(int(size) for size in text.split(",") if size.strip()) for text in (found[1], found[3])]
    first, second = (
        Operand(f"sample {at} of the batch", shape, library="torch")
        for at, shape in zip((found[2], found[4]), shapes, strict=True)
    )
    return first, second, None


def _unlike(first: Sequence[Any], second: Sequence[Any]) -> list[tuple[int, int]]:
    pairs = [(axis, first[axis : axis + 1] != second[axis : axis + 1]) for axis in range(max(len(first), len(second)))]
    marks = [(0, axis) for axis, unlike in pairs if unlike and axis < len(first)]
    return marks + [(1, axis) for axis, unlike in pairs if unlike and axis < len(second)]


def _samples(frames: Sequence[FrameType]) -> list[Any]:
    return next((one.f_locals["data"] for one in frames if isinstance(one.f_locals.get("data"), list)), [])


def _repairs(operation: Operation, part: int | None, samples: Sequence[Any]) -> list[Repair]:
    first, second = operation.shapes
    found = []
    if len(first) == len(second) and first[1:] == second[1:] and len(first) > 0:
        found.append(
            Repair("samples are of different lengths: the shorter are filled with zeros", layer=_padded(part, samples))
        )
    found.append(Repair("the samples stay as they are, in a list", layer={"collate_fn": "list"}))
    return found


def _padded(part: int | None, samples: Sequence[Any]) -> dict[str, str]:
    one = "torch.nn.utils.rnn.pad_sequence({}, batch_first=True)"
    if part is None:
        return {"collate_fn": f"lambda batch: {one.format('batch')}"}
    count = len(samples[0]) if samples and isinstance(samples[0], tuple | list) else 2
    rest = "torch.utils.data.default_collate([one[{}] for one in batch])"
    parts = [(one.format(f"[one[{i}] for one in batch]") if i == part else rest.format(i)) for i in range(count)]
    return {"collate_fn": f"lambda batch: ({', '.join(parts)})"}


class Loader:
    """The edit of the call that makes the loader."""

    def __init__(self, frame: FrameType, words: Words, data: Any) -> None:
        self.frame, self.words, self.data = frame, words, data

    def __call__(self, repair: Repair) -> Edit | None:
        value = repair.layer.get("collate_fn")
        body = body_of_frame(self.frame)
        if value is None or body is None:
            return None
        calls = [
            one for one in ast.walk(body.source.tree) if isinstance(one, ast.Call) and callee(one.func) == "DataLoader"
        ]
        names = {one.id for one in ast.walk(self.words.call) if isinstance(one, ast.Name)} if self.words.call else set()
        named = [one for one in calls if _kept_as(body, one) & names]
        call = (named or calls if len(named or calls) == 1 else [None])[0]
        if call is None or any(one.arg == "collate_fn" for one in call.keywords):
            return None
        end = body.source.where(
            max([*call.args, *(k.value for k in call.keywords)], key=lambda n: (n.end_lineno, n.end_col_offset))
        )
        at = Where(end.file, end.end_line, end.end_column, end.end_line, end.end_column, "", "")
        return Edit(at, f", collate_fn={value}")


def _kept_as(body: Body, call: ast.Call) -> set[str]:
    """The names that a call's value is given."""
    return {
        target.id
        for node in ast.walk(body.source.tree)
        if isinstance(node, ast.Assign) and node.value is call
        for target in node.targets
        if isinstance(target, ast.Name)
    }
