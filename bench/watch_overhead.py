"""What a watch costs: steps with and without it, interleaved in one run, and the size of what it keeps.

``python bench/watch_overhead.py [--seconds 30] [--pairs 12] [--threads 1]`` prints a table. Two processes train the
same model, one bare (A) and one watched at the default budget (B); while one runs a block of steps the other waits. The
blocks run in the order A B B A, so that a drift of the machine falls on both alike. ``ratio`` is that of the medians of
the blocks, ``quartiles`` are of the ratios of each A B B A, ``whole`` is all watched blocks over all bare ones, the
first looks included, ``cpu`` is the ratio of the medians of processor time, which other work on the machine disturbs
less. The time that the watched process waits does not count for its budget.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from tearless.integrations.pytorch.record import Record
from tearless.integrations.pytorch.watching import Watch

Task = tuple[nn.Module, torch.optim.Optimizer, Callable[[], torch.Tensor]]


class Attending(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.names = nn.Embedding(1000, 256)
        layer = nn.TransformerEncoderLayer(256, 4, 1024, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 4)
        self.head = nn.Linear(256, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.head(self.encoder(self.names(x)))
        return answer


def transformer() -> Task:
    model = Attending()
    x, y = torch.randint(0, 1000, (8, 64)), torch.randint(0, 1000, (8 * 64,))
    return model, torch.optim.AdamW(model.parameters(), lr=1e-4), lambda: F.cross_entropy(model(x).flatten(0, 1), y)


def tiny() -> Task:
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    x, y = torch.randn(16, 4), torch.randn(16, 1)
    return model, torch.optim.SGD(model.parameters(), lr=1e-3), lambda: F.mse_loss(model(x), y)


def cnn() -> Task:
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 64, 10),
    )  # fmt: skip
    x, y = torch.randn(32, 3, 32, 32), torch.randint(0, 10, (32,))
    made = torch.optim.SGD(model.parameters(), lr=1e-2, momentum=0.9)
    return model, made, lambda: F.cross_entropy(model(x), y)


TASKS: dict[str, Callable[[], Task]] = {"transformer": transformer, "tiny MLP": tiny, "CNN": cnn}


def trainer(pipe: Connection, make: Callable[[], Task], watched: bool, threads: int) -> None:
    """Run as many steps as asked, each time one is asked for, and tell how long they took."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model, optimizer, loss = make()
    for _ in range(5):
        loss().backward()  # what is loaded at the first call
        optimizer.zero_grad()
    watch = Watch(Record()) if watched else None
    if watch is not None:
        watch.start()
    ended = time.perf_counter()
    while steps := pipe.recv():
        began, used = time.perf_counter(), time.process_time()
        if watch is not None:
            watch._began += began - ended
        for _ in range(steps):
            optimizer.zero_grad()
            loss().backward()
            optimizer.step()
        ended = time.perf_counter()
        pipe.send((ended - began, time.process_time() - used))
    pipe.send(summary(watch, sum(1 for _ in model.parameters())))


def summary(watch: Watch | None, tensors: int) -> dict[str, Any]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if watch is None:
        return {"peak": peak}
    watch.stop()
    of_steps = [line for line in watch.record.lines if '"kind":"step"' in line]
    return {
        "peak": peak, "steps": watch.steps, "looks": len(of_steps), "fault": watch.fault,
        "kilobytes": sum(len(line) + 1 for line in watch.record.lines) / 1024,
        "each": statistics.mean(map(len, of_steps)) / tensors if of_steps else 0.0,
    }  # fmt: skip


def interleaved(make: Callable[[], Task], seconds: float, pairs: int, threads: int) -> str:
    """One row: both processes in turn, and what came of it."""
    context = multiprocessing.get_context("fork")
    pipes: dict[str, Connection] = {}
    for which in "AB":
        ours, theirs = context.Pipe()
        context.Process(target=trainer, args=(theirs, make, which == "B", threads), daemon=True).start()
        pipes[which] = ours

    def block(which: str, steps: int) -> tuple[float, float]:
        pipes[which].send(steps)
        took: tuple[float, float] = pipes[which].recv()
        return took

    first = [block(which, 1)[0] for which in "ABAABAAA"]
    steps = max(2, round(seconds / (4 * pairs) / statistics.median(first[-3:])))
    took: dict[str, list[float]] = {"A": [], "B": []}
    used: dict[str, list[float]] = {"A": [], "B": []}
    ratios = []
    for pair in range(pairs):
        for which in ("ABBA", "BAAB")[pair % 2]:
            wall, processor = block(which, steps)
            took[which].append(wall)
            used[which].append(processor)
        ratios.append(sum(took["B"][-2:]) / sum(took["A"][-2:]))
    told = {}
    for which, pipe in pipes.items():
        pipe.send(0)
        told[which] = pipe.recv()
    a, b = statistics.median(took["A"]), statistics.median(took["B"])
    processor = statistics.median(used["B"]) / statistics.median(used["A"])
    low, _, high = statistics.quantiles(ratios, n=4)
    watched = told["B"]
    if watched["fault"]:
        raise SystemExit(watched["fault"])
    return (
        f"{1000 * a / steps:>9.2f}{b / a:>8.3f}  {low:.3f}-{high:.3f}{sum(took['B']) / sum(took['A']):>8.3f}"
        f"{processor:>8.3f}{sum(used['B']) / sum(used['A']):>8.3f}"
        f"{watched['steps']:>8,}{watched['looks']:>7}{watched['kilobytes']:>10.0f}{watched['each']:>10.0f}"
        f"{watched['peak'] - told['A']['peak']:>9.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--pairs", type=int, default=12)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", choices=TASKS)
    given = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} at the start, {given.threads} threads, torch {torch.__version__}")
    print(
        f"{'task':<12}{'ms/step':>9}{'ratio':>8}  {'quartiles':<11}{'whole':>8}{'cpu':>8}{'whole':>8}"
        f"{'steps':>8}{'looks':>7}",
        end="",
    )
    print(f"{'record kB':>10}{'B/tensor':>10}{'+peak MB':>9}")
    for name, make in TASKS.items():
        if given.only in (None, name):
            print(f"{name:<12}{interleaved(make, given.seconds, given.pairs, given.threads)}", flush=True)
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
