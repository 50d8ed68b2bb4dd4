"""What is to be compared, and how: the columns of a joined table by the part that each plays, and the user's wishes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Holds = Literal["scores", "classes", "probabilities", "numbers"]
"""What a model's column holds: a score a row, or predictions to be judged against the truth."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The columns of a table by their part, and what the user asked for.

    ``models`` are compared, each with ``baseline`` (the first where none is named). ``truth`` names one column for each
    model (the same one where they share a test set); empty where the columns hold scores. ``paired`` says that a row is
    one item for all models; without it each model has its own rows, and shorter columns end in nulls. ``joined`` says
    in words how rows of several files were brought together. ``design`` and ``method`` overrule what the data suggest.

    >>> Plan(models=("old", "new")).reference
    'old'
    """

    models: tuple[str, ...]
    holds: Holds = "scores"
    truth: tuple[str, ...] = ()
    item: str | None = None
    items: tuple[str, ...] = ()
    """Where models are not paired: for each the column that names its own items; empty where one has none."""
    cluster: str | None = None
    cluster_named: bool = True
    """Whether the user named that column; False where its name alone suggests it."""
    fold: str | None = None
    repeat: str | None = None
    seed: str | None = None
    data_set: str | None = None
    paired: bool = True
    metric: str | None = None
    positive: str | None = None
    lower_is_better: bool | None = None
    baseline: str | None = None
    design: str | None = None
    method: str | None = None
    level: float = 0.95
    margin: float | None = None
    looks: int | None = None
    """How often the result was looked at while items came in; 0 asks for what holds however often one looks."""
    test_share: float | None = None
    """Rows to test over rows to train in each split, where scores are of splits."""
    beside: tuple[str, ...] = ()
    """Further columns that could group the items: they play no part in the comparison, checks look at them."""
    joined: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def reference(self) -> str:
        """The model that the others are compared with."""
        return self.baseline or self.models[0]
