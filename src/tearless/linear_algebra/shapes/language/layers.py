"""Layers of PyTorch in an expression: what they are made with, and the rule that each obeys on its input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tearless.linear_algebra.shapes.parsing import Node
from tearless.linear_algebra.shapes.size import Shape, divided

from .binding import Bound, Call, as_array, bound, parameters, told
from .values import Array, Given, Layer, is_size

Run = Callable[[Call, Layer, str], Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of layer: the parameters it is made with, what runs it, and settings that its type fixes."""

    takes: str
    run: Run
    fixed: Mapping[str, Any] = field(default_factory=dict)


def made(call: Call, kind: Kind) -> Layer:
    """A layer as it is made. Raises ``InputError`` for settings that are none."""
    taken = bound(call, kind.takes)
    settings = {name.lstrip("*"): default for name, _, default in parameters(kind.takes)}
    settings |= {name: one.value for name, one in taken.given.items()}
    nodes = {name: one.node for name, one in taken.given.items()}
    for name, value in settings.items():
        if isinstance(value, Array) or (isinstance(value, Layer) and call.name not in ("Sequential", "ModuleList")):
            raise call.refused(f"expected a number for `{name}` of `{call.name}`, got {told(value)}", nodes[name])
        if name in SIZES and value is not None and not (is_size(value) or _all_sizes(value)):
            raise call.refused(f"expected a whole number for `{name}` of `{call.name}`, got {told(value)}", nodes[name])
        if is_size(value) and name in SIZES:
            call.run.bounded(nodes.get(name, call.node), value)
    inner: Any = settings.get("layers") or () if call.name in ("Sequential", "ModuleList") else ()
    inner = inner[0] if len(inner) == 1 and isinstance(inner[0], list) else inner
    return Layer(call.name, settings, call.node, nodes, tuple(inner), kind)


def _all_sizes(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and all(is_size(one) for one in value)


def run(call: Call, layer: Layer, name: str) -> Any:
    """What a layer gives of its inputs; ``name`` is how it is called in the text."""
    before, call.run.layer = call.run.layer, layer
    try:
        return layer.kind.run(call, layer, name)
    finally:
        call.run.layer = before


def inputs(call: Call, takes: str) -> Bound:
    """The inputs of a layer."""
    return bound(call, takes)


def part(name: str, which: str, shape: Shape, node: Node) -> tuple[Given, str]:
    """A parameter of a layer, which stands nowhere in the text, and its name."""
    return Given(Array(shape), node), f"{name}.{which}"


def _on_weights(
    call: Call, rule: str, name: str, weights: Mapping[str, Shape], settings: Mapping[str, Any] | None = None
) -> tuple[Array, ...]:
    """A rule of one input and parameters of the layer."""
    x = inputs(call, "x").given["x"]
    found = [part(name, which, shape, call.node) for which, shape in weights.items()]
    names = {i + 1: own for i, (_, own) in enumerate(found)}
    given = [as_array(call.run, x), *(one for one, _ in found)]
    return call.run.apply(call.node, rule, given, settings or {}, {}, names=names)


def linear(call: Call, layer: Layer, name: str) -> Any:
    """``Linear(in, out)``: weight (out, in)."""
    own = layer.settings
    return _on_weights(call, "linear", name, {"weight": (own["out_features"], own["in_features"])})[0]


def bilinear(call: Call, layer: Layer, name: str) -> Any:
    """``Bilinear(in1, in2, out)(x1, x2)``."""
    own = layer.settings
    taken = inputs(call, "x y")
    weight, label = part(name, "weight", (own["out_features"], own["in1_features"], own["in2_features"]), call.node)
    given = (as_array(call.run, taken.given["x"]), as_array(call.run, taken.given["y"]), weight)
    return call.run.apply(call.node, "bilinear", given, {}, {}, names={2: label})[0]


def _kernel(call: Call, layer: Layer, n: int) -> Shape:
    value = layer.settings["kernel_size"]
    sizes = tuple(value) if isinstance(value, (tuple, list)) else (value,) * n
    if len(sizes) != n:
        raise call.refused(f"expected {n} sizes of the kernel, got {len(sizes)}", layer.at.get("kernel_size"))
    return sizes


def conv(call: Call, layer: Layer, name: str) -> Any:
    """``Conv2d(in, out, kernel)``, weight (out, in / groups, kernel); of its transpose the first two are swapped."""
    own, fixed = layer.settings, layer.kind.fixed
    n, groups = fixed["n"], own["groups"]
    first, second = own["out_channels"], own["in_channels"]
    first, second = (second, first) if fixed["rule"] == "conv_transpose" else (first, second)
    each = divided(second, groups) if is_size(groups) and groups != 0 else None
    if each is None or divided(first, groups) is None:
        raise call.refused(f"groups={groups} must divide the channels {second} and {first}", layer.at.get("groups"))
    settings = {k: v for k, v in own.items() if k in CONV_SETTINGS} | {"n": n}
    return _on_weights(call, fixed["rule"], name, {"weight": (first, each, *_kernel(call, layer, n))}, settings)[0]


CONV_SETTINGS = frozenset(["stride", "padding", "dilation", "groups", "output_padding", "padding_mode"])


def pool(call: Call, layer: Layer, name: str) -> Any:
    """Pools: a window over the last axes."""
    own, fixed = layer.settings, layer.kind.fixed
    settings = {
        "n": fixed["n"], "kind": fixed["kind"], "kernel": own["kernel_size"], "stride": own["stride"],
        "padding": own["padding"], "dilation": own.get("dilation", 1), "ceil": bool(own["ceil_mode"]),
    }  # fmt: skip
    found = _on_weights(call, "pool", name, {}, settings)
    return (found[0], found[0]) if own.get("return_indices") else found[0]


def adaptive(call: Call, layer: Layer, name: str) -> Any:
    """Pools to a size."""
    fixed = layer.kind.fixed
    settings = {"n": fixed["n"], "kind": fixed["kind"], "output": layer.settings["output_size"]}
    return _on_weights(call, "adaptive_pool", name, {}, settings)[0]


def norm(call: Call, layer: Layer, name: str) -> Any:
    """Batch, instance, layer and group norms."""
    own, fixed = layer.settings, layer.kind.fixed
    match fixed["rule"]:
        case "layer_norm" | "rms_norm":
            shape = own["normalized_shape"]
            sizes = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
            return _on_weights(call, fixed["rule"], name, {"weight": sizes}, {"normalized_shape": sizes})[0]
        case "group_norm":
            weights = {"weight": (own["num_channels"],)}
            return _on_weights(call, "group_norm", name, weights, {"groups": own["num_groups"]})[0]
        case "instance_norm":
            weights = {"weight": (own["num_features"],)} if own["affine"] else {}
            return _on_weights(call, "instance_norm", name, weights, {"n": fixed["n"]})[0]
    settings = {"n": fixed["n"], "training": not layer.evaluating}
    return _on_weights(call, "batch_norm", name, {"running_mean": (own["num_features"],)}, settings)[0]


def embedding(call: Call, layer: Layer, name: str) -> Any:
    """``Embedding(rows, width)``."""
    own = layer.settings
    weights = {"weight": (own["num_embeddings"], own["embedding_dim"])}
    if layer.type == "EmbeddingBag":
        return _bag(call, name, weights["weight"])
    return _on_weights(call, "embedding", name, weights)[0]


def _bag(call: Call, name: str, table: Shape) -> Any:
    """``EmbeddingBag(rows, width)(index)``, or of a row of items with the offsets of the bags."""
    taken = inputs(call, "I O=None W=None")
    weight, label = part(name, "weight", table, call.node)
    given = [taken.array("I"), weight, *([taken.array("O")] if taken.has("O") else [])]
    return call.run.apply(call.node, "embedding_bag", given, {}, {}, names={1: label})[0]


def recurrent(call: Call, layer: Layer, _: str) -> Any:
    """``LSTM``, ``GRU``, ``RNN``: the output, and the states."""
    own = layer.settings
    taken = inputs(call, "x state=None")
    given = [as_array(call.run, taken.given["x"])]
    if taken.has("state"):
        state = taken.given["state"]
        values = state.value if isinstance(state.value, (tuple, list)) else (state.value,)
        own_nodes = state.node.parts if len(state.node.parts) == len(values) and state.node.kind == "tuple" else ()
        nodes = own_nodes or (state.node,) * len(values)
        given += [as_array(call.run, Given(v, n or state.node)) for v, n in zip(values, nodes, strict=True)]
    settings = {
        "kind": layer.type, "input_size": own["input_size"], "hidden_size": own["hidden_size"],
        "layers": own["num_layers"], "batch_first": own["batch_first"], "bidirectional": own["bidirectional"],
        "proj": own["proj_size"],
    }  # fmt: skip
    out = call.run.apply(call.node, "rnn", given, settings)
    return (out[0], tuple(out[1:])) if len(out) > 2 else out


def cell(call: Call, layer: Layer, _: str) -> Any:
    """``LSTMCell``, ``GRUCell``, ``RNNCell``."""
    own = layer.settings
    taken = inputs(call, "x state=None")
    given = [as_array(call.run, taken.given["x"])]
    if taken.has("state"):
        values = taken.value("state")
        values = values if isinstance(values, (tuple, list)) else (values,)
        given += [as_array(call.run, Given(value, taken.given["state"].node)) for value in values]
    settings = {"kind": layer.type, "input_size": own["input_size"], "hidden_size": own["hidden_size"]}
    out = call.run.apply(call.node, "rnn_cell", given, settings)
    return out if len(out) > 1 else out[0]


def attention(call: Call, layer: Layer, _: str) -> Any:
    """``MultiheadAttention(embed, heads)(q, k, v)``: the output and the weights."""
    own = layer.settings
    taken = inputs(call, "A B V M=None mask=None need_weights=True average_attn_weights=True")
    arrays = [taken.array(one) for one in ("A", "B", "V", "mask", "M") if taken.has(one)]
    settings = {
        "heads": own["num_heads"], "embed": own["embed_dim"], "kdim": own["kdim"], "vdim": own["vdim"],
        "batch_first": bool(own["batch_first"]), "need_weights": bool(taken.value("need_weights")),
        "average": bool(taken.value("average_attn_weights")),
        **({"padding": len(arrays) - 1} if taken.has("M") else {}),
    }  # fmt: skip
    out = call.run.apply(call.node, "attention", arrays, settings)
    return out if len(out) > 1 else (out[0], None)


def transformer(call: Call, layer: Layer, _: str) -> Any:
    """A layer of a Transformer: what comes in goes out."""
    taken = inputs(call, "x memory=None *masks")
    x = as_array(call.run, taken.given["x"])
    size = layer.settings["d_model"]
    return call.run.apply(
        call.node, "attention", (x, x, x),
        {"heads": layer.settings["nhead"], "embed": size, "kdim": None, "vdim": None,
         "batch_first": bool(layer.settings["batch_first"])},
    )[0]  # fmt: skip


def same(call: Call, layer: Layer, name: str) -> Any:
    """Entry by entry: the shape stays."""
    return _on_weights(call, "broadcast", name, {}, {"symbol": layer.type})[0]


def along(call: Call, layer: Layer, name: str) -> Any:
    """Softmax and the like: along an axis that must be there."""
    axis = layer.settings["axis"]
    return _on_weights(call, "along", name, {}, {"axis": -1 if axis is None else axis})[0]


def by_function(call: Call, layer: Layer, name: str) -> Any:
    """A layer that is a function with settings: the function's own way is gone."""
    settings = dict(layer.settings)
    prefix = layer.kind.fixed
    return _on_weights(call, prefix["rule"], name, {}, {**settings, **prefix.get("more", {})})[0]


def sequential(call: Call, layer: Layer, name: str) -> Any:
    """Layers one after another."""
    x = inputs(call, "x").given["x"]
    value: Any = x.value
    text = call.run.name_of(x.node)
    for i, one in enumerate(layer.inner):
        if not isinstance(one, Layer):
            raise call.refused(f"expected layers in `Sequential`, got {told(one)}", layer.node)
        label = f"{name}[{i}]" if len(name) < 24 else call.run.name_of(one.node)
        step = Call(call.run, call.node, one.type, (Given(value, x.node),), {})
        if i:
            call.run.renamed[x.node] = text
        before, call.run.label = call.run.label, call.run.name_of(one.node)
        try:
            value = run(step, replace(one, evaluating=layer.evaluating or one.evaluating), label)
        finally:
            call.run.label = before
        text = f"{call.run.name_of(one.node)}(...)"
    call.run.renamed.pop(x.node, None)
    return value


def loss(call: Call, layer: Layer, _: str) -> Any:
    """A loss of an input and a target."""
    taken = inputs(call, "A B D=None E=None")
    arrays = [taken.array(one) for one in ("A", "B", "D", "E") if taken.has(one)]
    settings = {"name": layer.kind.fixed["name"], "reduction": layer.settings.get("reduction", "mean")}
    return call.run.apply(call.node, "loss", arrays, settings)[0]


SIZES = frozenset([
    "in_features", "out_features", "in1_features", "in2_features", "in_channels", "out_channels", "kernel_size",
    "num_features", "num_channels", "num_groups", "num_embeddings", "embedding_dim", "input_size", "hidden_size",
    "num_layers", "embed_dim", "num_heads", "normalized_shape", "d_model", "nhead",
])  # fmt: skip
