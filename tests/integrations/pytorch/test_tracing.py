"""A traced model equals the model that runs: shapes, parameters, products and what is kept; and is left as it was."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from tests.integrations.pytorch.models import MODELS
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import tearless
from tearless.integrations.pytorch.tracing import of_target
from tearless.integrations.pytorch.tracing.copies import without_data
from tearless.integrations.pytorch.tracing.inputs import of_texts
from tearless.integrations.pytorch.tracing.laws import total_products
from tearless.integrations.pytorch.tracing.layers import tensors_in
from tearless.integrations.pytorch.tracing.loading import Loaded
from tearless.integrations.pytorch.tracing.running import Ran, run
from tearless.integrations.pytorch.tracing.several import seen


def traced(model: nn.Module, texts: tuple[str, ...], training: bool = True) -> Ran:
    args, named = of_texts(texts).made({}, torch.float32)
    return run(without_data(model), args, named, training=training)


def real_inputs(texts: tuple[str, ...]) -> list[torch.Tensor]:
    args, _ = of_texts(texts).made({}, torch.float32)
    return [torch.randint(0, 50, a.shape) if a.dtype == torch.int64 else torch.randn(a.shape) for a in args]


def calls_of(model: nn.Module, inputs: list[torch.Tensor]) -> list[tuple[str, list[Any], list[Any]]]:
    """Path and shapes of each call of a real forward, as they end."""
    found: list[tuple[str, list[Any], list[Any]]] = []

    def heard(path: str) -> Any:
        def hook(_: nn.Module, args: Any, kwargs: Any, out: Any) -> None:
            shapes = [[(tuple(t.shape), t.dtype) for t in tensors_in(value)] for value in ((args, kwargs), out)]
            found.append((path, *shapes))

        return hook

    handles = [m.register_forward_hook(heard(p), with_kwargs=True) for p, m in model.named_modules()]
    model.train()(*inputs)
    for handle in handles:
        handle.remove()
    return found


@pytest.fixture(params=MODELS)
def case(request: pytest.FixtureRequest) -> tuple[nn.Module, tuple[str, ...]]:
    make, texts = MODELS[request.param]
    torch.manual_seed(0)
    return make(), texts


def test_shapes_are_those_of_a_real_forward(case: tuple[nn.Module, tuple[str, ...]]) -> None:
    model, texts = case
    ran = traced(model, texts)
    assert ran.traced.error is None
    ours = sorted(
        (c.path, *([(one.shape, getattr(torch, one.dtype)) for one in side] for side in (c.takes, c.gives)))
        for c in ran.traced.layers()
    )
    assert ours == sorted(calls_of(model, real_inputs(texts)))
    assert next(ran.traced.layers()).parameters == sum(p.numel() for p in model.parameters())


def test_products_are_those_that_pytorch_counts(case: tuple[nn.Module, tuple[str, ...]]) -> None:
    model, texts = case
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        model.train()(*real_inputs(texts))
    ours = total_products(traced(model, texts).costs)
    assert ours > 0
    if not any(isinstance(m, nn.LSTM) for m in model.modules()):  # a fused kernel, which the counter does not know
        assert 2 * ours == counter.get_total_flops()


def kept_for_real(model: nn.Module, inputs: list[torch.Tensor]) -> int:
    """Bytes of all storages that a real forward keeps, but for parameters and buffers."""
    known = {t.untyped_storage().data_ptr() for t in (*model.parameters(), *model.buffers())}
    held: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.untyped_storage().data_ptr() not in known:
            held[tensor.untyped_storage().data_ptr()] = tensor.detach()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        out = model.train()(*inputs)
    assert out is not None
    return sum(t.untyped_storage().nbytes() for t in held.values())


def test_what_is_kept_is_what_a_real_forward_keeps(case: tuple[nn.Module, tuple[str, ...]]) -> None:
    model, texts = case
    ours = sum(one.bytes for one in traced(model, texts).costs.kept)
    if not any(isinstance(m, nn.RNNBase) for m in model.modules()):  # kernels of their own
        assert ours == kept_for_real(model, real_inputs(texts))


@pytest.mark.parametrize(
    ("make", "inputs", "sizes"),
    [
        (MODELS["gpt"][0], ["n,t:int64"], [{"n": 3, "t": 12}, {"n": 1, "t": 33}]),
        (MODELS["unet"][0], ["n,3,h,w"], [{"n": 2, "h": 32, "w": 64}]),
        (MODELS["resnet18"][0], ["n,3,64,64"], [{"n": 1}, {"n": 7}]),
        (MODELS["lstm"][0], ["n,t:int64"], [{"n": 5, "t": 9}]),
        (MODELS["seq2seq"][0], ["n,9:int64", "n,4:int64"], [{"n": 6}]),
    ],
)
def test_laws_hold_at_other_sizes(make: Any, inputs: list[str], sizes: list[dict[str, int]]) -> None:
    model, given = make(), of_texts(inputs)
    found = seen(Loaded(model, "", {}), given, torch.device("cpu"))
    assert found.laws is not None
    for values in sizes:
        texts = tuple(",".join(str(values.get(part, part)) for part in t.partition(":")[0].split(",")) for t in inputs)
        ran = traced(model, tuple(f"{t}:int64" if "int64" in inputs[0] else t for t in texts))
        products, kept = found.laws.all_multiply_adds(), found.laws.kept()
        assert products is not None
        assert kept is not None
        assert found.laws.at(products, values) == total_products(ran.costs)
        assert found.laws.at(kept, values) == sum(one.bytes for one in ran.costs.kept)


class Counts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.seen: list[Any] = []
        self.register_buffer("mean", torch.zeros(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        print("called")
        self.seen.append(x)
        self.mean += x.mean(0)
        return self.fc(x) * torch.rand(1).item()


def test_the_model_is_left_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    model = Counts().eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    report = tearless.trace(model, ("n", 8))
    assert torch.equal(torch.rand(2), expected)
    assert not model.seen
    assert not model.training
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert report["parameters"].value == 72
    assert "called" not in capsys.readouterr().out


class Branches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.a(x)
        if y.sum() > 0:
            y = 2 * y
        return self.b(y)


def test_what_only_data_can_tell_is_said_with_its_line() -> None:
    text = tearless.trace(Branches(), ("n", 8)).to_text(100)
    assert "cannot be traced to its end" in text
    assert "y.sum() > 0" in text
    assert "Linear" in text


class Wrong(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 5)
        self.fc = nn.Linear(5408, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.conv(x).flatten(1))


def test_the_first_clash_is_a_finding_in_the_names_of_the_input() -> None:
    report = tearless.trace(Wrong(), ("n", 1, 28, 28))
    (finding,) = report.findings
    assert finding.name == "shape-clash"
    assert "(n, 4608)" in finding.headline
    assert "5408" in finding.headline
    assert "test_tracing.py" in finding.headline
    assert "n×8×24×24" in report.to_text(100)


@pytest.mark.parametrize(
    ("target", "inputs", "said"),
    [
        ("no_such_module_here:Net", ["2,3"], "no_such_module_here"),
        ("tests.integrations.pytorch.models:resnet81", ["2,3"], "`resnet18`"),
        ("tests.integrations.pytorch.models:MODELS", ["2,3"], "expected a torch.nn.Module"),
        ("tests.integrations.pytorch.models:SelfAttention", ["2,3"], "`width` and `heads`"),
        ("tests.integrations.pytorch.models:ViT(size=print('x'))", ["2,3"], "literal"),
        ("tests.integrations.pytorch.models", ["2,3"], "after a colon"),
        ("tests.integrations.pytorch.models:ViT", [], "its forward takes `x`"),
        ("tests.integrations.pytorch.models:ViT", ["2,3", "4,5"], "too many"),
        ("tests.integrations.pytorch.models:ViT", ["2,-3"], "whole number or a name"),
        ("tests.integrations.pytorch.models:ViT", ["2,3:floaty"], "no dtype"),
        ("tests.integrations.pytorch.models:ViT", ["9999999999,9999999999,9999999999"], "sizes that a tensor can have"),
    ],
)
def test_bad_input_is_answered(target: str, inputs: list[str], said: str) -> None:
    with pytest.raises(tearless.InputError, match=re.escape(said)):
        of_target(target, inputs)


def test_a_batch_that_fits() -> None:
    report = of_target("tests.integrations.pytorch.models:resnet50", ["n,3,224,224"], memory="24GiB")
    assert report["parameters"].value == 25_557_032
    fits = int(report["largest_batch"].value or 0)
    assert 200 < fits < 400
    assert "fits" in report.to_text()


class Decoder(nn.Module):
    def __init__(self, ready: bool) -> None:
        super().__init__()
        table = nn.Parameter(torch.arange(60.0).reshape(12, 5)) if ready else nn.Embedding(12, 5).weight
        self.rows, self.back = nn.Embedding(12, 5), nn.Linear(5, 12)
        self.rows.weight = self.back.weight = table
        nn.init.trunc_normal_(self.back.weight, std=0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.back(self.rows(x))


@pytest.mark.parametrize("ready", [True, False])
def test_a_weight_that_two_layers_share_is_counted_once_however_the_model_is_named(ready: bool) -> None:
    there = tearless.trace(Decoder(ready), "n,7:int64")
    made = of_target(f"tests.integrations.pytorch.test_tracing:Decoder({ready})", ["n,7:int64"])
    assert made["parameters"].value == there["parameters"].value == 12 * 5 + 12
    assert made["peak_bytes"].value == there["peak_bytes"].value
    assert not made.notes


@pytest.mark.parametrize("sizes", ["4,2,9", "n,2,9"])
def test_layers_that_get_their_shape_at_the_first_pass(sizes: str) -> None:
    model = nn.Sequential(nn.LazyConv1d(6, 2), nn.LazyBatchNorm1d(), nn.Flatten(), nn.LazyLinear(3))
    report = tearless.trace(model, sizes)
    assert report["parameters"].value == (2 * 2 * 6 + 6) + 2 * 6 + (6 * 8 * 3 + 3)
    assert not report.findings
    assert isinstance(model[0].weight, nn.UninitializedParameter)


class Divides(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / self.temperature


class Checks(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.shape[0] > 7:
            raise ValueError(f"at most 7, got {x.shape[0]}")
        return x


class Parses(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * int("three")


@pytest.mark.parametrize(
    ("model", "sizes", "said"),
    [
        (Divides(), "3,4", "temperature"),
        (Parses(), "n,4", "ValueError: invalid literal"),
        (Checks(), "n,4", "at most 7, got n"),
    ],
)
def test_an_error_that_is_none_of_shapes_is_refused_with_its_line(model: nn.Module, sizes: str, said: str) -> None:
    with pytest.raises(tearless.InputError, match=re.escape(said)) as refused:
        tearless.trace(model, sizes)
    assert "test_tracing.py:" in str(refused.value)


def test_one_value_for_each_channel_is_told_without_a_device() -> None:
    report = tearless.trace(nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3)), (1, 6))
    (finding,) = report.findings
    assert finding.name == "shape-clash"
    assert "one value for each channel" in finding.headline
    assert "meta" not in report.to_text()


class Decorrelates(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = (x - x.mean(0)) / x.std(0)
        return z.transpose(0, 1) @ z / len(x)


class Steps(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell, self.last = nn.RNNCell(6, 4), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = None
        for one in range(len(x)):
            h = self.cell(x[one], h)
        return self.last(h)


@pytest.mark.parametrize(
    ("model", "sizes"),
    [
        (Decorrelates(), "9,5"),
        (Decorrelates(), "n,5"),
        (Steps(), "7,3,6"),
        (Steps(), "seq,batch,6"),
        (nn.LSTM(6, 4), "7,3,6"),
        (nn.TransformerEncoderLayer(6, 2), "t,b,6"),
    ],
)
def test_what_is_meant_is_no_finding(model: nn.Module, sizes: str) -> None:
    assert not tearless.trace(model, sizes).findings


def test_a_recurrence_over_what_is_named_as_the_batch_is_one() -> None:
    assert [finding.name for finding in tearless.trace(nn.GRU(6, 4), "batch,9,6").findings] == ["swapped-axes"]


def test_a_model_that_goes_through_with_the_given_batch_alone() -> None:
    pairs = nn.Sequential(nn.Flatten(0), nn.Unflatten(0, (-1, 28)), nn.Linear(28, 2))
    for model, shape in ((pairs, (8, 7)), (nn.Sequential(nn.Flatten(0), nn.Linear(24, 2)), (6, 4))):
        (finding,) = tearless.trace(model, shape).findings
        assert f"with {shape[0]} samples" in finding.headline
