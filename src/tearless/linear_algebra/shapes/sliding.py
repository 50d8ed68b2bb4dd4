"""Steps of a chain of layers, and what a kernel that slides over a map makes of its sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .size import Size


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a chain, from the shape it takes to the shape it gives. Settings, by ``rule``:

    ``conv`` and ``conv_transpose``: n (axes of the map), out, kernel, stride, padding, dilation, output_padding.
    ``pool``: n, kernel, stride, padding, dilation, ceil. ``adaptive_pool``: n, output.
    ``upsample``: n, scale or output.
    ``linear`` and ``embedding``: out. ``rnn``: out, ways (2 where it runs both ways). ``flatten``: start, end.
    ``reshape``: shape. ``permute``: axes. ``select`` and ``reduce``: axes that are lost. ``unsqueeze``: axis.
    ``cat``: axis, more (what the others add). ``given``: shape, says (what made it; nothing before it is known).

    >>> Step("conv", {"n": 2, "out": 8, "kernel": 3}, "conv1").get("stride", 1)
    1
    """

    rule: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""
    """The layer's path, or the function's name: ``conv1``, ``max_pool2d``."""
    where: str = ""
    """``net.py:14``, empty where it is not known."""

    def get(self, name: str, default: Any = None) -> Any:
        """A setting, or the default where it is not set."""
        return self.settings.get(name, default)


def each(value: Any, n: int) -> tuple[int, ...]:
    """A setting for each axis of the map: one number stands for all. Raises ``ValueError`` for another count.

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
    """The setting of a step on maps for each axis, with the library's default; ``same`` padding in numbers.

    >>> pool = Step("pool", {"n": 2, "kernel": 2})
    >>> map_setting(pool, "stride"), map_setting(Step("conv", {"kernel": 3, "padding": "same"}), "padding")
    ((2, 2), (1, 1))
    """
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
    """How many places a kernel takes along an axis of the map: ⌊(size + 2p - d(k - 1) - 1)/s⌋ + 1.

    Raises ``ValueError`` where the kernel is longer than the axis.

    >>> slid(28, Step("conv", {"kernel": 3}), 0), slid(26, Step("pool", {"kernel": 2}), 0)
    (26, 13)
    """
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


def _described(step: Step, axis: int) -> str:
    """The settings of a step on maps that are not the usual ones: ``conv1, kernel 3, padding 1``."""
    words = [f"kernel {map_setting(step, 'kernel')[axis]}"]
    usual = {"stride": map_setting(step, "kernel")[axis] if step.rule == "pool" else 1, "padding": 0, "dilation": 1}
    for name, plain in usual.items():
        value = map_setting(step, name)[axis]
        if value != plain:
            words.append(f"padding same ({value})" if step.get(name) == "same" else f"{name} {value}")
    return ", ".join([layer_named(step), *words])


def layer_named(step: Step) -> str:
    """How a sentence names a step: its path, ``layer 3`` in a row of layers.

    >>> layer_named(Step("conv", path="conv1")), layer_named(Step("conv", path="3")), layer_named(Step("flatten"))
    ('conv1', 'layer 3', 'flatten')
    """
    return f"layer {step.path}" if step.path[:1].isdigit() else step.path or step.rule


def computed(size: Size, before: Size, step: Step, i: int) -> str:
    """The arithmetic of a step on maps, in words.

    >>> computed(26, 28, Step("conv", {"n": 2, "kernel": 3}, "conv1"), 0)
    '26 = 28 - 3 + 1 (conv1, kernel 3)'
    """
    if step.rule in ("conv", "pool"):
        return f"{size} = {formula(before, step, i)} ({_described(step, i)})"
    if step.rule == "conv_transpose":
        names = ("stride", "padding", "dilation", "kernel", "output_padding")
        s, p, d, k, more = (map_setting(step, name)[i] for name in names)
        parts = [f"({before} - 1)·{s}" if s != 1 else f"{before} - 1", f" - 2·{p}" if p else ""]
        parts += [f" + {k}" if d == 1 else f" + {d}·({k} - 1) + 1", f" + {more}" if more else ""]
        return f"{size} = {''.join(parts)} ({_described(step, i)})"
    return f"{size} asked of {layer_named(step)}"
