"""What is measured on a copy of a batch, against closed forms and PyTorch's own derivatives; nothing of it leaks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from tearless.integrations.pytorch import probes
from tearless.integrations.pytorch.ending import measured
from tearless.integrations.pytorch.experiments import Altered, copy_of, standardised_inputs
from tearless.integrations.pytorch.record import Record
from tearless.integrations.pytorch.settings import Settings, bound, divisors
from tearless.integrations.pytorch.watching import Watch
from tearless.readers.training.run import Run

Loss = Callable[[nn.Module, torch.Tensor, torch.Tensor], torch.Tensor]


def trained(
    model: nn.Module, x: torch.Tensor, y: torch.Tensor, loss: Loss, steps: int = 3, lr: float = 0.05, **options: Any
) -> Watch:
    """A few steps of gradient descent under a watch."""
    watch = Watch(Record())
    with watch:
        optimizer = options.pop("optimizer", torch.optim.SGD)(model.parameters(), lr=lr, **options)
        for _ in range(steps):
            optimizer.zero_grad()
            loss(model, x, y).backward()
            optimizer.step()
    assert not watch.fault, watch.fault
    return watch


def run_of(watch: Watch) -> Run:
    return Run(tuple(watch.record.lines))


def squares(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return functional.mse_loss(model(x).squeeze(1), y)


def test_the_reduction_ratio_of_least_squares_is_the_closed_form() -> None:
    """f(w - lr g) - f(w) = -lr |g|^2 + lr^2/2 g'Hg, so that the ratio is 1 - lr g'Hg / (2 |g|^2), exactly."""
    torch.manual_seed(0)
    x, y = torch.randn(40, 3, dtype=torch.float64), torch.randn(40, dtype=torch.float64)
    model = nn.Linear(3, 1, bias=False).double()
    first = model.weight.detach().clone()
    watch = trained(model, x, y, squares, steps=1, lr=0.3)
    hessian = 2 * x.T @ x / 40
    gradient = 2 * x.T @ (x @ first[0] - y) / 40
    expected = 1 - 0.3 * float(gradient @ hessian @ gradient) / (2 * float(gradient @ gradient))
    (probe,) = run_of(watch).probes("reduction")
    assert probe.numbers["ratio"] == pytest.approx(expected, rel=1e-6)


def test_halves_are_the_gradients_of_the_halves() -> None:
    torch.manual_seed(1)
    x, y = torch.randn(10, 4), torch.randint(0, 3, (10,))
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))
    watch = trained(model, x, y, lambda m, a, b: functional.cross_entropy(m(a), b), steps=1)
    (probe,) = run_of(watch).probes("halves")
    parts = []
    for rows in (slice(0, 5), slice(5, 10)):
        value = functional.cross_entropy(model(x[rows]), y[rows])
        parts.append(torch.cat([g.reshape(-1) for g in torch.autograd.grad(value, list(model.parameters()))]))
    assert probe.numbers["dot"] == pytest.approx(float(parts[0] @ parts[1]), rel=1e-4)
    assert probe.numbers["first"] == pytest.approx(float(parts[0] @ parts[0]), rel=1e-4)


def test_the_curvature_of_least_squares_is_the_largest_eigenvalue() -> None:
    torch.manual_seed(2)
    x = torch.randn(60, 4, dtype=torch.float64) * torch.tensor([3.0, 1.0, 0.5, 0.1], dtype=torch.float64)
    y = torch.randn(60, dtype=torch.float64)
    watch = trained(nn.Linear(4, 1, bias=False).double(), x, y, squares, lr=0.01)
    found = probes.bend(watch.replays[-1], lambda _: None)
    expected = float(torch.linalg.eigvalsh(2 * x.T @ x / 60).max())
    assert found is not None
    assert found["hessian"] == pytest.approx(expected, rel=1e-3)


def test_adams_curvature_is_that_of_the_scaled_hessian() -> None:
    torch.manual_seed(3)
    x, y = torch.randn(60, 3, dtype=torch.float64), torch.randn(60, dtype=torch.float64)
    model = nn.Linear(3, 1, bias=False).double()
    watch = trained(model, x, y, squares, steps=5, optimizer=torch.optim.Adam)
    (optimizer,) = watch.optimizers.live()
    state = optimizer.state[model.weight]
    scale = (state["exp_avg_sq"] / (1 - 0.999**5)).sqrt()[0] + 1e-8
    expected = float(torch.linalg.eigvalsh((2 * x.T @ x / 60) / torch.sqrt(scale[:, None] * scale[None, :])).max())
    found = probes.bend(watch.replays[-1], lambda p: divisors(optimizer).get(id(p)))
    assert found is not None
    assert found["largest"] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda p: torch.optim.SGD(p, lr=0.1), 20.0),
        (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), 38.0),
        (lambda p: torch.optim.Adam(p, lr=0.001), 38_000.0),
    ],
)
def test_the_bound_is_the_edge_of_stability(make: Callable[[Any], torch.optim.Optimizer], expected: float) -> None:
    """On a quadratic of curvature just below the bound the (frozen) optimiser shrinks, just above it grows."""
    optimizer = make([torch.zeros(1, requires_grad=True)])
    assert bound(optimizer) == pytest.approx(expected)
    group = optimizer.param_groups[0]
    beta = group["betas"][0] if "betas" in group else group["momentum"]
    average = 1 - beta if "betas" in group else 1.0
    for factor, grows in ((0.98, False), (1.02, True)):
        w, m = 1.0, 0.0
        for _ in range(2000):
            m = beta * m + average * expected * factor * w
            w -= group["lr"] * m
            if abs(w) > 1e6:
                break
        assert (abs(w) > 1) is grows


class Block(nn.Module):
    """Dropout, batch norm, in-place activations, a residual sum and a view."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.drop = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Dropout(0.3)
        self.last = nn.Linear(4 * 16, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = functional.relu(self.norm(self.first(x)), inplace=True)
        a = a + self.drop(a)
        return self.last(a.view(a.size(0), -1))


class Words(nn.Module):
    """An embedding, an LSTM, attention with a mask, and the last place read off by an index."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.cell = nn.Embedding(11, 8), nn.LSTM(8, 8, batch_first=True)
        self.attend, self.last = nn.MultiheadAttention(8, 2, batch_first=True), nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a, _ = self.cell(self.embed(x))
        mask = torch.triu(torch.ones(x.shape[1], x.shape[1], dtype=torch.bool), 1)
        b, _ = self.attend(a, a, a, attn_mask=mask, need_weights=False)
        return self.last((a + b)[:, -1])


@pytest.mark.parametrize(("model", "shape"), [(Block, (12, 1, 4, 4)), (Words, (12, 5))])
def test_a_replay_gives_the_loss_that_was_seen_and_leaves_no_trace(
    model: type[nn.Module], shape: tuple[int, ...]
) -> None:
    torch.manual_seed(4)
    net = model()
    x = torch.randint(0, 11, shape) if len(shape) == 2 else torch.randn(shape)
    y = torch.randint(0, 3, (shape[0],))
    watch = trained(net, x, y, lambda m, a, b: functional.cross_entropy(m(a), b), steps=4)
    replay = watch.replays[0]
    first = {i: watch.initial[id(p)] for i, p in replay.parameters().items()}
    state = {name: value.clone() for name, value in net.state_dict().items()}
    random = torch.get_rng_state()
    assert replay.is_faithful(first)
    measured(watch)
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)


def test_an_experiment_is_the_run_it_stands_for() -> None:
    """The copy's losses are those of the run itself, made again by hand; changed, those of a run so changed."""
    torch.manual_seed(5)
    x, y = torch.randn(30, 4) * 5 + 3, torch.randint(0, 3, (30,))
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    first = {name: value.clone() for name, value in model.state_dict().items()}
    watch = trained(model, x, y, lambda m, a, b: functional.cross_entropy(m(a), b), steps=6, momentum=0.9)
    copy = copy_of(watch.replays, watch.initial, watch.optimizers.settings[0])
    assert copy is not None
    mean, std = x.mean(0), x.std(0, correction=0)
    for altered, rate, inputs in (
        (Altered(), 0.05, x),
        (Altered(settings={"rate": 0.1}), 0.005, x),
        (Altered(data=standardised_inputs), 0.05, (x - mean) / std),
    ):
        again = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
        again.load_state_dict(first)
        optimizer = torch.optim.SGD(again.parameters(), lr=rate, momentum=0.9)
        expected = []
        for _ in range(10):
            loss = functional.cross_entropy(again(inputs), y)
            expected.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        assert copy.losses(altered, math.inf, steps=10) == pytest.approx(expected, rel=1e-4)


def test_later_inputs_move_earlier_answers_only_without_a_mask() -> None:
    class Language(nn.Module):
        def __init__(self, causal: bool) -> None:
            super().__init__()
            self.embed, self.last, self.causal = nn.Embedding(9, 8), nn.Linear(8, 9), causal

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            a = self.embed(x)
            return self.last(functional.scaled_dot_product_attention(a, a, a, is_causal=self.causal))

    torch.manual_seed(6)
    tokens = torch.randint(0, 9, (8, 7))
    for causal in (True, False):
        watch = trained(
            Language(causal), tokens[:, :-1], tokens[:, 1:],
            lambda m, a, b: functional.cross_entropy(m(a).flatten(0, 1), b.flatten()), steps=1,
        )  # fmt: skip
        found = probes.future(watch.replays[0])
        assert found is not None
        assert found["share"] == (0.0 if causal else 1.0)
        assert found["shifted"] == 1.0


def test_settings_that_cannot_be_made_again_give_no_experiment() -> None:
    class Own(torch.optim.SGD):
        def __init__(self, params: Any, lr: float, *, needed: int) -> None:
            super().__init__(params, lr=lr)
            self.needed = needed

    weight = torch.zeros(2, requires_grad=True)
    assert Settings.of(Own([weight], 0.1, needed=1)).again({id(weight): weight}) is None
