"""The verdict of a comparison in words, its numbers and its table."""

from __future__ import annotations

from tearless.core import Number, quoted
from tearless.core.number import shown
from tearless.report.answer import Answer, Cell, Table
from tearless.statistics.comparison.facts import Comparison, Pair


def answer(found: Comparison) -> Answer:
    """What the comparison comes to."""
    pair = found.pairs[0]
    e = pair.difference.estimate
    numbers = {
        "difference": Number(
            e.value, found.unit, f"{found.metric} of {pair.b} less {pair.a}", (e.low, e.high), e.level
        ),
        "p": Number(pair.difference.p, "chance", f"by {pair.difference.test}"),
    }
    said = [("design", found.said), ("test", f"{pair.difference.test}; interval: {pair.difference.interval}")]
    return Answer(_verdict(found, pair), tuple(said), numbers, (_table(found),))


def _verdict(found: Comparison, pair: Pair) -> str:
    e = pair.difference.estimate
    return f"{quoted(pair.b)} less {quoted(pair.a)}: {shown(e.value, found.unit)} of {found.metric}"


def _table(found: Comparison) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, e in zip(found.plan.models, found.estimates, strict=True):
        rows.append((quoted(name), Number(e.value, found.unit, found.metric, (e.low, e.high), e.level)))
    return Table("", ("model", found.metric), tuple(rows))
