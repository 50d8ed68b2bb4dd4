"""What mends a layer: it runs in PyTorch and gives what is said, and the first is what people mean."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.linear_algebra.shapes import Clash, Operand, Operation, Place, Repair, named, results
from tearless.linear_algebra.shapes.operation import filled

from .layer_calls import CALLS, Call, shapes_of
from .sequence_calls import CALLS as SEQUENCE_CALLS


def clash_of(operation: Operation) -> Clash | None:
    try:
        results(operation)
    except Clash as clash:
        return clash
    return None


def done(repair: Repair, names: list[str], tensors: list[Any], run: Callable[..., Any]) -> Any:
    """What a repair of operands gives: its code is run."""
    plain = [f"v{i}" for i in range(len(tensors))]
    told = dict(zip(plain, tensors, strict=True))
    if repair.text:
        code = filled(repair.text, plain)
        call = code[code.index("(") :]
        return eval(f"run{call}", {"run": lambda *given, **_: run(*given), "torch": torch, **told})  # noqa: S307
    new = list(tensors)
    for i, template in repair.operands.items():
        code = filled(template, [plain[i]])
        for name, other in zip(names, plain, strict=True):
            code = code.replace(f"{name}.shape", f"{other}.shape")
            code = code.replace(f"expand_as({name})", f"expand_as({other})")
        new[i] = eval(code, {"torch": torch, **told})  # noqa: S307
    return run(*new)


@pytest.mark.parametrize("make", CALLS + SEQUENCE_CALLS, ids=lambda make: make.__name__)
@settings(max_examples=150)
@given(data=st.data())
def test_repairs_of_operands_run(make: Callable[..., Call], data: st.DataObject) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = make(data.draw)
        whole = all(tensor.numel() for tensor in one.tensors)
        clash = clash_of(one.operation) if whole else None
        for repair in clash.repairs if clash else ():
            if repair.layer or repair.settings or "enable_gqa" in repair.text:
                continue
            names = [operand.name for operand in one.operation.operands]
            gives = shapes_of(done(repair, names, one.tensors, one.run))
            assert repair.gives == gives[0], (one.operation, repair)


def operation_of(layer: Any, tensors: list[Any], rule: str, **more: Any) -> Operation:
    """The operation of a layer: what it is given, then its parameters."""
    held = [(f"self.layer.{name}", getattr(layer, name, None)) for name in ("weight", "bias", "running_mean")]
    parameters = (
        [] if rule in ("rnn", "rnn_cell", "attention", "pool") else [pair for pair in held if pair[1] is not None]
    )
    given = list(zip(("x", "y", "z", "m"), tensors, strict=False))
    operands = [
        Operand(name, tuple(one.shape), str(one.dtype).removeprefix("torch."), "cpu", "torch")
        for name, one in [*given, *parameters]
    ]
    parts = ("self.layer(", *(part for i in range(len(tensors)) for part in ((", ",) if i else ()) + (i,)), ")")
    places = tuple(Place(part) if isinstance(part, int) else part for part in parts)
    return Operation(rule, tuple(operands), more, places)


nn = torch.nn
CONV = {"in_channels": 3, "out_channels": 8, "kernel_size": 3}
RNN = {"input_size": 4, "hidden_size": 6}
LSTM_SET = {"kind": "LSTM", "input_size": 4, "hidden_size": 6}
MHA = {"embed_dim": 8, "num_heads": 2}
MHA_SET = {"heads": 2, "embed": 8}

ROWS: list[tuple[Any, Mapping[str, Any], list[tuple[int, ...]], str, Mapping[str, Any], Any]] = [
    (nn.Linear, {"in_features": 784, "out_features": 10}, [(32, 1, 28, 28)], "linear", {}, "{}.flatten(1)"),
    (nn.Linear, {"in_features": 24, "out_features": 10}, [(5, 7, 4, 6)], "linear", {}, "{}.flatten(2)"),
    (nn.Linear, {"in_features": 8, "out_features": 10}, [(5, 8, 7)], "linear", {}, "{}.transpose(1, 2)"),
    (nn.Linear, {"in_features": 784, "out_features": 10}, [(784, 5)], "linear", {}, "{}.T"),
    (nn.Linear, {"in_features": 8, "out_features": 10}, [(5, 8, 3, 3)], "linear", {}, "{}.mean(dim=(2, 3))"),
    (nn.Linear, {"in_features": 1, "out_features": 10}, [(32,)], "linear", {}, "{}.unsqueeze(-1)"),
    (nn.Linear, {"in_features": 4608, "out_features": 64}, [(4, 5408)], "linear", {}, {"in_features": "5408"}),
    (
        nn.Linear,
        {"in_features": 10, "out_features": 784},
        [(32, 784)],
        "linear",
        {},
        {"in_features": "784", "out_features": "10"},
    ),
    (nn.Conv2d, CONV, [(4, 28, 28, 3)], "conv", {"n": 2}, "{}.permute(0, 3, 1, 2)"),
    (nn.Conv2d, CONV, [(28, 28, 3)], "conv", {"n": 2}, "{}.permute(2, 0, 1)"),
    (nn.Conv2d, CONV, [(4, 1, 28, 28)], "conv", {"n": 2}, {"in_channels": "1"}),
    (nn.Conv2d, {**CONV, "in_channels": 1}, [(64, 28, 28)], "conv", {"n": 2}, "{}.unsqueeze(1)"),
    (nn.Conv2d, {**CONV, "in_channels": 1}, [(64, 784)], "conv", {"n": 2}, "{}.reshape(-1, 1, 28, 28)"),
    (nn.Conv2d, {**CONV, "in_channels": 1}, [(28, 28)], "conv", {"n": 2}, "{}[None, None]"),
    (nn.Conv2d, CONV, [(4, 6, 3, 28, 28)], "conv", {"n": 2}, "{}.flatten(0, 1)"),
    (nn.Conv2d, CONV, [(4, 3, 2, 2)], "conv", {"n": 2}, {"padding": "1"}),
    (nn.Conv1d, {**CONV, "in_channels": 8}, [(4, 50, 8)], "conv", {"n": 1}, "{}.transpose(1, 2)"),
    (nn.Conv1d, {**CONV, "in_channels": 1}, [(4, 50)], "conv", {"n": 1}, "{}.unsqueeze(1)"),
    (nn.ConvTranspose2d, CONV, [(4, 7, 7, 3)], "conv_transpose", {"n": 2}, "{}.permute(0, 3, 1, 2)"),
    (nn.ConvTranspose2d, CONV, [(4, 16, 7, 7)], "conv_transpose", {"n": 2}, {"in_channels": "16"}),
    (nn.BatchNorm1d, {"num_features": 8}, [(4, 16)], "batch_norm", {"n": 1}, {"num_features": "16"}),
    (nn.BatchNorm1d, {"num_features": 8}, [(4, 5, 8)], "batch_norm", {"n": 1}, "{0}.transpose(1, 2)).transpose(1, 2)"),
    (nn.BatchNorm2d, {"num_features": 8}, [(4, 16, 5, 5)], "batch_norm", {"n": 2}, {"num_features": "16"}),
    (
        nn.BatchNorm2d,
        {"num_features": 8},
        [(4, 5, 5, 8)],
        "batch_norm",
        {"n": 2},
        "{0}.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)",
    ),
    (nn.BatchNorm2d, {"num_features": 8}, [(4, 8)], "batch_norm", {"n": 2}, "{0}[:, :, None, None]).flatten(1)"),
    (
        nn.LayerNorm,
        {"normalized_shape": 8},
        [(4, 5, 16)],
        "layer_norm",
        {"normalized_shape": (8,)},
        {"normalized_shape": "16"},
    ),
    (
        nn.LayerNorm,
        {"normalized_shape": 8},
        [(4, 8, 5)],
        "layer_norm",
        {"normalized_shape": (8,)},
        "{0}.transpose(1, 2)).transpose(1, 2)",
    ),
    (
        nn.LayerNorm,
        {"normalized_shape": 12},
        [(4, 3, 4)],
        "layer_norm",
        {"normalized_shape": (12,)},
        {"normalized_shape": "(3, 4)"},
    ),
    (
        nn.LayerNorm,
        {"normalized_shape": (5, 8)},
        [(4, 9, 8)],
        "layer_norm",
        {"normalized_shape": (5, 8)},
        {"normalized_shape": "8"},
    ),
    (
        nn.GroupNorm,
        {"num_groups": 2, "num_channels": 8},
        [(4, 16, 5)],
        "group_norm",
        {"groups": 2},
        {"num_channels": "16"},
    ),
    (nn.LSTM, RNN, [(5, 3, 7)], "rnn", LSTM_SET, {"input_size": "7"}),
    (nn.LSTM, RNN, [(5, 4, 9)], "rnn", LSTM_SET, "{}.transpose(1, 2)"),
    (nn.LSTM, {**RNN, "input_size": 1}, [(5, 9)], "rnn", {**LSTM_SET, "input_size": 1}, "{}.unsqueeze(-1)"),
    (nn.LSTM, RNN, [(5, 9, 4), (1, 5, 6), (1, 5, 6)], "rnn", LSTM_SET, {"batch_first": "True"}),
    (nn.LSTM, RNN, [(9, 5, 4), (1, 6), (1, 6)], "rnn", LSTM_SET, "{}.unsqueeze(1).repeat(1, x.shape[1], 1)"),
    (nn.GRU, RNN, [(9, 5, 4), (5, 6)], "rnn", {**LSTM_SET, "kind": "GRU"}, "{}.unsqueeze(0)"),
    (nn.GRU, RNN, [(9, 4), (1, 1, 6)], "rnn", {**LSTM_SET, "kind": "GRU"}, "{}.unsqueeze(1)"),
    (nn.GRU, RNN, [(9, 3, 4), (1, 5, 6)], "rnn", {**LSTM_SET, "kind": "GRU"}, "{}[:, :x.shape[1]].contiguous()"),
    (nn.MultiheadAttention, MHA, [(5, 3, 16)] * 3, "attention", MHA_SET, {"embed_dim": "16"}),
    (nn.MultiheadAttention, MHA, [(3, 5, 8), (3, 7, 8), (3, 7, 8)], "attention", MHA_SET, {"batch_first": "True"}),
    (nn.Embedding, {"num_embeddings": 9, "embedding_dim": 4}, [(3, 5)], "embedding", {}, "{}.long()"),
    (
        nn.MaxPool2d,
        {"kernel_size": 3},
        [(4, 3, 2, 2)],
        "pool",
        {"n": 2, "kernel": 3, "stride": 3},
        {"kernel_size": "2"},
    ),
]


@pytest.mark.parametrize(("kind", "made", "shapes", "rule", "more", "first"), ROWS)
def test_first_repair_of_layers(kind: Any, made: Any, shapes: Any, rule: str, more: Any, first: Any) -> None:
    layer, tensors = kind(**made), [torch.rand(shape) for shape in shapes]

    def run(*given: Any, by: Any = layer) -> Any:
        states = given[1:] if rule == "rnn" else ()
        return by(given[0], states if len(states) == 2 else states[0]) if states else by(*given)

    with pytest.raises((RuntimeError, ValueError, AssertionError, IndexError)):
        run(*tensors)
    clash = clash_of(operation_of(layer, tensors, rule, **more))
    assert clash is not None
    repair = clash.repairs[0]
    if isinstance(first, str):
        assert first in repair.text or first in repair.operands.values(), clash.repairs
    elif first is not None:
        assert repair.layer == first, clash.repairs
    if repair.layer:
        again = kind(**{**made, **{name: eval(code) for name, code in repair.layer.items()}})  # noqa: S307
        gives = shapes_of(run(*tensors, by=again))
    else:
        gives = shapes_of(done(repair, ["x", "y", "z", "m"][: len(tensors)], tensors, run))
    assert gives[0] == repair.gives


LONG, FLOAT = torch.int64, torch.float32
LOSSES: list[tuple[str, tuple[int, ...], tuple[int, ...], torch.dtype, str]] = [
    ("cross_entropy", (8, 5), (8, 1), LONG, "{}.squeeze(1)"),
    ("cross_entropy", (8, 5), (8, 1), FLOAT, "{}.squeeze(1).long()"),
    ("cross_entropy", (8, 5), (8, 5), LONG, "{}.argmax(1)"),
    ("cross_entropy", (8, 5), (8,), FLOAT, "{}.long()"),
    ("cross_entropy", (8, 5), (8,), torch.int32, "{}.long()"),
    ("cross_entropy", (8, 7, 5), (8, 7), LONG, "{}.transpose(1, 2)"),
    ("cross_entropy", (8, 5, 6, 6), (8, 1, 6, 6), LONG, "{}.squeeze(1)"),
    ("cross_entropy", (8, 6, 7, 5), (8, 6, 7), LONG, "{}.permute(0, 3, 1, 2)"),
    ("cross_entropy", (56, 5), (8, 7), LONG, "{}.flatten(0)"),
    ("cross_entropy", (8, 7, 5), (8,), LONG, "{}[:, -1]"),
    ("cross_entropy", (8, 1, 5), (8,), LONG, "{}.squeeze(1)"),
    ("cross_entropy", (8, 5, 1, 1), (8,), LONG, "{}.flatten(1)"),
    ("nll_loss", (8, 5), (8, 5), LONG, "{}.argmax(1)"),
    ("binary_cross_entropy", (8, 1), (8,), FLOAT, "{}.squeeze(1)"),
    ("binary_cross_entropy_with_logits", (8, 1), (8,), FLOAT, "{}.squeeze(1)"),
    ("binary_cross_entropy_with_logits", (8, 1), (8,), LONG, "{}.squeeze(1)"),
    ("binary_cross_entropy_with_logits", (8,), (8, 1), FLOAT, "{}.squeeze(1)"),
    ("binary_cross_entropy_with_logits", (8, 1), (8, 1), LONG, "{}.float()"),
    ("binary_cross_entropy_with_logits", (8, 2), (8,), LONG, "{}[:, 1]"),
    ("binary_cross_entropy_with_logits", (8, 5), (8,), LONG, "torch.nn.functional.one_hot({}, 5).float()"),
    ("mse_loss", (8, 5), (5, 8), FLOAT, "{}.T"),
    ("mse_loss", (8, 5), (8,), FLOAT, "{}.unsqueeze(1)"),
    ("kl_div", (8, 5), (8, 5), LONG, "{}.float()"),
    ("nll_loss", (8, 5), (9,), LONG, "{}[:x.shape[0]]"),
]


@pytest.mark.parametrize(("name", "x", "target", "dtype", "first"), LOSSES)
def test_first_repair_of_losses(name: str, x: Any, target: Any, dtype: torch.dtype, first: str) -> None:
    tensors = [torch.rand(x), torch.zeros(target, dtype=dtype)]
    function = getattr(torch.nn.functional, name)
    clash = clash_of(operation_of(None, tensors, "loss", name=name))
    assert clash is not None
    assert first in clash.repairs[0].operands.values(), clash.repairs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for repair in clash.repairs:
            assert shapes_of(done(repair, ["x", "y"], tensors, function)) == (repair.gives,)


def test_named_sizes_go_through() -> None:
    n, h = named("n"), named("h")

    def of(rule: str, *shapes: tuple[Any, ...], **more: Any) -> Any:
        return results(Operation(rule, tuple(Operand(f"a{i}", one) for i, one in enumerate(shapes)), more))

    assert of("linear", (n, 784), (10, 784)) == ((n, 10),)
    assert of("conv", (n, 3, h, h), (8, 3, 3, 3), n=2) == ((n, 8, h - 2, h - 2),)
    assert of("conv", (n, 3, 2 * h, 28), (8, 3, 3, 3), n=2, stride=2, padding=1) == ((n, 8, (2 * h - 1) // 2 + 1, 14),)
    assert of("conv_transpose", (n, 3, h, 7), (3, 8, 2, 2), n=2, stride=2) == ((n, 8, 2 * h, 14),)
    assert of("pool", (n, 8, 2 * h, 28), n=2, kernel=2) == ((n, 8, h, 14),)
    assert of("rnn", (n, h, 4), kind="GRU", input_size=4, hidden_size=6, batch_first=True) == ((n, h, 6), (1, n, 6))
    assert of("attention", (n, h, 8), (n, h, 8), (n, h, 8), heads=2, embed=8, batch_first=True) == (
        (n, h, 8),
        (n, h, h),
    )
    assert of("sdpa", (n, 4, h, 8), (n, 4, h, 8), (n, 4, h, 8)) == ((n, 4, h, 8),)
    assert of("loss", (n, 10), (n,), name="cross_entropy") == ((),)
    assert of("interpolate", (n, 3, h, h), scale_factor=2) == ((n, 3, 2 * h, 2 * h),)
    assert of("pixel_shuffle", (n, 12, h, h), factor=2) == ((n, 3, 2 * h, 2 * h),)
    assert of("batch_norm", (n, 8, h, h), (8,), n=2) == ((n, 8, h, h),)
    assert of("layer_norm", (n, h, 16), normalized_shape=(16,)) == ((n, h, 16),)
    assert of("embedding", (n, h), (100, 16)) == ((n, h, 16),)


def templates(operation: Operation) -> list[str]:
    """The code that each repair hangs onto the input."""
    clash = clash_of(operation)
    assert clash is not None
    return [repair.operands.get(0, "") for repair in clash.repairs]


def maps(name: str, shape: tuple[int, ...], channels: int, outs: int = 4) -> Operation:
    """A convolution with a kernel of 3 by 3."""
    x = Operand(name, shape, "float32", "cpu", "torch")
    weight = Operand("self.layer.weight", (outs, channels, 3, 3), "float32", "cpu", "torch")
    return Operation("conv", (x, weight), {"n": 2}, ("self.layer(", Place(0), ")"))


@pytest.mark.parametrize("name", ["x", "torch.cat((a, b), dim=1)", "F.relu(self.conv2(x))"])
def test_maps_of_features_are_not_taken_for_channels_last(name: str) -> None:
    found = templates(maps(name, (2, 48, 24, 24), 24))
    assert not any("permute" in one or "transpose" in one for one in found), found


def test_pictures_may_have_their_channels_last() -> None:
    for shape in ((2, 40, 40, 3), (2, 30, 40, 3), (30, 20, 3), (2, 5, 3, 3)):
        assert "permute" in templates(maps("x", shape, 3))[0], shape
    assert "permute" in templates(maps("x", (2, 40, 30, 12), 12))[0]


def test_rows_become_maps_of_one_place() -> None:
    assert templates(maps("noise", (6, 20), 20))[:1] == []  # a kernel of 3 does not fit one place
    x = Operand("z", (6, 20), "float32", "cpu", "torch")
    weight = Operand("self.layer.weight", (20, 8, 5, 5), "float32", "cpu", "torch")
    assert templates(Operation("conv_transpose", (x, weight), {"n": 2}))[0] == "{}[:, :, None, None]"


def test_parameters_are_not_cast_where_they_are_called() -> None:
    x = Operand("x", (5, 4), "float64", "cpu", "torch")
    weight = Operand("net.0.weight", (3, 4), "float32", "cpu", "torch")
    assert templates(Operation("linear", (x, weight), {})) == ["{}.float()"]


def test_a_repair_is_said_once() -> None:
    x = Operand("x", (3, 24, 5), "float32", "cpu", "torch")
    weight = Operand("norm.weight", (12,), "float32", "cpu", "torch")
    clash = clash_of(Operation("group_norm", (x, weight), {"groups": 4}))
    assert clash is not None
    assert [repair.layer for repair in clash.repairs] == [{"num_channels": "24"}]
