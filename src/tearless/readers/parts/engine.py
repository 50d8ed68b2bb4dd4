"""The facts of a table in parts: measured where the parts lie, merged, and checked for being of the same rows."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import Any

import polars as pl

from tearless.core import InputError, listed
from tearless.readers.source import Parts

from .work import Partial, Work

ROUNDS = 4
"""How often the parts are measured at most: a plan that gives other rows each time has no facts."""


def facts_of(parts: Parts, work: Work, skip: bool = False) -> tuple[tuple[Any, ...], int, list[str]]:
    """The facts of all parts, the number of rows, and what was left out as unreadable (with ``skip``): names and
    reasons.

    Every row is numbered as if the parts had been one table: where the parts turn out to hold other numbers of rows
    than were counted, they are measured again with the right numbers. Raises ``InputError`` where a part cannot be
    read, and where each reading gives other rows.
    """
    left_out: list[str] = []
    counts = parts.counted()
    if counts is None:
        found = work_without_facts(work).joined(parts.run(work_without_facts(work), ()))
        counts = _counts(found)
    for _ in range(ROUNDS):
        starts = [0, *accumulate(counts)]
        told = replace(work, total=starts[-1])
        found = told.joined(parts.run(told, starts[:-1]))
        if found.refused:
            parts, words = _without(parts, found, skip)
            left_out += words
            counts = parts.counted() or [n for i, n in enumerate(counts) if i not in found.refused]
        elif _counts(found) == counts:
            empty = tuple(kind.of(_nothing(told)) for kind in told.kinds)
            return found.facts if found.facts is not None else empty, starts[-1], left_out
        else:
            counts = _counts(found)
    raise InputError(
        f"data: expected parts that hold the same rows each time they are read, got {parts.label}, whose parts changed "
        f"in each of {ROUNDS} readings; write it to files or keep it (persist, cache) first"
    )


def work_without_facts(work: Work) -> Work:
    """The same that only counts rows."""
    return replace(work, kinds=(), target=None)


def _counts(found: Partial) -> list[int]:
    return [found.rows.get(part, 0) for part in range(max(found.rows, default=-1) + 1)]


def _without(parts: Parts, found: Partial, skip: bool) -> tuple[Parts, list[str]]:
    """The parts without those that were refused, and what was, each with the reason."""
    refused = sorted(found.refused)
    fewer = parts.without(refused)
    first = found.refused[refused[0]]
    if fewer is None or not skip:
        name = f"{listed(fewer[1])} of " if fewer else ""
        hint = "copy or write it again, or leave such files out with --skip-unreadable" if fewer else "mend that part"
        raise InputError(f"data: expected parts that can be read, got {name}{parts.label} ({first}); {hint}")
    reasons = {"".join(one[1]): found.refused[i] for i in reversed(refused) if (one := parts.without([i]))}
    if fewer[0].counted() == []:
        raise InputError(
            f"data: expected at least one file that can be read, got none in {parts.label} ({first}); copy or write "
            "them again"
        )
    return fewer[0], [f"{name} ({reasons[name]})" for name in fewer[1]]


def _nothing(work: Work) -> Any:
    from tearless.readers.source import Batch

    return Batch(pl.DataFrame(schema=work.schema), 0, work.target, work.seed, 0)
