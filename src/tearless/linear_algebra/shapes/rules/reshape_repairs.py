"""What was meant where the numbers do not fit the shape asked for."""

from __future__ import annotations

from collections.abc import Iterator

from tearless.linear_algebra.shapes.moves import cut, plain
from tearless.linear_algebra.shapes.operation import Operation, Repair
from tearless.linear_algebra.shapes.repairs import Change, Code, every_move, on_settings, ranked
from tearless.linear_algebra.shapes.size import Named, Shape, code, divided, product


def reshape_repairs(operation: Operation, here: Shape, wanted: Shape, setting: str = "shape") -> list[Repair]:
    """The sizes asked for with one of them as the others leave it; the sizes that the array begins with are kept."""
    kept = _prefix(here, wanted)

    def changes() -> Iterator[Change]:
        for price, shape, because in [*_one_open(here, wanted, kept), *_whole(here, wanted)]:
            text = _code(operation, here, shape, setting)
            if text:
                yield on_settings(operation, because, price, **{setting: Code(text, shape)})
        yield from _cuts(operation, here, wanted)

    return ranked(operation, changes())


def _prefix(here: Shape, wanted: Shape) -> int:
    """How many sizes both begin with."""
    for at, (one, other) in enumerate(zip(here, wanted, strict=False)):
        if one != other:
            return at
    return min(len(here), len(wanted))


def _one_open(here: Shape, wanted: Shape, kept: int) -> Iterator[tuple[float, Shape, str]]:
    """One size replaced by what the others leave."""
    total = product(here)
    sizes = [1 if size == -1 else size for size in wanted]
    for axis in range(len(wanted)):
        rest = product(size for at, size in enumerate(sizes) if at != axis)
        size = divided(total, rest) if rest != 0 else None
        if size is None or (isinstance(size, int) and size < 1):
            continue
        if wanted[axis] == -1:
            continue
        last = axis == len(wanted) - 1
        price = 3.0 if axis < kept else 1.1 if last else 1.3
        price -= 0.25 if axis == 0 and kept == 0 and not last else 0.0
        opened = tuple(-1 if at == axis else one for at, one in enumerate(wanted))
        if -1 in wanted and opened.count(-1) > 1:
            opened = tuple(size if at == axis else one for at, one in enumerate(wanted))
            price += 0.3 if len(here) > 1 else 1.8
        yield price, opened, f"axis {axis} has {size} where the others are as they are"


def _whole(here: Shape, wanted: Shape) -> Iterator[tuple[float, Shape, str]]:
    """The first axis kept, all others in a row; everything in a row."""
    if len(here) > 1 and here[0] != 0:
        shape: Shape = (here[0], -1)
        price = 0.9 if len(wanted) == 2 and wanted[0] in (-1, here[0]) else 1.6
        yield price, shape, "each entry along axis 0 is one sample, its numbers in a row"
    if len(wanted) == 1:
        yield 0.8, (-1,), "everything is meant in one row"
    for size in [size for size in wanted if size not in (-1, 0)][-1:]:
        yield 2.2, (-1, size), f"rows of {size}, as many as there are"
    if len(here) == 1 and isinstance(here[0], Named) and len(here[0].terms) == 1:
        yield 1.0, (-1, here[0].terms[0][1]), f"{here[0].terms[0][1]} numbers belong to each"
    if len(here) != 1:
        yield 3.2, here, "the shape stays as it is"


def _code(operation: Operation, here: Shape, shape: Shape, setting: str) -> str:
    """The shape as code; a first size that is the array's own is taken from it."""
    sizes = [code(size) for size in shape]
    name = operation.operands[0].name
    asked = operation.library and plain(operation.operands[0])
    if setting == "shape" and asked and len(shape) > 1 and shape[:1] == here[:1]:
        sizes[0] = f"{name}.shape[0]"
    texts = [size for size in sizes if size is not None]
    if len(texts) < len(sizes):
        return ""
    return f"({texts[0]},)" if len(texts) == 1 else f"({', '.join(texts)})"


def _cuts(operation: Operation, here: Shape, wanted: Shape) -> Iterator[Change]:
    """Entries left out at the end of axis 0, so that the rest fills whole rows."""
    total = product(here)
    rest = product(size for size in wanted if size != -1)
    if isinstance(total, Named) or isinstance(rest, Named) or not here or not rest or len(here) != 1:
        return
    size = total // rest * rest if -1 in wanted else rest
    few = total - size < rest or 10 * (total - size) <= total
    for change in every_move(operation, lambda _: cut(operation.operands[0], 0, size, freely=few)):
        price = 2.0 if -1 in wanted and total - size < size else change.price
        yield Change(price, change.after, change.repair)
