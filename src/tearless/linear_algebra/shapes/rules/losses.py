"""Losses: of classes, of numbers beside numbers, of pairs and triples of rows, of sequences."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation
from tearless.linear_algebra.shapes.size import Shape, product, written

from .asked import FLOATS, Repairs, has, same_device, takes
from .broadcasting import broadcast_of
from .loss_repairs import class_mends, pair_mends, pair_type_mends, type_mends
from .registry import rule

LAW_CLASSES = "an input (batch, classes, ...) takes a target (batch, ...) of class numbers, without the axis of classes"
LAW_PROBABILITIES = "a target of the input's own shape holds the probability of each class"
LAW_EQUAL = "input and target must be of one shape"
LAW_WEIGHT = "the weights of a loss are one for each class"
LAW_CTC = "log_probs are (length, batch, classes), targets (batch, length) or in one row, lengths one for each sample"
LAW_MARGIN = "an input (batch, classes) takes a target (batch,) of class numbers"
LAW_VAR = "a variance is of the input's shape, or of its shape with one axis of 1, or without the last axis"
LAW_NUMBERS = "a loss of numbers takes floats as its input"
INDEX = ("int64", "uint8")


@rule
def loss(operation: Operation) -> tuple[Shape, ...]:
    """A loss of ``torch.nn.functional``: operands in its own order, then weights. Settings ``name, reduction``.

    ``name`` is that of the function or of the layer: ``cross_entropy``, ``CrossEntropyLoss``, of which the input
    (batch, classes, ...) and the target (batch, ...) give (), or (batch, ...) where ``reduction`` is ``none``.
    """
    takes(operation, 2, 5)
    name = canonical(str(operation.settings.get("name", "")))
    same_device(operation)
    shape = _LOSSES.get(name, _broadcast)(operation)
    return ((shape if operation.settings.get("reduction", "mean") == "none" else ()),)


def canonical(name: str) -> str:
    """A loss's name without what layers and functions write differently.

    >>> canonical("nn.CrossEntropyLoss"), canonical("F.cross_entropy"), canonical("BCELoss")
    ('crossentropy', 'crossentropy', 'binarycrossentropy')
    """
    plain = re.sub(r"[^a-z0-9]", "", re.sub(r"Loss$|_loss$", "", name.rpartition(".")[2]).lower())
    return plain.replace("bce", "binarycrossentropy") if plain.startswith("bce") else _SAME.get(plain, plain)


_SAME = {
    "nllloss": "nll",
    "kldivergence": "kldiv",
    "tripletmarginwithdistance": "tripletmargin",
    "l1smooth": "smoothl1",
}


def _cross_entropy(operation: Operation) -> Shape:
    x, target, *weights = operation.operands
    if x.dtype and x.dtype not in FLOATS and target.dtype in FLOATS:
        says = f"{x.name} is {x.dtype}, {target.name} is {target.dtype}: the scores are floats, and come first"
        raise Clash(says, LAW_NUMBERS, (), lambda: pair_type_mends(operation, (0,)), "dtype")
    if x.shape == target.shape and x.shape:
        if target.dtype and target.dtype not in FLOATS:
            says = f"{target} is of the input's shape, so it holds probabilities, and is {target.dtype}"
            raise Clash(says, LAW_PROBABILITIES, (), lambda: type_mends(operation), "dtype")
        _input_floats(operation)
        _weights_fit(weights, x)
        return x.shape[:1] + x.shape[2:] if len(x.shape) > 1 else ()
    return _nll(operation)


def _nll(operation: Operation) -> Shape:
    x, target, *weights = operation.operands
    if not x.shape:
        raise Clash(f"{x.name} is a single number: it has no axis of classes", LAW_CLASSES)
    if len(x.shape) == 1:
        if target.shape not in ((), (1,)):
            marks = [(1, axis) for axis in range(len(target.shape))]
            says = f"{x} is one sample, {target} is not one class number"
            raise Clash(says, LAW_CLASSES, [(0, 0), *marks], lambda: class_mends(operation))
    else:
        _classes_left_out(operation, x, target)
    _weights_fit(weights, x)
    if target.dtype and target.dtype not in (INDEX if len(x.shape) < 3 else INDEX[:1]):
        says = f"{target.name} is {target.dtype}: class numbers are int64"
        raise Clash(says, "a target of class numbers is of int64", (), lambda: type_mends(operation), "dtype")
    _input_floats(operation)
    return () if len(x.shape) == 1 else target.shape


def _classes_left_out(operation: Operation, x: Operand, target: Operand) -> None:
    wanted = x.shape[:1] + x.shape[2:]
    if target.shape == wanted:
        return
    if len(target.shape) != len(wanted):
        marks = [(1, axis) for axis in range(len(target.shape))]
        marks = [(1, _extra(target.shape, wanted))] if len(target.shape) == len(wanted) + 1 else marks
        says = f"{target} has {len(target.shape)} axes, beside {x} (axis 1 is the classes) it must be {written(wanted)}"
        raise Clash(says, LAW_CLASSES, marks or [(0, 0)], lambda: class_mends(operation))
    differ = [axis for axis, size in enumerate(wanted) if target.shape[axis] != size]
    marks = [mark for axis in differ for mark in ((0, axis + 1 if axis else 0), (1, axis))]
    says = f"{target} beside {x} (axis 1 is the classes): it must be {written(wanted)}"
    raise Clash(says, LAW_CLASSES, sorted(marks), lambda: class_mends(operation))


def _extra(shape: Shape, wanted: Shape) -> int:
    """The axis that is too many."""
    fits = [axis for axis in range(len(shape)) if shape[:axis] + shape[axis + 1 :] == wanted]
    return fits[-1] if fits else 1


def _weights_fit(weights: list[Operand], x: Operand) -> None:
    classes = x.shape[1 if len(x.shape) > 1 else 0]
    for i, one in enumerate(weights, 2):
        if one.shape != (classes,):
            at = 1 if len(x.shape) > 1 else 0
            marks = [(0, at), *((i, axis) for axis in range(len(one.shape)))]
            raise Clash(f"{has(x, at)} (classes), {one} are its weights: they must be equal", LAW_WEIGHT, marks)


def _input_floats(operation: Operation) -> None:
    x = operation.operands[0]
    if x.dtype and x.dtype not in FLOATS:
        says = f"{x.name} is {x.dtype}: a loss takes floats"
        raise Clash(says, LAW_NUMBERS, (), lambda: pair_type_mends(operation, (0,)), "dtype")


def _broadcast(operation: Operation) -> Shape:
    """Entry by entry: mse, l1, huber, kl_div, hinge ..., which goes through where it broadcasts."""
    name = canonical(str(operation.settings.get("name", "")))
    shape = _beside(operation)
    target = operation.operands[1]
    if name == "kldiv" and target.dtype and target.dtype not in FLOATS:
        says = f"{target.name} is {target.dtype}: kl_div takes probabilities"
        raise Clash(says, LAW_NUMBERS, (), lambda: pair_type_mends(operation, (1,)), "dtype")
    types = [one.dtype for one in operation.operands[:2]]
    if all(types) and not set(types) & set(FLOATS):
        says = f"{operation.operands[0].name} is {types[0]}, {target.name} is {types[1]}: a loss takes floats"
        raise Clash(says, LAW_NUMBERS, (), lambda: pair_type_mends(operation, (0, 1)), "dtype")
    return shape


def _together(operation: Operation, shapes: Mapping[int, Shape], which: str = "") -> Shape:
    """The shape of these operands together, each taken to be of the shape that stands for it."""
    there = list(shapes)
    try:
        return broadcast_of([operation.operands[i] for i in there], list(shapes.values()), which)
    except Clash as clash:
        marks = [(there[i], axis) for i, axis in clash.marks if axis < len(operation.operands[there[i]].shape)]
        raise Clash(clash.says, clash.law, marks, lambda: pair_mends(operation)) from None


def _beside(operation: Operation) -> Shape:
    """The shape of input and target together."""
    return _together(operation, {i: operation.operands[i].shape for i in (0, 1)})


def _into(operation: Operation) -> Shape:
    """Soft margins: the target is stretched to the input, which cannot grow."""
    shape = _beside(operation)
    x, target = operation.operands[:2]
    if shape != x.shape:
        axes = [axis for axis in range(-1, -len(shape) - 1, -1) if x.shape[axis:][:1] != shape[axis:][:1]]
        marks = [(0, len(x.shape) + axis) for axis in axes if len(x.shape) + axis >= 0]
        marks += [(1, len(target.shape) + axis) for axis in axes if len(target.shape) + axis >= 0]
        says = f"{target} is larger than {x}, which cannot grow to it"
        raise Clash(says, "the target must broadcast to the input", sorted(marks), lambda: pair_mends(operation))
    return shape


def _equal(operation: Operation) -> Shape:
    """Binary cross-entropy: input and target are of one shape."""
    x, target, *weights = operation.operands
    logits = canonical(str(operation.settings.get("name", ""))) == "binarycrossentropywithlogits"
    _one_shape(operation, lambda: pair_mends(operation))
    for i, one in enumerate(weights, 2):
        whole = _together(operation, {0: x.shape, i: one.shape}, "the weights of the loss")
        if whole != x.shape and not logits:
            marks = [(i, axis) for axis in range(len(one.shape))]
            raise Clash(f"{one} are weights beside {x}, which cannot grow to them", LAW_EQUAL, marks)
    _input_floats(operation)
    odd = target.dtype not in FLOATS if logits else bool(x.dtype) and target.dtype != x.dtype
    if target.dtype and odd:
        says = (
            f"{target.name} is {target.dtype}, {x.name} is {x.dtype or 'of floats'}: the target must be of floats too"
        )
        raise Clash(says, LAW_NUMBERS, (), lambda: pair_type_mends(operation, (1,)), "dtype")
    return x.shape


def _one_shape(operation: Operation, repairs: Repairs) -> None:
    x, target = operation.operands[:2]
    if x.shape != target.shape:
        raise Clash(f"{x} and {target}: they must be of one shape", LAW_EQUAL, unlike(x.shape, target.shape), repairs)


def unlike(one: Shape, other: Shape) -> list[tuple[int, int]]:
    """The axes that make two shapes differ: the one too many where that is all, else all that are not equal.

    >>> unlike((8, 1), (8,)), unlike((8, 3), (8, 4))
    ([(0, 1)], [(0, 1), (1, 1)])
    """
    if len(one) == len(other):
        differ = [axis for axis in range(len(one)) if one[axis] != other[axis]]
        return [(i, axis) for i in (0, 1) for axis in differ]
    longer = 0 if len(one) > len(other) else 1
    wide, short = (one, other) if longer == 0 else (other, one)
    extra = [axis for axis in range(len(wide)) if wide[:axis] + wide[axis + 1 :] == short]
    if extra:
        return [(longer, extra[-1])]
    return [(longer, axis) for axis in range(len(wide))] + [(1 - longer, axis) for axis in range(len(short))]


def _multilabel_soft(operation: Operation) -> Shape:
    shape = _beside(operation)
    if not operation.operands[0].shape:
        raise Clash("it has no axis of labels", LAW_EQUAL)
    _input_floats(operation)
    labels = len(operation.operands[0].shape) - 1
    return shape[:labels] + shape[labels + 1 :]


def _multilabel_margin(operation: Operation) -> Shape:
    x, target = operation.operands[:2]
    if len(x.shape) > 2:
        marks = [(0, axis) for axis in range(len(x.shape))]
        raise Clash(f"{x} has more than two axes (batch, labels)", LAW_EQUAL, marks, lambda: pair_mends(operation))
    if len(x.shape) == 2 or len(target.shape) > 1 or product(x.shape) != product(target.shape):
        _one_shape(operation, lambda: pair_mends(operation))
    _class_numbers(operation)
    return x.shape[: max(0, len(x.shape) - 1)] if target.shape else ()


def _class_numbers(operation: Operation) -> None:
    target = operation.operands[1]
    if target.dtype and target.dtype != "int64":
        says = f"{target.name} is {target.dtype}: class numbers are int64"
        raise Clash(says, "class numbers are of int64", (), lambda: type_mends(operation), "dtype")


def _multi_margin(operation: Operation) -> Shape:
    x, target, *weights = operation.operands
    count = 1 if len(x.shape) < 2 else x.shape[0]
    fits = len(target.shape) < 2 and product(target.shape) == count
    if len(x.shape) > 2 or not fits:
        marks = [(1, axis) for axis in range(len(target.shape))]
        marks = [(0, axis) for axis in range(len(x.shape))] if len(x.shape) > 2 else marks
        raise Clash(f"{target} beside {x}: {LAW_MARGIN}", LAW_MARGIN, marks, lambda: class_mends(operation))
    if x.shape:
        _weights_fit(weights, x)
    _class_numbers(operation)
    return target.shape


def _cosine_embedding(operation: Operation) -> Shape:
    a, b, target = takes(operation, 3, 3)
    rows = len(target.shape) + 1
    if len(target.shape) > 1 or len(a.shape) != rows or len(b.shape) != rows:
        law = "rows (batch, width) take a target (batch,) of 1 and -1; two rows alone take one number"
        marks = [(i, axis) for i, one in enumerate((a, b, target)) for axis in range(len(one.shape))]
        raise Clash(f"{a}, {b} and {target}: {law}", law, marks, lambda: pair_mends(operation))
    lead = _together(operation, {0: a.shape, 1: b.shape})[:-1]
    return _together(operation, {0: lead, 2: target.shape}, "the target")


def _equal_ranks(operation: Operation) -> tuple[Operand, ...]:
    operands = takes(operation, 3, 3)
    ranks = {len(one.shape) for one in operands}
    if len(ranks) > 1:
        law = "the three inputs have equally many axes"
        few = [i for i, one in enumerate(operands) if len(one.shape) != max(ranks)]
        marks = [(i, axis) for i in few for axis in range(len(operands[i].shape))]
        says = f"{operands[0]}, {operands[1]} and {operands[2]}: they must have equally many axes"
        raise Clash(says, law, marks, lambda: pair_mends(operation))
    return operands


def _ranking(operation: Operation) -> Shape:
    return _together(operation, {i: one.shape for i, one in enumerate(_equal_ranks(operation))})


def _triplet(operation: Operation) -> Shape:
    """Distances of the anchor to the two others, along the last axis."""
    anchor, positive, negative = (one.shape for one in _equal_ranks(operation))
    near = _together(operation, {0: anchor, 1: positive})[:-1]
    far = _together(operation, {0: anchor, 2: negative})[:-1]
    return _together(operation, {1: near, 2: far}, "before the last axis")


def _gaussian(operation: Operation) -> Shape:
    x, _, var = takes(operation, 3, 3)
    shape = _beside(operation)
    changed = [size for size, other in zip(var.shape, x.shape, strict=False) if size != other]
    fits = var.shape in (x.shape, x.shape[:-1]) or (len(var.shape) == len(x.shape) and changed == [1])
    if not fits or (not x.shape and var.shape):
        marks = [(2, axis) for axis in range(len(var.shape))]
        raise Clash(f"{var} is the variance beside {x}: {LAW_VAR}", LAW_VAR, marks)
    spread = replace(var, shape=(*var.shape, 1)) if var.shape != x.shape and len(var.shape) < len(x.shape) else var
    return _together(operation, {0: shape, 2: spread.shape}, "the variance")


def _ctc(operation: Operation) -> Shape:
    scores, targets, *lengths = takes(operation, 4, 4)
    if len(scores.shape) not in (2, 3):
        marks = [(0, axis) for axis in range(len(scores.shape))]
        raise Clash(f"{scores} are the log_probs: {LAW_CTC}", LAW_CTC, marks)
    batch = scores.shape[1] if len(scores.shape) == 3 else 1
    for i, one in enumerate(lengths, 2):
        if product(one.shape) != batch:
            marks = [(i, axis) for axis in range(len(one.shape))]
            marks += [(0, 1)] if len(scores.shape) == 3 else []
            says = f"{one} are lengths beside {scores}: there must be {batch}, one for each sample"
            raise Clash(says, LAW_CTC, marks, lambda: pair_mends(operation))
    if len(targets.shape) not in (1, 2) or (len(targets.shape) == 2 and targets.shape[0] != batch):
        marks = [(1, 0)] if len(targets.shape) == 2 else [(1, axis) for axis in range(len(targets.shape))]
        marks += [(0, 1)] if len(scores.shape) == 3 and len(targets.shape) == 2 else []
        raise Clash(f"{targets} are targets beside {scores}: {LAW_CTC}", LAW_CTC, marks, lambda: pair_mends(operation))
    return scores.shape[1:2] if len(scores.shape) == 3 else ()


_LOSSES: dict[str, Callable[[Operation], Shape]] = {
    "crossentropy": _cross_entropy,
    "nll": _nll,
    "nll2d": _nll,
    "binarycrossentropy": _equal,
    "binarycrossentropywithlogits": _equal,
    "softmargin": _into,
    "multilabelsoftmargin": _multilabel_soft,
    "multilabelmargin": _multilabel_margin,
    "multimargin": _multi_margin,
    "cosineembedding": _cosine_embedding,
    "tripletmargin": _triplet,
    "marginranking": _ranking,
    "gaussiannll": _gaussian,
    "ctc": _ctc,
}
