"""Layers and functions of PyTorch as steps of a chain; told by the names of their classes, nothing of it is loaded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .sliding import Step

KEEPS = re.compile(
    r"(Batch|Layer|Group|Instance|RMS|LocalResponse|SyncBatch|Lazy.*)Norm.*|.*Dropout.*|Identity|.*ReLU.*|[GSC]?ELU|GELU"
    r"|SiLU|Mish|Sigmoid|Tanh|Hard.*|Soft(max|min|plus|sign).*|LogSoftmax|LogSigmoid|Threshold|Tanhshrink"
)
"""Layers that keep the shape."""


def layer_step(layer: Any, path: str = "", where: str = "") -> Step | None:
    """What a layer does to shapes; ``None`` where it keeps them. Raises ``LookupError`` for a layer not known.

    >>> class Conv2d:
    ...     out_channels, kernel_size, stride, padding, dilation = 8, (3, 3), (1, 1), (0, 0), (1, 1)
    >>> Conv2d.__module__ = "torch.nn.modules.conv"
    >>> layer_step(Conv2d(), "conv1").settings["out"]
    8
    """
    for kind in type(layer).__mro__:
        if kind.__module__.startswith("torch."):
            if KEEPS.fullmatch(kind.__name__):
                return None
            settings = _of_kind(kind.__name__, layer)
            if settings is not None:
                rule, values = settings
                return Step(rule, values, path, where)
    raise LookupError(type(layer).__name__)


def _of_kind(name: str, layer: Any) -> tuple[str, dict[str, Any]] | None:
    n = int(name[-2]) if re.fullmatch(r".*\dd", name) else 0
    if re.fullmatch(r"Conv(Transpose)?\dd", name):
        names = ("stride", "padding", "dilation", "output_padding")
        settings = {one: getattr(layer, one) for one in names if hasattr(layer, one)}
        rule = "conv_transpose" if "Transpose" in name else "conv"
        return rule, {"n": n, "out": layer.out_channels, "kernel": layer.kernel_size, **settings}
    if re.fullmatch(r"(Max|Avg|LP)Pool\dd", name):
        settings = {one: getattr(layer, one) for one in ("stride", "padding", "dilation") if hasattr(layer, one)}
        return "pool", {"n": n, "kernel": layer.kernel_size, **settings, "ceil": layer.ceil_mode}
    if re.fullmatch(r"Adaptive(Max|Avg)Pool\dd", name):
        return "adaptive_pool", {"n": n, "output": layer.output_size}
    if name == "Linear":
        return "linear", {"out": layer.out_features}
    if name == "Embedding":
        return "embedding", {"out": layer.embedding_dim}
    if name in ("LSTM", "GRU", "RNN"):
        out = getattr(layer, "proj_size", 0) or layer.hidden_size
        return "rnn", {"out": out, "ways": 2 if layer.bidirectional else 1, "batch_first": layer.batch_first}
    if name == "Flatten":
        return "flatten", {"start": layer.start_dim, "end": layer.end_dim}
    if name == "Upsample" and (layer.size is not None or layer.scale_factor is not None):
        return "upsample", {"n": 2, "output": layer.size, "scale": layer.scale_factor}
    return None


def function_step(
    name: str, args: Sequence[Any], given: Mapping[str, Any], rank: int = 0, path: str = "", where: str = ""
) -> Step | None:
    """What a function or method does to the shape of its first argument, which is not in ``args``.

    ``None`` where it keeps the shape. Raises ``LookupError`` for one that is not known. ``rank`` is how many axes come
    in, 0 where that is not known.

    >>> function_step("max_pool2d", (2,), {}).settings
    {'n': 2, 'kernel': 2, 'stride': None, 'padding': 0, 'dilation': 1, 'ceil': False}
    >>> function_step("view", (32, -1), {}, rank=4).rule
    'flatten'
    """
    if name in _SAME:
        return None
    pooled = re.fullmatch(r"(max|avg|lp)_pool(\d)d(_with_indices)?", name)
    if pooled:
        return Step("pool", _pooling(int(pooled[2]), pooled[1], args, given), path or name, where)
    adaptive = re.fullmatch(r"adaptive_(max|avg)_pool(\d)d(_with_indices)?", name)
    if adaptive:
        output = _argument(args, given, 0, "output_size", 1)
        return Step("adaptive_pool", {"n": int(adaptive[2]), "output": output}, path or name, where)
    made = _of_function(name, args, given, rank)
    return Step(made[0], made[1], path or name, where)


_SAME = {
    *("relu", "relu_", "gelu", "silu", "elu", "selu", "leaky_relu", "tanh", "sigmoid", "softmax", "log_softmax"),
    *("dropout", "dropout2d", "batch_norm", "layer_norm", "group_norm", "contiguous", "clone", "detach", "float"),
    *("half", "double", "to", "cuda", "cpu", "add", "mul", "sub", "div", "truediv", "iadd", "add_", "mul_", "exp"),
    *("abs", "sqrt", "square", "neg", "clamp", "normalize", "masked_fill", "pow", "requires_grad_", "type", "bfloat16"),
}


def _argument(args: Sequence[Any], given: Mapping[str, Any], at: int, name: str, default: Any) -> Any:
    return args[at] if len(args) > at else given.get(name, default)


def _pooling(n: int, kind: str, args: Sequence[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    at = 1 if kind == "lp" else 0
    stride = _argument(args, given, at + 1, "stride", None)
    padding = _argument(args, given, at + 2, "padding", 0) if kind != "lp" else 0
    dilation = _argument(args, given, at + 3, "dilation", 1) if kind == "max" else 1
    ceil = {"max": at + 4, "avg": at + 3, "lp": at + 2}[kind]
    return {
        "n": n,
        "kernel": _argument(args, given, at, "kernel_size", 1),
        "stride": None if stride in ([], ()) else stride,
        "padding": padding,
        "dilation": dilation,
        "ceil": bool(_argument(args, given, ceil, "ceil_mode", False)),
    }


def _of_function(name: str, args: Sequence[Any], given: Mapping[str, Any], rank: int) -> tuple[str, dict[str, Any]]:
    if name == "flatten":
        start, end = _argument(args, given, 0, "start_dim", 0), _argument(args, given, 1, "end_dim", -1)
        return "flatten", {"start": start, "end": end}
    if name in ("view", "reshape"):
        shape = args[0] if args and isinstance(args[0], Sequence) else args or given.get("shape", ())
        if len(shape) == 2 and shape[1] == -1 and rank != 1:
            return "flatten", {"start": 1, "end": -1}
        return "reshape", {"shape": tuple(shape)}
    if name in ("mean", "sum", "amax", "max", "amin", "min") and _axes(args, given) is not None:
        if given.get("keepdim") or True in args[1:]:
            raise LookupError(name)
        return "reduce", {"axes": _axes(args, given)}
    if name == "permute":
        return "permute", {"axes": args[0] if args and isinstance(args[0], Sequence) else tuple(args)}
    if name in ("transpose", "swapaxes") and rank and len(args) >= 2:
        order = list(range(rank))
        order[args[0]], order[args[1]] = order[args[1]], order[args[0]]
        return "permute", {"axes": tuple(order)}
    if name == "unsqueeze":
        return "unsqueeze", {"axis": _argument(args, given, 0, "dim", 0)}
    if name == "squeeze" and _argument(args, given, 0, "dim", None) is not None:
        return "select", {"axes": (_argument(args, given, 0, "dim", 0),)}
    if name == "getitem" and args:
        return "select", {"axes": _indexed(args[0])}
    if name in ("interpolate", "upsample") and rank > 2:
        size, scale = _argument(args, given, 0, "size", None), _argument(args, given, 1, "scale_factor", None)
        return "upsample", {"n": rank - 2, "output": size, "scale": scale}
    raise LookupError(name)


def _axes(args: Sequence[Any], given: Mapping[str, Any]) -> tuple[int, ...] | None:
    axes = _argument(args, given, 0, "dim", given.get("axis"))
    if isinstance(axes, int):
        return (axes,)
    return tuple(axes) if isinstance(axes, Sequence) else None


def _indexed(key: Any) -> tuple[int, ...]:
    """The axes that an index takes one entry of; whole slices keep theirs."""
    keys = key if isinstance(key, tuple) else (key,)
    lost = []
    for at, one in enumerate(keys):
        if isinstance(one, int) and not isinstance(one, bool):
            lost.append(at)
        elif one != slice(None):
            raise LookupError("getitem")
    return tuple(lost)
