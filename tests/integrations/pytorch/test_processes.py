"""Training over two processes: the same to the bit, and no process waits for what the other does not look at."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tearless.readers.training.run import Run

from .tasks import same

SCRIPT = Path(__file__).with_name("processes.py")
KINDS = ("ddp", "fsdp", "fully_shard")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("processes")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(SCRIPT), str(folder), *KINDS],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return folder, done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes(kind: str, results: tuple[Path, str]) -> None:
    folder, said = results

    def of(watch: bool, rank: int) -> dict[str, Any]:
        found: dict[str, Any] = torch.load(folder / f"{kind}-{watch}-{rank}.pt")
        return found

    if not (folder / f"{kind}-False-0.pt").exists():
        pytest.skip(f"{kind} does not run here: {said[-300:]}")
    for rank in range(2):
        bare, watched = of(False, rank), of(True, rank)
        assert not watched["fault"], watched["fault"]
        assert watched["steps"] == 9
        assert not list(same(bare, {name: watched[name] for name in bare}))
        assert not Run(tuple(watched["lines"])).entries("breach")
    assert list(same(of(False, 0)["losses"], of(False, 1)["losses"]))  # the processes had rows of their own
