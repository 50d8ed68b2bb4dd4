"""Clashes that values decide and shapes cannot show: an index outside a table, a class that there is none of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tearless.integrations.shapes.operations.modules import Asked
from tearless.linear_algebra.shapes import Clash, Operation, Repair, results

LAW_TABLE = "a table of n rows is asked for rows 0 to n - 1"
LAW_ONE = "in training the mean and the spread over a batch need more than one number for each channel"
LAW_CLASSES = "scores for n classes go with classes 0 to n - 1"


def clash_of_values(error: BaseException, operation: Operation, asked: Asked) -> Clash | None:
    """The clash of the values of an operation; ``None`` where they are in order, or cannot be looked at."""
    if asked.rule == "batch_norm" and isinstance(error, ValueError) and "more than 1 value" in str(error):
        return _one_number(operation)
    if not isinstance(error, IndexError | RuntimeError) or len(asked.takes) < 2:
        return None
    values = [value for _, value in asked.takes]
    if operation.rule == "embedding":
        return _outside_table(operation, values[0])
    if operation.rule == "loss" and asked.settings.get("name") in ("cross_entropy", "nll_loss"):
        return _outside_classes(operation, values[1], asked.settings.get("ignore_index", -100))
    return None


def _one_number(operation: Operation) -> Clash:
    one = operation.operands[0]
    marks = [(0, axis) for axis in range(len(one.shape)) if axis != 1]
    says = f"{one} has one number for each of its {one.shape[1]} channels: there is no spread to divide by"
    repairs = [Repair("the last batch of an epoch holds one sample: leave it out", layer={"drop_last": "True"})]
    return Clash(says, LAW_ONE, marks, lambda: repairs, "shape", operation)


def _outside_table(operation: Operation, index: Any) -> Clash | None:
    found = extremes(index)
    ids, table = operation.operands[:2]
    rows = table.shape[0] if table.shape else None
    if found is None or not isinstance(rows, int):
        return None
    low, high = found
    if low >= 0 and high < rows:
        return None
    number = low if low < 0 else high
    last = f"its rows are 0 to {rows - 1}"
    says = f"{ids.name} holds the index {number}, {table.name} {rows} rows: {last}"
    return Clash(says, LAW_TABLE, ((1, 0),), lambda: _of_table(operation, low, high, rows), "shape", operation)


def _of_table(operation: Operation, low: int, high: int, rows: int) -> list[Repair]:
    ids, table = operation.operands[:2]
    width = table.shape[1]
    more = []
    if low >= 0:
        wider = replace(table, shape=(high + 1, width))
        gives = results(replace(operation, operands=(ids, wider)))[0] if ids.shape else None
        if low >= 1 and high == rows:
            more.append(Repair(f"{ids.name} counts from 1", gives, operands={0: "{} - 1"}))
        more.insert(0, Repair(f"{ids.name} goes up to {high}", gives, layer={"num_embeddings": str(high + 1)}))
    more.append(Repair("indices outside are a mistake in the data", operands={0: f"{{}}.clamp(0, {rows - 1})"}))
    return more


def _outside_classes(operation: Operation, target: Any, ignored: Any) -> Clash | None:
    scores, classes = operation.operands[:2]
    if "int" not in classes.dtype or not scores.shape:
        return None
    axis = 1 if len(scores.shape) > 1 else 0
    count = scores.shape[axis]
    found = extremes(target, ignored)
    if found is None or not isinstance(count, int) or (found[0] >= 0 and found[1] < count):
        return None
    low, high = found
    says = (
        f"{classes.name} holds the class {low if low < 0 else high}, {scores.name} has scores for {count} classes on "
    )
    says += f"axis {axis}: 0 to {count - 1}"
    return Clash(says, LAW_CLASSES, ((0, axis),), lambda: _of_classes(operation, low, high, count), "shape", operation)


def _of_classes(operation: Operation, low: int, high: int, count: int) -> list[Repair]:
    _, classes = operation.operands[:2]
    found = []
    if low >= 0:
        because = f"{classes.name} has classes up to {high}"
        found.append(Repair(because, (), layer={"out_features": str(high + 1)}))
    if low >= 1 and high == count:
        found.insert(0, Repair(f"{classes.name} counts from 1", (), operands={1: "{} - 1"}))
    if low == -1 and high < count - 1:
        found.append(Repair(f"{classes.name} counts from -1", (), operands={1: "{} + 1"}))
    return found


def extremes(values: Any, ignored: Any = None) -> tuple[int, int] | None:
    """The smallest and the largest of whole numbers, those ignored left out; ``None`` where they cannot be read."""
    try:
        flat = values.detach().reshape(-1)
        if ignored is not None:
            flat = flat[flat != ignored]
        return (int(flat.min()), int(flat.max())) if flat.numel() and not flat.is_floating_point() else None
    except (RuntimeError, AttributeError, TypeError, ValueError, NotImplementedError):
        return None
