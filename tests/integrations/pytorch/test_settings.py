"""Ways to train beside the plain loop, each the same to the bit under the watch."""

from __future__ import annotations

import copy
import itertools
import shutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torch.overrides import TorchFunctionMode
from torch.utils.checkpoint import checkpoint
from torch.utils.data import DataLoader, Dataset, TensorDataset

from tearless.readers.training.run import Run

from .tasks import STEPS, compared, left


@pytest.fixture
def _compiler() -> Iterator[None]:
    """What was compiled is forgotten: a watch that begins later looks at calls again."""
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def net(inputs: int = 6, outputs: int = 3) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, outputs))


def data() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(32, 6), torch.randint(0, 3, (32,))


def plain(**more: Any) -> dict[str, Any]:
    """A run with settings: ``autocast``, ``scaler``, ``accumulate``, ``clip``, ``forward``, ``model``."""
    model = more.get("model", net)()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    x, y = data()
    scaler = torch.amp.GradScaler("cpu") if more.get("scaler") else None
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=STEPS)
    forward = more.get("forward", lambda model, x: model(x))
    losses = []
    for _ in range(STEPS):
        for part in range(more.get("accumulate", 1)):
            with torch.autocast("cpu", torch.bfloat16, enabled=bool(more.get("autocast"))):
                loss = F.cross_entropy(forward(model, x[part::2]), y[part::2], label_smoothing=0.1)
            (scaler.scale(loss) if scaler else loss).backward()
        if scaler:
            scaler.unscale_(optimizer)
        if more.get("clip"):
            nn.utils.clip_grad_norm_(model.parameters(), 0.1)
            nn.utils.clip_grad_value_(model.parameters(), 0.01)
        if scaler:
            scaler.step(optimizer)
            scaler.update()
        else:
            optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.detach())
    return left(losses, model, optimizer)


@pytest.mark.parametrize(
    "more", [{"autocast": 1}, {"scaler": 1}, {"accumulate": 2}, {"clip": 1}, {"clip": 1, "scaler": 1}]
)
def test_precision_accumulation_and_clipping(more: dict[str, Any]) -> None:
    compared(lambda: plain(**more))


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpointing(reentrant: bool) -> None:
    def forward(model: nn.Sequential, x: torch.Tensor) -> torch.Tensor:
        return model[3](checkpoint(model[:3], x.requires_grad_(), use_reentrant=reentrant))

    watch = compared(lambda: plain(forward=forward))
    assert watch.backwards == watch.steps  # the backward call within the backward call is no step's
    steps = Run(tuple(watch.record.lines)).steps
    assert len({step.parameters for step in steps}) == 1  # parts called by themselves keep their names


def test_two_optimisers() -> None:
    def run() -> dict[str, Any]:
        one, other = net(), net(3, 1)
        first = torch.optim.Adam(one.parameters(), lr=1e-2)
        second = torch.optim.RMSprop(other.parameters(), lr=1e-3)
        x, _ = data()
        losses = []
        for _ in range(STEPS):
            fake = one(x)
            second.zero_grad()
            judge = F.softplus(-other(x[:, :3])).mean() + F.softplus(other(fake.detach())).mean()
            judge.backward()
            second.step()
            first.zero_grad()
            made = F.softplus(-other(fake)).mean()
            made.backward()
            first.step()
            losses += [judge.detach(), made.detach()]
        return left(losses, nn.ModuleList([one, other]), first, second)

    compared(run)


def test_update_by_hand() -> None:
    def run() -> dict[str, Any]:
        model = net()
        x, y = data()
        losses = []
        for _ in range(STEPS):
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= 0.05 * p.grad
                    p.grad = None
            losses.append(loss.detach())
        return left(losses, model)

    compared(run)


def test_hooks_of_the_script() -> None:
    def run() -> dict[str, Any]:
        heard: list[float] = []
        model = net()
        model[0].register_forward_hook(lambda m, i, o: o * 1.5)
        model[3].register_forward_pre_hook(lambda m, i: (i[0] + 0.1,))
        model[3].register_full_backward_hook(lambda m, gi, go: heard.append(float(go[0].norm())))
        model[3].weight.register_post_accumulate_grad_hook(lambda p: heard.append(float(p.grad.norm())))
        result = plain(model=lambda: model)
        return {**result, "heard": heard}

    compared(run)


def test_function_transforms() -> None:
    def run() -> dict[str, Any]:
        model = net()
        model[2].p = 0.0
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        x, y = data()

        def of_one(parameters: Any, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            answer = torch.func.functional_call(model, parameters, (a.unsqueeze(0),))
            return F.cross_entropy(answer, b.unsqueeze(0))

        losses = []
        for _ in range(STEPS):
            parameters = {n: p.detach() for n, p in model.named_parameters()}
            each = torch.func.vmap(torch.func.grad(of_one), in_dims=(None, 0, 0))(parameters, x, y)
            for n, p in model.named_parameters():
                p.grad = each[n].mean(0)
            optimizer.step()
            losses.append(torch.func.vmap(of_one, in_dims=(None, 0, 0))(parameters, x, y).mean())
        jacobian = torch.func.jacrev(lambda a: model(a))(x[0])
        return left([*losses, jacobian], model, optimizer)

    compared(run)


def test_per_sample_randomness_of_a_transform() -> None:
    def forward(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
        return torch.func.vmap(model, randomness="different")(x)

    compared(lambda: plain(forward=forward))


def test_gradient_penalty() -> None:
    def run() -> dict[str, Any]:
        model = net(6, 1)
        model[1] = nn.Softplus()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        x, _ = data()
        losses = []
        for _ in range(STEPS):
            x = x.detach().requires_grad_()
            answer = model(x)
            slope = torch.autograd.grad(answer.sum(), x, create_graph=True)[0]
            loss = answer.square().mean() + (slope.norm(dim=1) - 1).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return left(losses, model, optimizer)

    compared(run)


class Doubled(TorchFunctionMode):
    """A mode of the script's own: it changes what is computed."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        return result * 2 if func is F.relu or func is torch.relu else result


@pytest.mark.parametrize("how", ["mode around each", "mode around all", "device", "default device"])
def test_modes_of_the_script(how: str) -> None:
    def forward(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
        with Doubled() if how == "mode around each" else torch.device("cpu"):
            return model(x) + torch.zeros(1)

    def run() -> dict[str, Any]:
        if how == "mode around all":
            with Doubled():
                return plain()
        if how == "default device":
            torch.set_default_device("cpu")
            try:
                return plain()
            finally:
                torch.set_default_device(None)
        return plain(forward=forward)

    compared(run)


class Drawn(Dataset[Any]):
    """Rows that draw from every stream."""

    def __len__(self) -> int:
        return 12

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        with torch.no_grad():
            noise = torch.rand(6) + np.random.rand()  # noqa: NPY002
        return noise.float() + i % 3, i % 3


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("workers", [0, 2])
def test_loaders(workers: int) -> None:
    def run() -> dict[str, Any]:
        model = net()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        losses = []
        for _ in range(2):
            for x, y in DataLoader(Drawn(), 4, shuffle=True, num_workers=workers):
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), y)
                loss.backward()
                optimizer.step()
                losses.append(loss.detach())
            with torch.inference_mode():
                losses += [F.cross_entropy(model(x), y).clone() for x, y in DataLoader(TensorDataset(*data()), 8)]
        return left(losses, model, optimizer)

    compared(run)


def test_a_generator_of_the_script() -> None:
    """Draws that the loss depends on, from a stream of the script's own."""

    def run() -> dict[str, Any]:
        own = torch.Generator().manual_seed(3)
        model = net()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        x, y = data()
        losses = []
        for _ in range(STEPS):
            chances = model(x).log_softmax(1)
            taken = torch.multinomial(chances.exp(), 1, generator=own)
            loss = -(chances.gather(1, taken).squeeze(1) * (taken.squeeze(1) == y)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return {**left(losses, model, optimizer), "own": own.get_state()}

    compared(run)


def test_buffers_written_in_the_forward_pass() -> None:
    class Remembering(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.utils.parametrizations.spectral_norm(nn.Linear(6, 3))
            self.register_buffer("seen", torch.zeros(6, 6))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with torch.no_grad():
                self.seen.mul_(0.9).add_(x.T @ x, alpha=0.1)
            return self.layer(x @ self.seen / 10)

    compared(lambda: plain(model=Remembering))


def test_weights_cast_to_their_own_type() -> None:
    """``to`` gives the parameter itself: no hook may stay on it."""

    class Casting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(3, 6) * 0.1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ self.weight.to(torch.float32).contiguous().T

    compared(lambda: plain(model=Casting))


def test_copies_made_while_watched() -> None:
    def run() -> dict[str, Any]:
        model = net()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        average = copy.deepcopy(model)
        x, y = data()
        losses = []
        for _ in range(STEPS):
            optimizer.zero_grad(set_to_none=False)
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                for a, p in zip(average.parameters(), model.parameters(), strict=True):
                    a.lerp_(p, 0.1)
                losses.append(F.cross_entropy(average(x), y))
            again = copy.deepcopy(optimizer)
            assert again.state_dict().keys() == optimizer.state_dict().keys()
        return left(losses, average, optimizer)

    compared(run)


@pytest.mark.usefixtures("_compiler")
@pytest.mark.skipif(shutil.which("gcc") is None, reason="torch.compile needs a compiler")
def test_compiled() -> None:
    """With a backend that needs no code generation, and with graphs cut by the loop."""

    def run() -> dict[str, Any]:
        torch._dynamo.reset()
        model = net()
        fast = torch.compile(model, backend="aot_eager")
        return plain(model=lambda: model, forward=lambda _, x: fast(x))

    compared(run)


@pytest.mark.usefixtures("_compiler")
def test_compiled_before_the_watch() -> None:
    model = net()
    fast = torch.compile(model, backend="eager")
    fast(torch.randn(2, 6))
    first = copy.deepcopy(model.state_dict())

    def run() -> dict[str, Any]:
        model.load_state_dict(first)
        model.zero_grad()
        return plain(model=lambda: model, forward=lambda _, x: fast(x))

    compared(run)


def test_a_batch_is_run_again_as_it_was_computed() -> None:
    """Under autocast a copy of the next step's first loss is that loss to the bit."""

    def run() -> dict[str, Any]:
        model = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
        x, _ = data()
        losses = []
        for _ in range(4):
            with torch.autocast("cpu", torch.bfloat16):
                loss = F.mse_loss(model(x), x[:, :1])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return left(losses, model, optimizer)

    watch = compared(run)
    found = Run(tuple(watch.record.lines)).probes("reduction")
    assert len(found) == 4
    for one, later in itertools.pairwise(found):
        assert one.numbers["after"] == later.numbers["before"]


def test_what_several_batches_gave_is_not_asked_of_one() -> None:
    watch = compared(lambda: plain(accumulate=2))
    assert not Run(tuple(watch.record.lines)).probes("reduction")
