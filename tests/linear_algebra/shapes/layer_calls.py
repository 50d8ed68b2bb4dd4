"""Calls of PyTorch's functions with drawn shapes and settings, right ones and wrong ones, each with its operation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import strategies as st
from torch.nn import functional

from tearless.linear_algebra.shapes import Operand, Operation

Draw = Callable[[st.SearchStrategy[Any]], Any]
REFUSED = (RuntimeError, ValueError, IndexError, TypeError, AssertionError, NotImplementedError, ZeroDivisionError)


@dataclass
class Call:
    """An operation, its tensors, and the function that takes them."""

    operation: Operation
    tensors: list[torch.Tensor]
    run: Callable[..., Any]

    def gives(self) -> tuple[tuple[int, ...], ...] | None:
        """The shapes that PyTorch gives; ``None`` where it refuses."""
        try:
            out = self.run(*self.tensors)
        except REFUSED:
            return None
        return shapes_of(out)


def shapes_of(out: Any) -> tuple[tuple[int, ...], ...]:
    """The shapes in what a function gives, nested tuples laid flat, ``None`` left out."""
    if out is None:
        return ()
    if isinstance(out, torch.Tensor):
        return (tuple(out.shape),)
    return tuple(shape for one in out for shape in shapes_of(one))


def call(rule: str, names: str, tensors: list[torch.Tensor], run: Callable[..., Any], **settings: Any) -> Call:
    operands = [
        Operand(name, tuple(one.shape), str(one.dtype).removeprefix("torch."), str(one.device), "torch")
        for name, one in zip(names.split(), tensors, strict=False)
    ]
    return Call(Operation(rule, tuple(operands), settings), tensors, run)


def mutated(draw: Draw, shape: tuple[int, ...], often: int = 4) -> tuple[int, ...]:
    """The shape, or one that is near it."""
    how = draw(st.integers(0, often + 4))
    sizes = list(shape)
    if how == 0 and sizes:
        sizes[draw(st.integers(0, len(sizes) - 1))] = draw(st.integers(1, 5))
    elif how == 1 and sizes:
        sizes.pop(draw(st.integers(0, len(sizes) - 1)))
    elif how == 2:
        sizes.insert(draw(st.integers(0, len(sizes))), draw(st.integers(1, 3)))
    elif how == 3:
        sizes = list(draw(st.permutations(sizes)))
    return tuple(sizes)


def lead(draw: Draw, most: int = 3) -> tuple[int, ...]:
    return tuple(draw(st.lists(st.sampled_from([0, 1, 2, 3, 3]), max_size=most)))


def small(draw: Draw, least: int = 1, most: int = 4) -> int:
    return int(draw(st.integers(least, most)))


def one_or_each(draw: Draw, n: int, least: int, most: int) -> Any:
    """One number for all axes, one in a tuple, or one for each."""
    how = draw(st.integers(0, 3))
    if how <= 1:
        return small(draw, least, most)
    return tuple(small(draw, least, most) for _ in range(1 if how == 2 else n))


def linear(draw: Draw) -> Call:
    ins, outs = small(draw), small(draw)
    weight = draw(st.sampled_from([(outs, ins), (outs, ins), (ins,)]))
    tensors = [torch.randn(mutated(draw, (*lead(draw), ins))), torch.randn(mutated(draw, weight))]
    if draw(st.booleans()) and tensors[1].ndim == 2:
        tensors.append(torch.randn(draw(st.sampled_from([(), (1,), (outs,), (outs,), (2,)]))))
    return call("linear", "x w b", tensors, functional.linear)


def bilinear(draw: Draw) -> Call:
    one, two, outs = small(draw), small(draw), small(draw)
    front = tuple(draw(st.lists(st.integers(1, 3), max_size=2)))
    shapes = [mutated(draw, shape, 8) for shape in ((*front, one), (*front, two), (outs, one, two))]
    shapes += [(draw(st.sampled_from([outs, outs, 2])),)] if draw(st.booleans()) else []
    return call("bilinear", "a b w c", [torch.randn(shape) for shape in shapes], functional.bilinear)


def conv(draw: Draw) -> Call:
    n, groups = draw(st.sampled_from([1, 1, 2, 2, 3])), draw(st.sampled_from([1, 1, 2, 3]))
    inner, outs = small(draw, 1, 2), groups * small(draw, 1, 2)
    kernel = tuple(small(draw, 1, 3) for _ in range(n))
    space = tuple(small(draw, 1, 6) for _ in range(n))
    batch = draw(st.sampled_from([(), (0,), (1,), (2,)]))
    shapes = [(*batch, inner * groups, *space), (outs, inner, *kernel), (outs,)][: 2 + draw(st.integers(0, 1))]
    tensors = [torch.randn(mutated(draw, shape, 10)) for shape in shapes]
    padding = draw(st.sampled_from(["same", "valid", None, None, None]))
    settings: dict[str, Any] = {
        "stride": one_or_each(draw, n, 1, 3),
        "padding": padding if padding else one_or_each(draw, n, 0, 2),
        "dilation": one_or_each(draw, n, 1, 2),
        "groups": draw(st.sampled_from([groups] * 5 + [2])),
    }
    if padding == "same" and draw(st.booleans()):
        settings["stride"] = 1
    function = (functional.conv1d, functional.conv2d, functional.conv3d)[n - 1]
    return call("conv", "x w b", tensors, lambda *t: function(*t, **settings), n=n, **settings)


def conv_transpose(draw: Draw) -> Call:
    n, groups = draw(st.sampled_from([1, 2, 3])), draw(st.sampled_from([1, 1, 2]))
    ins, inner = groups * small(draw, 1, 2), small(draw, 1, 2)
    kernel, space = (tuple(small(draw, 1, 3) for _ in range(n)) for _ in range(2))
    batch = draw(st.sampled_from([(), (0,), (2,)]))
    shapes = [(*batch, ins, *space), (ins, inner, *kernel), (inner * groups,)][: 2 + draw(st.integers(0, 1))]
    tensors = [torch.randn(mutated(draw, shape, 10)) for shape in shapes]
    settings = {"stride": one_or_each(draw, n, 1, 3), "padding": one_or_each(draw, n, 0, 2)}
    settings |= {"output_padding": one_or_each(draw, n, 0, 2), "dilation": one_or_each(draw, n, 1, 3), "groups": groups}
    function = (functional.conv_transpose1d, functional.conv_transpose2d, functional.conv_transpose3d)[n - 1]

    def run(*given: torch.Tensor) -> torch.Tensor:
        out = function(*given, **settings)
        if 0 in out.shape[-n:]:
            raise ValueError("some of PyTorch's ways to compute it give nothing, others refuse")
        return out

    return call("conv_transpose", "x w b", tensors, run, n=n, **settings)


def pool(draw: Draw) -> Call:
    n, kind = draw(st.sampled_from([1, 2, 3])), draw(st.sampled_from(["max", "avg"]))
    shape = mutated(draw, (*lead(draw, 1), small(draw, 1, 2), *(small(draw, 1, 7) for _ in range(n))))
    kernel, pad = one_or_each(draw, n, 1, 4), one_or_each(draw, n, 0, 2)
    stride = draw(st.sampled_from([None, 1, 2, 3]))
    ceil = draw(st.booleans())
    settings: dict[str, Any] = {"stride": stride, "padding": pad}
    if kind == "max":
        settings["dilation"] = one_or_each(draw, n, 1, 2)
    function = getattr(functional, f"{kind}_pool{n}d")

    def run(x: torch.Tensor) -> Any:
        return function(x, kernel, ceil_mode=ceil, **settings)

    return call("pool", "x", [torch.randn(shape)], run, n=n, kernel=kernel, ceil=ceil, kind=kind, **settings)


def adaptive_pool(draw: Draw) -> Call:
    n, kind = draw(st.sampled_from([1, 2, 3])), draw(st.sampled_from(["max", "avg"]))
    shape = mutated(draw, (*lead(draw, 1), small(draw, 0, 2), *(small(draw, 0, 4) for _ in range(n))))
    sizes = st.integers(0, 5) if n == 1 else st.none() | st.integers(0, 5)
    output = draw(st.integers(0, 5) | st.tuples(*[sizes] * n))
    function = getattr(functional, f"adaptive_{kind}_pool{n}d")
    run = lambda x: function(x, output)  # noqa: E731
    return call("adaptive_pool", "x", [torch.randn(shape)], run, n=n, output=output, kind=kind)


def batch_norm(draw: Draw) -> Call:
    n, channels = draw(st.sampled_from([1, 2, 3])), small(draw)
    shape = mutated(
        draw, (small(draw, 0, 3), channels, *(small(draw, 1, 3) for _ in range(n if n > 1 else small(draw, 0, 1))))
    )
    layer = getattr(torch.nn, f"BatchNorm{n}d")(channels, affine=draw(st.booleans()))
    layer.train(draw(st.booleans()))
    tensors = [torch.randn(shape), layer.running_mean]
    return call("batch_norm", "x self.bn.running_mean", tensors, lambda x, _: layer(x), n=n, training=layer.training)


def instance_norm(draw: Draw) -> Call:
    n, channels = draw(st.sampled_from([1, 2, 3])), small(draw)
    batch = draw(st.sampled_from([(), (1,), (2,)]))
    shape = mutated(draw, (*batch, channels, *(small(draw, 1, 3) for _ in range(n))))
    affine = draw(st.booleans())
    layer = getattr(torch.nn, f"InstanceNorm{n}d")(channels, affine=affine)
    tensors = [torch.randn(shape), *([layer.weight] if affine else [])]
    return call("instance_norm", "x self.n.weight", tensors, lambda x, *_: layer(x), n=n)


def layer_norm(draw: Draw) -> Call:
    wanted = tuple(draw(st.lists(st.integers(1, 3), max_size=3)))
    shapes = [(*lead(draw), *wanted), wanted, wanted][: 1 + draw(st.integers(0, 2))]
    tensors = [torch.randn(mutated(draw, shape, 8)) for shape in shapes]
    return call(
        "layer_norm", "x w b", tensors, lambda x, *p: functional.layer_norm(x, wanted, *p), normalized_shape=wanted
    )


def group_norm(draw: Draw) -> Call:
    groups = small(draw, 1, 3)
    channels = groups * small(draw, 1, 2)
    shapes = [(small(draw, 0, 2), channels, *lead(draw, 2)), (channels,)][: 1 + draw(st.integers(0, 1))]
    tensors = [torch.randn(mutated(draw, shape)) for shape in shapes]
    return call("group_norm", "x w", tensors, lambda x, *p: functional.group_norm(x, groups, *p), groups=groups)


def embedding(draw: Draw) -> Call:
    dtype = draw(st.sampled_from([torch.int64, torch.int32, torch.int16, torch.float32]))
    tensors = [torch.zeros(lead(draw)).to(dtype), torch.randn(mutated(draw, (small(draw), small(draw))))]
    return call("embedding", "i w", tensors, functional.embedding)


def embedding_bag(draw: Draw) -> Call:
    index = torch.zeros(mutated(draw, draw(st.sampled_from([(2, 3), (4,)]))), dtype=torch.int64)
    tensors = [index, torch.randn(mutated(draw, (5, small(draw))))]
    if draw(st.booleans()):
        tensors.append(torch.zeros(mutated(draw, (2,)), dtype=torch.int64))
    return call("embedding_bag", "i w offsets", tensors, functional.embedding_bag)


def one_hot(draw: Draw) -> Call:
    index = torch.zeros(lead(draw), dtype=draw(st.sampled_from([torch.int64, torch.int32])))
    classes = small(draw, 0, 4)
    return call("one_hot", "i", [index], lambda i: functional.one_hot(i, classes), classes=classes)


def glu(draw: Draw) -> Call:
    axis = small(draw, -4, 3)
    x = torch.randn([2 * size if draw(st.booleans()) else size for size in lead(draw)])
    return call("glu", "x", [x], lambda x: functional.glu(x, axis), axis=axis)


def prelu(draw: Draw) -> Call:
    shape = tuple(draw(st.lists(st.integers(1, 3), max_size=3)))
    weight = draw(st.sampled_from([(), (1,), (2,), (3,), (1, 1)]))
    return call("prelu", "x w", [torch.randn(shape), torch.randn(weight)], functional.prelu)


def rows(draw: Draw) -> Call:
    shape = tuple(draw(st.lists(st.integers(1, 3), max_size=3)))
    tensors = [torch.randn(mutated(draw, shape)), torch.randn(mutated(draw, shape[draw(st.integers(0, len(shape))) :]))]
    if draw(st.booleans()):
        keep = draw(st.booleans())
        run = lambda a, b: functional.pairwise_distance(a, b, keepdim=keep)  # noqa: E731
        return call("pairwise_distance", "a b", tensors, run, keepdims=keep)
    axis = small(draw, -3, 2)
    return call(
        "cosine_similarity", "a b", tensors, lambda a, b: functional.cosine_similarity(a, b, dim=axis), axis=axis
    )


def resampled(draw: Draw) -> Call:
    which = draw(
        st.sampled_from(["interpolate", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "unfold", "fold"])
    )
    if which == "interpolate":
        return interpolate(draw)
    if which == "channel_shuffle":
        groups = small(draw, 1, 3)
        x = torch.randn(mutated(draw, (2, groups * small(draw), *lead(draw, 2))))
        return call(which, "x", [x], lambda x: functional.channel_shuffle(x, groups), groups=groups)
    if which in ("unfold", "fold"):
        return folded(draw, which)
    factor, channels, side = small(draw, 1, 3), small(draw, 1, 2), small(draw, 1, 2)
    grown = (*(1 + size for size in lead(draw, 2)), channels, side * factor, side * factor)
    packed = (*grown[:-3], channels * factor * factor, side, side)
    x = torch.randn(mutated(draw, packed if which == "pixel_shuffle" else grown))
    return call(which, "x", [x], lambda x: getattr(functional, which)(x, factor), factor=factor)


def interpolate(draw: Draw) -> Call:
    x = torch.randn(mutated(draw, tuple(small(draw, 1, 5) for _ in range(small(draw, 3, 5)))))
    mode = draw(st.sampled_from(["nearest", "linear", "bilinear", "bicubic", "trilinear", "area", "nearest-exact"]))
    numbers: st.SearchStrategy[Any] = st.integers(0, 5)
    scales: st.SearchStrategy[Any] = st.sampled_from([0.1, 0.5, 0.7, 1.0, 1.5, 2.0, 3])
    size = draw(st.none() | numbers | st.lists(numbers, min_size=1, max_size=3))
    scale = draw(st.none() | scales | st.lists(scales, min_size=1, max_size=3)) if size is None else None
    settings = {"size": size, "scale_factor": scale, "mode": mode}
    return call("interpolate", "x", [x], lambda x: functional.interpolate(x, **settings), **settings)


def folded(draw: Draw, which: str) -> Call:
    names = {"kernel": "kernel_size", "stride": "stride", "padding": "padding", "dilation": "dilation"}
    ranges = {"kernel": (1, 3), "stride": (1, 2), "padding": (0, 1), "dilation": (1, 2)}
    settings = {
        name: draw(st.integers(*span) | st.tuples(st.integers(*span), st.integers(*span)))
        for name, span in ranges.items()
    }
    given = {names[name]: value for name, value in settings.items()}
    image = torch.randn(*lead(draw, 1), small(draw, 1, 2), small(draw, 1, 5), small(draw, 1, 5))
    if which == "unfold":
        x = torch.randn(mutated(draw, tuple(image.shape)))
        return call(which, "x", [x], lambda x: functional.unfold(x, **given), **settings)
    output = tuple(image.shape[-2:])
    try:
        shape = tuple(functional.unfold(image, **given).shape)
    except RuntimeError:
        shape = (2, 4, 3)
    x = torch.randn(mutated(draw, shape))
    return call(which, "x", [x], lambda x: functional.fold(x, output, **given), output=output, **settings)


def grid_sample(draw: Draw) -> Call:
    n = draw(st.sampled_from([2, 2, 3]))
    batch = small(draw, 1, 2)
    x = torch.randn(mutated(draw, (batch, 2, *(small(draw) for _ in range(n)))))
    grid = torch.randn(mutated(draw, (batch, *(small(draw) for _ in range(n)), n)))
    return call("grid_sample", "x g", [x, grid], lambda x, g: functional.grid_sample(x, g, align_corners=False))


CALLS = [linear, bilinear, conv, conv_transpose, pool, adaptive_pool, batch_norm, instance_norm, layer_norm, group_norm]
CALLS += [embedding, embedding_bag, one_hot, glu, prelu, rows, resampled, grid_sample]
