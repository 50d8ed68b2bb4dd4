"""A watched run is the unwatched run to the bit: its numbers, its optimiser's state, and the random streams."""

from __future__ import annotations

import pytest
import torch

from .tasks import OPTIMIZERS, TAKES_SPARSE, TASKS, compared, trained

ALL = [
    (task, optimizer)
    for task in TASKS
    for optimizer in OPTIMIZERS
    if (optimizer in TAKES_SPARSE if task == "sparse" else optimizer != "sparse adam")
]


@pytest.mark.filterwarnings("ignore:Sparse invariant checks")
@pytest.mark.parametrize(("task", "optimizer"), ALL)
def test_tasks_and_optimisers(task: str, optimizer: str) -> None:
    torch.set_warn_always(True)
    compared(lambda: trained(TASKS[task], OPTIMIZERS[optimizer]))
    torch.set_warn_always(False)
