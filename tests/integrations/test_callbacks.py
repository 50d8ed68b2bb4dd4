"""The callbacks of trainers and the cell magic: they watch one training, and leave it as it would have been."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.nn import functional as F  # noqa: N812
from torch.utils.data import DataLoader, TensorDataset

import tearless
from tearless.integrations.notebook import run_cell
from tearless.readers.training.run import Run

from .pytorch.tasks import assert_no_trace, left, same, seeded

pytestmark = [pytest.mark.filterwarnings("ignore")]  # the trainers' own warnings


def rows() -> TensorDataset:
    x = torch.randn(64, 4)
    return TensorDataset(x, x[:, :1] + 0.5)


def lines_of(run: Any) -> Run:
    return Run(tuple(run._watch.record.lines))


def fitted(callbacks: list[Any], fails: bool = False) -> dict[str, Any]:
    lightning = importlib.import_module("lightning.pytorch")

    class Module(lightning.LightningModule):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(0.1), torch.nn.Linear(8, 1))
            self.losses: list[torch.Tensor] = []
            self.norms: list[float] = []

        def training_step(self, batch: Any, index: int) -> torch.Tensor:  # noqa: ARG002
            if fails and len(self.losses) == 5:
                raise ZeroDivisionError("planned")
            loss = F.mse_loss(self.net(batch[0]), batch[1])
            self.losses.append(loss.detach())
            return loss

        def validation_step(self, batch: Any, index: int) -> None:  # noqa: ARG002
            self.log("val_loss", F.mse_loss(self.net(batch[0]), batch[1]))

        def on_before_optimizer_step(self, optimizer: Any) -> None:  # noqa: ARG002
            self.norms.append(float(torch.nn.utils.get_total_norm([p.grad for p in self.parameters()])))

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), lr=0.01)

    seeded()
    module = Module()
    trainer = lightning.Trainer(
        max_epochs=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, gradient_clip_val=1.0, callbacks=callbacks,
    )  # fmt: skip
    trainer.fit(module, DataLoader(rows(), 8, shuffle=True), DataLoader(rows(), 32))
    return {**left(module.losses, module, *trainer.optimizers), "norms": module.norms}


def test_lightning(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("lightning")
    from tearless.integrations.lightning import WatchCallback

    bare = fitted([])
    callback = WatchCallback()
    watched = fitted([callback])
    assert not list(same(bare, watched))
    assert_no_trace()
    assert callback.run.steps == 16
    assert callback.run.fault == ""
    assert "16 optimiser steps" in capsys.readouterr().err
    run = lines_of(callback.run)
    for step in run.steps:  # the gradients are made and clipped within the optimiser's step: these are its own
        norm = sum(g * g for g in step.gradient if g is not None) ** 0.5
        assert norm == pytest.approx(min(1.0, watched["norms"][step.step - 1]), rel=1e-4)
        assert step.slope is not None
        assert step.slope < 0
    assert not run.entries("breach")
    assert not [f for f in callback.run.report().findings if f.severity.name in ("error", "warning")]


def test_lightning_that_fails(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("lightning")
    from tearless.integrations.lightning import WatchCallback

    callback = WatchCallback(shown=False)
    with pytest.raises(ZeroDivisionError, match="planned"):
        fitted([callback], fails=True)
    assert_no_trace()
    assert callback.run.steps == 5
    assert lines_of(callback.run).end.how == "exception"
    assert capsys.readouterr().err.count("optimiser steps") == 0


class Rows(torch.utils.data.Dataset[Any]):
    def __init__(self) -> None:
        self.tensors = rows().tensors

    def __len__(self) -> int:
        return 64

    def __getitem__(self, i: int) -> dict[str, torch.Tensor]:
        return {"x": self.tensors[0][i], "labels": self.tensors[1][i]}


def trained_by_trainer(folder: Path, callbacks: list[Any]) -> dict[str, Any]:
    transformers = importlib.import_module("transformers")

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))

        def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
            answer = self.net(x)
            return {"loss": F.mse_loss(answer, labels), "answer": answer}

    seeded()
    model, data = Net(), Rows()
    arguments = transformers.TrainingArguments(
        str(folder), num_train_epochs=2, per_device_train_batch_size=8, use_cpu=True, report_to=[], save_strategy="no",
        gradient_accumulation_steps=2, eval_strategy="epoch", disable_tqdm=True, logging_steps=4,
    )  # fmt: skip
    trainer = transformers.Trainer(model, arguments, train_dataset=data, eval_dataset=data, callbacks=callbacks)
    trainer.train()
    history = [entry.get("loss", entry.get("eval_loss")) for entry in trainer.state.log_history]
    return left(history, model)


def test_transformers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    from tearless.integrations.transformers import WatchCallback

    bare = trained_by_trainer(tmp_path, [])
    callback = WatchCallback()
    watched = trained_by_trainer(tmp_path, [callback])
    assert not list(same(bare, watched))
    assert_no_trace()
    assert callback.run.steps == 8
    assert callback.run.fault == ""
    assert "8 optimiser steps" in capsys.readouterr().err
    assert not [f for f in callback.run.report().findings if f.severity.name in ("error", "warning")]


def test_accelerate() -> None:
    accelerate = pytest.importorskip("accelerate")

    def run() -> dict[str, Any]:
        seeded()
        accelerator = accelerate.Accelerator(cpu=True, gradient_accumulation_steps=2)
        model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
        model, optimizer, loader = accelerator.prepare(model, optimizer, DataLoader(rows(), 8, shuffle=True))
        losses = []
        for x, y in loader:
            with accelerator.accumulate(model):
                loss = F.mse_loss(model(x), y)
                accelerator.backward(loss)
                accelerator.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad()
            losses.append(loss.detach())
        return left(losses, model, optimizer)

    bare = run()
    with tearless.watch() as watch:
        watched = run()
    assert not list(same(bare, watched))
    assert (watch.steps, watch.fault) == (4, "")


class Shell:
    """As much of a notebook's shell as the magic asks for."""

    def __init__(self) -> None:
        self.user_ns: dict[str, Any] = {"__name__": "__main__"}
        self.magics: dict[tuple[str, str], Any] = {}

    def register_magic_function(self, function: Any, kind: str, name: str) -> None:
        self.magics[kind, name] = function

    def run_cell(self, cell: str) -> Any:
        try:
            exec(cell, self.user_ns)  # noqa: S102
        except Exception as error:  # noqa: BLE001
            return SimpleNamespace(error_before_exec=None, error_in_exec=error)
        return SimpleNamespace(error_before_exec=None, error_in_exec=None)


CELL = """
import torch
torch.manual_seed(0)
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(6):
    optimizer.zero_grad()
    loss = model(torch.ones(4, 3)).square().mean()
    loss.backward()
    optimizer.step()
"""


def test_notebook(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    shell = Shell()
    tearless.load_ipython_extension(shell)
    file = tmp_path / "a b.record"
    shell.magics["cell", "watch"](f"--no-confirm --record '{file}'", CELL)
    assert "6 optimiser steps" in capsys.readouterr().out
    assert shell.user_ns["step"] == 5
    assert shell.user_ns["watched"].steps == 6
    assert file.stat().st_size
    run_cell(shell, "", CELL + "raise ValueError('no')\n")
    assert lines_of(shell.user_ns["watched"]).end.how == "exception"
    assert_no_trace()
    with pytest.raises(tearless.InputError, match=r"%%watch: got `--nonsense`"):
        run_cell(shell, "--nonsense", CELL)


@pytest.mark.parametrize(
    ("module", "packages"),
    [("lightning", ("lightning.pytorch", "lightning", "pytorch_lightning")), ("transformers", ("transformers",))],
)
def test_without_the_package(module: str, packages: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    home = importlib.import_module(f"tearless.integrations.{module}")
    home._made.cache_clear()
    for name in packages:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(tearless.InputError, match=rf'pip install "tearless\[{module}\]"'):
        home.WatchCallback  # noqa: B018
    with pytest.raises(AttributeError, match="it has WatchCallback"):
        home.Callback  # noqa: B018
