"""Where the sizes of an array come from: each axis followed through a chain of layers and changes of shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from .size import Shape, Size, product

SPATIAL = ("conv", "conv_transpose", "pool", "adaptive_pool", "upsample")
"""Steps that change maps: the axes after the channels."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a chain, from the shape it takes to the shape it gives. Settings, by ``rule``:

    ``conv`` and ``conv_transpose``: n (axes of the map), out, kernel, stride, padding, dilation, output_padding.
    ``pool``: n, kernel, stride, padding, dilation, ceil. ``adaptive_pool``: n, output.
    ``upsample``: n, scale or output.
    ``linear`` and ``embedding``: out. ``rnn``: out, ways (2 where it runs both ways). ``flatten``: start, end.
    ``reshape``: shape. ``permute``: axes. ``select`` and ``reduce``: axes that are lost. ``unsqueeze``: axis.
    ``cat``: axis, more (what the others add). ``given``: shape, says (what made it; nothing before it is known).
    """

    rule: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""
    """The layer's path, or the function's name: ``conv1``, ``max_pool2d``."""
    where: str = ""
    """``net.py:14``, empty where it is not known."""

    def get(self, name: str, default: Any = None) -> Any:
        return self.settings.get(name, default)


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: its size, and where that comes from."""

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
        return _computed(self.size, self.before.size, self.step, self.index)


Axes: TypeAlias = tuple[Axis, ...]


def given_axes(shape: Shape, says: str = "the input", batch: bool = True) -> Axes:
    """The axes of the array that a chain starts from: batch, then channels and a map, or sequence and features."""
    named = {2: ("feature",), 3: ("sequence", "feature")}.get(
        len(shape), ("channel", *["space"] * max(0, len(shape) - 2))
    )
    kinds = ("batch", *named) if batch else ("other",) * len(shape)
    words = {"batch": "the batch of {}", "channel": "channels of {}", "feature": "features of {}"}
    return tuple(
        Axis(size, words.get(kind, "axis {i} of {}").format(says, i=i).replace("{i}", str(i)), kind)
        for i, (size, kind) in enumerate(zip(shape, kinds, strict=False))
    )


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
        axes = stepped(axes, step)
    return axes


def stepped(axes: Axes, step: Step) -> Axes | None:
    """The axes after one step; ``None`` where it cannot take them, or is not known."""
    try:
        return _STEPS[step.rule](axes, step)
    except (IndexError, KeyError, ValueError, ZeroDivisionError):
        return None


def each(value: Any, n: int) -> tuple[int, ...]:
    """A setting for each axis of the map: one number stands for all.

    >>> each(3, 2), each((3, 5), 2)
    ((3, 3), (3, 5))
    """
    values = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,) * n
    if len(values) == 1:
        values *= n
    if len(values) != n:
        raise ValueError(value)
    return values


def map_setting(step: Step, name: str) -> tuple[int, ...]:
    """The setting of a step on maps for each axis, with the library's default; ``same`` padding in numbers."""
    n = step.get("n", 2)
    if name == "stride":
        default = step.get("kernel") if step.rule == "pool" else 1
    else:
        default = {"padding": 0, "dilation": 1, "output_padding": 0}.get(name)
    value = step.get(name)
    value = default if value is None or value == () else value
    if name == "padding" and isinstance(value, str):
        return tuple(
            (d * (k - 1) + 1) // 2 if value == "same" else 0
            for k, d in zip(map_setting(step, "kernel"), map_setting(step, "dilation"), strict=True)
        )
    return each(value, n)


def slid(size: Size, step: Step, axis: int) -> Size:
    """How many places a kernel takes along an axis of the map: ⌊(size + 2p - d(k - 1) - 1)/s⌋ + 1."""
    k, s, p, d = (map_setting(step, name)[axis] for name in ("kernel", "stride", "padding", "dilation"))
    if step.get("padding") == "same":
        return size
    span = size + 2 * p - d * (k - 1) - 1
    if isinstance(span, int) and span < 0 and not (step.get("ceil") and span > -s):
        raise ValueError(size)
    if step.get("ceil") and isinstance(span, int) and isinstance(size, int):
        places = -(-span // s) + 1
        return places - 1 if (places - 1) * s >= size + p else places
    return span // s + 1 if s != 1 else span + 1


def formula(size: Size, step: Step, axis: int) -> str:
    """The arithmetic of ``slid`` with the numbers put in, zeros and ones left out.

    >>> formula(28, Step("conv", {"n": 2, "kernel": 3}), 0), formula(26, Step("pool", {"n": 2, "kernel": 2}), 0)
    ('28 - 3 + 1', '26/2')
    >>> formula(28, Step("conv", {"n": 2, "kernel": 3, "stride": 2, "padding": 1, "dilation": 2}), 0)
    '⌊(28 + 2·1 - 2·(3 - 1) - 1)/2⌋ + 1'
    """
    if step.get("padding") == "same":
        return str(size)
    k, s, p, d = (map_setting(step, name)[axis] for name in ("kernel", "stride", "padding", "dilation"))
    padded = f"{size} + 2·{p}" if p else f"{size}"
    if k == s and not p and d == 1:
        even = isinstance(size, int) and size % s == 0
        return (
            str(size) if s == 1 else f"{size}/{s}" if even else f"⌈{size}/{s}⌉" if step.get("ceil") else f"⌊{size}/{s}⌋"
        )
    if s == 1:
        return f"{padded} - {k} + 1" if d == 1 else f"{padded} - {d}·({k} - 1)"
    left, right = "⌈⌉" if step.get("ceil") else "⌊⌋"
    span = f"{padded} - {k}" if d == 1 else f"{padded} - {d}·({k} - 1) - 1"
    return f"{left}({span})/{s}{right} + 1"


def described(step: Step, axis: int) -> str:
    """The settings of a step on maps that are not the usual ones: ``conv1, kernel 3, padding 1``."""
    words = [f"kernel {map_setting(step, 'kernel')[axis]}"]
    usual = {"stride": map_setting(step, "kernel")[axis] if step.rule == "pool" else 1, "padding": 0, "dilation": 1}
    for name, plain in usual.items():
        value = map_setting(step, name)[axis]
        if value != plain:
            words.append(f"padding same ({value})" if step.get(name) == "same" else f"{name} {value}")
    return ", ".join([layer_named(step), *words])


def layer_named(step: Step) -> str:
    """How a sentence names a step: its path, ``layer 3`` in a row of layers."""
    return f"layer {step.path}" if step.path[:1].isdigit() else step.path or step.rule


def _on_map(axes: Axes, step: Step) -> Axes:
    n = step.get("n", 2)
    if len(axes) < n + 1:
        raise ValueError(axes)
    space = tuple(_spread(axis, step, i) for i, axis in enumerate(axes[-n:]))
    channel = axes[-n - 1]
    if step.rule.startswith("conv"):
        channel = Axis(
            step.get("out"), f"{step.get('out')} channels of {layer_named(step)}", "channel", where=step.where
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


def _computed(size: Size, before: Size, step: Step, i: int) -> str:
    """The arithmetic of a step on maps, in words."""
    if step.rule in ("conv", "pool"):
        return f"{size} = {formula(before, step, i)} ({described(step, i)})"
    if step.rule == "conv_transpose":
        names = ("stride", "padding", "dilation", "kernel", "output_padding")
        s, p, d, k, more = (map_setting(step, name)[i] for name in names)
        return f"{size} = ({before} - 1)·{s} - 2·{p} + {d}·({k} - 1) + {more} + 1 ({described(step, i)})"
    return f"{size} asked of {layer_named(step)}"


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
    """Where one number comes from, in a sentence without a full stop."""
    if not axis.of:
        return "; ".join(dict.fromkeys(_chain(axis)))
    parts = list(dict.fromkeys(part for leaf in axis.of for part in _chain(leaf)))
    at = f", flattened at {axis.where}" if axis.where else ""
    return f"{axis.says}: {', '.join(parts)}{at}"


def _chain(axis: Axis) -> Iterator[str]:
    """The axis and those that it was computed from, the latest first."""
    link: Axis | None = axis
    while link is not None:
        kept = link.before is not None and link.before.size == link.size
        if (link.before is not None and not kept) or (link is axis and link.before is None):
            yield link.says if str(link.size) in link.says else f"{link.size} {link.says}"
        link = link.before
