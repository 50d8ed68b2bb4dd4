"""The shapes of the commonest operations, told at once: PyTorch loads its compiler to tell them, and takes its time.

What is not surely right here (other types, sizes that do not fit) is left to PyTorch, so that its errors are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

META = torch.device("meta")
Tells = Callable[[tuple[Any, ...], Mapping[str, Any]], Any]


def told(name: str, args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
    """What an operation on meta tensors gives; ``None`` where it is left to PyTorch."""
    tell = _TELLS.get(name)
    return tell(args, given) if tell is not None else None


def _empty(shape: Sequence[int], like: torch.Tensor) -> torch.Tensor:
    return torch.empty(shape, dtype=like.dtype, device=META)


def like(tensor: torch.Tensor, dtype: torch.dtype | None = None) -> torch.Tensor:
    """A new tensor that lies in memory as another does, without holes."""
    shape, strides = tensor.shape, tensor.stride()
    dense, step = [0] * len(shape), 1
    for axis in sorted(range(len(shape)), key=lambda a: (strides[a], shape[a] if strides[a] else 0, -a)):
        dense[axis] = step
        step *= max(1, shape[axis])
    if 0 in strides and any(s == 0 and n > 1 for s, n in zip(strides, shape, strict=True)):
        return torch.empty(shape, dtype=dtype or tensor.dtype, device=META)
    return torch.empty_strided(shape, dense, dtype=dtype or tensor.dtype, device=META)


def _floats(tensor: Any) -> bool:
    return isinstance(tensor, torch.Tensor) and tensor.is_meta and tensor.dtype.is_floating_point


def _one(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    """Entry by entry of one tensor of fractions; whatever else it takes are numbers."""
    if _floats(args[0]) and not any(isinstance(a, torch.Tensor) for a in args[1:]):
        return like(args[0])
    return None


def _in_place(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    return args[0] if _floats(args[0]) and not any(isinstance(a, torch.Tensor) for a in args[1:]) else None


def _softmax(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    x, dim = args[0], args[1]
    return like(x) if _floats(x) and -x.ndim <= dim < x.ndim and not any(args[2:3]) else None


def _shape_of(a: torch.Tensor, b: torch.Tensor) -> tuple[int, ...] | None:
    """The shape of two together, entry by entry; ``None`` where they do not fit."""
    if a.shape == b.shape:
        return tuple(a.shape)
    out: list[int] = []
    for back in range(1, max(a.ndim, b.ndim) + 1):
        m, n = (t.shape[-back] if back <= t.ndim else 1 for t in (a, b))
        if m != n and 1 not in (m, n):
            return None
        out.append(n if m == 1 else m)
    return tuple(reversed(out))


def _two(args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
    a, b = args[0], args[1]
    if not _floats(a) or set(given) - {"alpha"}:
        return None
    if isinstance(b, (int, float)):
        return like(a)
    if not _floats(b) or a.dtype != b.dtype:
        return None
    shape = _shape_of(a, b)
    if shape is None:
        return None
    return like(a) if shape == a.shape else like(b) if shape == b.shape else _empty(shape, a)


def _two_in_place(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    a, b = args[0], args[1]
    if not _floats(a):
        return None
    if isinstance(b, (int, float)):
        return a
    return a if _floats(b) and a.dtype == b.dtype and _shape_of(a, b) == a.shape else None


def _like_second(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    return like(args[1]) if _floats(args[0]) and _floats(args[1]) else None


def _like_first(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    return like(args[0]) if _floats(args[0]) else None


def _products(first: int) -> Tells:
    def tell(args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
        a, b = args[first], args[first + 1]
        if (
            not (_floats(a) and _floats(b))
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
            if not _floats(c) or c.dtype != a.dtype or _shape_of(c, _empty(shape, a)) != shape:
                return None
        return _empty(shape, a)

    return tell


def _batch_norm(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    x, weight, training = args[0], args[1], args[5]
    if not _floats(x) or x.ndim < 2:
        return None
    few = (x.shape[1],) if training else (0,)
    kind = torch.float32 if weight is None or x.dtype in (torch.half, torch.bfloat16) else weight.dtype
    kind = x.dtype if weight is None and x.dtype == torch.float64 else kind
    return like(x), *(torch.empty(few, dtype=kind, device=META) for _ in range(2))


def _layer_norm(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    x, over = args[0], tuple(args[1])
    if not _floats(x) or not over or tuple(x.shape[-len(over) :]) != over:
        return None
    if any(w is not None and (tuple(w.shape) != over or w.dtype != x.dtype) for w in args[2:4]):
        return None
    few = (*x.shape[: -len(over)], *(1 for _ in over))
    return _empty(x.shape, x), _empty(few, x), _empty(few, x)


def _group_norm(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    x, samples, groups = args[0], args[3], args[6]
    return (_empty(x.shape, x), *(_empty((samples, groups), x) for _ in range(2))) if _floats(x) else None


def _norm_backward(input_at: int, weight_at: int) -> Tells:
    def tell(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
        x, weight, asked = args[input_at], args[weight_at], args[-1]
        of = weight if weight is not None else x
        return tuple(like(t) if wanted else None for t, wanted in zip((x, of, of), asked, strict=True))

    return tell


def _convolution(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    x, weight, bias, stride, padding, dilation, transposed, more, groups = args
    spatial = weight.ndim - 2
    if not (_floats(x) and _floats(weight)) or x.dtype != weight.dtype or x.ndim != weight.ndim or spatial < 1:
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
    return _empty((x.shape[0], weight.shape[1] * groups if transposed else weight.shape[0], *out), x)


def _all(value: Sequence[int], count: int) -> Sequence[int]:
    return list(value) * count if len(value) == 1 else value


def _convolution_backward(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    _grad, x, weight, sizes, *_rest, asked = args
    bias = torch.empty(sizes, dtype=x.dtype, device=META) if asked[2] and sizes is not None else None
    return like(x) if asked[0] else None, like(weight) if asked[1] else None, bias


def _reduced(args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
    x = args[0]
    if not _floats(x) or given.get("dtype") is not None or len(args) < 2 or not args[1]:
        return None
    if any(not -x.ndim <= axis < x.ndim for axis in args[1]):
        return None
    axes = {axis % x.ndim for axis in args[1]}
    keep = len(args) > 2 and args[2]
    shape = [1 if axis in axes else size for axis, size in enumerate(x.shape) if keep or axis not in axes]
    return _empty(shape, x)


def _joined(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    parts, axis = args[0], args[1] if len(args) > 1 else 0
    first = parts[0]
    if not all(_floats(t) and t.dtype == first.dtype and t.ndim == first.ndim for t in parts):
        return None
    if not -first.ndim <= axis < first.ndim:
        return None
    axis %= first.ndim
    rest = {(*t.shape[:axis], *t.shape[axis + 1 :]) for t in parts}
    if len(rest) != 1:
        return None
    return _empty((*first.shape[:axis], sum(t.shape[axis] for t in parts), *first.shape[axis + 1 :]), first)


def _embedding(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    weight, index = args[0], args[1]
    if not _floats(weight) or weight.ndim != 2 or index.dtype not in (torch.int64, torch.int32):
        return None
    return _empty((*index.shape, weight.shape[1]), weight)


def _embedding_backward(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    return _empty((args[2], args[0].shape[-1]), args[0])


def _with_indices(args: tuple[Any, ...], _: Mapping[str, Any]) -> Any:
    x, kernel, stride, padding, dilation, ceil = (*args, *([1, 1], [], [0, 0], [1, 1], False)[len(args) - 1 :])[:6]
    if not _floats(x) or x.ndim != 4 or ceil:
        return None
    kernel, padding, dilation = (_all(one, 2) for one in (kernel, padding, dilation))
    stride = _all(stride, 2) if stride else kernel
    out = [(x.shape[2 + i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) // stride[i] + 1 for i in range(2)]
    if min(out) < 1 or any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        return None
    shape = (*x.shape[:2], *out)
    return _empty(shape, x), torch.empty(shape, dtype=torch.int64, device=META)


def _copied(args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
    kept = given.get("memory_format")
    if not isinstance(args[0], torch.Tensor) or kept not in (None, torch.preserve_format, torch.contiguous_format):
        return None
    return like(args[0]) if kept != torch.contiguous_format else _empty(args[0].shape, args[0])


def _new_like(args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
    return like(args[0], given.get("dtype")) if given.get("memory_format") in (None, torch.preserve_format) else None


_ONE = (
    "relu gelu silu sigmoid tanh exp log sqrt rsqrt neg abs cos sin erf hardtanh hardswish hardsigmoid leaky_relu elu"
)
_TELLS: dict[str, Tells] = {
    **dict.fromkeys((*_ONE.split(), "softplus", "mish", "reciprocal", "square", "tril", "triu"), _one),
    **dict.fromkeys([f"{n}_" for n in (*_ONE.split(), "zero", "fill", "tril", "triu", "clamp", "pow")], _in_place),
    **dict.fromkeys(("_softmax", "_log_softmax", "_safe_softmax"), _softmax),
    **dict.fromkeys(("add", "sub", "mul", "div", "rsub", "maximum", "minimum"), _two),
    **dict.fromkeys(("add_", "sub_", "mul_", "div_"), _two_in_place),
    **dict.fromkeys(("threshold_backward", "gelu_backward", "silu_backward", "hardtanh_backward"), _like_second),
    **dict.fromkeys(("max_pool2d_with_indices_backward", "avg_pool2d_backward"), _like_second),
    **dict.fromkeys(("_adaptive_avg_pool2d_backward", "hardswish_backward", "leaky_relu_backward"), _like_second),
    **dict.fromkeys(("tanh_backward", "sigmoid_backward", "_softmax_backward_data"), _like_first),
    **dict.fromkeys(("_log_softmax_backward_data",), _like_first),
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
    "clone": _copied,
    **dict.fromkeys(("empty_like", "zeros_like", "ones_like", "rand_like", "randn_like"), _new_like),
}
