"""Comparing two models: tearless beside SciPy, a sort, or reading alone; both in one process, in turn, best of several.

``python bench/comparison.py [--runs 5] [ROW ...]`` prints a line for each row: CPU seconds of both, theirs over ours,
the ratio asked for, and the two answers. A row is a function that gives the two programs; add one with ``@row``.
"""

from __future__ import annotations

import argparse
import atexit
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import scipy.stats

import tearless
from tearless.readers import open_table
from tearless.statistics.comparison.sign_flips import sign_flips
from tearless.statistics.ranking_scores import roc_auc
from tearless.statistics.resampling_laws import bootstrap_of_difference

Program = Callable[[], Any]
ROWS: dict[str, tuple[float, Callable[[], tuple[Program, Program]]]] = {}


def row(name: str, at_least: float) -> Callable[[Callable[[], tuple[Program, Program]]], None]:
    """Enter a row: its two programs, ours and theirs, and how many times faster ours is to be."""

    def enter(programs: Callable[[], tuple[Program, Program]]) -> None:
        ROWS[name] = (at_least, programs)

    return enter


@row("AUC with DeLong, 1,000,000 rows / np.sort", 1 / 3)
def _() -> tuple[Program, Program]:
    rng = np.random.default_rng(0)
    y = (rng.random(1_000_000) < 0.3).astype(int)
    score = 1 / (1 + np.exp(-(rng.normal(size=len(y)) * 3 + y)))
    return lambda: roc_auc(y, score), lambda: len(np.sort(score))


def _two_files(kind: str, text: bool) -> Callable[[], tuple[Program, Program]]:
    """``tearless.compare`` on two files of a million rows in different orders, beside reading both."""

    def programs() -> tuple[Program, Program]:
        rng, n = np.random.default_rng(0), 1_000_000
        folder = Path(tempfile.mkdtemp())
        atexit.register(shutil.rmtree, folder)
        a = rng.random(n) < 0.8
        paths = []
        for name, right in (("a", a), ("b", np.where(rng.random(n) < 0.9, a, rng.random(n) < 0.82))):
            order = rng.permutation(n)
            frame = pl.DataFrame({"id": order, "correct": right[order].astype(int)})
            frame = frame.with_columns(id=pl.format("question-{}", "id")) if text else frame
            paths.append(str(folder / f"{name}.{kind}"))
            getattr(frame, f"write_{kind}")(paths[-1])

        def reading() -> int:
            return sum(batch.frame.height for path in paths for batch in open_table(path, "results").batches())

        return lambda: tearless.compare(*paths)["p"].value, reading

    return programs


for _kind in ("csv", "parquet"):
    for _text, _said in ((False, "numbers"), (True, "text")):
        row(f"compare two {_kind} of 1,000,000, ids {_said} / reading", 1 / 2)(_two_files(_kind, _text))


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
    """The least CPU seconds of several runs, each long enough to measure, and the answer."""
    answer, seconds = None, float("inf")
    for _ in range(runs):
        began, times = time.process_time(), 0
        while time.process_time() - began < 0.05:
            answer, times = program(), times + 1
        seconds = min(seconds, (time.process_time() - began) / times)
    return seconds, answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", help=", ".join(ROWS))
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    print(f"{'row':<55}{'ours s':>11}{'theirs s':>11}{'ratio':>11}{'asked':>8}")
    for name, (at_least, programs) in ROWS.items():
        if given.rows and not any(part in name for part in given.rows):
            continue
        ours, theirs = programs()
        (mine, answer), (other, their_answer) = best_time(ours, given.runs), best_time(theirs, given.runs)
        print(f"{name:<55}{mine:>11.6f}{other:>11.4f}{other / mine:>11,.2f}{at_least:>8,.2f}")
        print(f"    {answer}  {their_answer}")


if __name__ == "__main__":
    main()
