"""``tearless.watch``: what it says, what it refuses, and that nothing of it is left behind."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F  # noqa: N812
from torch.nn.utils import clip_grad
from torch.utils.data import DataLoader

import tearless
from tearless.integrations.pytorch import noting, probes, values
from tearless.integrations.pytorch.tape import Tape
from tearless.integrations.pytorch.watching import Watch
from tearless.readers.training.source import from_record

from .tasks import assert_no_trace, left, same, seeded

PLACES = [
    (torch.autograd, "backward"), (torch, "compile"), (torch.nn.utils, "clip_grad_norm_"),
    (torch.nn.utils, "clip_grad_value_"), (clip_grad, "clip_grad_norm_"), (clip_grad, "clip_grad_value_"),
    (torch.optim.Optimizer, "__init__"), (torch.optim.Optimizer, "zero_grad"), (torch.nn.Module, "zero_grad"),
    (torch.no_grad, "__enter__"), (torch.no_grad, "__exit__"), (torch.inference_mode, "__enter__"),
    (torch.inference_mode, "__exit__"), (DataLoader, "__iter__"), (torch.amp.GradScaler, "scale"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    before = [owner.__dict__[name] for owner, name in PLACES]
    signatures = {name: set(vars(torch.nn.Module)) for name in ("Module",)}
    yield
    assert_no_trace()
    assert all(owner.__dict__[name] is was for (owner, name), was in zip(PLACES, before, strict=True))
    assert signatures == {"Module": set(vars(torch.nn.Module))}


def pieces() -> tuple[torch.nn.Module, torch.optim.Optimizer, torch.Tensor]:
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Dropout(0.1), torch.nn.Linear(8, 1))
    return model, torch.optim.Adam(model.parameters(), lr=0.01), torch.randn(32, 4)


def step(model: torch.nn.Module, optimizer: torch.optim.Optimizer, x: torch.Tensor) -> torch.Tensor:
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), x[:, :1])
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.detach()


def trained(steps: int = 12) -> dict[str, Any]:
    seeded()
    model, optimizer, x = pieces()
    losses = [step(model, optimizer, x) for _ in range(steps)]
    with torch.no_grad():
        losses.append(F.mse_loss(model(x), x[:, :1]))
    return left(losses, model, optimizer)


def test_a_report_in_the_middle_and_at_the_end(tmp_path: Path) -> None:
    model, optimizer, x = pieces()
    file = tmp_path / "run.record"
    with tearless.watch(model, optimizer, record=file) as run:
        for i in range(20):
            step(model, optimizer, x)
            if i == 9:
                middle = run.report()
    assert run.steps == 20
    assert middle.answer is not None
    assert "10 optimiser steps" in middle.to_text()
    assert "20 optimiser steps" in run.report().to_text()
    assert run.report() is run.report()
    assert run.fault == ""
    assert tearless.check(str(file)).count("silent") == run.report().count("silent")


def test_a_report_in_the_middle_changes_nothing() -> None:
    bare = trained()
    seeded()
    with tearless.watch(confirm=True) as run:
        seeded()
        model, optimizer, x = pieces()
        losses = []
        for i in range(12):
            losses.append(step(model, optimizer, x))
            if i in (0, 5):
                run.report()
        with torch.no_grad():
            losses.append(F.mse_loss(model(x), x[:, :1]))
        result = left(losses, model, optimizer)
    assert not list(same(bare, result))


def test_a_broken_contract_is_told_at_once_and_once(capsys: pytest.CaptureFixture[str]) -> None:
    model, optimizer, x = pieces()
    with tearless.watch():
        for i in range(8):
            F.mse_loss(model(x), x[:, :1]).backward()
            optimizer.step()
            if i == 3:
                said = capsys.readouterr().err
    assert said.startswith("tearless: ")
    assert "missing-zero-grad" in said
    assert said.count("\n") == 1
    assert capsys.readouterr().err == ""


def test_two_at_once_are_refused() -> None:
    with tearless.watch() as run:
        with pytest.raises(tearless.InputError, match="another watch is at work"), tearless.watch():
            pass
        trained()
    assert run.steps == 12
    with pytest.raises(tearless.InputError, match="was used before"):
        run.start()
    with tearless.watch() as again:
        trained()
    assert again.steps == 12


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_exceptions_are_the_blocks_own(error: BaseException) -> None:
    model, optimizer, x = pieces()
    with pytest.raises(type(error)) as caught, tearless.watch() as run:  # noqa: PT012
        step(model, optimizer, x)
        with torch.no_grad():
            model(x)
            raise error
    assert caught.value is error
    assert run.steps == 1
    assert run.report().outcomes


def test_exceptions_inside_calls_leave_nothing() -> None:
    model, optimizer, x = pieces()

    def fails(*_: Any) -> None:
        raise KeyboardInterrupt

    handle = model[1].register_forward_hook(fails)  # type: ignore[index]
    with pytest.raises(KeyboardInterrupt), tearless.watch():
        model(x)
    handle.remove()
    loss = model(x).sum()
    loss.register_hook(fails)
    with pytest.raises(KeyboardInterrupt), tearless.watch():  # noqa: PT012
        step(model, optimizer, x)
        loss.backward()
    with pytest.raises(RuntimeError), tearless.watch():
        model(x[:, :2])


PLANTED = [
    (noting, "step"), (noting, "graph"), (noting, "given"), (noting, "loss_calls"), (noting, "moves"),
    (noting, "output_values"), (values, "of_output"), (values, "of_gradient"), (probes, "halves"), (Tape, "_where"),
    (Tape, "give"), (Watch, "_look"), (Watch, "_reduced"), (Watch, "write_down"), (Watch, "_end_of_step"),
]  # fmt: skip


@pytest.mark.parametrize(("owner", "name"), PLANTED, ids=lambda x: x if isinstance(x, str) else "")
def test_a_fault_of_the_watch_ends_the_watch(
    owner: Any, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = trained()
    count = 0

    def broken(*_: Any, **__: Any) -> Any:
        nonlocal count
        count += 1
        if name != "_look" or count > 1:  # the first look is the start
            raise ZeroDivisionError("planted")

    monkeypatch.setattr(owner, name, broken)
    with tearless.watch() as run:
        result = trained()
    said = capsys.readouterr().err
    assert not list(same(bare, result))
    assert "ZeroDivisionError: planted" in run.fault
    assert said.count("internal fault in the watch") == 1
    assert run.report().outcomes


def test_what_the_script_puts_in_place_stays() -> None:
    was = torch.nn.utils.clip_grad_norm_
    with tearless.watch():

        def mine(*args: Any, **kwargs: Any) -> Any:
            return was(*args, **kwargs)

        torch.nn.utils.clip_grad_norm_ = mine
        trained()
    assert torch.nn.utils.clip_grad_norm_ is mine
    torch.nn.utils.clip_grad_norm_ = was


def test_an_unwritable_record_is_told_and_the_run_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place in (tmp_path, tmp_path / "no" / "folder", Path("/dev/full")):
        with tearless.watch(record=place) as run:
            trained()
        assert run.steps == 12
        assert "12 optimiser steps" in run.report().to_text()
        assert capsys.readouterr().err.count("the record cannot be written") == 1


def test_a_closed_error_stream_is_no_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with tearless.watch(record=tmp_path) as run:
        trained()
    assert run.fault == ""


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"model": 3}, "model: expected a torch.nn.Module, got `int`"),
        ({"optimizer": [object()]}, "optimizer: expected a torch.optim.Optimizer, got `object`"),
        ({"budget": 0}, "budget: expected a share"),
        ({"budget": "2%"}, "budget: expected a share"),
    ],
)
def test_other_arguments_are_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(tearless.InputError, match=words):
        tearless.watch(**given)


@pytest.mark.parametrize("door", ["watch", "gradients"])
def test_without_pytorch(door: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(tearless.InputError, match=r'pip install "tearless\[torch\]"'):
        getattr(tearless, door)(None)


def test_before_it_begins_there_is_no_report() -> None:
    run = tearless.watch()
    assert run.steps == 0
    with pytest.raises(tearless.InputError, match="has not"):
        run.report()


def test_gradients_of_a_model() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 1, bias=False), torch.nn.Linear(1, 1, bias=False))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, 1.0]]))
        model[1].weight.fill_(2.0)
    with pytest.raises(tearless.InputError, match="whose parameters have none"):
        tearless.gradients(model)
    found = tearless.gradients(model, model(torch.tensor([[3.0, 4.0]])).sum())
    assert (found["0"].gradient, found["1"].gradient) == (10.0, 7.0)  # 2 (3, 4), and 3 + 4
    assert found.total == pytest.approx(149**0.5)
    assert found.total == pytest.approx(float(torch.nn.utils.get_total_norm([p.grad for p in model.parameters()])))
    assert "██" in str(found)
    for saved in ("model.pt", "model.safetensors"):
        with pytest.raises(tearless.InputError, match="not stored"):
            tearless.gradients(saved)
    with pytest.raises(tearless.InputError, match=r"expected a torch\.nn\.Module"):
        tearless.gradients(3)
    with pytest.raises(tearless.InputError, match="without a graph"):
        tearless.gradients(model, torch.tensor(1.0))


def test_gradients_that_vanish_or_break() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1), torch.nn.Linear(3, 3))
    model(torch.ones(1, 2)).sum() if False else model[0](torch.ones(1, 2)).sum().backward()
    model[1].weight.grad = torch.full((1, 2), float("nan"))
    text = str(tearless.gradients(model))
    assert "no gradient" in text
    assert "not finite" in text


def test_the_record_of_a_block_that_failed_says_so(tmp_path: Path) -> None:
    file = tmp_path / "r"
    with pytest.raises(ValueError, match="bad"), tearless.watch(record=file):  # noqa: PT012
        trained()
        raise ValueError("bad")
    assert any('"how":"exception"' in line for line in from_record(file).batches().__next__().frame["entry"])
