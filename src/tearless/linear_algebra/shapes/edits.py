"""Small edits of a chain of layers, the likeliest first: what a reader may have taken for granted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .size import Shape
from .sliding import Step, each, layer_named, map_setting

SQUARES = (28, 32, 224, 64, 256, 128, 96, 48, 227, 299, 384, 512, 100, 150, 160, 180, 192, 200, 240, 300, 320, 400, 16)
"""Sides of pictures that people use, the commonest first."""
LINES = (128, 100, 256, 512, 64, 1000, 1024, 200, 50, 32, 300, 500, 2048, 16000)
"""Lengths of series and sentences that people use."""


@dataclass(frozen=True, slots=True)
class Edited:
    """A chain with one edit: what it takes for granted, in words, and how far-fetched that is. Made by ``edited``.

    ``kind`` is the setting or the idea (``padding``, ``repeated``, ``input``); ``given`` and ``steps`` are the shape
    that the edited chain starts from and its steps; ``cost`` 0 is the nearest.
    """

    kind: str
    says: str
    """Completes "that would be"."""
    cost: float
    given: Shape
    steps: tuple[Step, ...]
    path: str = ""
    """The layer that the edit is of."""
    change: dict[str, str] = field(default_factory=dict)
    """The layer's settings anew, as code."""


def edited(given: Shape, steps: Sequence[Step], unused: Sequence[Step] = ()) -> Iterator[Edited]:
    """Every chain that is one small edit away. ``unused`` are layers that are made and never called.

    ``given`` is the shape that the chain starts from, the batch first.

    >>> conv = Step("conv", {"n": 2, "out": 8, "kernel": 3}, "conv1")
    >>> [one.says for one in edited((4, 1, 28, 28), [conv])][:3]
    ['two valid 3×3 convolutions, there is one', 'no valid 3×3 convolutions, there is one', 'conv1 with padding=1']
    """
    chain = tuple(steps)
    yield from _calls(given, chain, unused)
    yield from _counts(given, chain)
    yield from _settings(given, chain)
    yield from _everywhere(given, chain)
    yield from _inputs(given, chain)
    yield from _flats(given, chain)
    yield from _outs(given, chain)


def _calls(given: Shape, chain: tuple[Step, ...], unused: Sequence[Step]) -> Iterator[Edited]:
    """A layer that is made and never called, put at each place of the chain."""
    for layer in unused:
        for at in range(len(chain) + 1):
            steps = (*chain[:at], layer, *chain[at:])
            says = f"the size with {layer_named(layer)} called, which is made and never called"
            yield Edited("uncalled", says, 0.2 + 0.01 * (len(chain) - at), given, steps, layer.path)


def _counts(given: Shape, chain: tuple[Step, ...]) -> Iterator[Edited]:
    """A convolution or a pooling, or a block of both, once more or left out."""
    for at, step in enumerate(chain):
        if step.rule not in ("conv", "pool"):
            continue
        like = sum(_same(step, other) for other in chain)
        more = (*chain[: at + 1], step, *chain[at + 1 :])
        less = (*chain[:at], *chain[at + 1 :])
        cost = 1.0 if step.rule == "pool" else 1.15
        yield Edited("repeated", _counted(step, like + 1, like), cost, given, more, step.path)
        yield Edited("left out", _counted(step, like - 1, like), cost + 0.1, given, less, step.path)
        block = chain[at : at + 2]
        if step.rule == "conv" and len(block) == 2 and block[1].rule == "pool":
            pair = f"{layer_named(step)} and the pooling after it"
            yield Edited("left out", f"without {pair}", 1.4, given, (*chain[:at], *chain[at + 2 :]), step.path)
            twice = (*chain[: at + 2], *block, *chain[at + 2 :])
            yield Edited("repeated", f"{pair} twice", 1.5, given, twice, step.path)


def _same(step: Step, other: Step) -> bool:
    names = ("kernel", "stride", "padding", "dilation")
    if step.rule != other.rule or step.get("n") != other.get("n"):
        return False
    return all(map_setting(step, name) == map_setting(other, name) for name in names)


def _counted(step: Step, would: int, are: int) -> str:
    """``two valid 3×3 convolutions, there is one``."""
    there = "there is one" if are == 1 else f"there are {_number(are)}"
    return f"{_number(would)} {_sort(step, would)}, {there}"


def _number(count: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[count] if count < len(words) else str(count)


def _sort(step: Step, count: int) -> str:
    """``valid 3×3 convolutions``, ``2×2 poolings of stride 1``."""
    kernel, stride, padding = (map_setting(step, name) for name in ("kernel", "stride", "padding"))
    words = "×".join(map(str, kernel)) if len(kernel) > 1 else f"{kernel[0]}-wide"
    what = "convolution" if step.rule == "conv" else "pooling"
    plural = what if count == 1 else f"{what}s"
    plain = set(stride) == {1} if step.rule == "conv" else stride == kernel
    valid = "valid " if step.rule == "conv" and set(padding) == {0} else ""
    tail = "" if plain else f" of stride {_short(stride)}"
    pad = f" with padding {_short(padding)}" if any(padding) else ""
    return f"{valid}{words} {plural}{tail}{pad}"


def _short(values: Sequence[int]) -> str:
    return str(values[0]) if len(set(values)) == 1 else str(tuple(values))


def _settings(given: Shape, chain: tuple[Step, ...]) -> Iterator[Edited]:
    """One setting of one layer on maps."""
    for at, step in enumerate(chain):
        if step.rule not in ("conv", "pool"):
            continue
        for name, value, cost in _others(step):
            now = map_setting(step, name) if name != "ceil" else (False,)
            if now == each(value, len(now)) or (name == "ceil" and bool(step.get("ceil")) == value):
                continue
            spelled = f"{_SPELLED.get(name, name)}={value}"
            says = f"{layer_named(step)} with {spelled}"
            steps = (*chain[:at], _put(step, name, value), *chain[at + 1 :])
            change = {_SPELLED.get(name, name): str(value)}
            yield Edited(name, says, cost, given, steps, step.path, change)


_SPELLED = {"kernel": "kernel_size", "ceil": "ceil_mode"}


def _put(step: Step, name: str, value: Any) -> Step:
    """The step with a setting anew. A pooling whose stride was its kernel keeps both together."""
    settings = {**step.settings, name: value}
    if step.rule == "pool" and name == "kernel" and map_setting(step, "stride") == map_setting(step, "kernel"):
        settings["stride"] = value
    return replace(step, settings=settings)


def _others(step: Step) -> Iterator[tuple[str, Any, float]]:
    """Other values of the settings of a layer, with how far-fetched they are."""
    kernel, dilation = map_setting(step, "kernel"), map_setting(step, "dilation")
    if step.rule == "conv":
        same = tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
        yield "padding", same[0] if len(set(same)) == 1 else same, 1.2
        yield from (("padding", p, 1.25 + 0.2 * p) for p in (0, 1, 2, 3))
        yield from (("stride", s, 1.35 + 0.1 * s) for s in (1, 2, 3, 4))
        yield from (("kernel", k, 1.4 + 0.04 * abs(k - kernel[0])) for k in (3, 5, 1, 7, 2, 4, 9, 11))
        yield from (("dilation", d, 1.8 + 0.1 * d) for d in (1, 2, 3, 4))
    else:
        yield from (("kernel", k, 1.4 + 0.1 * abs(k - kernel[0])) for k in (2, 3, 4, 5))
        yield from (("stride", s, 1.4 + 0.1 * s) for s in (2, 1, 3, 4))
        yield from (("padding", p, 1.6) for p in (0, 1))
        yield "ceil", not step.get("ceil"), 1.6


def _everywhere(given: Shape, chain: tuple[Step, ...]) -> Iterator[Edited]:
    """One idea about all convolutions: that they keep the size of the map, or that none is padded."""
    convs = [step for step in chain if step.rule == "conv"]
    if len(convs) < 2:
        return
    for same in (True, False):
        says = "convolutions that keep the size of the map" if same else "convolutions without padding"
        steps = tuple(
            _put(step, "padding", tuple(d * (k - 1) // 2 for k, d in _pairs(step)) if same else 0)
            if step.rule == "conv"
            else step
            for step in chain
        )
        yield Edited("padding", says, 1.3, given, steps)
    poolings = [step for step in chain if step.rule == "pool"]
    if poolings:
        yield Edited("left out", "no pooling at all", 1.45, given, tuple(s for s in chain if s.rule != "pool"))


def _pairs(step: Step) -> Iterator[tuple[int, int]]:
    return zip(map_setting(step, "kernel"), map_setting(step, "dilation"), strict=True)


def _inputs(given: Shape, chain: tuple[Step, ...]) -> Iterator[Edited]:
    """Another input: its sides, its channels, its length."""
    if len(given) < 3:
        return
    yield from _sides(given, chain)
    embedded = any(step.rule == "embedding" for step in chain)
    channels = given[1]
    for other in (1, 3):
        if len(given) == 4 and not embedded and isinstance(channels, int) and channels != other:
            says = f"{'grey' if other == 1 else 'colour'} pictures, {other} channel{'s' * (other > 1)} for {channels}"
            yield Edited("channels", says, 1.1, (given[0], other, *given[2:]), chain)


def _sides(given: Shape, chain: tuple[Step, ...]) -> Iterator[Edited]:
    """The sides that people use."""
    n = len(given) - 2
    for rank, side in enumerate(SQUARES if n == 2 else LINES):
        if given[2:] != (side,) * n:
            yield with_side(given, chain, side, 1.05 + 0.02 * rank)


def with_side(given: Shape, chain: Sequence[Step], side: int, cost: float) -> Edited:
    """The chain on an input of another side: ``given`` is a shape (batch, channels, sides).

    >>> with_side((4, 1, 28, 28), [], 32, 1.0).given
    (4, 1, 32, 32)
    """
    n = len(given) - 2
    says = f"an input of {'×'.join([str(side)] * n)} for {'×'.join(map(str, given[2:]))}"
    return Edited("input", says, cost, (*given[:2], *(side,) * n), tuple(chain))


def _flats(given: Shape, chain: tuple[Step, ...]) -> Iterator[Edited]:
    """What is laid together at the end: the map, the sequence; or the map pooled to a few numbers first."""
    last = chain[-1] if chain else None
    if last is None or last.rule not in ("flatten", "select", "reduce"):
        says = "one flattened row for each sample: the flatten is missing"
        yield Edited("flatten", says, 0.1, given, (*chain, Step("flatten", {"start": 1})))
        return
    before = chain[:-1]
    if last.rule == "flatten" and last.get("start") == 1:
        says = "the last axis alone: without the flatten"
        yield Edited("flatten", says, 1.3, given, before)
        for n in (1, 2, 3):
            for k in (1, 2, 3, 4, 5, 6, 7, 8):
                pool = Step("adaptive_pool", {"n": n, "output": k}, "an adaptive pooling")
                says = f"maps pooled to {'×'.join([str(k)] * n)} first (nn.AdaptiveAvgPool{n}d({k}))"
                yield Edited("pooled", says, 1.5 + 0.03 * k, given, (*before, pool, last))
    if last.rule in ("select", "reduce"):
        says = "all steps of the sequence laid side by side"
        yield Edited("sequence", says, 0.6, given, (*before, Step("flatten", {"start": 1})))
    else:
        yield Edited(
            "sequence", "one step of the sequence alone", 1.2, given, (*before, Step("select", {"axes": (1,)}))
        )


def _outs(given: Shape, chain: tuple[Step, ...]) -> Iterator[Edited]:
    """The channels or features of another layer in the place of those that come last; one way or both of an RNN."""
    for at, step in enumerate(chain):
        if step.rule == "rnn":
            ways = 1 if step.get("ways", 1) == 2 else 2
            says = f"{layer_named(step)} that runs {'both ways' if ways == 2 else 'one way only'}"
            steps = (*chain[:at], _put(step, "ways", ways), *chain[at + 1 :])
            yield Edited("ways", says, 0.8, given, steps, step.path)
    made = [at for at, step in enumerate(chain) if isinstance(step.get("out"), int)]
    for at in made[:-1]:
        other, last = chain[at], chain[made[-1]]
        if other.get("out") != last.get("out") and last.rule != "rnn":
            what = "channels" if other.rule.startswith("conv") else "features"
            says = f"the {what} of {layer_named(other)}, {other.get('out')} for {last.get('out')}"
            steps = (*chain[: made[-1]], _put(last, "out", other.get("out")), *chain[made[-1] + 1 :])
            yield Edited("channels", says, 1.0, given, steps, other.path)
