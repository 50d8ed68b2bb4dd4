"""Small training tasks, optimisers, and a run of them whose every number is kept."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from tearless.integrations.pytorch.ending import measured
from tearless.integrations.pytorch.record import Record
from tearless.integrations.pytorch.watching import Watch

STEPS = 9


@dataclass
class Task:
    """A model, the loss of a batch by number, and what is computed without gradients."""

    model: nn.Module
    loss: Callable[[int], torch.Tensor]


def mlp() -> Task:
    model = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Dropout(0.2), nn.Linear(16, 3))
    x, y = torch.randn(48, 6), torch.randint(0, 3, (48,))
    return Task(model, lambda i: F.cross_entropy(model(x[i % 3 :: 3]), y[i % 3 :: 3]))


def cnn() -> Task:
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Dropout2d(0.1),
        nn.Conv2d(4, 4, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 2),
    )  # fmt: skip
    x, y = torch.randn(24, 1, 8, 8), torch.randint(0, 2, (24,))
    return Task(model, lambda i: nn.CrossEntropyLoss()(model(x[i % 2 :: 2]), y[i % 2 :: 2]))


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cells = nn.LSTM(4, 8, num_layers=2, dropout=0.1, batch_first=True)
        self.head = nn.Linear(8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out, _ = self.cells(x)
        return self.head(out[:, -1]).squeeze(-1)


def lstm() -> Task:
    model = Recurrent()
    x, y = torch.randn(16, 5, 4), torch.randn(16)
    return Task(model, lambda i: F.mse_loss(model(x), y))


class Attending(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.names = nn.Embedding(11, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(8, 11, bias=False)
        self.head.weight = self.names.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.encoder(self.names(x)))


def transformer() -> Task:
    """With one weight for the embedding and the head."""
    model = Attending()
    x, y = torch.randint(0, 11, (8, 6)), torch.randint(0, 11, (8, 6))
    return Task(model, lambda i: F.cross_entropy(model(x).flatten(0, 1), y.flatten()))


def renormed() -> Task:
    """An embedding that shortens its rows in the forward pass."""
    model = nn.Sequential(nn.Embedding(30, 4, max_norm=0.5), nn.Flatten(), nn.Linear(12, 1))
    x, y = torch.randint(0, 30, (16, 3)), torch.randn(16, 1)
    return Task(model, lambda i: F.mse_loss(model(x), y))


def sparse() -> Task:
    model = nn.Sequential(nn.EmbeddingBag(50, 6, mode="sum", sparse=True))
    x, y = torch.randint(0, 50, (16, 4)), torch.randn(16, 6)
    return Task(model, lambda i: F.smooth_l1_loss(model(x), y))


class Waves(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(5, 5, dtype=torch.complex64) * 0.3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (torch.fft.fft(x) @ self.weight).abs()


def complexes() -> Task:
    model = Waves()
    x, y = torch.randn(16, 5), torch.rand(16, 5)
    return Task(model, lambda i: (model(x) - y).square().mean())


TASKS: dict[str, Callable[[], Task]] = {
    "mlp": mlp, "cnn": cnn, "lstm": lstm, "transformer": transformer, "renormed": renormed, "sparse": sparse,
    "complex": complexes,
}  # fmt: skip
OPTIMIZERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9, nesterov=True, weight_decay=1e-4),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, amsgrad=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.005),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.05),
    "nadam": lambda p: torch.optim.NAdam(p, lr=0.01),
    "lbfgs": lambda p: torch.optim.LBFGS(p, lr=0.5, max_iter=3),
    "sparse adam": lambda p: torch.optim.SparseAdam(p, lr=0.01),
}
TAKES_SPARSE = {"sgd", "adagrad", "sparse adam"}


def seeded(seed: int = 0) -> None:
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the global stream is what must not move
    random.seed(seed)


def trained(make: Callable[[], Task], optimizer: Callable[[Any], torch.optim.Optimizer]) -> dict[str, Any]:
    """Every number that a run leaves, its random streams included."""
    task = make()
    made = optimizer(list(task.model.parameters()))
    losses: list[Any] = []
    for i in range(STEPS):
        if isinstance(made, torch.optim.LBFGS):

            def closure(i: int = i) -> torch.Tensor:
                made.zero_grad()
                loss = task.loss(i)
                loss.backward()
                return loss

            losses.append(made.step(closure).detach().clone())  # type: ignore[arg-type]
        else:
            made.zero_grad()
            loss = task.loss(i)
            loss.backward()
            made.step()
            losses.append(loss.detach().clone())
        if i % 4 == 3:
            losses.append(evaluated(task))
    return left(losses, task.model, made)


def evaluated(task: Task) -> torch.Tensor:
    task.model.eval()
    with torch.no_grad():
        value = task.loss(0)
    task.model.train()
    return value


def left(losses: list[Any], model: nn.Module, *optimizers: torch.optim.Optimizer) -> dict[str, Any]:
    """Copies of what can be told from a run: also what the next draws would give."""
    states = [copy.deepcopy(one.state_dict()["state"]) for one in optimizers]
    grads = [None if p.grad is None else p.grad.detach().clone() for p in model.parameters()]
    draws = (torch.rand(3), np.random.rand(3), random.random())  # noqa: NPY002
    return {
        "losses": losses, "parameters": copy.deepcopy(model.state_dict()), "optimizers": states, "grads": grads,
        "draws": draws, "hooks": [len(p._backward_hooks or ()) for p in model.parameters()],
    }  # fmt: skip


def same(one: Any, other: Any, at: str = "") -> Iterator[str]:
    """The places where two results differ, to the bit."""
    if isinstance(one, torch.Tensor):
        one, other = one.detach(), other.detach()
        if one.dtype != other.dtype or one.shape != other.shape or one.layout != other.layout:
            yield f"{at}: another kind of tensor"
        elif one.layout != torch.strided:
            yield from same(one.coalesce().indices(), other.coalesce().indices(), at)
            yield from same(one.coalesce().values(), other.coalesce().values(), at)
        elif one.contiguous().flatten().numpy().tobytes() != other.contiguous().flatten().numpy().tobytes():
            yield f"{at}: {one} is not {other}"
    elif isinstance(one, np.ndarray):
        if one.tobytes() != other.tobytes():
            yield f"{at}: {one} is not {other}"
    elif isinstance(one, dict):
        if one.keys() != other.keys():
            yield f"{at}: other names"
        for key in one.keys() & other.keys():
            yield from same(one[key], other[key], f"{at}.{key}")
    elif isinstance(one, (list, tuple)):
        if len(one) != len(other):
            yield f"{at}: another length"
        for i, (a, b) in enumerate(zip(one, other, strict=False)):
            yield from same(a, b, f"{at}[{i}]")
    elif one != other and not (one != one and other != other):
        yield f"{at}: {one} is not {other}"


@contextmanager
def watched() -> Iterator[Watch]:
    """A watch that looks as often as it may; afterwards what is measured at the end has been measured as well."""
    watch = Watch(Record(), budget=1.0)
    with watch:
        yield watch
    if not watch.fault:
        measured(watch)


def compared(run: Callable[[], Any], looked_at: bool = True) -> Watch:
    """Run twice from one seed, bare and watched; what both leave must be the same to the bit."""
    seeded()
    bare, next_draws = run(), torch.rand(2)
    seeded()
    with watched() as watch:
        with_watch = run()
    different = list(same([bare, next_draws], [with_watch, torch.rand(2)]))
    assert not watch.fault, watch.fault
    assert not different, different[:5]
    if looked_at:
        assert watch.steps
        assert any('"kind":"step"' in line for line in watch.record.lines)
    assert_no_trace()
    return watch


def assert_no_trace() -> None:
    """No hook is left in this process."""
    from torch.nn.modules import module
    from torch.optim import optimizer

    assert not module._global_forward_hooks
    assert not module._global_forward_pre_hooks
    assert not module._global_forward_hooks_always_called
    assert not module._global_forward_hooks_with_kwargs
    assert not module._global_backward_hooks
    assert not optimizer._global_optimizer_pre_hooks
    assert not optimizer._global_optimizer_post_hooks
    assert torch._C._len_torch_function_stack() == 0
