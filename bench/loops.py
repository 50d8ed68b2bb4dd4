"""How much faster NumPy is than a Python loop, by operation and by size, as a Markdown table.

``python bench/loops.py`` prints it. "100 times faster" is one cell of such a table: on small arrays the call costs
more than the work, and on large ones memory, or the work itself, decides. Every loop is the plain one that a reader
would write; ``sum()`` and comprehensions stand beside it, as they are loops too, run by the interpreter's own C code.
Each cell is the best of five in CPU time, in one thread where ``OMP_NUM_THREADS=1`` says so.
"""

from __future__ import annotations

import math
import os
import platform
import time
import timeit
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

SIZES = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
SIDES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
SECONDS = 0.05


def loop_dot(a: Sequence[float], b: Sequence[float]) -> float:
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


def zipped_dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def loop_add(a: Sequence[float], b: Sequence[float]) -> list[float]:
    out = []
    for i in range(len(a)):
        out.append(a[i] + b[i])  # noqa: PERF401 - the loop is what is measured
    return out


def loop_sigmoid(a: Sequence[float], _: Sequence[float]) -> list[float]:
    return [1.0 / (1.0 + math.exp(-x)) for x in a]


def loop_variance(a: Sequence[float], _: Sequence[float]) -> float:
    mean = sum(a) / len(a)
    return sum((x - mean) ** 2 for x in a) / len(a)


def loop_matmul(a: list[list[float]], b: list[list[float]]) -> list[list[float]]:
    out = [[0.0] * len(b[0]) for _ in a]
    for i in range(len(a)):
        for j in range(len(b[0])):
            total = 0.0
            for k in range(len(b)):
                total += a[i][k] * b[k][j]
            out[i][j] = total
    return out


VECTORS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "dot product, loop over indices": (loop_dot, np.dot),
    "dot product, `sum` of a generator": (zipped_dot, np.dot),
    "sum of two vectors": (loop_add, np.add),
    "sigmoid": (loop_sigmoid, lambda a, _: 1.0 / (1.0 + np.exp(-a))),
    "variance": (loop_variance, lambda a, _: np.var(a)),
    "`sum` of a list": (lambda a, _: sum(a), lambda a, _: np.sum(a)),
}


def seconds(call: Callable[[], Any]) -> float:
    """Of one call: the best of five, each repeated until it takes ``SECONDS`` together."""
    once = timeit.timeit(call, number=1, timer=time.process_time)
    number = max(1, int(SECONDS / max(once, 1e-7)))
    return min(timeit.repeat(call, number=number, repeat=1 if once > 1 else 5, timer=time.process_time)) / number


def ratio(loop: Callable[..., Any], numpy: Callable[..., Any], a: Any, b: Any, *, lists: bool = True) -> float:
    """How many times longer the loop takes, on lists (which loops like best) or on the arrays themselves."""
    x, y = (a.tolist(), b.tolist()) if lists else (a, b)
    return seconds(lambda: loop(x, y)) / seconds(lambda: numpy(a, b))


def cell(times: float) -> str:
    return f"{times:.2f} ×" if times < 0.995 else f"{times:.2g} ×" if times < 100 else f"{round(times, -1):,.0f} ×"


def table(title: str, head: Sequence[int], rows: dict[str, list[float]]) -> str:
    lines = [f"| {title} | " + " | ".join(f"{n:,}" for n in head) + " |", "|---|" + "--:|" * len(head)]
    lines += [f"| {name} | " + " | ".join(map(cell, row)) + " |" for name, row in rows.items()]
    return "\n".join(lines)


def main() -> None:
    rng = np.random.default_rng(0)
    rows: dict[str, list[float]] = {name: [] for name in VECTORS}
    other = "dot product, loop over an array's entries"
    rows[other] = []
    for n in SIZES:
        a, b = rng.normal(size=n), rng.normal(size=n)
        for name, (loop, numpy) in VECTORS.items():
            rows[name].append(ratio(loop, numpy, a, b))
        rows[other].append(ratio(loop_dot, np.dot, a, b, lists=False))
    sides: dict[str, list[float]] = {"matrix product": []}
    for n in SIDES:
        a, b = rng.normal(size=(n, n)), rng.normal(size=(n, n))
        sides["matrix product"].append(ratio(loop_matmul, np.matmul, a, b))
    threads = os.environ.get("OMP_NUM_THREADS", "as many as NumPy takes")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}, threads: {threads}.\n")
    print("How many times longer a Python loop takes than NumPy; below 1 × the loop is faster.\n")
    print(table("numbers in a vector", SIZES, rows))
    print()
    print(table("side of a square matrix", SIDES, sides))


if __name__ == "__main__":
    main()
