"""Comparing two models: tearless beside SciPy, both in one process, in turn, each the best of several runs.

``python bench/comparison.py [--runs 5] [ROW ...]`` prints a line for each row: seconds of both, their ratio, the ratio
asked for, and the two answers. A row is a function that gives the two programs; add one with ``@row``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats

from tearless.statistics.comparison.sign_flips import sign_flips
from tearless.statistics.resampling_laws import bootstrap_of_difference

Program = Callable[[], Any]
ROWS: dict[str, tuple[float, Callable[[], tuple[Program, Program]]]] = {}


def row(name: str, at_least: float) -> Callable[[Callable[[], tuple[Program, Program]]], None]:
    """Enter a row: its two programs, ours and theirs, and how many times faster ours is to be."""

    def enter(programs: Callable[[], tuple[Program, Program]]) -> None:
        ROWS[name] = (at_least, programs)

    return enter


@row("sign-flip, 20 lattice differences", 1_000)
def _() -> tuple[Program, Program]:
    d = np.random.default_rng(0).integers(-5, 6, 20) / 10 + 0.1

    def ours() -> float:
        return sign_flips(d).difference.p

    def theirs() -> float:
        found = scipy.stats.permutation_test(
            (d,), lambda x, axis: x.mean(axis=axis), permutation_type="samples", vectorized=True, n_resamples=np.inf
        )
        return float(found.pvalue)

    return ours, theirs


@row("bootstrap of a paired 0/1 difference, n = 5,000", 100)
def _() -> tuple[Program, Program]:
    rng = np.random.default_rng(0)
    a, b = (rng.random(5_000) < 0.8), (rng.random(5_000) < 0.82)
    d = b.astype(float) - a

    def ours() -> tuple[float, float]:
        law = bootstrap_of_difference(int((b & ~a).sum()), int((a & ~b).sum()), len(a)).estimate()
        return law.low, law.high

    def theirs() -> tuple[float, float]:
        found = scipy.stats.bootstrap(
            (d,), np.mean, n_resamples=9_999, method="percentile", rng=np.random.default_rng(0)
        )
        return tuple(float(x) for x in found.confidence_interval)  # type: ignore[return-value]

    return ours, theirs


def best_time(program: Program, runs: int) -> tuple[float, Any]:
    """The least seconds of several runs, each long enough to measure, and the answer."""
    answer, seconds = None, float("inf")
    for _ in range(runs):
        began, times = time.perf_counter(), 0
        while time.perf_counter() - began < 0.05:
            answer, times = program(), times + 1
        seconds = min(seconds, (time.perf_counter() - began) / times)
    return seconds, answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", help=", ".join(ROWS))
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    print(f"{'row':<50}{'ours s':>11}{'SciPy s':>11}{'ratio':>10}{'asked':>8}")
    for name, (at_least, programs) in ROWS.items():
        if given.rows and not any(part in name for part in given.rows):
            continue
        ours, theirs = programs()
        (mine, answer), (other, their_answer) = best_time(ours, given.runs), best_time(theirs, given.runs)
        print(f"{name:<50}{mine:>11.6f}{other:>11.4f}{other / mine:>10,.0f}{at_least:>8,.0f}")
        print(f"    {answer}  {their_answer}")


if __name__ == "__main__":
    main()
