"""Where the layers of a checkpoint do not follow from one another, and where the arrays of one layer do not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .operation import Clash, Operand, Operation, Place, Repair
from .size import divided, written
from .stages import Arrays, Stage

PLAIN = ("", "conv", "fc", "linear", "lin", "dense", "layer", "hidden", "input", "output", "out", "in", "l", "h")
"""Names of layers that stand in a row, beside their numbers."""
NORMS = ("bn", "norm", "batchnorm", "batch_norm")
LAW_OF_LAYERS = "a layer takes as many numbers as the one before it gives; after a convolution, laid flat, a multiple"
LAW_OF_ONE = "the vectors of a layer have one entry for each of its outputs"


@dataclass(frozen=True, slots=True)
class Break:
    """Two arrays that do not fit: ``before`` gives a number that ``after`` does not take.

    Made by ``breaks_of``. ``marks`` are the axes that clash; ``fits`` is the shape that would fit; ``certain`` says
    whether names put the two beside one another, so that there is no other way to read them.

    >>> from .stages import stages_of
    >>> (one,) = breaks_of(stages_of({"a.weight": (100, 784), "b.weight": (10, 120)}))
    >>> one.marks, one.fits, one.clash().says
    (((0, 0), (1, 1)), (10, 100), 'a.weight (100, 784) gives 100, b.weight (10, 120) takes 120')
    """

    before: Stage
    after: Stage
    marks: tuple[tuple[int, int], ...]
    fits: tuple[int, ...]
    certain: bool
    law: str = LAW_OF_LAYERS
    repair: str = ""

    def __str__(self) -> str:
        one, other = self.before, self.after
        verb = "has" if other.kind in ("norm", "vector") else "takes"
        return (
            f"{one.name} {written(one.shape)} gives {one.gives}, {other.name} {written(other.shape)} {verb} "
            f"{other.takes}{'; ' + self.repair if self.repair else ''}"
        )

    def clash(self) -> Clash:
        """The break as the clash of its two arrays."""
        one, other = self.before, self.after
        verb = "has" if other.kind in ("norm", "vector") else "takes"
        says = (
            f"{one.name} {written(one.shape)} gives {one.gives}, {other.name} {written(other.shape)} {verb} "
            f"{other.takes}"
        )
        operands = (Operand(one.name, one.shape), Operand(other.name, other.shape))
        operation = Operation("layers", operands, parts=(Place(0), ", then ", Place(1)))
        repair = Repair(f"it then fits {one.name}", text=f"{other.name} {written(self.fits)}")
        return Clash(says, self.law, self.marks, lambda: (repair,), operation=operation)


def breaks_of(stages: Sequence[Stage], arrays: Arrays | None = None) -> list[Break]:
    """Where arrays of a layer do not fit it, then where layers do not follow from one another, in the order of a file.

    A layer follows where it takes what the one before it gives, what any layer before gave or took (a shortcut, a layer
    beside it), or two such together. After a convolution a linear layer may take a whole multiple (an image laid flat),
    and a convolution may take a whole part of what comes (groups, a shuffle of pixels).

    >>> from .stages import stages_of
    >>> print(breaks_of(stages_of({"a.weight": (100, 784), "b.weight": (10, 120)}))[0])
    a.weight (100, 784) gives 100, b.weight (10, 120) takes 120; of shape (10, 100) it would
    >>> arrays = {"fc.weight": (128, 784), "fc.bias": (127,)}
    >>> print(breaks_of(stages_of(arrays), arrays)[0])
    fc.weight (128, 784) gives 128, fc.bias (127,) has 127; of shape (128,) it would
    """
    found = [*_in_layers(stages, arrays or {}), *_norms(stages, arrays or {}), *_between(stages)]
    return sorted(found, key=lambda one: not one.certain)


def _in_layers(stages: Sequence[Stage], arrays: Arrays) -> Iterator[Break]:
    """Biases and running means that do not have the size of their layer."""
    for stage in stages:
        if stage.kind == "recurrent":
            yield from _gates(stage, arrays)
        if stage.kind not in ("linear", "convolution", "norm"):
            continue
        for leaf in ("bias", "running_mean", "running_var"):
            name = f"{stage.module}.{leaf}" if stage.module else leaf
            own = arrays.get(name, ())
            if len(own) == 1 and own[0] != stage.gives and not _transposed(stage, own[0]):
                yield _vector(stage, Stage(name, "vector", own[0], own[0], own, (0, 0)))


def _transposed(stage: Stage, size: int) -> bool:
    """Whether a bias is that of a transposed convolution in groups, whose weight is (in, out / groups, ...)."""
    groups = divided(size, stage.shape[1]) if stage.kind == "convolution" and stage.shape[1] > 1 else None
    return bool(groups) and stage.shape[0] % int(str(groups)) == 0


def _gates(stage: Stage, arrays: Arrays) -> Iterator[Break]:
    """Vectors and weights of a recurrent layer whose gates are not those of its first weight."""
    rows = Stage(stage.name, stage.kind, stage.takes, stage.shape[0], stage.shape, stage.axes)
    for new in ("weight_hh", "bias_ih", "bias_hh"):
        name = stage.name.replace("weight_ih", new)
        own = arrays.get(name, ())
        if own and own[0] != rows.gives:
            yield _vector(rows, Stage(name, "vector", own[0], own[0], own, (0, 0)))


def _vector(stage: Stage, other: Stage) -> Break:
    fits = (stage.gives, *other.shape[1:])
    marks = ((0, stage.axes[1]), (1, 0))
    return Break(stage, other, marks, fits, True, LAW_OF_ONE, f"of shape {written(fits)} it would")


def _norms(stages: Sequence[Stage], arrays: Arrays) -> Iterator[Break]:
    """Norms that stand beside a layer by their number, and have another size than what it gives or takes."""
    layers = [one for one in stages if one.kind in ("linear", "convolution")]
    for norm in stages:
        if norm.kind != "norm":
            continue
        before, after = _beside(norm, layers)
        if before is None:
            continue
        channels = _parts(norm)[1] in NORMS or f"{norm.module}.running_mean" in arrays
        if before.kind == "convolution" and not channels:  # it may be of the last axis
            continue
        sizes = {before.gives, *((after.takes,) if after else ())}
        if _parts(norm)[1]:  # a norm with the number of its layer may stand before it
            sizes |= {before.takes}
        flat = before.kind == "convolution" and after is not None and after.kind == "linear"
        if norm.gives not in sizes and not (flat and norm.gives % max(1, before.gives) == 0):
            yield _vector(before, norm)


def _beside(norm: Stage, layers: Sequence[Stage]) -> tuple[Stage | None, Stage | None]:
    """The layer that a norm stands behind, and the one that comes next, where their names say so."""
    parent, stem, number = _parts(norm)
    row = [(one, *_parts(one)) for one in layers]
    row = [one for one in row if one[1] == parent]
    if stem in NORMS:
        same = [one for one, _, kind, n in row if n == number and kind in PLAIN and kind]
        if number < 0:
            same = [one for one, *_ in row] if len(row) == 1 else []
        return (same[0], None) if len(same) == 1 else (None, None)
    if stem or number < 0:
        return None, None
    before = [(n, one) for one, _, kind, n in row if not kind and 0 <= n < number]
    after = [(n, one) for one, _, kind, n in row if not kind and n > number]
    last = max(before, key=lambda pair: pair[0])[1] if before else None
    return last, min(after, key=lambda pair: pair[0])[1] if after else None


def _parts(stage: Stage) -> tuple[str, str, int]:
    """A layer's name in its parts: what it stands in, its word, and its number (-1 for none)."""
    parent, _, own = stage.module.rpartition(".")
    found = re.fullmatch(r"(.*?)_?(\d{0,6})", own, re.DOTALL)
    word, number = (found[1], found[2]) if found else (own, "")
    return parent, word.lower(), int(number) if number else -1


def _between(stages: Sequence[Stage]) -> Iterator[Break]:
    layers = [one for one in stages if one.kind != "norm"]
    for i, stage in enumerate(layers):
        if not i or not stage.takes or _follows(layers[:i], stage):
            continue
        one = layers[i - 1]
        later = any(other.gives == stage.takes for other in layers[i + 1 :])
        certain = _in_a_row(one, stage, later)
        if certain or not later:  # the order of a file need not be that of the model
            yield Break(one, stage, _marks(one, stage), _fitting(one, stage), certain, repair=_repair(one, stage))


def _follows(before: Sequence[Stage], stage: Stage) -> bool:
    one, takes = before[-1], stage.takes
    if any(takes in (other.gives, other.takes) for other in before):
        return True
    sizes = [other.gives for other in before] + [before[0].takes]
    if any(takes - size in sizes[:i] for i, size in enumerate(sizes)):
        return True
    if one.kind == "convolution" and stage.kind == "linear":
        return takes > 0 and one.gives > 0 and takes % one.gives == 0
    if stage.kind == "convolution" and one.kind != "table":
        return one.gives % takes == 0 or stage.gives == one.gives  # groups, pixels shuffled; (in, out) if transposed
    return False


def _in_a_row(one: Stage, other: Stage, later: bool) -> bool:
    """Whether names put two layers behind one another: ``fc1`` and ``fc2``, ``0`` and ``2`` of the same model."""
    if "table" in (one.kind, other.kind):
        return False
    (parent, word, number), (parent_of_other, word_of_other, number_of_other) = _parts(one), _parts(other)
    if parent != parent_of_other:
        return False
    if word == word_of_other:
        return 0 <= number < number_of_other
    return word in PLAIN and word_of_other in PLAIN and not later


def _marks(one: Stage, other: Stage) -> tuple[tuple[int, int], ...]:
    return (0, one.axes[1]), (1, other.axes[0])


def _fitting(one: Stage, other: Stage) -> tuple[int, ...]:
    shape = list(other.shape)
    shape[other.axes[0]] = one.gives
    return tuple(shape)


def _repair(one: Stage, other: Stage) -> str:
    if other.gives == one.gives and len(other.shape) == 2 and other.kind == "linear":
        return f"transposed, {other.name} would take {other.gives}"
    if one.takes == other.takes:
        return "they stand beside one another"
    return f"of shape {written(_fitting(one, other))} it would"
