"""What a run left behind, through the front door: recognised, told, and silent where it cannot be told."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tearless
from tearless.core import InputError
from tearless.readers.training.entries import line_of
from tearless.readers.training.made import healthy_run

DATA = Path(__file__).parents[1] / "data" / "training"
NEEDS_WATCHING = {"missing-zero-grad", "no-gradient", "dead-units", "double-softmax", "lost-updates", "symmetric-init"}


def written(path: Path, columns: Mapping[str, Sequence[Any]]) -> Path:
    lines = [",".join(columns), *(",".join(map(str, cells)) for cells in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n")
    return path


def curve(steps: Sequence[int], noise: float = 0.02, seed: int = 0) -> list[float]:
    rng = np.random.default_rng(seed)
    return [0.2 + 2 * math.exp(-5 * s / steps[-1]) + rng.normal(0, noise) for s in steps]


@pytest.mark.parametrize(
    "name", ["events_simple", "events_tensor", "metrics.csv", "trainer_state.json", "lightning.ckpt"]
)
def test_what_the_real_libraries_wrote_is_recognised_and_healthy(name: str) -> None:
    report = tearless.check(DATA / name)
    assert not report.at_least("warning")
    assert not report.faults
    told = {outcome.name: outcome.result for outcome in report.outcomes}
    assert all(told[check] == "cannot tell" for check in NEEDS_WATCHING)
    assert "constant-column" not in told


def test_a_record_is_recognised(tmp_path: Path) -> None:
    lines = [line_of(entry) for entry in healthy_run(np.random.default_rng(0))]
    (tmp_path / "run").write_text("\n".join(lines) + "\n")
    assert not tearless.check(tmp_path / "run").findings
    (tmp_path / "run").write_text("\n".join(lines[:-1]) + "\n" + lines[-1][:20])
    assert any("damaged after" in note for note in tearless.check(tmp_path / "run").notes)


def test_kind_decides(tmp_path: Path) -> None:
    log = written(tmp_path / "log.csv", {"step": range(1, 21), "loss": curve(range(1, 21))})
    as_run, as_table = tearless.check(log), tearless.check(log, kind="table")
    assert any("training" in note for note in as_run.notes)
    assert {o.name for o in as_run.outcomes}.isdisjoint({"constant-column"})
    assert "constant-column" in {o.name for o in as_table.outcomes}
    assert "constant-column" in {o.name for o in tearless.check(log, select=["constant-column"]).outcomes}
    plain = written(tmp_path / "plain.csv", {"when": range(5), "loss": curve(range(1, 6))})
    assert "constant-column" in {o.name for o in tearless.check(plain).outcomes}
    assert "nan-loss" in {o.name for o in tearless.check(plain, kind="training").outcomes}
    assert "nan-loss" in {o.name for o in tearless.check({"loss": [2.0, 1.0]}, kind="training").outcomes}
    with pytest.raises(InputError, match="none of these"):
        tearless.check(written(tmp_path / "x.csv", {}), kind="training")


def test_a_loss_that_became_nan_is_found_in_each_kind_of_log(tmp_path: Path) -> None:
    losses = [2.0 - i / 50 if i < 60 else math.nan for i in range(100)]
    log = written(tmp_path / "log.csv", {"step": range(10, 1010, 10), "loss": losses})
    found = tearless.check(log).at_least("error")
    assert [f.name for f in found] == ["nan-loss"]
    assert found[0].headline == "the loss is nan at step 610"


@pytest.mark.parametrize("seed", range(12))
def test_a_healthy_log_is_silent_however_sparse(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    count, every = int(rng.choice([10, 40, 300])), int(rng.choice([1, 10, 500]))
    steps = range(every, count * every + 1, every)
    loss = curve(steps, float(rng.choice([0.0, 0.02])), seed)
    columns: dict[str, Sequence[Any]] = {"step": steps, "loss": loss}
    if seed % 2:
        columns["val_loss"] = [x + 0.03 if i % 5 == 4 else "" for i, x in enumerate(loss)]
    columns["lr"] = [1e-3 * (0.5 + 0.5 * math.cos(math.pi * s / steps[-1])) for s in steps]
    report = tearless.check(written(tmp_path / "log.csv", columns))
    assert not report.at_least("warning"), [f.headline for f in report.findings]
    assert not report.faults


def test_a_held_out_loss_that_turned_is_found_in_a_log_of_epochs(tmp_path: Path) -> None:
    epochs = range(1, 61)
    train = [math.exp(-e / 8) + 0.001 for e in epochs]
    held = [0.4 + 0.6 * math.exp(-e / 5) + 0.02 * max(0, e - 15) for e in epochs]
    log = written(tmp_path / "log.csv", {"epoch": epochs, "train_loss": train, "val_loss": held})
    assert "overfitting" in {f.name for f in tearless.check(log).findings}


def saved(folder: Path, spoil: str = "", steps: int = 5) -> list[Path]:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
    if spoil == "equal":
        torch.nn.init.constant_(model[0].weight, 0.1)
        torch.nn.init.constant_(model[0].bias, 0.1)
        torch.nn.init.constant_(model[2].weight, 0.1)
    rate = 0.0 if spoil == "still" else 1e-2
    optimizer = torch.optim.AdamW(model.parameters(), rate)
    out = []
    for step in range(1, steps + 1):
        optimizer.zero_grad()
        x = torch.randn(32, 6)
        (model(x) - x[:, :2]).square().mean().backward()
        if spoil == "cut":
            model[0].weight.grad = model[0].bias.grad = None
        optimizer.step()
        if step in (1, steps):
            if spoil == "nan" and step == steps:
                model[2].weight.data[0, 3] = math.nan
            out.append(folder / f"model_step{step}.pt")
            torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, out[-1])
    return out


@pytest.mark.parametrize(
    ("spoil", "names"),
    [
        ("", set()),
        ("nan", {"nan-weights"}),
        ("still", {"unmoved-weights"}),
        ("equal", {"identical-rows"}),
        ("cut", {"unmoved-weights", "stateless-parameters"}),
    ],
)
def test_what_two_checkpoints_tell(spoil: str, names: set[str], tmp_path: Path) -> None:
    paths = saved(tmp_path, spoil)
    for given in (paths, paths[::-1], tmp_path):
        report = tearless.check(given)
        assert {f.name for f in report.findings} == names, [f.headline for f in report.findings]
        assert not report.faults
    worst = {"": 0, "nan": 1, "still": 1, "equal": 0, "cut": 0}[spoil]
    assert len(report.at_least("error")) == worst


def test_a_folder_of_a_run_is_its_log_and_its_checkpoints(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    saved(tmp_path / "checkpoints")
    shutil.copy(DATA / "metrics.csv", tmp_path)
    told = {o.name: o.result for o in tearless.check(tmp_path).outcomes}
    assert told["nan-loss"] == told["nan-weights"] == told["unmoved-weights"] == "silent"


def test_one_checkpoint_cannot_tell_what_two_can(tmp_path: Path) -> None:
    told = {o.name: o for o in tearless.check(saved(tmp_path)[0]).outcomes}
    assert told["unmoved-weights"].result == "cannot tell"
    assert "second checkpoint" in (told["unmoved-weights"].reason or "")


@pytest.mark.parametrize("given", [["a.pt", "b.pt"], ["{here}", "{table}"], "{empty}"])
def test_what_cannot_be_read_is_refused_in_one_message(given: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    table = written(tmp_path / "table.csv", {"a": [1, 2], "b": [3, 4]})
    (here, *_) = saved(tmp_path)
    names = {"here": here, "table": table, "empty": tmp_path / "empty"}
    paths = [one.format(**names) for one in given] if isinstance(given, list) else given.format(**names)
    with pytest.raises(InputError) as refused:
        tearless.check(paths)
    assert "\n" not in str(refused.value)


def test_the_command_takes_several_files(tmp_path: Path) -> None:
    paths = saved(tmp_path, "still")
    command = [sys.executable, "-m", "tearless", "check", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the same to the bit" in " ".join(done.stdout.split())


def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for kind in (None, "training"):
        with pytest.raises(InputError):
            tearless.check(tmp_path / "pipe", kind=kind)
