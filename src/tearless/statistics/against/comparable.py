"""As what two profiles of a column can be compared, and in true words why where they cannot."""

from __future__ import annotations

from typing import Literal

from tearless.statistics.profile.profile import ColumnProfile

How = Literal["categories", "numbers", "moments"]
NUMBERS = ("number", "bool")


def sort_of(column: ColumnProfile) -> str:
    """What a column holds: its kind, but spans of time and times of day apart from dates.

    >>> sort_of(ColumnProfile("time", "Duration", 0)), sort_of(ColumnProfile("bool", "Boolean", 0))
    ('span', 'bool')
    """
    if column.kind != "time":
        return column.kind
    return "span" if column.dtype.startswith("Duration") else "clock" if column.dtype.startswith("Time") else "time"


def how_of(now: ColumnProfile, past: ColumnProfile) -> How | None:
    """As what two profiles of a column can be compared; ``None`` where they cannot.

    >>> how_of(ColumnProfile("other", "List", 0), ColumnProfile("other", "List", 0)) is None
    True
    """
    numbers = {now.kind, past.kind} <= set(NUMBERS)
    mixed = numbers and "number" in (now.kind, past.kind)
    if now.categories is not None and past.categories is not None and not mixed:
        return "categories" if now.categories.total and past.categories.total else None
    if not numbers and not now.kind == past.kind == "time":
        return None
    if not numbers and sort_of(now) != sort_of(past):
        return None
    if now.histogram is not None and past.histogram is not None:
        return "numbers" if len(now.histogram.counts) and len(past.histogram.counts) else None
    if now.moments is None or past.moments is None or not now.moments.n[0] or not past.moments.n[0]:
        return None
    return "moments"


def not_compared(now: ColumnProfile, past: ColumnProfile, private: bool) -> str:
    """Why the values of two columns cannot be compared: what they are; empty where they can.

    >>> some = ColumnProfile("other", "List", 0)
    >>> not_compared(some, some, private=False)
    'lists, structs and the like'
    """
    if now.empty or past.empty:
        when = "now and before" if now.empty and past.empty else "now" if now.empty else "before"
        return f"what is empty {when}"
    if how_of(now, past) is not None:
        return ""
    if "other" in (now.kind, past.kind) and now.kind == past.kind:
        return "lists, structs and the like" if now.categories is None else "values that the earlier facts do not keep"
    if sort_of(now) != sort_of(past) and not {now.kind, past.kind} <= set(NUMBERS):
        return "what is of another type than before"
    if _infinite(now) or _infinite(past):
        return f"what has no finite number {'now' if _infinite(now) else 'before'}"
    if private and past.kind in (*NUMBERS, "time"):
        return "what private facts keep nothing of (one value throughout, or fewer than 20)"
    return "values that the earlier facts do not keep"


def without_value(now: ColumnProfile, past: ColumnProfile) -> str:
    """What the cells of two columns are that hold no value to reckon with; empty where each holds one.

    >>> without_value(ColumnProfile("number", "Float64", 0, infinite=3), ColumnProfile("number", "Float64", 2))
    'empty or infinite'
    """
    empty, infinite = now.missing or past.missing, now.infinite or past.infinite
    return " or ".join(word for word, there in (("empty", empty), ("infinite", infinite)) if there)


def _infinite(column: ColumnProfile) -> bool:
    return column.infinite > 0 and column.moments is not None and not column.moments.n[0]
