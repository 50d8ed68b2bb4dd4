"""The shapes of the commonest operations, told at once: PyTorch loads its compiler to tell them, and takes its time.

What is not surely right here (other types, sizes that do not fit) is left to PyTorch, so that its errors are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from .entrywise import (
    META,
    chosen,
    compared,
    copied,
    copied_into,
    empty,
    in_place,
    is_floats,
    like,
    like_first,
    like_second,
    masked,
    new_like,
    of_one,
    of_softmax,
    of_two,
    of_two_in_place,
    shape_of,
)

__all__ = ["META", "like", "told"]

Tells = Callable[[tuple[Any, ...], Mapping[str, Any]], Any]


def told(name: str, args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
    """What an operation on meta tensors gives; ``None`` where it is left to PyTorch."""
    tell = _TELLS.get(name)
    return tell(args, given) if tell is not None else None


def _products(first: int) -> Tells:
    def tell(args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
        a, b = args[first], args[first + 1]
        if (
            not (is_floats(a) and is_floats(b))
            or a.ndim != b.ndim
            or a.ndim not in (2, 3)
            or set(given) - {"beta", "alpha"}
        ):
            return None
        shape = (*a.shape[:-1], b.shape[-1])
        if a.shape[-1] != b.shape[-2] or a.shape[:-2] != b.shape[:-2] or a.dtype != b.dtype:
            return None
        if first:
            c = args[0]
            if not is_floats(c) or c.dtype != a.dtype or shape_of(c, empty(shape, a)) != shape:
                return None
        return empty(shape, a)

    return tell


def _batch_norm(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    x, weight, training = args[0], args[1], args[5]
    if not is_floats(x) or x.ndim < 2:
        return None
    few = (x.shape[1],) if training else (0,)
    kind = torch.float32 if weight is None or x.dtype in (torch.half, torch.bfloat16) else weight.dtype
    kind = x.dtype if weight is None and x.dtype == torch.float64 else kind
    return like(x), *(torch.empty(few, dtype=kind, device=META) for _ in range(2))


def _layer_norm(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    x, over = args[0], tuple(args[1])
    if not is_floats(x) or not over or tuple(x.shape[-len(over) :]) != over:
        return None
    if any(w is not None and (tuple(w.shape) != over or w.dtype != x.dtype) for w in args[2:4]):
        return None
    few = (*x.shape[: -len(over)], *(1 for _ in over))
    return empty(x.shape, x), empty(few, x), empty(few, x)


def _group_norm(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    x, samples, groups = args[0], args[3], args[6]
    return (empty(x.shape, x), *(empty((samples, groups), x) for _ in range(2))) if is_floats(x) else None


def _norm_backward(input_at: int, weight_at: int) -> Tells:
    def tell(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
        x, weight, asked = args[input_at], args[weight_at], args[-1]
        of = weight if weight is not None else x
        return tuple(like(t) if wanted else None for t, wanted in zip((x, of, of), asked, strict=True))

    return tell


def _convolution(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    x, weight, bias, stride, padding, dilation, transposed, more, groups = args
    spatial = weight.ndim - 2
    if not (is_floats(x) and is_floats(weight)) or x.dtype != weight.dtype or x.ndim != weight.ndim or spatial < 1:
        return None
    if bias is not None and bias.dtype != x.dtype:
        return None
    if x.shape[1] != (weight.shape[0] if transposed else weight.shape[1] * groups):
        return None
    stride, padding, dilation, more = (_all(one, spatial) for one in (stride, padding, dilation, more))
    out = []
    for i in range(spatial):
        reach = dilation[i] * (weight.shape[2 + i] - 1)
        if transposed:
            out.append((x.shape[2 + i] - 1) * stride[i] - 2 * padding[i] + reach + more[i] + 1)
        else:
            out.append((x.shape[2 + i] + 2 * padding[i] - reach - 1) // stride[i] + 1)
    if min(out) < 1 or (not transposed and weight.shape[0] % groups):
        return None
    return empty((x.shape[0], weight.shape[1] * groups if transposed else weight.shape[0], *out), x)


def _all(value: Sequence[int], count: int) -> Sequence[int]:
    return list(value) * count if len(value) == 1 else value


def _convolution_backward(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    _grad, x, weight, sizes, *_rest, asked = args
    bias = torch.empty(sizes, dtype=x.dtype, device=META) if asked[2] and sizes is not None else None
    return like(x) if asked[0] else None, like(weight) if asked[1] else None, bias


def _reduced(args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
    x = args[0]
    if not is_floats(x) or given.get("dtype") is not None:
        return None
    if len(args) < 2:
        return empty((), x)
    if not args[1]:
        return None
    if any(not -x.ndim <= axis < x.ndim for axis in args[1]):
        return None
    axes = {axis % x.ndim for axis in args[1]}
    keep = len(args) > 2 and args[2]
    shape = [1 if axis in axes else size for axis, size in enumerate(x.shape) if keep or axis not in axes]
    return empty(shape, x)


def _joined(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    parts, axis = args[0], args[1] if len(args) > 1 else 0
    first = parts[0]
    if not all(is_floats(t) and t.dtype == first.dtype and t.ndim == first.ndim for t in parts):
        return None
    if not -first.ndim <= axis < first.ndim:
        return None
    axis %= first.ndim
    rest = {(*t.shape[:axis], *t.shape[axis + 1 :]) for t in parts}
    if len(rest) != 1:
        return None
    return empty((*first.shape[:axis], sum(t.shape[axis] for t in parts), *first.shape[axis + 1 :]), first)


def _embedding(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    weight, index = args[0], args[1]
    if not is_floats(weight) or weight.ndim != 2 or index.dtype not in (torch.int64, torch.int32):
        return None
    return empty((*index.shape, weight.shape[1]), weight)


def _embedding_backward(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    return empty((args[2], args[0].shape[-1]), args[0])


def _with_indices(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    x, kernel, stride, padding, dilation, ceil = (*args, *([1, 1], [], [0, 0], [1, 1], False)[len(args) - 1 :])[:6]
    if not is_floats(x) or x.ndim != 4 or ceil:
        return None
    kernel, padding, dilation = (_all(one, 2) for one in (kernel, padding, dilation))
    stride = _all(stride, 2) if stride else kernel
    out = [(x.shape[2 + i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) // stride[i] + 1 for i in range(2)]
    if min(out) < 1 or any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        return None
    shape = (*x.shape[:2], *out)
    return empty(shape, x), torch.empty(shape, dtype=torch.int64, device=META)


def _stacked(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    parts, axis = args[0], args[1] if len(args) > 1 else 0
    first = parts[0]
    if not all(is_floats(t) and t.dtype == first.dtype and t.shape == first.shape for t in parts):
        return None
    if not -first.ndim - 1 <= axis <= first.ndim:
        return None
    axis %= first.ndim + 1
    return empty((*first.shape[:axis], len(parts), *first.shape[axis:]), first)


def _resampled(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    x, sizes = args[0], args[1]
    if not is_floats(x) or not isinstance(sizes, (list, tuple)) or len(sizes) != x.ndim - 2 or x.ndim < 3:
        return None
    return empty((*x.shape[:2], *sizes), x) if all(isinstance(n, int) and n > 0 for n in sizes) else None


def _resampled_backward(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    return empty(args[2], args[0]) if is_floats(args[0]) and isinstance(args[2], (list, tuple)) else None


def _part_backward(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    return empty(args[1], args[0]) if is_floats(args[0]) else None


def _pooled_to(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    x, sizes = args[0], args[1]
    return empty((*x.shape[:-2], *sizes), x) if is_floats(x) and x.ndim in (3, 4) and len(sizes) == 2 else None


def _loss_of_classes(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    x, target, weight, reduction = args[:4]
    if not is_floats(x) or x.ndim != 2 or weight is not None:
        return None
    if target.shape != x.shape[:1] or target.dtype != torch.int64:
        return None
    return empty(() if reduction else target.shape, x), empty((), x)


_ONE = (
    "relu gelu silu sigmoid tanh exp log sqrt rsqrt neg abs cos sin erf hardtanh hardswish hardsigmoid leaky_relu elu"
)
_TELLS: dict[str, Tells] = {
    **dict.fromkeys((*_ONE.split(), "softplus", "mish", "reciprocal", "square", "tril", "triu"), of_one),
    **dict.fromkeys([f"{n}_" for n in (*_ONE.split(), "zero", "fill", "tril", "triu", "clamp", "pow")], in_place),
    **dict.fromkeys(("_softmax", "_log_softmax", "_safe_softmax"), of_softmax),
    **dict.fromkeys(("add", "sub", "mul", "div", "rsub", "maximum", "minimum"), of_two),
    **dict.fromkeys(("add_", "sub_", "mul_", "div_"), of_two_in_place),
    **dict.fromkeys(("threshold_backward", "gelu_backward", "silu_backward", "hardtanh_backward"), like_second),
    **dict.fromkeys(("max_pool2d_with_indices_backward", "avg_pool2d_backward"), like_second),
    **dict.fromkeys(("_adaptive_avg_pool2d_backward", "hardswish_backward", "leaky_relu_backward"), like_second),
    **dict.fromkeys(("tanh_backward", "sigmoid_backward", "_softmax_backward_data"), like_first),
    **dict.fromkeys(("_log_softmax_backward_data",), like_first),
    **dict.fromkeys(("pow", "clamp", "clamp_min", "clamp_max", "roll", "flip", "log1p", "expm1", "logit"), of_one),
    **dict.fromkeys(("gt", "lt", "ge", "le", "eq", "ne"), compared),
    **dict.fromkeys(("_prelu_kernel", "cumsum"), like_first),
    **dict.fromkeys(("upsample_nearest2d", "upsample_bilinear2d", "upsample_nearest1d"), _resampled),
    **dict.fromkeys(("upsample_nearest2d_backward", "upsample_bilinear2d_backward"), _resampled_backward),
    "nll_loss_backward": like_second,
    **dict.fromkeys(("select_backward", "slice_backward"), _part_backward),
    "_adaptive_avg_pool2d": _pooled_to,
    "masked_fill": masked,
    "where": chosen,
    "stack": _stacked,
    "nll_loss_forward": _loss_of_classes,
    "copy_": copied_into,
    "mm": _products(0),
    "bmm": _products(0),
    "addmm": _products(1),
    "baddbmm": _products(1),
    "native_batch_norm": _batch_norm,
    "native_layer_norm": _layer_norm,
    "native_group_norm": _group_norm,
    "native_batch_norm_backward": _norm_backward(1, 2),
    "native_layer_norm_backward": _norm_backward(1, 5),
    "native_group_norm_backward": _norm_backward(1, 4),
    "convolution": _convolution,
    "convolution_backward": _convolution_backward,
    **dict.fromkeys(("sum", "mean"), _reduced),
    "cat": _joined,
    "embedding": _embedding,
    "embedding_dense_backward": _embedding_backward,
    "max_pool2d_with_indices": _with_indices,
    "clone": copied,
    **dict.fromkeys(("empty_like", "zeros_like", "ones_like", "rand_like", "randn_like"), new_like),
}
