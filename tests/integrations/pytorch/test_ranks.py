"""Tensors split over two processes: each writes its own part, and all the records together tell the whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tearless.integrations.pytorch.ranks import rank_here
from tearless.readers.training.run import Run
from tearless.readers.training.source import from_record

SCRIPT = """
import os, sys
import torch
import torch.distributed as dist
from torch.distributed.fsdp import fully_shard
from torch.nn import functional as F
import tearless

folder, steps = sys.argv[1], 30

def child(rank):
    os.environ.update(RANK=str(rank), WORLD_SIZE="2")
    torch.set_num_threads(1)
    dist.init_process_group("gloo", store=dist.FileStore(f"{folder}/store", 2), rank=rank, world_size=2)
    torch.manual_seed(7)
    model = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
    fully_shard(model[0])
    fully_shard(model)
    torch.manual_seed(rank)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x = torch.randn(32, 6)
    with tearless.watch(record=f"{folder}/run.record", budget=1.0 if rank else 0.01, confirm=True) as run:
        for _ in range(steps):
            optimizer.zero_grad()
            F.mse_loss(model(x), x[:, :1]).backward()
            optimizer.step()
    print(run.fault, file=sys.stderr)
    dist.destroy_process_group()

children = []
for rank in range(2):
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            child(rank)
            status = 0
        finally:
            sys.stderr.flush()
            os._exit(status)
    children.append(pid)
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children))
"""


def alone() -> list[list[tuple[float, float]]]:
    """Norms of gradients and weights of the same training in one process, on the rows of both."""
    torch.manual_seed(7)
    model = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    rows = []
    for rank in range(2):
        torch.manual_seed(rank)
        rows.append(torch.randn(32, 6))
    x, told = torch.cat(rows), []
    for _ in range(30):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), x[:, :1]).backward()
        told.append(
            [(float(p.grad.norm()), float(p.detach().norm())) for p in model.parameters() if p.grad is not None]
        )
        optimizer.step()
    return told


def test_parts_of_two_processes(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(tmp_path)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if "gloo" in done.stderr and done.returncode:
        pytest.skip(done.stderr[-300:])
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == ""
    first, second = tmp_path / "run.record", tmp_path / "run.rank1.record"
    source = from_record(first)
    run = Run(tuple(next(iter(source.batches())).frame["entry"]))
    assert any("2 processes together" in note for note in source.notes)
    truth = alone()
    complete = [step for step in run.steps if set(step.parts) == {0}]
    assert len(complete) >= 4
    for step in complete:
        gradients, weights = zip(*truth[step.step - 1], strict=True)
        assert step.gradient == pytest.approx(gradients, rel=1e-5)
        assert step.weight == pytest.approx(weights, rel=1e-5)
        assert step.update == pytest.approx([0.01 * g for g in gradients], rel=1e-3)
    assert any("those of one's parts" in note for note in from_record(second).notes)
    second.unlink()
    assert any("those of one's parts" in note for note in from_record(first).notes)


def test_which_process_this_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "SLURM_PROCID", "SLURM_NTASKS"):
        monkeypatch.delenv(name, raising=False)
    assert rank_here() == (0, 1)
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert rank_here() == (0, 1)
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert rank_here() == (3, 4)
