"""A traced model equals the model that runs: shapes, parameters, products and what is kept; and is left as it was."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tests.integrations.pytorch.models import MODELS
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from tearless.integrations.pytorch.tracing.copies import without_data
from tearless.integrations.pytorch.tracing.inputs import of_texts
from tearless.integrations.pytorch.tracing.laws import total_products
from tearless.integrations.pytorch.tracing.layers import tensors_in
from tearless.integrations.pytorch.tracing.running import Ran, run


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
