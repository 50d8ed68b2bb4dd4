"""What a long run's record keeps, so that it stays small however long the run is.

Of losses, rates and modes: the first and the last 256 steps, every k-th between them (k the smallest power of two that
leaves at most ``MOST_LOSSES``), and of each stretch the largest losses left out and the first that is no finite number.
Of steps looked at: the first ones, the last ones and a share of those between, alike over the run. Of any other kind
of entry the same, and of evaluations the rows' hashes only while there are few. A run of fewer than 49,152 steps keeps
every loss.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tearless.readers.training.series import ENDS, every

MOST_LOSSES = 16_384
MOST_TOLD = 49_152
"""Losses in all blocks beyond which they are thinned."""
MOST_LOOKS = 400
"""Steps looked at that are kept; about 110 are made in ten million steps unless evaluations ask for more."""
MOST_OF_A_KIND = 1_000
PEAKS = 4
"""The largest losses left out of a block that are kept beside it."""
IN_A_BLOCK = 1_024
FIRST = 16
"""Entries at the begin and at the end that stay where every second one is left out."""
WITH_ROWS = 64
LOOKED = {"step", "values", "given", "loss", "clip", "probe"}
"""Kinds that tell of a step looked at: they stay or go together."""
SURE = {"start", "end", "losses", "breach", "graph", "experiment"}
Entry = Mapping[str, Any]
Block = dict[str, Any]
About = tuple[str, int, int]
"""Of one line: its kind, its step (0 where it has none) and how many losses it holds."""


class Weight:
    """How much of each kind a record holds, to know at little cost when it is to be thinned."""

    def __init__(self) -> None:
        self.about: list[About] = []
        self.losses = 0
        self.counts: Counter[str] = Counter()
        self._looks: set[int] = set()

    def add(self, entry: Entry) -> None:
        """One more line."""
        kind, step = str(entry["kind"]), entry.get("step")
        at, losses = step if isinstance(step, int) else 0, len(entry["values"]) if kind == "losses" else 0
        self.about.append((kind, at, losses))
        self._count(kind, at, losses)

    def _count(self, kind: str, step: int, losses: int) -> None:
        self.counts[kind] += 1
        self.losses += losses
        if kind in LOOKED:
            self._looks.add(step)

    def too_much(self) -> bool:
        """Whether something is to be left out."""
        others = any(n > MOST_OF_A_KIND for kind, n in self.counts.items() if kind not in SURE | LOOKED)
        return self.losses > MOST_TOLD or len(self._looks) > MOST_LOOKS or others

    def kept(self) -> list[bool]:
        """For each line that is no block of losses whether it stays."""
        looks = sorted(self._looks)
        stay = set(halved(looks) if len(looks) > MOST_LOOKS else looks)
        crowded = {kind for kind, n in self.counts.items() if n > MOST_OF_A_KIND and kind not in SURE | LOOKED}
        places = {kind: [i for i, one in enumerate(self.about) if one[0] == kind] for kind in crowded}
        others = {i for own in places.values() for i in set(own) - set(halved(own))}
        return [i not in others and (kind not in LOOKED or at in stay) for i, (kind, at, _) in enumerate(self.about)]

    def renewed(self, about: Iterable[About]) -> None:
        """These lines are left."""
        self.about, self.losses, self.counts, self._looks = list(about), 0, Counter(), set()
        for one in self.about:
            self._count(*one)


def halved(values: Sequence[int]) -> list[int]:
    """The first and the last of some numbers, and every second one between.

    >>> len(halved(range(100)))
    66
    """
    middle = values[FIRST:-FIRST]
    return [*values[:FIRST], *middle[::2], *values[-FIRST:]]


def thinned(blocks: Sequence[Entry]) -> list[Block]:
    """Blocks of losses of which at most ``MOST_LOSSES`` between the ends are left.

    >>> block = {"kind": "losses", "first": 1, "values": [2.0] * 40_000, "rates": [0.1]}
    >>> some = thinned([block])
    >>> sum(len(one["values"]) for one in some), {one["every"] for one in some}
    (10384, {1, 4})
    """
    last = max((int(b["first"]) + (len(b["values"]) - 1) * every(b) for b in blocks), default=0)
    stride = 1 << max(0, math.ceil(math.log2(max(1, last - 2 * ENDS) / MOST_LOSSES)))
    found: list[Block] = []
    for block in blocks:
        for piece, between in _cut(block, ENDS, last - ENDS):
            new = _sparse(piece, stride if between else 1)
            if not (found and _joined(found[-1], new)):
                found.append(new)
    for one, later in itertools.pairwise(found):
        one["last"] = later["first"] - 1
    return found


def _cut(block: Entry, head: int, tail: int) -> Iterator[tuple[Block, bool]]:
    """The parts of a block up to step ``head``, up to ``tail`` (the one between the ends) and after it."""
    values, first, e = list(block["values"]), int(block["first"]), every(block)
    lists = {name: list(block.get(name) or [None]) for name in ("rates", "training")}
    cuts = [0, *(min(len(values), max(0, (at - first) // e + 1)) for at in (head, max(head, tail))), len(values)]
    for i, (start, stop) in enumerate(itertools.pairwise(cuts)):
        if start < stop:
            own = {name: of if len(of) == 1 else of[start:stop] or of[-1:] for name, of in lists.items()}
            at = (first + start * e, first + stop * e)
            peaks = [[int(s), v] for s, v in block.get("peaks") or () if at[0] <= s < at[1]]
            part: Block = {"kind": "losses", "first": at[0], "every": e, "values": values[start:stop], **own}
            yield {**part, "peaks": peaks}, i == 1


def _sparse(block: Block, stride: int) -> Block:
    """Of a block the steps on the grid, and the peaks of the others."""
    first, e, values = block["first"], every(block), block["values"]
    skip = max(1, stride // e)
    if skip == 1:
        return block
    start = min(((1 - first) % stride) // e, len(values) - 1)
    out = [(first + i * e, v) for i, v in enumerate(values) if (i - start) % skip]
    lists = {name: of if len(of := block[name]) == 1 else of[start::skip] for name in ("rates", "training")}
    peaks = _highest([*block["peaks"], *out])
    return {
        **block,
        "first": first + start * e,
        "every": stride,
        "values": values[start::skip],
        **lists,
        "peaks": peaks,
    }


def _highest(pairs: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Of steps with losses the largest, and the first that is no finite number; in order."""
    known = [(step, value) for step, value in pairs if value is not None]
    finite = heapq.nlargest(PEAKS, (pair for pair in known if math.isfinite(pair[1])), key=lambda pair: pair[1])
    broken = heapq.nsmallest(1, (pair for pair in known if not math.isfinite(pair[1])))
    return sorted(([step, value] for step, value in (*finite, *broken)), key=lambda pair: int(pair[0]))


def _joined(one: Block, later: Block) -> bool:
    """Put the later block's numbers behind the first one's, where they go on and there is room; whether that is so."""
    n, more = len(one["values"]), len(later["values"])
    goes_on = one["every"] == later["every"] and one["first"] + n * one["every"] == later["first"]
    if not goes_on or n + more > IN_A_BLOCK:
        return False
    for name in ("rates", "training"):
        full = [*_full(one[name], n), *_full(later[name], more)]
        one[name] = shortened(full)
    one["values"] = [*one["values"], *later["values"]]
    one["peaks"] = _highest([*one["peaks"], *later["peaks"]])
    return True


def _full(values: list[Any], length: int) -> list[Any]:
    return [*values, *[values[-1]] * (length - len(values))]


def shortened(values: list[Any]) -> list[Any]:
    """A list that holds one value throughout, as that value alone: it stands for all that follow.

    >>> shortened([0.1, 0.1]), shortened([0.1, 0.2])
    ([0.1], [0.1, 0.2])
    """
    return values[:1] if values and values.count(values[0]) == len(values) else values


def without_rows(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Evaluations: the first and the last with their rows' hashes, the others without."""
    few = WITH_ROWS // 2
    return [e if i < few or i >= len(entries) - few else {**e, "rows": []} for i, e in enumerate(entries)]
