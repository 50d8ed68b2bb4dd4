"""The functions of ``torch.nn.functional`` that take more than one array, or windows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .binding import Bound
from .catalogue import Known
from .layer_table import LOSSES
from .pieces import padded


def of_rule(b: Bound) -> Any:
    """A rule of arrays in their order, and settings by their own names."""
    fixed = dict(b.call.known.fixed)
    rule = fixed.pop("rule")
    arrays = [b.array(name) for name in b.given if name[0].isupper() and b.has(name)]
    settings = {name: b.value(name) for name in b.defaults if name[0].islower() and name != "rest"}
    settings |= {name: b.value(name) for name in b.given if name[0].islower() and name != "rest"}
    at = b.at(*(name for name in settings if name in b.given))
    out = b.call.run.apply(b.call.node, rule, arrays, {**settings, **fixed}, at)
    return out if len(out) > 1 else out[0]


def conv(b: Bound) -> Any:
    """``F.conv2d(x, weight, bias)``."""
    fixed = b.call.known.fixed
    arrays = [b.array(name) for name in ("A", "W", "bias") if b.has(name)]
    settings = {name: b.value(name) for name in (*b.defaults, *b.given) if name not in ("A", "W", "bias")}
    at = b.at(*(name for name in settings if name in b.given))
    return b.call.run.apply(b.call.node, fixed["rule"], arrays, {**settings, "n": fixed["n"]}, at)[0]


def linear(b: Bound) -> Any:
    """``F.linear(x, weight, bias)``."""
    arrays = [b.array(name) for name in ("A", "W", "bias") if b.has(name)]
    return b.call.run.apply(b.call.node, "linear", arrays)[0]


def norm(b: Bound) -> Any:
    """``F.layer_norm``, ``F.batch_norm`` ...: the input, then any parameters."""
    fixed = b.call.known.fixed
    arrays = [b.array(name) for name in ("A", "mean", "var", "W", "bias") if b.has(name)]
    settings = {name: b.value(name) for name in ("normalized_shape", "groups") if name in b.given}
    return b.call.run.apply(b.call.node, fixed["rule"], arrays, settings, b.at(*settings))[0]


def embedding(b: Bound) -> Any:
    """``F.embedding(index, weight)``."""
    return b.call.run.apply(b.call.node, "embedding", (b.array("I"), b.array("W")))[0]


def embedding_bag(b: Bound) -> Any:
    """``F.embedding_bag(index, weight, offsets)``."""
    arrays = [b.array(name) for name in ("I", "W", "O") if b.has(name)]
    return b.call.run.apply(b.call.node, "embedding_bag", arrays)[0]


def loss(b: Bound) -> Any:
    """Any loss: its arrays, and its name."""
    arrays = [b.array(name) for name in ("A", "B", "D", "E") if b.has(name)]
    for one in arrays[:1]:
        if hasattr(one.value, "since"):
            b.call.run.reduced |= dict.fromkeys(one.value.since, b.call.name)
    settings = {"name": b.call.known.fixed["name"], "reduction": b.value("reduction")}
    return b.call.run.apply(b.call.node, "loss", arrays, settings)[0]


def _table() -> Iterator[tuple[str, Known]]:
    yield "linear", Known("A W bias=None", make=linear)
    yield "bilinear", Known("A B W bias=None", make=of_rule, fixed={"rule": "bilinear"})
    conv_takes = "A W bias=None stride=1 padding=0 dilation=1 groups=1"
    back = "A W bias=None stride=1 padding=0 output_padding=0 groups=1 dilation=1"
    for n in (1, 2, 3):
        yield f"conv{n}d", Known(conv_takes, make=conv, fixed={"rule": "conv", "n": n})
        yield f"conv_transpose{n}d", Known(back, make=conv, fixed={"rule": "conv_transpose", "n": n})
        most = {"rule": "pool", "n": n, "kind": "max"}
        mean = {"rule": "pool", "n": n, "kind": "avg"}
        yield f"max_pool{n}d", Known("A kernel stride=None padding=0 dilation=1 ceil=False", make=of_rule, fixed=most)
        yield f"avg_pool{n}d", Known("A kernel stride=None padding=0 ceil=False *rest", make=of_rule, fixed=mean)
        for kind in ("max", "avg"):
            fixed = {"rule": "adaptive_pool", "n": n, "kind": kind}
            yield f"adaptive_{kind}_pool{n}d", Known("A output", make=of_rule, fixed=fixed)
    yield "layer_norm", Known("A normalized_shape W=None bias=None *rest", make=norm, fixed={"rule": "layer_norm"})
    yield "rms_norm", Known("A normalized_shape W=None *rest", make=norm, fixed={"rule": "rms_norm"})
    yield "group_norm", Known("A groups W=None bias=None *rest", make=norm, fixed={"rule": "group_norm"})
    batch = "A mean=None var=None W=None bias=None *rest"
    yield "batch_norm", Known(batch, make=norm, fixed={"rule": "batch_norm"})
    yield "instance_norm", Known(batch, make=norm, fixed={"rule": "instance_norm"})
    yield "embedding", Known("I W *rest", make=embedding)
    bag = Known("I W O=None mode=mean", make=embedding_bag)
    yield "embedding_bag", bag
    window = "kernel dilation=1 padding=0 stride=1"
    yield "unfold", Known(f"A {window}", make=of_rule, fixed={"rule": "unfold"})
    yield "fold", Known(f"A output {window}", make=of_rule, fixed={"rule": "fold"})
    sdpa = "A B V M=None dropout=0 is_causal=False scale=None gqa=False"
    yield "scaled_dot_product_attention", Known(sdpa, make=of_rule, fixed={"rule": "sdpa"})
    yield "interpolate", Known("A size=None scale_factor=None *rest", make=of_rule, fixed={"rule": "interpolate"})
    yield "pixel_shuffle", Known("A factor", make=of_rule, fixed={"rule": "pixel_shuffle"})
    yield "pixel_unshuffle", Known("A factor", make=of_rule, fixed={"rule": "pixel_unshuffle"})
    yield "glu", Known("A axis=-1", "glu")
    yield "pad", Known("A widths mode=None value=None", make=padded, fixed={"from_last": True})
    for function in LOSSES.values():
        yield function, Known("A B D=None E=None *rest reduction=mean", make=loss, fixed={"name": function})


FUNCTIONS: dict[str, Known] = dict(_table())
