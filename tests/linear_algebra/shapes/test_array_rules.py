"""The rules of arrays against NumPy and PyTorch themselves: the same shape, or both refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.linear_algebra.shapes import Operand, Operation, Place

from .agreeing import AXES, LIBRARIES, SIZES, SOME, Case, Draw, agrees, array, made, near, operands, shape


def product_of(draw: Draw, library: str) -> Case:
    m = LIBRARIES[library]
    rule = draw(st.sampled_from(["matmul", "matmul", "dot", "outer", "inner", "kron"]))
    a = shape(draw)
    b = tuple(draw(st.permutations(near(draw, a)))) if draw(st.booleans()) else shape(draw)
    if rule == "matmul" and a and b and draw(st.booleans()):
        b = (*b[:-2], a[-1], b[-1]) if len(b) > 1 else a[-1:]
    return made(library, rule, [a, b], getattr(m, rule))


def torch_product(draw: Draw, library: str) -> Case:
    rule = draw(st.sampled_from(["mv", "mm", "bmm", "addmm", "baddbmm", "addmv", "chain", "tensordot", "cdist"]))
    if rule == "chain":
        count = draw(st.integers(2, 4))
        shapes = [shape(draw, 2, 1, SOME) if i in (0, count - 1) else shape(draw, 2, 2, SOME) for i in range(count)]
        if draw(st.booleans()):
            shapes = [tuple(3 for _ in one) for one in shapes]
        m = LIBRARIES[library]
        return made(library, "multi_dot", shapes, lambda *arrays: m.linalg.multi_dot(arrays))
    if rule == "tensordot":
        a = shape(draw, 3, 0, SOME)
        b = near(draw, a, SOME)
        axes = draw(
            st.one_of(st.integers(0, 3), st.tuples(*[st.lists(st.integers(-3, 2), max_size=2, unique=True)] * 2))
        )
        run = LIBRARIES[library].tensordot
        return made(library, rule, [a, b], lambda x, y: run(x, y, axes), axes=axes)
    if rule == "cdist":
        a = shape(draw, 4, 1)
        return made("torch", rule, [a, near(draw, a)], torch.cdist)
    n, k, m, batch = (draw(SIZES) for _ in range(4))
    parts = {"mv": [(n, k), (k,)], "mm": [(n, k), (k, m)], "bmm": [(batch, n, k), (batch, k, m)]}
    parts |= {"addmm": [(n, m), (n, k), (k, m)], "baddbmm": [(batch, n, m), (batch, n, k), (batch, k, m)]}
    parts["addmv"] = [(n + 1,), (n + 1, k + 1), (k + 1,)]  # with no entries PyTorch gives the shape of c
    shapes = [near(draw, one) if draw(st.integers(0, 3)) == 0 else one for one in parts[rule]]
    return made("torch", rule, shapes, getattr(torch, rule))


def entrywise(draw: Draw, library: str) -> Case:
    a = shape(draw, 5)
    shapes = [a, near(draw, a)]
    if draw(st.booleans()):
        shapes.append(near(draw, a))
    m = LIBRARIES[library]
    return made(library, "broadcast", shapes, lambda *arrays: sum(arrays[1:], start=m.add(arrays[0], 0)))


def stretched(draw: Draw, library: str) -> Case:
    a = shape(draw)
    wanted = list(near(draw, a))
    if library == "torch":
        wanted = [draw(st.sampled_from([size, size, -1])) for size in wanted]
        return made(library, "expand", [a], lambda x: x.expand(wanted), shape=tuple(wanted))
    return made(library, "broadcast_to", [a], lambda x: np.broadcast_to(x, wanted), shape=tuple(wanted))


def assigned(draw: Draw, library: str) -> Case:
    a = shape(draw)
    value = near(draw, a)
    if draw(st.booleans()):
        value = (1,) * draw(st.integers(0, 2)) + value

    def put(x: Any, y: Any) -> Any:
        x[...] = y
        return x

    def add(x: Any, y: Any) -> Any:
        x += y
        return x

    if draw(st.booleans()) and a:
        return made(library, "assign", [a, value], put, symbol="=")
    return made(library, "assign", [a, value], add, symbol="+=") if a else made(library, "broadcast", [a, a], np.add)


def reshaped(draw: Draw, library: str) -> Case:
    a = shape(draw, 5)
    wanted = list(draw(st.permutations(a)))
    while len(wanted) > 1 and draw(st.booleans()):
        wanted = [wanted[0] * wanted[1], *wanted[2:]]
    wanted = [draw(st.sampled_from([size, size, size, -1, size + 1])) for size in wanted]
    if draw(st.booleans()):
        wanted.append(draw(st.sampled_from([1, -1, 0])))
    return made(library, "reshape", [a], lambda x: x.reshape(tuple(wanted)), shape=tuple(wanted))


def turned(draw: Draw, library: str) -> Case:
    a = shape(draw, 5)
    kind = draw(
        st.sampled_from(["all", "order", "swap", "move", "squeeze", "squeezes", "unsqueeze", "flatten", "split"])
    )
    one, two = draw(AXES), draw(AXES)
    m = LIBRARIES[library]
    torch_here = library == "torch"
    if kind == "all":
        return made(library, "transpose", [a], lambda x: x.T)
    if kind == "order":
        order = tuple(draw(st.permutations(range(len(a))))) if draw(st.booleans()) else tuple(draw(st.lists(AXES)))
        order = tuple(axis - len(a) if draw(st.booleans()) else axis for axis in order)
        if torch_here:
            return made(library, "permute", [a], lambda x: x.permute(order), axes=order)
        return made(library, "transpose", [a], lambda x: np.transpose(x, order), axes=order)
    if kind == "swap":
        return made(library, "swapaxes", [a], lambda x: x.swapaxes(one, two), axis0=one, axis1=two)
    if kind == "move":
        return made(library, "moveaxis", [a], lambda x: m.moveaxis(x, one, two), source=one, destination=two)
    if kind == "squeeze":
        axis = draw(st.sampled_from([None, one]))
        return made(library, "squeeze", [a], lambda x: x.squeeze() if axis is None else x.squeeze(axis), axis=axis)
    if kind == "squeezes":
        return made(library, "squeeze", [a], lambda x: m.squeeze(x, (one, two)), axis=(one, two))
    if kind == "unsqueeze":
        run = torch.unsqueeze if torch_here else np.expand_dims
        return made(library, "unsqueeze", [a], lambda x: run(x, one), axis=one)
    if kind == "flatten":
        return made("torch", "flatten", [a], lambda x: x.flatten(one, two), start=one, end=two)
    sizes = tuple(draw(st.lists(st.sampled_from([1, 2, 3, -1]), min_size=1, max_size=3)))
    return made("torch", "unflatten", [a], lambda x: x.unflatten(one, sizes), axis=one, sizes=sizes)


def joined(draw: Draw, library: str) -> Case:
    m = LIBRARIES[library]
    rules = ["cat", "cat", "stack", "vstack", "hstack", "column_stack", "dstack"]
    rule = draw(st.sampled_from(rules))
    a = shape(draw)
    shapes = [a, *(near(draw, a) if draw(st.booleans()) else a for _ in range(draw(st.integers(0, 2))))]
    axis = draw(st.integers(-3, 3))
    if rule in ("cat", "stack"):
        run = getattr(m, "concatenate" if rule == "cat" else "stack")
        return made(library, rule, shapes, lambda *arrays: run(arrays, axis), axis=axis)
    return made(library, rule, shapes, lambda *arrays: getattr(m, rule)(arrays))


def reduced(draw: Draw, library: str) -> Case:
    a = shape(draw, 5)
    axis = draw(st.one_of(st.none(), AXES, st.lists(AXES, max_size=3).map(tuple)))
    keepdims = draw(st.booleans())
    kind = draw(st.sampled_from(["sum", "amax", "along", "roll"]))
    if kind == "along":
        one = draw(AXES)
        if library == "torch":
            return made(library, "along", [a], lambda x: torch.softmax(x, one), axis=one)
        return made(library, "along", [a or (2,)], lambda x: np.sort(x, one), axis=one)
    if kind == "roll":
        one = draw(st.one_of(st.none(), AXES))
        run = LIBRARIES[library].roll
        return made(library, "roll", [a], lambda x: run(x, 1, one), axis=one, shift=1)
    m = LIBRARIES[library]
    more = {"needs_entries": True} if kind == "amax" else {}
    word = "keepdim" if library == "torch" else "keepdims"
    if library == "torch" and axis is None:
        axis = draw(AXES)
    run = getattr(m, kind)
    return made(
        library, "reduce", [a], lambda x: run(x, axis, **{word: keepdims}), axis=axis, keepdims=keepdims, **more
    )


def summed(draw: Draw, library: str) -> Case:
    letters = "ijkA"
    texts = ["".join(draw(st.lists(st.sampled_from(letters), max_size=3))) for _ in range(draw(st.integers(1, 3)))]
    texts = [text[:1] + "..." + text[1:] if draw(st.integers(0, 3)) == 0 else text for text in texts]
    sizes = {letter: draw(SIZES) for letter in letters}
    shapes = []
    for text in texts:
        dots = shape(draw, 2) if "..." in text else ()
        before, _, after = text.partition("...")
        exact = (*(sizes[x] for x in before), *dots, *(sizes[x] for x in after))
        shapes.append(near(draw, exact) if draw(st.integers(0, 4)) == 0 else exact)
    result = draw(st.sampled_from(["", "->", "->" + "".join(dict.fromkeys("".join(texts).replace(".", "")))]))
    result += draw(st.sampled_from(["", "", "...", "k"])) if result else ""
    equation = ",".join(texts) + result
    m = LIBRARIES[library]
    return made(library, "einsum", shapes, lambda *arrays: m.einsum(equation, *arrays), equation=equation)


def solved(draw: Draw, library: str) -> Case:
    m = LIBRARIES[library]
    rule = draw(st.sampled_from(["solve", "solve", "inv", "det", "pinv", "svd", "qr", "cholesky_solve", "cross"]))
    n = draw(SOME)
    before = shape(draw, 2, 0, SOME)
    a = near(draw, (*before, n, n), SOME) if draw(st.integers(0, 2)) == 0 else (*before, n, n)
    if rule == "cross":
        a = shape(draw, 3, 0, st.sampled_from([1, 2, 3, 3, 3]))
        b = near(draw, a, st.just(3))
        axis = draw(st.integers(-2, 1))
        if library == "torch":
            return made(library, rule, [a, b], lambda x, y: torch.linalg.cross(x, y, dim=axis), axis=axis)
        return made(library, rule, [a, b], lambda x, y: np.cross(x, y, axis=axis), axis=axis)

    def regular(x: Any) -> Any:
        if x.ndim >= 2 and x.shape[-1] == x.shape[-2]:
            x[..., range(x.shape[-1]), range(x.shape[-1])] = 1
        return x

    if rule == "solve":
        tail = draw(st.sampled_from([(n,), (n, 2), (2, n)]))
        b = draw(st.sampled_from([tail, (*before, *tail), a[:-1], (*near(draw, before, SOME), *tail)]))
        return made(library, rule, [a, b], lambda x, y: m.linalg.solve(regular(x), y))
    if rule == "cholesky_solve":
        b = near(draw, a, SOME)
        return made("torch", rule, [b, a], lambda y, x: torch.cholesky_solve(y, regular(x)))
    if rule in ("svd", "qr"):
        a = shape(draw, 4, 0, SOME)
    run = getattr(m.linalg, rule)
    return made(library, rule, [a], lambda x: tuple(run(regular(x))) if rule in ("svd", "qr") else run(regular(x)))


def picked(draw: Draw, library: str) -> Case:
    a = shape(draw, 3, 0, SOME)
    index = near(draw, a) if draw(st.booleans()) else shape(draw, 2)
    axis = draw(st.integers(-3, 2))
    names = {"numpy": ["take", "take_along_axis"], "torch": ["gather", "scatter", "index_select", "take_along_axis"]}
    rule = draw(st.sampled_from(names[library]))
    shapes = [a, index]
    arrays = [array(library, a), array(library, index, whole=True)]
    if rule == "scatter":
        shapes.append(near(draw, index))
        arrays.append(array(library, shapes[2]))
    run = {
        "take": lambda: np.take(arrays[0], arrays[1], axis),
        "take_along_axis": lambda: (
            torch.take_along_dim(arrays[0], arrays[1], axis)
            if library == "torch"
            else np.take_along_axis(arrays[0], arrays[1], axis)
        ),
        "gather": lambda: torch.gather(arrays[0], axis, arrays[1]),
        "scatter": lambda: torch.scatter(arrays[0], axis, *arrays[1:]),
        "index_select": lambda: torch.index_select(arrays[0], axis, arrays[1]),
    }[rule]
    return Operation(rule, operands(library, *shapes), {"axis": axis}), run


ENDS = st.one_of(st.none(), st.integers(-4, 4))


def indexed(draw: Draw, library: str) -> Case:
    a = shape(draw, 5, 0, SOME)
    key: list[Any] = []
    arrays = [array(library, a)]
    shapes: list[Operand] = [Operand("a", a, "float32", "cpu", library)]
    used = 0
    for _ in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(["int", "slice", "slice", "none", "dots", "array", "array", "mask"]))
        if kind == "int":
            key.append(draw(st.sampled_from([0, 0, -1, 1, 5])))
        elif kind == "slice":
            key.append(slice(draw(ENDS), draw(ENDS), draw(st.sampled_from([None, 1, 2, 0, -1]))))
        elif kind == "none":
            key.append(None)
        elif kind == "dots":
            key.append(... if ... not in key else None)
        else:
            sizes = shape(draw, 2)
            # how many a mask keeps is known only when it runs: here it stands alone
            mask = kind == "mask" and not arrays[1:]
            if any(one.dtype == "bool" for one in shapes):
                continue
            if mask:
                sizes = draw(st.sampled_from([a[used : used + 1] or (2,), a[used : used + 2] or (2,), sizes or (1,)]))
            values = array(library, sizes, whole=True)
            arrays.append(values == 0 if mask else values)
            shapes.append(Operand("i", sizes, "bool" if mask else "int64", "cpu", library))
            key.append(Place(len(shapes) - 1))
            used += len(sizes) - 1 if mask else 0
        used += kind not in ("none", "dots")
    real = tuple(arrays[one.of] if isinstance(one, Place) else one for one in key)  # type: ignore[call-overload]
    return Operation("index", tuple(shapes), {"key": tuple(key)}), lambda: arrays[0][real]


def laid(draw: Draw, library: str) -> Case:
    a = shape(draw, 4)
    rule = draw(st.sampled_from(["repeat", "tile", "pad", "diagonal", "trace", "split", "chunk", "sections"]))
    m = LIBRARIES[library]
    axis = draw(st.integers(-3, 3))
    if rule == "repeat":
        repeats: Any = draw(
            st.one_of(st.integers(0, 3), st.lists(st.integers(0, 2), min_size=1, max_size=3).map(tuple))
        )
        if library == "torch":
            given = torch.tensor(repeats)
            return made(library, rule, [a], lambda x: x.repeat_interleave(given, axis), repeats=repeats, axis=axis)
        return made(library, rule, [a], lambda x: np.repeat(x, repeats, axis), repeats=repeats, axis=axis)
    if rule == "tile":
        reps = tuple(draw(st.lists(st.integers(0, 3), max_size=4)))
        if library == "torch" and draw(st.booleans()):
            return made(library, rule, [a], lambda x: x.repeat(reps), reps=reps, whole=True)
        return made(library, rule, [a], lambda x: m.tile(x, reps), reps=reps)
    if rule == "pad" and library == "torch":
        flat = tuple(draw(st.lists(st.integers(-1, 2), min_size=1, max_size=6)))
        return made(library, rule, [a], lambda x: torch.nn.functional.pad(x, flat), widths=flat, from_last=True)
    if rule == "pad":
        pair = st.tuples(st.integers(0, 2), st.integers(0, 2))
        widths = draw(st.one_of(st.integers(0, 2), pair, st.lists(pair, min_size=1, max_size=4).map(tuple)))
        return made(library, rule, [a], lambda x: np.pad(x, widths), widths=widths)
    if rule == "trace":
        return made(library, rule, [a], m.trace)
    if rule == "diagonal":
        offset, one, two = draw(st.integers(-4, 4)), draw(st.integers(-3, 2)), draw(st.integers(-3, 2))
        return made(library, rule, [a], lambda x: x.diagonal(offset, one, two), offset=offset, axis0=one, axis1=two)
    if rule == "chunk" and library == "torch":
        count = draw(st.integers(1, 4))
        return made(library, "split", [a], lambda x: torch.chunk(x, count, axis), chunks=count, axis=axis)
    if rule == "split" and library == "torch":
        sizes = draw(st.one_of(st.integers(0, 3), st.lists(st.integers(0, 2), min_size=1, max_size=3).map(tuple)))
        given = list(sizes) if isinstance(sizes, tuple) else sizes
        return made(library, "split", [a], lambda x: torch.split(x, given, axis), sizes=sizes, axis=axis)
    sections = draw(st.one_of(st.integers(1, 4), st.lists(st.integers(-2, 4), max_size=3).map(tuple)))
    uneven = draw(st.booleans()) or library == "torch"
    run = torch.tensor_split if library == "torch" else np.array_split if uneven else np.split
    settings = {"sections": sections, "axis": axis, "uneven": uneven}
    given = list(sections) if isinstance(sections, tuple) and library != "torch" else sections
    return made(library, "split", [a], lambda x: run(x, given, axis), **settings)


FAMILIES = [
    product_of, torch_product, entrywise, stretched, assigned, reshaped, turned, joined, reduced, summed, solved,
    picked, indexed, laid,
]  # fmt: skip


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("family", FAMILIES, ids=lambda one: one.__name__)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_same_shape_or_both_refuse(family: Callable[[Draw, str], Case], library: str, data: st.DataObject) -> None:
    agrees(*family(data.draw, library))
