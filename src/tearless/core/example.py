"""Seeded subjects that a check carries: its demo, its page's pictures and its tests at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

Columns = Mapping[str, Any]
"""Column names and their values: anything one-dimensional that the readers take."""


@dataclass(frozen=True, slots=True)
class Example:
    """A small table, with the target, the test table, the earlier tables and the options a user would name.

    For a check of a comparison each column is a model's, a row an item; for one of predictions the columns hold truth
    and predictions; for one of logits a row is a token and the columns hold its name and its logit.
    """

    columns: Columns
    target: str | None = None
    test: Columns | None = None
    past: tuple[Columns, ...] = ()
    """Earlier tables, in order: their facts are what ``--against`` would name."""
    options: Mapping[str, Any] = field(default_factory=dict)


Make = Callable[[Any], Example]
M = TypeVar("M", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Role:
    """What a function in a check's file is for. Set by the decorators below, read when the check is loaded."""

    kind: Literal["healthy", "sick", "fooled", "harm"]
    because: str = ""
    says: Literal["fires", "silent"] = "silent"
    at: float = 0.0
    unit: str = ""


def healthy(make: M) -> M:
    """An example on which the check must be silent: ``make(rng) -> Example``."""
    return _marked(make, Role("healthy"))


def sick(make: M) -> M:
    """An example on which the check must fire: ``make(rng) -> Example``."""
    return _marked(make, Role("sick"))


def fooled(says: Literal["fires", "silent"], because: str) -> Callable[[M], M]:
    """An admitted weakness: an example on which the check is known to be wrong, what it says there, and why."""
    return lambda make: _marked(make, Role("fooled", because, says))


def harm(unit: str, at: float, because: str) -> Callable[[M], M]:
    """The consequence that the check predicts, measured directly: ``harm(example, rng) -> float``.

    Every sick example must suffer at least ``at``, every healthy one less; ``because`` argues ``at``.
    """
    return lambda measure: _marked(measure, Role("harm", because, at=at, unit=unit))


def _marked(function: M, role: Role) -> M:
    function.__tearless_role__ = role  # type: ignore[attr-defined]
    return function


def role_of(thing: object) -> Role | None:
    """The role that a decorator gave to ``thing``, or ``None``."""
    return getattr(thing, "__tearless_role__", None)


Transformation = Callable[[Example, Any], Example]


def rows_shuffled(example: Example, rng: Any) -> Example:
    """The same rows in another order."""
    n = len(next(iter(example.columns.values())))
    order = rng.permutation(n)
    return replace(example, columns={name: values[order] for name, values in example.columns.items()})


def columns_shuffled(example: Example, rng: Any) -> Example:
    """The same columns in another order."""
    names = list(example.columns)
    return replace(example, columns={names[i]: example.columns[names[i]] for i in rng.permutation(len(names))})


def columns_renamed(example: Example, rng: Any) -> Example:
    """The same columns under names that say nothing."""
    new = {name: f"column {i}" for i, name in enumerate(example.columns)}

    def renamed(columns: Columns | None) -> Columns | None:
        return columns and {new.get(name, name): values for name, values in columns.items()}

    target = example.target and new[example.target]
    past = tuple(renamed(day) or {} for day in example.past)
    return replace(
        example, columns=renamed(example.columns) or {}, target=target, test=renamed(example.test), past=past
    )


def in_other_units(example: Example, rng: Any) -> Example:
    """Every float column (but the target) multiplied by a power of two: exact, so only the unit changes."""
    factor = {
        name: 2.0 ** int(rng.integers(-8, 9))
        for name, values in example.columns.items()
        if name != example.target and getattr(getattr(values, "dtype", None), "kind", "") == "f"
    }

    def scaled(columns: Columns | None) -> Columns | None:
        return columns and {
            name: values * factor[name] if name in factor else values for name, values in columns.items()
        }

    past = tuple(scaled(day) or {} for day in example.past)
    return replace(example, columns=scaled(example.columns) or {}, test=scaled(example.test), past=past)
