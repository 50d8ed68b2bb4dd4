"""Differences and chances as they stand in a sentence."""

from __future__ import annotations

from tearless.core.number import shown
from tearless.core.text import LONGEST_NAME, visible

TITLES = {
    "auc": "AUC", "f1": "F1", "f1-macro": "macro F1", "f1-micro": "micro F1", "mae": "MAE", "mse": "MSE", "r2": "R²",
    "rmse": "RMSE", "log-loss": "log loss", "brier": "Brier score", "matthews": "Matthews' correlation",
    "kappa": "Cohen's kappa", "average-precision": "average precision", "balanced-accuracy": "balanced accuracy",
}  # fmt: skip
"""Metrics as the field writes them; the others by their name."""


def gap(x: float, unit: str) -> str:
    """A difference of values: shares as points.

    >>> gap(0.034, "share"), gap(-0.5, "1")
    ('3.4 points', '-0.5')
    """
    return f"{shown(100 * x)} point{'' if abs(100 * x) == 1 else 's'}" if unit == "share" else shown(x, unit)


def chance(p: float) -> str:
    """A chance as statisticians write it.

    >>> chance(0.04567), chance(3e-9)
    ('p = 0.046', 'p = 3e-09')
    """
    return f"p = {p:.2g}"


def counted(n: int, one: str, many: str = "") -> str:
    """A count with its noun, which ends in s for any number but 1 unless ``many`` is given.

    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def doing(n: int, verb: str) -> str:
    """A verb that goes with so many: one of them ends in s.

    >>> doing(1, "show"), doing(2, "show")
    ('shows', 'show')
    """
    return f"{verb}s" if n == 1 else verb


def title(metric: str) -> str:
    """A metric as the field writes it; another by its name, made visible.

    >>> title("auc"), title("accuracy")
    ('AUC', 'accuracy')
    """
    return TITLES.get(metric) or visible(metric, LONGEST_NAME)
