"""The answer to a comparison: its verdict, its sentences, its numbers and its tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tearless.core import Number, quoted
from tearless.core.number import shown
from tearless.report.answer import Answer, Bar, Cell, Table
from tearless.statistics.comparison.facts import Comparison, Pair
from tearless.statistics.comparison.many_data_sets import CriticalDifference
from tearless.statistics.comparison.words import chance, gap, title
from tearless.statistics.estimate import Estimate

from .pictures import pictures
from .sentences import better, reach, said, sure, verdict


def answer(found: Comparison) -> Answer:
    """What the comparison comes to."""
    return Answer(verdict(found), tuple(said(found)), dict(_numbers(found)), tuple(_tables(found)), pictures(found))


def _numbers(found: Comparison) -> Iterator[tuple[str, Number]]:
    """All numbers by name; those of one pair have plain names, those of several end in the model's."""
    for name, e in zip(found.plan.models, found.estimates, strict=True):
        yield f"value of {name}", _number(e, found.unit, f"{title(found.metric)} of {name}")
    yield "rows", Number(found.rows, "rows", "rows that the comparison rests on")
    for pair in found.pairs:
        of = "" if len(found.pairs) == 1 else f" of {pair.b}"
        meaning = f"{title(found.metric)} of {pair.b} less that of {pair.a}"
        yield f"difference{of}", _number(pair.difference.estimate, found.unit, meaning)
        error = pair.difference.estimate.standard_error
        yield (
            f"standard_error{of}",
            Number(error, found.unit, "of the difference; unknown where rows show none"),
        )
        yield f"p{of}", Number(pair.difference.p, "chance", f"two-sided, by {pair.difference.test}")
        if pair.adjusted_p is not None:
            yield (
                f"adjusted_p{of}",
                Number(pair.adjusted_p, "chance", f"by Holm for {len(found.pairs)} pairs"),
            )
        yield f"detectable{of}", Number(pair.detectable, found.unit, "difference that shows in 80 % of trials")
        yield f"needed{of}", Number(pair.needed, "rows", "rows that would show the difference seen in 80 % of trials")
        for name, p in pair.others:
            yield f"p by {name}{of}", Number(p, "chance", "what another common test says of the same rows")
    for pair, looks in zip(found.pairs, found.looks, strict=False):
        of = "" if len(found.pairs) == 1 else f" of {pair.b}"
        yield f"anytime_difference{of}", _number(looks.difference.estimate, found.unit, "valid at every look")
        yield f"anytime_p{of}", Number(looks.difference.p, "chance", "valid at every look")
    for pair, against in zip(found.pairs, found.against_margin, strict=False):
        of = "" if len(found.pairs) == 1 else f" of {pair.b}"
        yield f"p_not_worse{of}", Number(against.p_not_worse, "chance", "of being worse by the margin or more")
        yield f"p_equivalent{of}", Number(against.p, "chance", "of differing by the margin or more")


def _number(e: Estimate, unit: str, meaning: str) -> Number:
    known = math.isfinite(e.low) and math.isfinite(e.high)
    return Number(e.value, unit, meaning, (e.low, e.high) if known else None, e.level if known else None)


def _tables(found: Comparison) -> Iterator[Table]:
    pairs = {pair.b: pair for pair in found.pairs}
    several = len(found.pairs) > 1
    heads = ["model", title(found.metric), *(["less", "interval", "p", ""] if several else [])]
    rows: list[tuple[Cell, ...]] = []
    for name, e in zip(found.plan.models, found.estimates, strict=True):
        number = _number(e, found.unit, title(found.metric))
        value = replace(number, interval=None, level=None) if several else number
        rest = _row(found, pairs[name]) if several and name in pairs else ("",) * (len(heads) - 2)
        rows.append((quoted(name), value, *rest))
    beside = f"Beside {quoted(found.plan.reference)}; p corrected by Holm" if several else ""
    yield Table(beside, tuple(heads), tuple(rows))
    if found.ranks is not None:
        yield _picture(found.plan.models, found.ranks.critical)


def _picture(models: Sequence[str], critical: CriticalDifference) -> Table:
    """The critical-difference picture, lying down: ranks as bars, and a letter for all that are not told apart."""
    ranks = critical.average_ranks.tolist()
    order = sorted(range(len(ranks)), key=lambda i: ranks[i])
    letters = [
        "".join(chr(ord("a") + g % 26) if i in group else "·" for g, group in enumerate(critical.groups)) for i in order
    ]
    rows = tuple(
        (quoted(models[i]), Number(ranks[i], "1", "average rank"), Bar(ranks[i] / len(ranks)), letter)
        for i, letter in zip(order, letters, strict=True)
    )
    title = f"Average ranks, best first; critical difference {shown(critical.difference)}; one letter: not told apart"
    return Table(title, ("model", "rank", "", "together"), rows)


def _row(found: Comparison, pair: Pair) -> tuple[Cell, ...]:
    e = pair.difference.estimate
    word = ("better" if better(found, pair) else "worse") if sure(found, pair) else "not told apart"
    p = pair.difference.p if pair.adjusted_p is None else pair.adjusted_p
    return (gap(e.value, found.unit), reach(e.low, e.high, found.unit), chance(p).removeprefix("p = "), word)
