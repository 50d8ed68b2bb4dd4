"""What was taken for granted: small edits of a chain of layers that lead to the number that was expected."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .edits import Edited, edited, with_side
from .origin import Axes, Axis, followed, given_axes
from .size import Shape, Size, product
from .sliding import Step

SMALLEST, LARGEST = 7, 2048
"""Between these are the sides of inputs that are tried."""
CLASSES = {"repeated": "count", "left out": "count", "uncalled": "count", "channels": "channels", "input": "input"}
"""The idea behind an edit; settings of layers are one idea, others stand alone."""
SETTINGS = {"padding", "stride", "kernel", "dilation", "ceil"}
MOST_ALTERNATIVES = 4
MEANT = ": that would be "


@dataclass(frozen=True, slots=True)
class Assumption:
    """One explanation of a number that was expected: the edits of the chain of one kind that lead to it.

    Made by ``assumed``. ``says`` is a sentence without a full stop, ``number`` the one that was expected, ``factors``
    the sizes that it is made of, ``cost`` how far-fetched it is. Each of ``edits`` leads there by itself, the likeliest
    first.
    """

    says: str
    kind: str
    """That of the first edit: ``repeated``, ``padding``, ``input``, ``batch`` ..."""
    number: int
    factors: tuple[Size, ...]
    cost: float
    edits: tuple[Edited, ...] = ()
    layer_is_right: bool = False
    """Whether the layer that expects the number is right, and what comes before it is to change."""


def assumed(
    given: Shape,
    steps: Sequence[Step],
    expected: int,
    unused: Sequence[Step] = (),
    most: int = 3,
    from_input: bool = True,
) -> list[Assumption]:
    """What leads to ``expected`` on the last axis after ``steps``, the most plausible first; at most ``most``.

    ``given`` is the shape that the chain starts from, the batch first. ``unused`` are layers that are made and never
    called; ``from_input`` is false where the chain starts amid the model, so that its shape is nobody's choice. Every
    edit offered gives the number; an empty list says that none was found.

    >>> conv = Step("conv", {"n": 2, "out": 8, "kernel": 3}, "conv1")
    >>> for one in assumed((4, 1, 28, 28), [conv, Step("flatten", {"start": 1})], 4608):
    ...     print(one.says)
    4608 = 8·24·24: that would be two valid 3×3 convolutions, there is one
    4608 = 8·24·24: that would be conv1 with kernel_size=5 or dilation=2
    4608 = 8·24·24: that would be an input of 26×26 for 28×28
    """
    axes = followed(given_axes(given), steps)
    if axes is None or not axes or axes[-1].size == expected:
        return []
    groups: dict[tuple[object, ...], list[tuple[Edited, Axis]]] = {}
    for one, axis in sorted(_fitting(given, steps, expected, unused), key=lambda pair: pair[0].cost):
        if not from_input and one.given != given:
            continue
        factors = tuple(leaf.size for leaf in axis.of)
        idea = "settings" if one.kind in SETTINGS else CLASSES.get(one.kind, one.kind)
        groups.setdefault((idea, factors), []).append((one, axis))
    found = [*_counted_in(axes, expected), *(_offer(group, expected) for group in groups.values())]
    return _one_of_each(sorted(found, key=lambda one: one.cost))[:most]


def as_sentences(guesses: Sequence[Assumption]) -> list[str]:
    """The likeliest in full, the others as alternatives to it.

    >>> conv = Step("conv", {"n": 2, "out": 8, "kernel": 3}, "conv1")
    >>> as_sentences(assumed((4, 1, 28, 28), [conv, Step("flatten", {"start": 1})], 4608))[1]
    'or: conv1 with kernel_size=5 or dilation=2; or: an input of 26×26 for 28×28'
    """
    if not guesses:
        return []
    first, *rest = guesses
    lead = f"{first.says.partition(MEANT)[0]}{MEANT}"
    others = [one.says.removeprefix(lead) for one in rest]
    return [first.says, *(["; ".join(f"or: {one}" for one in others)] if others else [])]


def explained_factor(axes: Axes, expected: int) -> str:
    """What the number would be if only the map, or only the channels, were different; empty where that says nothing.

    >>> axes = followed(given_axes((4, 3, 30, 30)), [Step("flatten", {"start": 1})])
    >>> explained_factor(axes, 3 * 17 * 17)
    '867 = 3·17·17: a map of 17×17 for 30×30'
    """
    leaves = axes[-1].of
    maps = [leaf.size for leaf in leaves if leaf.kind == "space"]
    if not maps or len(maps) + 1 != len(leaves) or not isinstance(leaves[0].size, int):
        return ""
    channels, n, now, whole = leaves[0].size, len(maps), "×".join(map(str, maps)), product(maps)
    if isinstance(whole, int) and whole and expected % whole == 0:
        return f"{expected} = {expected // whole}·{_dots(maps)}: {expected // whole} channels for {channels}"
    side = round((expected / channels) ** (1 / n)) if channels else 0
    if side > 1 and channels * side**n == expected:
        return f"{expected} = {channels}·{_dots([side] * n)}: a map of {'×'.join([str(side)] * n)} for {now}"
    return ""


def _fitting(
    given: Shape, steps: Sequence[Step], expected: int, unused: Sequence[Step]
) -> Iterator[tuple[Edited, Axis]]:
    """The edits of the chain that give the number, each with the axis that it gives."""
    for one in (*edited(given, steps, unused), *_any_side(given, steps, expected)):
        axes = followed(given_axes(one.given), one.steps)
        if axes and axes[-1].size == expected:
            yield one, axes[-1]


def _any_side(given: Shape, steps: Sequence[Step], expected: int) -> Iterator[Edited]:
    """The smallest side of an input that gives the number: a larger side never gives a smaller one."""
    if len(given) < 3:
        return

    def gives(side: int) -> int:
        axes = followed(given_axes((*given[:2], *(side,) * (len(given) - 2))), steps)
        size = axes[-1].size if axes else 0
        return size if isinstance(size, int) else 0

    side = bisect_left(range(LARGEST), expected, key=gives)
    if SMALLEST < side < LARGEST:
        yield with_side(given, steps, side, 2.4)


def _offer(group: Sequence[tuple[Edited, Axis]], expected: int) -> Assumption:
    """Edits of one kind, as one explanation."""
    first, axis = group[0]
    factors = tuple(leaf.size for leaf in axis.of) or (axis.size,)
    shown = f"{expected} = {_dots(factors)}" if len(factors) > 1 else str(expected)
    edits = [one for one, _ in group]
    if first.kind == "input":
        edits = edits[:1]
    right = first.kind in ("flatten", "uncalled", "sequence")
    says = f"{shown}{MEANT}{_alternatives(edits)}"
    return Assumption(says, first.kind, expected, factors, first.cost, tuple(edits), right)


def _alternatives(edits: Iterable[Edited]) -> str:
    """``conv1 with padding=1 or dilation=2; or conv2 with padding=1``: settings of one layer said together."""
    said: dict[str, list[str]] = {}
    for one in edits:
        layer, _, setting = one.says.partition(" with ") if one.change else (one.says, "", "")
        settings = said.setdefault(layer, [])
        if not any(setting.split("=")[0] == before.split("=")[0] for before in settings):
            settings.append(setting)
    alike: dict[str, list[str]] = {}
    for layer, settings in said.items():
        alike.setdefault(" or ".join(settings), []).append(layer)
    words = [
        f"{' or '.join(layers)} with {settings}" if settings else "; or ".join(layers[:2])
        for settings, layers in alike.items()
    ]
    return "; or ".join(words[:MOST_ALTERNATIVES])


def _counted_in(axes: Axes, expected: int) -> Iterator[Assumption]:
    """The batch counted in, on either side."""
    batch, last = axes[0], axes[-1]
    if not isinstance(last.size, int):
        return
    if len(axes) > 1 and isinstance(batch.size, int) and batch.size > 1 and expected == batch.size * last.size:
        says = f"{expected} = {batch.size}·{last.size}: the batch of {batch.size} is counted in; a layer never sees it"
        cost = 0.05 if batch.size > 8 else 0.9
        yield Assumption(says, "batch", expected, (batch.size, last.size), cost)
    if last.kind == "batch" and last.of and last.size == product((last.of[0].size, expected)):
        size = last.of[0].size
        says = f"{last.size} = {size}·{expected}: the batch of {size} was flattened in; flatten from axis 1"
        yield Assumption(says, "batch", expected, (expected,), 0.05, layer_is_right=True)


def _one_of_each(found: Sequence[Assumption]) -> list[Assumption]:
    """The best of each idea first, then the rest: three explanations that differ."""
    seen: set[str] = set()
    first: list[Assumption] = []
    rest: list[Assumption] = []
    for one in found:
        idea = "settings" if one.kind in SETTINGS else CLASSES.get(one.kind, one.kind)
        (rest if idea in seen else first).append(one)
        seen.add(idea)
    return [*first, *rest]


def _dots(factors: Iterable[Size]) -> str:
    return "·".join(map(str, factors))
