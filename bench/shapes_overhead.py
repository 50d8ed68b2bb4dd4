"""What ``tearless.shapes()`` costs while nothing fails, and what looking at lines costs, each beside the bare loop.

``python bench/shapes_overhead.py [--seconds 20] [--pairs 12]`` prints a table. In one process each loop is run bare (A)
and in the block (B), in the order A B B A, so that a drift of the machine falls on both alike. ``ratio`` is that of the
medians of all blocks by processor time, ``quartiles`` are of the ratios of each A B B A. ``in a block`` runs the whole
loop in one ``with`` block, ``each step`` enters and leaves one for every step, ``silent`` looks at every line. At the
end: the time to start pytest on an empty folder of tests with the plugin and without, in turn.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

import tearless

Step = Callable[[], object]


def tiny() -> Step:
    """One product of small matrices: what a block costs here, it costs nowhere more."""
    a, b = np.ones((8, 8)), np.ones((8, 8))
    return lambda: a @ b


def training() -> Step:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters())
    x, y = torch.randn(32, 10), torch.randn(32, 1)

    def step() -> None:
        optimizer.zero_grad()
        pred = model(x)
        loss = ((pred - y) ** 2).mean()
        loss.backward()
        optimizer.step()

    return step


def convolving() -> Step:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.Flatten(), nn.Linear(25088, 10))
    x, y = torch.randn(16, 3, 32, 32), torch.randint(0, 10, (16,))

    def step() -> None:
        loss = F.cross_entropy(model(x), y)
        loss.backward()

    return step


def descending() -> Step:
    rng = np.random.default_rng(0)
    x, y, w = rng.normal(size=(200, 20)), rng.normal(size=200), np.zeros(20)

    def step() -> None:
        nonlocal w
        for _ in range(20):
            error = x @ w - y
            w = w - 0.01 * (x.T @ error) / len(y)

    return step


LOOPS: dict[str, Callable[[], Step]] = {
    "8 x 8 product": tiny,
    "descent, NumPy": descending,
    "small MLP": training,
    "small CNN": convolving,
}


def bare(step: Step, times: int) -> None:
    for _ in range(times):
        step()


def in_a_block(step: Step, times: int) -> None:
    with tearless.shapes():
        for _ in range(times):
            step()


def each_step(step: Step, times: int) -> None:
    for _ in range(times):
        with tearless.shapes():
            step()


def silent(step: Step, times: int) -> None:
    with tearless.shapes(silent=True):
        for _ in range(times):
            step()


def spent(run: Callable[[Step, int], None], step: Step, times: int) -> float:
    began = time.process_time()
    run(step, times)
    return time.process_time() - began


def compared(run: Callable[[Step, int], None], step: Step, seconds: float, pairs: int) -> str:
    """The ratio to the bare loop, with its quartiles."""
    once = min(spent(bare, step, 5) for _ in range(3)) / 5
    run(step, 2)
    times = max(2, round(seconds / (4 * pairs) / max(once, 1e-7)))
    took: dict[str, list[float]] = {"A": [], "B": []}
    ratios = []
    for pair in range(pairs):
        for which in ("ABBA", "BAAB")[pair % 2]:
            took[which].append(spent(bare if which == "A" else run, step, times))
        ratios.append(sum(took["B"][-2:]) / sum(took["A"][-2:]))
    low, _, high = statistics.quantiles(ratios, n=4)
    ratio = statistics.median(took["B"]) / statistics.median(took["A"])
    return f"{1e6 * statistics.median(took['A']) / times:>10.1f}{ratio:>8.3f}  {low:.3f}-{high:.3f}"


def starting(pairs: int) -> str:
    """Milliseconds of processor time to collect one empty test, without the plugin and with it."""
    took: dict[str, list[float]] = {"A": [], "B": []}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_it.py").write_text("def test_it(): pass\n")
        base = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-p", "no:tearless"]
        for pair in range(pairs):
            for which in ("ABBA", "BAAB")[pair % 2]:
                plugin = [] if which == "A" else ["-p", "tearless.integrations.pytest"]
                before = os.times()
                subprocess.run([*base, *plugin], cwd=folder, capture_output=True, check=True)
                after = os.times()
                took[which].append(after.children_user + after.children_system - sum(before[2:4]))
    a, b = (1000 * statistics.median(took[which]) for which in "AB")
    return f"pytest --collect-only: {a:.0f} ms of processor time without the plugin, {b:.0f} ms with it"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--pairs", type=int, default=12)
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(f"load {os.getloadavg()[0]:.1f}; torch {torch.__version__}, NumPy {np.__version__}")
    print(f"{'loop':<18}{'how':<12}{'µs/step':>10}{'ratio':>8}  quartiles")
    for name, make in LOOPS.items():
        step = make()
        for run in (in_a_block, each_step, silent):
            told = compared(run, step, given.seconds, given.pairs)
            print(f"{name:<18}{run.__name__.replace('_', ' '):<12}{told}", flush=True)
    print(starting(given.pairs))


if __name__ == "__main__":
    main()
