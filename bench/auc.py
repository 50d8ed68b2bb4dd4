"""The area under ROC with DeLong's interval at a million rows, beside one sort of the scores and scikit-learn's area.

``python bench/auc.py [rows]`` prints a Markdown table: seconds, best of five, and how many sorts that is. Everything is
timed in one run and in turn, so that a busy machine slows all alike. scikit-learn gives the area alone; the paired
difference of two models fetches by the order twice.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from tearless.statistics.comparison.delong import compare_areas
from tearless.statistics.ranking_scores import roc_auc

ROUNDS = 5


def best(tasks: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """The least seconds of each, taken in turn."""
    seconds = dict.fromkeys(tasks, float("inf"))
    for _ in range(ROUNDS):
        for name, task in tasks.items():
            start = time.perf_counter()
            task()
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    return seconds


def main(rows: int) -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(rows) < 0.3).astype(int)
    logits = rng.normal(size=rows) * 3 + y
    print("| scores | task | seconds | sorts |\n|---|---|---|---|")
    for kind, score in {
        "probabilities": 1 / (1 + np.exp(-logits)),
        "logits": logits,
        "two decimals": np.round(1 / (1 + np.exp(-logits)), 2),
    }.items():
        other = score + rng.normal(size=rows) * 0.1
        seconds = best(
            {
                "np.sort": lambda x=score: np.sort(x),
                "np.argsort": lambda x=score: np.argsort(x),
                "tearless roc_auc": lambda x=score: roc_auc(y, x),
                "tearless compare_areas": lambda x=score, z=other: compare_areas(y, x, z),
                "scikit-learn roc_auc_score": lambda x=score: roc_auc_score(y, x),
            }
        )
        for name, taken in seconds.items():
            print(f"| {kind} | {name} | {taken:.3f} | {taken / seconds['np.sort']:.1f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
