"""What would let a loss through: the target or the input turned, and their numbers in the type that the loss takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tearless.linear_algebra.shapes.moves import plain
from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation, Repair
from tearless.linear_algebra.shapes.repairs import Change, renamed_call
from tearless.linear_algebra.shapes.size import Named, Size, product

from .layer_repairs import (
    Turn,
    axis_in,
    axis_out,
    axis_to,
    cast,
    cut_to,
    hung,
    laid_flat,
    largest,
    offered,
    permuted,
    swapped,
    then,
    turned,
)
from .registry import RULES

FLOATS = ("float16", "bfloat16", "float32", "float64")


def class_mends(operation: Operation) -> list[Repair]:
    """Of losses of class numbers."""
    return offered(operation, _class_changes(operation))


def typed(operation: Operation, because: str, turns: Mapping[int, Turn | None]) -> Change | None:
    """The operation on turned operands, the target in another type of numbers too where it is then refused for that."""
    change = turned(operation, because, turns)
    if change is None:
        return None
    for dtype in (None, "int64", operation.operands[0].dtype or "float32"):
        more = dict(turns)
        if dtype is not None:
            before = turns.get(1) or Turn("{}", operation.operands[1])
            more[1] = then(before, cast(before.after, dtype))
        tried = turned(operation, because, more)
        try:
            if tried is not None:
                RULES[operation.rule](tried.after)
                return tried
        except Clash as clash:
            if clash.kind != "dtype":
                return None
    return None


def _class_changes(operation: Operation) -> Iterator[Change | None]:
    x, target = operation.operands[:2]
    for axis in range(len(target.shape) - 1, 0, -1):
        yield typed(operation, f"axis {axis} of {target.name}, of size 1, is not meant", {1: axis_out(target, axis)})
    yield from _class_axis(operation, x, target)
    if len(x.shape) > 2 or len(target.shape) > 1:
        for axis in range(len(x.shape) - 1, 0, -1):
            yield typed(operation, f"axis {axis} of {x.name}, of size 1, is not meant", {0: axis_out(x, axis)})
    if len(x.shape) > 2:
        flat = laid_flat(x, 1)
        yield typed(operation, f"the axes of 1 of {x.name} are not meant", {0: flat} if 1 in x.shape[1:] else {0: None})
    if len(x.shape) == 2 and len(target.shape) > 1 and product(target.shape) == x.shape[0]:
        yield typed(operation, f"the samples of {target.name} are in rows", {1: laid_flat(target, 0)})
    if len(x.shape) == 3 and len(target.shape) == 1 and product(x.shape[:2]) == target.shape[0]:
        yield typed(operation, f"axes 0 and 1 of {x.name} both count samples", {0: laid_flat(x, 0, 1)})
    yield from _one_hot(operation, x, target)
    if len(x.shape) == 3 and target.shape == x.shape[:1]:
        last = hung(x, "{}[:, -1]", (x.shape[0], x.shape[2]))
        yield typed(operation, f"the last step of {x.name} decides", {0: last})
    if len(target.shape) > len(x.shape) or target.dtype in FLOATS:
        yield swapped(operation, "the input comes first, then the target")
    if len(x.shape) == 2 and target.shape == x.shape[1:]:
        yield typed(operation, f"{x.name} has its samples on axis 1", {0: permuted(x, 1, 0)})
    if not target.shape:
        yield typed(operation, f"{target.name} is that of one sample", {1: axis_in(target, 0)})
    if len(x.shape) == 1 and target.shape == x.shape:
        yield typed(operation, f"{x.name} holds one score for each sample", {0: axis_in(x, 1)})
    if len(x.shape) == 1 and len(target.shape) == 1:
        yield typed(operation, f"{x.name} is one sample", {0: axis_in(x, 0)})
    yield swapped(operation, "the input comes first, then the target")
    yield from _next_ones(operation)
    yield from _resized(operation, x, target)
    yield from _cuts(operation)


def _resized(operation: Operation, x: Operand, target: Operand) -> Iterator[Change | None]:
    """Scores of a map that is smaller than the map of classes by one factor: brought to its size."""
    sides, wanted = x.shape[2:], target.shape[1:]
    pairs = list(zip(wanted, sides, strict=False))
    if len(x.shape) != 4 or len(target.shape) != 3 or x.shape[0] != target.shape[0]:
        return
    if any(isinstance(one, Named) for one in (*sides, *wanted)) or not plain(target):
        return
    if pairs[0][0] * pairs[1][1] == pairs[1][0] * pairs[0][1] and 0 not in sides:
        code = f"torch.nn.functional.interpolate({{}}, size={target.name}.shape[1:], mode='bilinear')"
        because = f"the map of {x.name} is a coarser one of {target.name}"
        yield typed(operation, because, {0: hung(x, code, (*x.shape[:2], *wanted))})


def _cuts(operation: Operation) -> Iterator[Change | None]:
    """Samples left out: one too many, or those that targets made for a full batch have over the last one.

    A whole multiple of the samples speaks of axes that were laid together: nothing is cut then.
    """
    x, target = operation.operands[:2]
    sizes = [one.shape[0] for one in (x, target) if one.shape]
    if len(sizes) < 2 or any(isinstance(size, Named) for size in sizes):
        return
    here, there = map(int, sizes)  # type: ignore[arg-type]
    if here == there + 1 and there > 1:
        yield typed(operation, f"{x.name} holds one sample more than is judged", {0: cut_to(x, 0, target, 0)})
    if (there == here + 1 and here > 1) or (plain(target) and 0 < here < there and there % here):
        yield typed(operation, f"{target.name} holds more samples than are judged", {1: cut_to(target, 0, x, 0)})


_LAID_FLAT = r"\.(?:(?:view|reshape)\(-1\)|flatten\(\))"
_ROWS = r"\.(?:view|reshape|flatten)\([^()]*(?:\([^()]*\)[^()]*)*\)"


def _next_ones(operation: Operation) -> Iterator[Change | None]:
    """Each step is judged by the next: a last step left out on one side wants the first left out on the other."""
    x, target = operation.operands[:2]
    if len(target.shape) != 1 or len(x.shape) != 2 or isinstance(target.shape[0], Named):
        return
    rows = x.shape[0]
    late = re.fullmatch(rf"([\w.]+)({_LAID_FLAT})", target.name)
    if re.match(rf"[\w.]+\[:, :-1\]{_ROWS}", x.name) and late and _one_each(target.shape[0], rows):
        code = f"{late[1]}[:, 1:].reshape(-1)"
        yield typed(operation, f"each step of {late[1]} is told from those before it", {1: hung(target, code, (rows,))})
    early = re.fullmatch(rf"([\w.]+)({_ROWS})", x.name)
    if re.match(rf"[\w.]+\[:, 1:\]{_LAID_FLAT}", target.name) and early and _one_each(rows, target.shape[0]):
        code = f"{early[1]}[:, :-1]{early[2].replace('.view(', '.reshape(', 1)}"
        shape = (target.shape[0], *x.shape[1:])
        yield typed(operation, f"the last step of {early[1]} has no next one", {0: hung(x, code, shape)})


def _one_each(more: Size, less: Size) -> bool:
    """Whether two numbers of steps may be those of the same samples, one step fewer for each of them."""
    apart = more - less
    return isinstance(apart, int) and isinstance(less, int) and apart > 0 and less > 0 and less % apart == 0


def _class_axis(operation: Operation, x: Operand, target: Operand) -> Iterator[Change | None]:
    """The axis of classes is not axis 1."""
    rank = len(x.shape)
    if rank < 3:
        return
    yield typed(operation, f"{x.name} has its classes on the last axis", {0: axis_to(x, rank - 1, 1)})
    if rank == 3 and target.shape == x.shape[:2]:
        both = {0: laid_flat(x, 0, 1), 1: laid_flat(target, 0)}
        yield typed(operation, "each step of each sample is one sample", both)
    if rank == 3:
        yield typed(operation, f"{x.name} is (length, batch, classes)", {0: permuted(x, 1, 2, 0)})
        yield typed(operation, f"{target.name} is kept the other way round", {1: permuted(target, 1, 0)})
        last, flat = axis_to(x, rank - 1, 1), permuted(target, 1, 0)
        yield typed(operation, "its axes lie the other way round", {0: last, 1: flat})
    yield typed(operation, f"{x.name} has its classes on axis 0", {0: axis_to(x, 0, 1)})


def _one_hot(operation: Operation, x: Operand, target: Operand) -> Iterator[Change | None]:
    """The target marks its class along an axis."""
    if len(target.shape) == len(x.shape) and len(x.shape) > 1:
        if target.shape[-1] == x.shape[1] and len(x.shape) > 2:
            there = axis_to(target, len(target.shape) - 1, 1)
            yield typed(operation, f"{target.name} has its classes last", {1: there})
        for axis in (1, -1):
            because = f"{target.name} marks its class along axis {axis % len(target.shape)}"
            yield typed(operation, because, {1: largest(target, axis)})


def type_mends(operation: Operation) -> list[Repair]:
    """Of a target whose type of numbers is refused, where class numbers or probabilities are taken."""
    x, target = operation.operands[:2]

    def changes() -> Iterator[Change | None]:
        if len(x.shape) == len(target.shape) > 1 and product(target.shape[1:2]) != 1:
            yield turned(operation, f"{target.name} marks the class of each sample", {1: largest(target, 1)})
        if x.shape == target.shape:
            if len(x.shape) == 2 and x.shape[1] == 1:
                yield _binary(operation)
            yield turned(operation, f"{target.name} holds probabilities", {1: cast(target, x.dtype or "float32")})
        yield turned(operation, f"{target.name} holds class numbers", {1: cast(target, "int64")})
        if x.dtype and x.dtype not in FLOATS:
            both = {0: cast(x, "float32"), 1: cast(target, "int64")}
            yield turned(operation, f"{x.name} holds scores", both)
            yield swapped(operation, "the input comes first, then the target")

    return offered(operation, changes())


def _binary(operation: Operation) -> Change | None:
    """One score for each sample: the loss of two classes."""
    name = "binary_cross_entropy_with_logits"
    x, target = operation.operands[:2]
    text = renamed_call(operation, "cross_entropy", name)
    dtype = x.dtype or "float32"
    turn = cast(target, dtype)
    operands = (x, turn.after, *operation.operands[2:])
    after = replace(operation, operands=operands, settings={**operation.settings, "name": name})
    code = text.replace("{1}", turn.template.replace("{}", "{1}"))
    return Change(1.0, after, Repair(f"{x.name} is one score for each sample", text=code)) if text else None


def pair_type_mends(operation: Operation, which: Sequence[int]) -> list[Repair]:
    """Of operands that must be of floats."""
    operands = operation.operands
    float_one = next((one.dtype for one in operands[:2] if one.dtype in FLOATS), "float32")

    def changes() -> Iterator[Change | None]:
        if which == (0,) and operands[1].dtype in FLOATS:
            yield swapped(operation, "the input comes first, then the target")
        for each in [which, (0, 1)]:
            odd = {i: cast(operands[i], float_one) for i in each if operands[i].dtype != float_one}
            yield turned(operation, f"numbers are {float_one}", odd) if odd else None

    return offered(operation, changes())


def pair_mends(operation: Operation) -> list[Repair]:
    """Of losses that lay input and target beside one another."""
    return offered(operation, _pair_changes(operation))


def _pair_changes(operation: Operation) -> Iterator[Change | None]:
    x, target, *more = operation.operands
    if str(operation.settings.get("name", "")).lower().startswith("ctc") and len(x.shape) == 3:
        yield turned(operation, f"{x.name} is (batch, length, classes)", {0: permuted(x, 1, 0, 2)})
    for axis in range(len(x.shape) - 1, -1, -1):
        if x.shape[:axis] + x.shape[axis + 1 :] == target.shape and x.shape[axis] == 1:
            yield typed(operation, f"axis {axis} of {x.name}, of size 1, is not meant", {0: axis_out(x, axis)})
            yield typed(operation, f"{target.name} needs an axis of 1", {1: axis_in(target, axis)})
    for axis in range(len(target.shape) - 1, -1, -1):
        if target.shape[:axis] + target.shape[axis + 1 :] == x.shape and target.shape[axis] == 1:
            yield typed(
                operation, f"axis {axis} of {target.name}, of size 1, is not meant", {1: axis_out(target, axis)}
            )
            yield typed(operation, f"{x.name} needs an axis of 1", {0: axis_in(x, axis)})
    yield from _same_numbers(operation, x, target)
    yield from _classes(operation, x, target)
    for axis in range(len(target.shape), -1, -1):
        yield typed(operation, f"{target.name} needs an axis of 1", {1: axis_in(target, axis)})
    for i, one in enumerate(more, 2):
        for axis in range(len(one.shape) - 1, -1, -1):
            yield turned(operation, f"axis {axis} of {one.name}, of size 1, is not meant", {i: axis_out(one, axis)})
        for axis in range(len(one.shape), -1, -1):
            yield turned(operation, f"{one.name} needs an axis of 1", {i: axis_in(one, axis)})
    yield from _cuts(operation)
    if not _takes_third(operation):
        yield typed(operation, f"{target.name} is stretched to {x.name}", {1: _stretched(target, x)})


def _takes_third(operation: Operation) -> bool:
    return len(operation.operands) > 2


def _same_numbers(operation: Operation, x: Operand, target: Operand) -> Iterator[Change | None]:
    """The same numbers on other axes."""
    rank = len(target.shape)
    if sorted(map(str, x.shape)) == sorted(map(str, target.shape)) and rank > 1:
        for here in range(rank - 1, 0, -1):
            for there in range(here):
                yield typed(operation, f"the axes of {target.name} lie otherwise", {1: axis_to(target, here, there)})
                yield typed(operation, f"the axes of {target.name} lie otherwise", {1: axis_to(target, there, here)})
    if product(x.shape) == product(target.shape) and len(x.shape) != rank:
        if rank > len(x.shape):
            yield typed(operation, f"{target.name} is one list", {1: laid_flat(target, len(x.shape) - 1)})
        else:
            yield typed(operation, f"{x.name} is one list", {0: laid_flat(x, rank - 1)} if rank else {0: None})
        same = hung(target, f"{{}}.reshape({x.name}.shape)", x.shape) if plain(x) else None
        yield typed(operation, f"{target.name} holds as many numbers", {1: same})


def _classes(operation: Operation, x: Operand, target: Operand) -> Iterator[Change | None]:
    """Scores of classes beside class numbers."""
    if len(x.shape) != 2 or x.shape[1] == 1 or target.shape not in (x.shape[:1], (*x.shape[:1], 1)):
        return
    because = f"{target.name} holds class numbers"
    base = target if len(target.shape) == 1 else replace(target, shape=target.shape[:1])
    code = "{}" if len(target.shape) == 1 else "{}.squeeze(1)"
    if x.shape[1] == 2:
        column = hung(
            x, "{}[:, 1]" if len(target.shape) == 1 else "{}[:, 1:]", (x.shape[0], *[1] * (len(target.shape) - 1))
        )
        yield typed(operation, f"column 1 of {x.name} is that of class 1", {0: column})
    binary = "binary" in str(operation.settings.get("name", "")) or "BCE" in str(operation.settings.get("name", ""))
    if not target.dtype or target.dtype in ("int64", "bool") or (binary and target.dtype in FLOATS):
        whole = code if target.dtype == "int64" else f"{code}.long()"
        text = f"torch.nn.functional.one_hot({whole}, {x.shape[1]}).{'double' if x.dtype == 'float64' else 'float'}()"
        marked = Turn(text, replace(base, shape=(*base.shape, x.shape[1]), dtype=x.dtype or "float32"))
        yield typed(operation, because, {1: marked})


def _stretched(target: Operand, x: Operand) -> Turn | None:
    pairs = list(zip(reversed(target.shape), reversed(x.shape), strict=False))
    if len(target.shape) > len(x.shape) or any(size not in (1, into) for size, into in pairs) or not plain(x):
        return None
    return hung(target, f"{{}}.expand_as({x.name})", x.shape)
