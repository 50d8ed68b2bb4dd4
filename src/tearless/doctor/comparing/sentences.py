"""The sentences of a comparison, in the reader's numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from tearless.core import listed, quoted
from tearless.core.number import shown
from tearless.statistics.comparison.design import Design
from tearless.statistics.comparison.facts import ClusterSizes, Comparison, Pair
from tearless.statistics.comparison.mcnemar import mcnemar
from tearless.statistics.comparison.words import chance, counted, doing, gap, title

MOST_FLIPS = 100_000


def value(x: float, unit: str) -> str:
    """A metric's value: a share as percent."""
    return shown(x, unit)


def reach(low: float, high: float, unit: str) -> str:
    """The ends of an interval in words; an end that the rows do not bound is said."""
    if math.isinf(low) and math.isinf(high):
        return "without bound: these rows set none"
    if math.isinf(low):
        return f"up to {gap(high, unit)}"
    if math.isinf(high):
        return f"from {gap(low, unit)} up"
    start = shown(100 * low) if unit == "share" else shown(low)
    return f"{start} to {gap(high, unit)}"


def better(found: Comparison, pair: Pair) -> bool:
    """Whether the second of a pair did better."""
    return (pair.difference.estimate.value < 0) if found.lower_is_better else (pair.difference.estimate.value > 0)


def sure(found: Comparison, pair: Pair) -> bool:
    """Whether the difference is told from 0, corrected for all pairs looked at."""
    p = pair.difference.p if pair.adjusted_p is None else pair.adjusted_p
    return p <= 1 - found.plan.level


def verdict(found: Comparison) -> str:
    """One or two sentences that stand alone."""
    return (_of_many(found) if len(found.pairs) > 1 else _of_two(found, found.pairs[0])) + _left_out(found)


def _left_out(found: Comparison) -> str:
    """Which model has no result on which rows: whoever fails on hard items looks good on those that are left."""
    lacking = [(name, n) for name, n in zip(found.plan.models, found.lacking, strict=False) if n]
    if not lacking:
        return ""
    where = ", ".join(f"{quoted(name)} on {n:,}" for name, n in lacking[:5]) + (", ..." if len(lacking) > 5 else "")
    return f"; rows without a result are left out ({where}): if a model failed there, give it the worst score on them"


def _of_two(found: Comparison, pair: Pair) -> str:
    e = pair.difference.estimate
    a, b = quoted(pair.a), quoted(pair.b)
    of_a, of_b = (found.estimates[found.plan.models.index(name)].value for name in (pair.a, pair.b))
    values = f"{title(found.metric)} {value(of_b, found.unit)} against {value(of_a, found.unit)}"
    in_order = f"{title(found.metric)} {value(of_a, found.unit)} against {value(of_b, found.unit)}"
    level = shown(found.plan.level, "share")
    span = f"{level} interval {reach(e.low, e.high, found.unit)}; {chance(pair.difference.p)}"
    if pair.difference.sure:
        word = "better" if better(found, pair) else "worse"
        size = "more" if e.value > 0 else "less"
        middle = "in the middle of the differences " if found.design is Design.data_sets else ""
        return f"{b} is {word} than {a}: {values}, {middle}{gap(abs(e.value), found.unit)} {size} ({span})"
    if pair.disagree is None and e.value == 0 and e.standard_error == 0:
        return (
            f"no row tells {a} from {b}: {in_order}, and the true difference may still lie "
            f"{_anywhere(e.low, e.high, found.unit)} ({level} interval)"
        )
    if pair.disagree == (0, 0):
        return (
            f"{a} and {b} did the same on {_all(pair.rows)}, {title(found.metric)} {value(of_a, found.unit)}: the "
            f"true difference may still lie {_anywhere(e.low, e.high, found.unit)} ({level} interval)"
        )
    return (
        f"{a} and {b} cannot be told apart: {in_order}, and the true difference may lie "
        f"{_anywhere(e.low, e.high, found.unit)} ({level} interval; {chance(pair.difference.p)})"
    )


def _all(rows: int) -> str:
    return "the one row" if rows == 1 else f"all {rows:,} rows"


def _anywhere(low: float, high: float, unit: str) -> str:
    if math.isinf(low) or math.isinf(high):
        return "anywhere: these rows set no bound"
    return f"anywhere from {reach(low, high, unit)}"


def _of_many(found: Comparison) -> str:
    told = [pair for pair in found.pairs if sure(found, pair)]
    up = [pair.b for pair in told if better(found, pair)]
    down = [pair.b for pair in told if not better(found, pair)]
    left = len(found.pairs) - len(told)
    parts = [f"{listed(up)} {'is' if len(up) == 1 else 'are'} better"] if up else []
    parts += [f"{listed(down)} {'is' if len(down) == 1 else 'are'} worse"] if down else []
    if left:
        parts.append(f"{left} cannot be told from it" if told else "none can be told from it")
    count = len(found.pairs)
    return (
        f"of {count} models beside {quoted(found.plan.reference)}, {', '.join(parts)} (Holm's correction for {count})"
    )


def said(found: Comparison) -> Iterator[tuple[str, str]]:
    """The labelled sentences, in order."""
    yield "design", found.said
    if len(found.pairs) == 1:
        yield from _of_pair(found, found.pairs[0])
    if found.clusters:
        yield "clusters", _clusters(found.clusters)
    yield from _of_runs(found)
    yield from _of_many_models(found)
    yield from _of_looks(found)
    for pair, against in zip(found.pairs, found.against_margin, strict=False):
        margin = gap(against.margin, found.unit)
        yield (
            "margin",
            f"with a margin of {margin} {quoted(pair.b)} is {against.verdict} beside {quoted(pair.a)} (worse by that "
            f"much: {chance(against.p_not_worse)}; differing by that much: {chance(against.p)})",
        )


def _clusters(c: ClusterSizes) -> str:
    """How many clusters, and what they do to the variance; an effect below a tenth of the usual tells of few clusters
    that happen to balance, not of items."""
    start = f"{c.clusters:,} of {quoted(c.column)}, worth {shown(c.effective)} equal ones"
    if not c.design_effect >= 0.1:
        return f"{start}; they differ less from each other than independent items would, as few clusters do by chance"
    times = f"the variance is {shown(c.design_effect)} times that of independent items"
    return f"{start}; items within one go together: {times}" if c.design_effect > 1 else f"{start}; {times}"


def _of_pair(found: Comparison, pair: Pair) -> Iterator[tuple[str, str]]:
    yield "test", f"{pair.difference.test}; interval: {pair.difference.interval}"
    if pair.disagree is not None:
        a, b = (f"{quoted(name)} alone {n:,}" for name, n in zip((pair.a, pair.b), pair.disagree, strict=True))
        yield "flips", f"right on items that the other got wrong: {a}, {b}; the rest say nothing"
    one = found.noun.removesuffix("s")
    if pair.detectable is not None:
        yield (
            "sees",
            f"{counted(pair.rows, f'such {one}')} {doing(pair.rows, 'show')} {gap(pair.detectable, found.unit)} in "
            "80 % of trials",
        )
    if pair.needed is not None and not pair.difference.sure:
        yield "settles", f"about {counted(pair.needed, one)} would show a difference like this one in 80 % of trials"
    flips = turning_point(found, pair)
    if flips:
        yield "turns", flips
    if pair.others:
        yield "others", "; ".join(f"{name} {chance(p)}" for name, p in pair.others) + _why_others_differ(found, pair)
    if found.design is Design.items and pair.ratio is not None and pair.ratio > 1.1:
        yield (
            "pairing",
            f"two separate test sets would need {shown(pair.ratio**2)} times as many items to be as sure",
        )


def _why_others_differ(found: Comparison, pair: Pair) -> str:
    match found.design:
        case Design.items if pair.disagree is not None:
            return (
                " (exact tests count whole flips and are timid; χ² and t take flips for continuous; unpaired tests "
                "forget that the items are the same)"
            )
        case Design.items:
            return (
                " (t trusts that means are normal, ranks forget sizes, unpaired tests forget that items are the same)"
            )
        case Design.clusters:
            return " (it counts items that go together as if each were news)"
        case Design.folds:
            return " (folds share training rows, so that their scores err together)"
        case Design.seeds_and_items:
            return " (answers to one item go together)"
        case _:
            return ""


def turning_point(found: Comparison, pair: Pair) -> str:
    """What would change the verdict: how many more items on one side, where the models are right or wrong."""
    if pair.disagree is None or found.design is not Design.items or not pair.difference.test.startswith("mid-p"):
        return ""
    a, b = pair.disagree
    alpha = 1 - found.plan.level
    ahead, behind = max(a, b), min(a, b)
    name = quoted(pair.b if b >= a else pair.a)
    other = quoted(pair.a if b >= a else pair.b)
    if pair.difference.sure:
        low, high = 0, ahead - behind
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if mcnemar(behind + middle, ahead, method="mid-p") <= alpha else (low, middle)
        return f"{counted(high, 'more item')} that {other} alone gets right would undo it" if high else ""
    more = 1
    while more < MOST_FLIPS and mcnemar(behind, ahead + more, method="mid-p") > alpha:
        more *= 2
    low = more // 2
    while more - low > 1:
        middle = (low + more) // 2
        low, more = (middle, more) if mcnemar(behind, ahead + middle, method="mid-p") > alpha else (low, middle)
    return f"{counted(more, 'more item')} that {name} alone gets right would decide it"


def _of_runs(found: Comparison) -> Iterator[tuple[str, str]]:
    for pair, told in zip(found.pairs, found.runs, strict=False):
        if len(found.pairs) == 1:
            yield "runs", f"so few runs allow no permutation test below {chance(told.smallest_p)}"
        elif told.permutation_p > 0:
            yield "runs", f"{quoted(pair.b)}: permutation of the runs {chance(told.permutation_p)}"
    for pair, parts in zip(found.pairs, found.crossed, strict=False):
        total = parts.seed + parts.item + parts.seed_item
        if total <= 0:
            continue
        s, i = min(parts.seeds), parts.items
        now, with_seeds, with_items = (
            gap(parts.standard_error(*size), found.unit) for size in ((s, i), (2 * s, i), (s, 2 * i))
        )
        yield (
            "variance",
            f"{quoted(pair.b)}: of one run on one item {shown(parts.seed / total, 'share')} from seeds, "
            f"{shown(parts.item / total, 'share')} from items, {shown(parts.seed_item / total, 'share')} from both; "
            f"the standard error is {now}, with twice the seeds {with_seeds}, with twice the items {with_items}",
        )


def _of_many_models(found: Comparison) -> Iterator[tuple[str, str]]:
    names = found.plan.models
    if found.best is not None:
        best = found.best
        sign = -1 if found.lower_is_better else 1
        yield (
            "best",
            f"{quoted(names[best.best])}; the best of {len(names)} equal models stands "
            f"{gap(best.optimism, found.unit)} above the truth on average, and without the luck of being chosen this "
            f"one has {value(sign * best.corrected, found.unit)}; could as well be the best: "
            f"{listed([names[i] for i in best.as_good])}",
        )
    if found.ranks is not None:
        f, c = found.ranks.friedman, found.ranks.critical
        yield "ranks", f"Friedman with Iman and Davenport's F: {chance(f.p)}; Kendall's W {shown(f.concordance)}"
        yield (
            "apart",
            f"by average ranks alone, those {shown(c.difference)} apart are told apart (Nemenyi); together: "
            + "; ".join(_group(names, group) for group in c.groups),
        )


def _group(names: Sequence[str], group: Sequence[int]) -> str:
    return listed([names[i] for i in group])


def _of_looks(found: Comparison) -> Iterator[tuple[str, str]]:
    for pair, looks in zip(found.pairs, found.looks, strict=False):
        e = looks.difference.estimate
        yield (
            "looks",
            f"{quoted(pair.b)}, valid however often one looked: {reach(e.low, e.high, found.unit)}, "
            f"{chance(looks.difference.p)}",
        )
    if found.peeking is not None:
        cost, count = found.peeking, len(found.peeking.looks)
        yield (
            "peeking",
            f"{counted(count, 'look')} with the usual test {doing(count, 'find')} a difference in "
            f"{shown(cost.error, 'share')} of trials without "
            f"one; each look would have to ask for p below {cost.p_needed:.2g}",
        )
