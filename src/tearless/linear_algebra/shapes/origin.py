"""Where the sizes of an array come from: each axis followed through a chain of layers and changes of shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from .size import Shape, Size, product
from .sliding import Step, computed, each, layer_named, map_setting, slid

SPATIAL = ("conv", "conv_transpose", "pool", "adaptive_pool", "upsample")
"""Steps that change maps: the axes after the channels."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: its size, and where that comes from.

    >>> channels, rows = Axis(8, "8 channels of conv1", "channel"), Axis(26, "26 rows", "space")
    >>> Axis(208, kind="feature", of=(channels, rows)).says
    '208 = 8·26'
    """

    size: Size
    words: str = ""
    """``8 channels of conv1``; empty where ``step`` computed it."""
    kind: str = "other"
    """``batch``, ``channel``, ``space``, ``sequence``, ``feature`` or ``other``."""
    before: Axis | None = None
    """The axis that it was computed from."""
    of: tuple[Axis, ...] = ()
    """The axes that were laid into it."""
    where: str = ""
    step: Step | None = None
    """The step on maps that computed it."""
    index: int = 0
    """Which axis of the map it is."""

    @property
    def says(self) -> str:
        """``8 channels of conv1``, ``26 = 28 - 3 + 1 (conv1, kernel 3)``, ``5408 = 8·26·26``."""
        if self.of:
            return f"{self.size} = {'·'.join(str(leaf.size) for leaf in self.of)}"
        if self.step is None or self.before is None:
            return self.words
        return computed(self.size, self.before.size, self.step, self.index)


Axes: TypeAlias = tuple[Axis, ...]


def given_axes(shape: Shape, says: str = "the input", batch: bool = True) -> Axes:
    """The axes of the array that a chain starts from: batch, then channels and a map, or sequence and features.

    >>> [axis.kind for axis in given_axes((4, 1, 28, 28))], [axis.says for axis in given_axes((32, 784))]
    (['batch', 'channel', 'space', 'space'], ['32, the batch of the input', '784 features of the input'])
    """
    named = {2: ("feature",), 3: ("sequence", "feature")}.get(
        len(shape), ("channel", *["space"] * max(0, len(shape) - 2))
    )
    kinds = ("batch", *named) if batch else ("other",) * len(shape)
    return tuple(
        Axis(size, _given_words(size, kind, i, says), kind)
        for i, (size, kind) in enumerate(zip(shape, kinds, strict=False))
    )


def _given_words(size: Size, kind: str, axis: int, says: str) -> str:
    """``28 on axis 2 of the input``; nothing of what nobody knows."""
    if not says:
        return ""
    if kind == "batch":
        return f"{size}, the batch of {says}"
    what = {"channel": "channel", "feature": "feature", "sequence": "step"}.get(kind)
    return f"{_several(size, what)} of {says}" if what else f"{size} on axis {axis} of {says}"


def _several(size: Size, what: str) -> str:
    return f"{size} {what}" if size == 1 else f"{size} {what}s"


def followed(given: Axes, steps: Sequence[Step]) -> Axes | None:
    """The axes after all steps; ``None`` where a step cannot take what it gets.

    >>> conv = Step("conv", {"n": 2, "out": 8, "kernel": 3}, "conv1")
    >>> axes = followed(given_axes((4, 1, 28, 28)), [conv, Step("flatten", {"start": 1}, where="net.py:14")])
    >>> print(told(axes[1]))
    5408 = 8·26·26: 8 channels of conv1, 26 = 28 - 3 + 1 (conv1, kernel 3), flattened at net.py:14
    """
    axes: Axes | None = given
    for step in steps:
        if axes is None:
            return None
        axes = _stepped(axes, step)
    return axes


def _stepped(axes: Axes, step: Step) -> Axes | None:
    """The axes after one step; ``None`` where it cannot take them, or is not known."""
    try:
        return _STEPS[step.rule](axes, step)
    except (IndexError, KeyError, ValueError, ZeroDivisionError):
        return None


def _on_map(axes: Axes, step: Step) -> Axes:
    n = step.get("n", 2)
    if len(axes) < n + 1:
        raise ValueError(axes)
    space = tuple(_spread(axis, step, i) for i, axis in enumerate(axes[-n:]))
    channel = axes[-n - 1]
    if step.rule.startswith("conv"):
        channel = Axis(
            step.get("out"),
            f"{_several(step.get('out'), 'channel')} of {layer_named(step)}",
            "channel",
            where=step.where,
        )
    return (*axes[: -n - 1], channel, *space)


def _spread(axis: Axis, step: Step, i: int) -> Axis:
    """The axis of a map after a step on maps."""
    size: Size
    if step.rule in ("conv", "pool"):
        size = slid(axis.size, step, i)
    elif step.rule == "conv_transpose":
        k, s, p, d = (map_setting(step, name)[i] for name in ("kernel", "stride", "padding", "dilation"))
        size = (axis.size - 1) * s - 2 * p + d * (k - 1) + map_setting(step, "output_padding")[i] + 1
    else:
        n, output = step.get("n", 2), step.get("output")
        asked = [axis.size * f for f in each(step.get("scale"), n)] if output is None else each(output, n)
        wanted: Any = asked[i]
        size = axis.size if wanted is None else int(wanted) if isinstance(wanted, float) else wanted
    return Axis(size, "", "space", axis, where=step.where, step=step, index=i)


def _last(axes: Axes, step: Step) -> Axes:
    """A layer that gives the last axis anew."""
    out, ways = step.get("out"), step.get("ways", 1)
    what = {"rnn": "hidden numbers"}.get(step.rule, "features")
    name = layer_named(step)
    says = f"{out} {what} of {name}" if ways == 1 else f"{ways * out} = {ways}·{out} ({name} runs both ways)"
    return (*axes[:-1], Axis(ways * out, says, "feature", where=step.where))


def _embedded(axes: Axes, step: Step) -> Axes:
    return (*axes, Axis(step.get("out"), f"{step.get('out')} numbers for each entry ({layer_named(step)})", "feature"))


def _flattened(axes: Axes, step: Step) -> Axes:
    start, end = step.get("start", 0) % len(axes), step.get("end", -1) % len(axes)
    if start > end:
        raise ValueError(step)
    return (*axes[:start], _merged(axes[start : end + 1], step.where), *axes[end + 1 :])


def _merged(axes: Axes, where: str) -> Axis:
    if len(axes) == 1:
        return axes[0]
    leaves = tuple(leaf for axis in axes for leaf in (axis.of or (axis,)))
    size = product(leaf.size for leaf in leaves)
    kind = "batch" if leaves[0].kind == "batch" else "feature"
    return Axis(size, "", kind, of=leaves, where=where)


def _reshaped(axes: Axes, step: Step) -> Axes:
    """Axes laid together where the sizes fit; an axis that is cut or mixed is one that the reshape made."""
    whole, shape = product(axis.size for axis in axes), list(step.get("shape"))
    if -1 in shape:
        rest = product(size for size in shape if size != -1)
        size = whole // rest
        shape[shape.index(-1)] = size
    if product(shape) != whole:
        raise ValueError(shape)
    left, out = [leaf for axis in axes for leaf in (axis.of or (axis,))], list[Axis]()
    for size in shape:
        taken: list[Axis] = []
        while left and product(axis.size for axis in (*taken, left[0])) != size and _within(taken, left[0], size):
            taken.append(left.pop(0))
        if left and product(axis.size for axis in (*taken, left[0])) == size:
            taken.append(left.pop(0))
            out.append(_merged(tuple(taken), step.where))
        else:
            left = []
            out.append(Axis(size, f"{size} written in the reshape", "other", where=step.where))
    return tuple(out)


def _within(taken: Sequence[Axis], more: Axis, size: Size) -> bool:
    total = product(axis.size for axis in (*taken, more))
    return isinstance(total, int) and isinstance(size, int) and 0 < total < size and size % total == 0


def _permuted(axes: Axes, step: Step) -> Axes:
    order = step.get("axes")
    if len(order) != len(axes):
        raise ValueError(order)
    return tuple(axes[i] for i in order)


def _lost(axes: Axes, step: Step) -> Axes:
    lost = {axis % len(axes) for axis in step.get("axes")}
    return tuple(axis for i, axis in enumerate(axes) if i not in lost)


def _unsqueezed(axes: Axes, step: Step) -> Axes:
    at = step.get("axis", 0) % (len(axes) + 1)
    return (*axes[:at], Axis(1, "an axis of 1 put in", where=step.where), *axes[at:])


def _joined(axes: Axes, step: Step) -> Axes:
    at, more = step.get("axis", 0) % len(axes), step.get("more", 0)
    total = axes[at].size + more
    one = Axis(total, f"{total} = {axes[at].size} + {more} joined", axes[at].kind, axes[at], where=step.where)
    return (*axes[:at], one, *axes[at + 1 :])


def _given(_: Axes, step: Step) -> Axes:
    return given_axes(
        step.get("shape"), step.get("says") or step.path or "the operation before", step.get("batch", True)
    )


_STEPS = {
    **dict.fromkeys(SPATIAL, _on_map),
    "linear": _last,
    "rnn": _last,
    "embedding": _embedded,
    "flatten": _flattened,
    "reshape": _reshaped,
    "permute": _permuted,
    "select": _lost,
    "reduce": _lost,
    "unsqueeze": _unsqueezed,
    "cat": _joined,
    "given": _given,
}


def told(axis: Axis) -> str:
    """Where one number comes from, in a sentence without a full stop.

    >>> axes = followed(given_axes((4, 1, 28, 28)), [Step("conv", {"n": 2, "out": 8, "kernel": 3}, "conv1")])
    >>> told(axes[2])
    '26 = 28 - 3 + 1 (conv1, kernel 3)'
    """
    if not axis.of:
        return "; ".join(dict.fromkeys(_chain(axis)))
    parts = list(dict.fromkeys(part for leaf in axis.of for part in _chain(leaf)))
    at = f", flattened at {axis.where}" if axis.where else ""
    return f"{axis.says}: {', '.join(parts)}{at}" if parts else f"{axis.says}{at}"


def _chain(axis: Axis) -> Iterator[str]:
    """The axis and those that it was computed from, the latest first; where nothing changed it, where it began."""
    link, said = axis, False
    while True:
        if link.before is None:
            if link.says and not said:
                yield link.says
            return
        if link.before.size != link.size:
            said = True
            yield link.says
        link = link.before
