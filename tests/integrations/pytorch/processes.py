"""Two processes that train together, bare or watched: what each leaves is written as a file."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Any

import torch
import torch._dynamo  # what the first optimiser loads is loaded once, before the processes part
import torch.distributed as dist
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.nn import functional as F  # noqa: N812

from tearless.integrations.pytorch.record import Record
from tearless.integrations.pytorch.watching import Watch


def wrapped(kind: str, model: nn.Module) -> nn.Module:
    if kind == "ddp":
        return nn.parallel.DistributedDataParallel(model)
    if kind == "fsdp":
        return FullyShardedDataParallel(model, device_id=torch.device("cpu"), use_orig_params=True)
    fully_shard(model[0])
    fully_shard(model)
    return model


def trained(kind: str, rank: int) -> dict[str, Any]:
    torch.manual_seed(7)
    model = wrapped(kind, nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Dropout(0.1), nn.Linear(16, 1)))
    torch.manual_seed(rank)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    x = torch.randn(32, 6)
    losses = []
    for _ in range(9):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), x[:, :1])
        loss.backward()
        optimizer.step()
        losses.append(loss.detach().clone())
        with torch.no_grad():
            losses.append(F.mse_loss(model(x), x[:, :1]))
    state = [getattr(p, "to_local", lambda p=p: p)().detach().clone() for p in model.parameters()]
    return {"losses": losses, "state": state, "draws": torch.rand(3)}


def child(kind: str, rank: int, folder: Path, watch: bool) -> None:
    torch.set_num_threads(1)
    store = dist.FileStore(str(folder / f"store-{kind}-{watch}"), 2)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=2)
    said: dict[str, Any] = {}
    if watch:
        watching = Watch(Record(), budget=1.0 if rank else 0.001)  # the processes look at different steps
        with watching:
            result = trained(kind, rank)
        said = {"fault": watching.fault, "lines": watching.record.lines, "steps": watching.steps}
    else:
        result = trained(kind, rank)
    dist.destroy_process_group()
    torch.save({**result, **said}, folder / f"{kind}-{watch}-{rank}.pt")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for kind in sys.argv[2:]:
        for watch in (False, True):
            children = []
            for rank in range(2):
                pid = os.fork()
                if pid == 0:
                    status = 1
                    try:
                        child(kind, rank, folder, watch)
                        status = 0
                    except BaseException:  # noqa: BLE001
                        traceback.print_exc()
                    sys.stderr.flush()
                    os._exit(status)
                children.append(pid)
            for pid in children:
                os.waitpid(pid, 0)
