"""What a layer of PyTorch asks of what it is given: the rule, the arrays that meet in it, and its settings.

Layers are told by the names of their classes; nothing of PyTorch is loaded here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from .held import library_of
from .losses import LOSSES, asked_by_loss

Given: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule, what meets in it by role (``input``, ``weight``), in the order of the rule, and its settings."""

    rule: str
    takes: tuple[tuple[str, Any], ...]
    settings: Mapping[str, Any] = field(default_factory=dict)


Asks: TypeAlias = Callable[[Any, Given], Asked]


def asked_of(layer: Any, given: Given) -> Asked | None:
    """What a layer asks of the arguments of its ``forward``; ``None`` without a rule, or without an array to take.

    The classes that a layer's own class is made from count too, those of PyTorch alone.

    >>> import numpy as np
    >>> class Linear:
    ...     weight, bias = np.ones((4, 3)), None
    >>> Linear.__module__ = "torch.nn.modules.linear"
    >>> asked = asked_of(Linear(), {"input": np.ones((2, 5))})
    >>> asked.rule, [(role, value.shape) for role, value in asked.takes]
    ('linear', [('input', (2, 5)), ('weight', (4, 3))])
    """
    for kind in type(layer).__mro__:
        if not kind.__module__.startswith("torch."):
            continue
        if kind.__name__ in LOSSES:
            rule, takes, settings = asked_by_loss(LOSSES[kind.__name__], _with_settings(layer, given))
            return Asked(rule, _present(takes), settings)
        for pattern, asks in _ASKS:
            if re.fullmatch(pattern, kind.__name__):
                asked = asks(layer, given)
                whole = bool(asked.takes) and is_present(asked.takes[0][1])
                return Asked(asked.rule, _present(asked.takes), asked.settings) if whole or not given else None
    return None


def is_present(value: Any) -> bool:
    """Whether it is an array."""
    return bool(library_of(value))


def _present(takes: tuple[tuple[str, Any], ...]) -> tuple[tuple[str, Any], ...]:
    return tuple((role, value) for role, value in takes if is_present(value))


def _with_settings(layer: Any, given: Given) -> Given:
    names = ("weight", "pos_weight", "reduction", "label_smoothing", "blank", "p", "margin", "ignore_index")
    return {**{name: getattr(layer, name, None) for name in names}, **given}


def _n(layer: Any) -> int:
    """How many axes of space a layer works on, told by the end of its class's name: ``Conv2d``."""
    for kind in type(layer).__mro__:
        found = re.search(r"(\d)d$", kind.__name__)
        if found and kind.__module__.startswith("torch."):
            return int(found[1])
    return 1


def _kind(layer: Any) -> str:
    return "max" if any("MaxPool" in kind.__name__ for kind in type(layer).__mro__) else "avg"


def _linear(layer: Any, given: Given) -> Asked:
    return Asked("linear", (("input", given.get("input")), *_own(layer, "weight", "bias")))


def _bilinear(layer: Any, given: Given) -> Asked:
    takes = (("input1", given.get("input1")), ("input2", given.get("input2")), *_own(layer, "weight", "bias"))
    return Asked("bilinear", takes)


def _own(layer: Any, *names: str) -> tuple[tuple[str, Any], ...]:
    return tuple((name, getattr(layer, name, None)) for name in names)


def _conv(layer: Any, given: Given) -> Asked:
    settings: dict[str, Any] = {"n": _n(layer)}
    for name in ("stride", "padding", "dilation", "groups"):
        settings[name] = getattr(layer, name)
    return Asked("conv", (("input", given.get("input")), *_own(layer, "weight", "bias")), settings)


def _conv_transpose(layer: Any, given: Given) -> Asked:
    asked = _conv(layer, given)
    return Asked("conv_transpose", asked.takes, {**asked.settings, "output_padding": layer.output_padding})


def _pool(layer: Any, given: Given) -> Asked:
    settings = {
        "n": _n(layer),
        "kind": _kind(layer),
        "kernel": layer.kernel_size,
        "stride": layer.stride if layer.stride is not None else layer.kernel_size,
        "padding": getattr(layer, "padding", 0),
        "dilation": getattr(layer, "dilation", 1),
        "ceil": layer.ceil_mode,
    }
    return Asked("pool", (("input", given.get("input")),), settings)


def _adaptive_pool(layer: Any, given: Given) -> Asked:
    return Asked(
        "adaptive_pool",
        (("input", given.get("input")),),
        {"n": _n(layer), "kind": _kind(layer), "output": layer.output_size},
    )


def _batch_norm(layer: Any, given: Given) -> Asked:
    own = _own(layer, "running_mean", "weight")
    first = next((pair for pair in own if is_present(pair[1])), own[0])
    return Asked("batch_norm", (("input", given.get("input")), first), {"n": _n(layer)})


def _instance_norm(layer: Any, given: Given) -> Asked:
    asked = _batch_norm(layer, given)
    return Asked("instance_norm", asked.takes, asked.settings)


def _layer_norm(layer: Any, given: Given) -> Asked:
    rule = "rms_norm" if "input" not in given and "x" in given else "layer_norm"
    value = given.get("input", given.get("x"))
    return Asked(rule, (("input", value), *_own(layer, "weight")), {"normalized_shape": tuple(layer.normalized_shape)})


def _group_norm(layer: Any, given: Given) -> Asked:
    takes = (("input", given.get("input")), *_own(layer, "weight"))
    return Asked("group_norm", takes, {"groups": layer.num_groups})


def _embedding(layer: Any, given: Given) -> Asked:
    return Asked("embedding", (("input", given.get("input")), *_own(layer, "weight")))


def _embedding_bag(layer: Any, given: Given) -> Asked:
    takes = (("input", given.get("input")), *_own(layer, "weight"), ("offsets", given.get("offsets")))
    return Asked("embedding_bag", takes)


def _prelu(layer: Any, given: Given) -> Asked:
    return Asked("prelu", (("input", given.get("input")), *_own(layer, "weight")))


def _rnn(layer: Any, given: Given) -> Asked:
    hx = given.get("hx")
    states = tuple(hx) if isinstance(hx, tuple | list) else (hx,)
    value = given.get("input")
    packed = isinstance(value, tuple) and hasattr(value, "batch_sizes")
    settings = {
        "kind": layer.mode.split("_")[0],
        "input_size": layer.input_size,
        "hidden_size": layer.hidden_size,
        "layers": layer.num_layers,
        "batch_first": layer.batch_first and not packed,
        "bidirectional": layer.bidirectional,
        "proj": getattr(layer, "proj_size", 0),
    }
    takes = (
        ("input", getattr(value, "data", value) if packed else value),
        *zip(("h0", "c0"), () if packed else states, strict=False),
    )
    return Asked("rnn", takes, settings)


def _rnn_cell(layer: Any, given: Given) -> Asked:
    hx = given.get("hx")
    states = tuple(hx) if isinstance(hx, tuple | list) else (hx,)
    kind = next(
        name for name in ("LSTM", "GRU", "RNN") if any(k.__name__ == f"{name}Cell" for k in type(layer).__mro__)
    )
    settings = {"kind": kind, "input_size": layer.input_size, "hidden_size": layer.hidden_size}
    return Asked("rnn_cell", (("input", given.get("input")), *zip(("h0", "c0"), states, strict=False)), settings)


def _attention(layer: Any, given: Given) -> Asked:
    settings = {
        "heads": layer.num_heads,
        "embed": layer.embed_dim,
        "kdim": layer.kdim,
        "vdim": layer.vdim,
        "batch_first": layer.batch_first,
    }
    roles = ("query", "key", "value", "attn_mask", "key_padding_mask")
    takes = tuple((role, given.get(role)) for role in roles)
    if is_present(given.get("key_padding_mask")):
        settings["padding"] = sum(is_present(value) for _, value in takes) - 1
    return Asked("attention", takes, settings)


def _encoder_layer(layer: Any, given: Given) -> Asked:
    asked = _attention(layer.self_attn, dict.fromkeys(("query", "key", "value"), given.get("src", given.get("tgt"))))
    return Asked(asked.rule, asked.takes, asked.settings)


def _interpolate(layer: Any, given: Given) -> Asked:
    settings = {"size": layer.size, "scale_factor": layer.scale_factor, "mode": layer.mode}
    return Asked("interpolate", (("input", given.get("input")),), settings)


def _one(rule: str, **settings: str) -> Asks:
    """A layer that takes one array, its settings read from attributes."""

    def asks(layer: Any, given: Given) -> Asked:
        read = {name: getattr(layer, attribute) for name, attribute in settings.items()}
        return Asked(rule, (("input", given.get("input")),), read)

    return asks


def _two(rule: str, **settings: str) -> Asks:
    def asks(layer: Any, given: Given) -> Asked:
        read = {name: getattr(layer, attribute) for name, attribute in settings.items()}
        return Asked(rule, (("x1", given.get("x1")), ("x2", given.get("x2"))), read)

    return asks


_FOLD = {"kernel": "kernel_size", "stride": "stride", "padding": "padding", "dilation": "dilation"}
_ASKS: tuple[tuple[str, Asks], ...] = (
    ("Linear", _linear),
    ("Bilinear", _bilinear),
    (r"Conv\dd", _conv),
    (r"ConvTranspose\dd", _conv_transpose),
    (r"(Max|Avg|LP)Pool\dd", _pool),
    (r"Adaptive(Max|Avg)Pool\dd", _adaptive_pool),
    (r"(BatchNorm\dd|SyncBatchNorm)", _batch_norm),
    (r"InstanceNorm\dd", _instance_norm),
    ("(LayerNorm|RMSNorm)", _layer_norm),
    ("GroupNorm", _group_norm),
    ("Embedding", _embedding),
    ("EmbeddingBag", _embedding_bag),
    ("PReLU", _prelu),
    ("(LSTM|GRU|RNN)", _rnn),
    ("(LSTM|GRU|RNN)Cell", _rnn_cell),
    ("MultiheadAttention", _attention),
    ("TransformerEncoderLayer", _encoder_layer),
    ("Upsample", _interpolate),
    ("PixelShuffle", _one("pixel_shuffle", factor="upscale_factor")),
    ("Flatten", _one("flatten", start="start_dim", end="end_dim")),
    ("Unflatten", _one("unflatten", axis="dim", sizes="unflattened_size")),
    ("(Log)?Soft(max|min)", _one("along", axis="dim")),
    ("GLU", _one("glu", axis="dim")),
    ("Fold", _one("fold", output="output_size", **_FOLD)),
    ("Unfold", _one("unfold", **_FOLD)),
    ("CosineSimilarity", _two("cosine_similarity", axis="dim")),
    ("PairwiseDistance", _two("pairwise_distance")),
)
