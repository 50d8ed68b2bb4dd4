"""What was planted in each script of this bench, and which checks would name it.

``planted.csv`` lists the broken scripts: the cause stands before the two underscores of the script's name, ``also``
holds further names that are right answers for the same cause, and a sentence says what was done. ``healthy.csv``
lists the healthy ones with the optimizer steps that each takes.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent

EXACT = [
    "missing-zero-grad",
    "no-update",
    "no-gradient",
    "gradient-erased",
    "frozen-parameters",
    "detached-graph",
    "gradient-ascent",
    "double-softmax",
    "softmax-over-batch",
    "broadcast-loss",
    "output-range-mismatch",
    "loss-mismatch",
    "symmetric-init",
    "eval-mode-in-training",
    "train-mode-in-eval",
    "nan-in-input",
    "inf-in-input",
    "nan-in-target",
    "nan-loss",
    "nan-gradient",
    "infinite-gradient",
    "log-of-zero",
    "constant-input",
    "train-test-leak",
    "target-leak",
    "unshuffled-batches",
    "learning-rate-collapsed",
    "lost-updates",
    "precision-overflow",
    "precision-underflow",
    "wrong-accumulation",
]
"""Faults that break a contract: no threshold is needed to see them."""

MEASURED = [
    "learning-rate-too-high",
    "learning-rate-too-low",
    "momentum-too-high",
    "clipping-too-tight",
    "exploding-gradient",
    "vanishing-gradient",
    "exploding-activation",
    "bad-init",
    "dead-units",
    "saturated-units",
    "attention-saturated",
    "unscaled-input",
    "unscaled-target",
    "labels-unrelated",
    "label-noise",
    "class-imbalance",
    "class-collapse",
    "noisy-gradient",
    "batch-too-small",
    "overfitting",
    "underfitting",
    "weight-decay-too-strong",
    "dropout-too-strong",
    "plateau",
    "loss-spike",
    "oscillation",
]
"""Faults of degree, told by a measured number against a limit."""

NAMES = frozenset(EXACT + MEASURED)


@dataclass(frozen=True, slots=True)
class Plant:
    """One broken script: the names that are right, the planted cause first, and what was planted."""

    stem: str
    names: tuple[str, ...]
    said: str

    @property
    def path(self) -> Path:
        """The script."""
        return HERE / "broken" / f"{self.stem}.py"

    @property
    def task(self) -> str:
        """What it trains, in one word."""
        return self.stem.partition("__")[2]


@dataclass(frozen=True, slots=True)
class Sound:
    """One healthy script, and the optimizer steps that it takes."""

    stem: str
    steps: int

    @property
    def path(self) -> Path:
        """The script."""
        return HERE / "healthy" / f"{self.stem}.py"


def _rows(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _plant(row: dict[str, str]) -> Plant:
    cause = row["script"].partition("__")[0]
    also = tuple(name for name in row["also"].split("|") if name)
    return Plant(row["script"], (cause, *also), row["planted"])


BROKEN = {plant.stem: plant for plant in map(_plant, _rows("planted.csv"))}
HEALTHY = {row["script"]: Sound(row["script"], int(row["steps"])) for row in _rows("healthy.csv")}
