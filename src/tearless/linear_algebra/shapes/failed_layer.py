"""A layer that refused the size it was given, when only the model and that shape are known: what the numbers are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

from tearless.core import visible

from .assumption import LARGEST, Assumption, as_sentences, assumed, explained_factor
from .edits import LINES, SQUARES
from .forward_steps import steps_before, uncalled
from .origin import Axes, followed, given_axes, told
from .size import Shape
from .sliding import Step

MOST_AXES = 8
MOST_MODULES = 20_000


def origins_of_layer(
    root: Any, layer: Any, shape: Sequence[int], given: Sequence[int] | None = None
) -> tuple[str, ...]:
    """Where the last size of ``shape`` comes from, and what was taken for granted for the size the layer has.

    ``root`` is the outermost model whose ``forward`` ran, ``layer`` the ``nn.Linear`` (or recurrent layer) below it
    that refused an input of ``shape``, ``given`` the shape of the model's input where it is known; else an input is
    looked for that leads to ``shape``. Sentences; none where the chain of layers cannot be told. Nothing is run.

    >>> class Linear:
    ...     in_features, out_features, _modules = 784, 10, {}
    >>> layer = Linear()
    >>> print(*origins_of_layer(layer, layer, (32, 1, 28, 28)))
    784 = 1·28·28: that would be one flattened row for each sample: the flatten is missing
    """
    expected = getattr(layer, "in_features", getattr(layer, "input_size", None))
    if not isinstance(expected, int) or not 1 <= len(shape) <= MOST_AXES or shape[-1] == expected:
        return ()
    steps = steps_before(root, layer)
    if not steps:
        return _alone(tuple(shape), expected)
    start = _start(root, steps, tuple(shape), tuple(given) if given else None)
    axes = followed(given_axes(start), steps) if start is not None else None
    if start is None or axes is None:
        return ()
    return tuple(map(visible, _said(axes, assumed(start, steps, expected, uncalled(root)), expected, layer)))


def origins_of_reshape(
    root: Any, sizes: Sequence[int], total: int, given: Sequence[int] | None = None
) -> tuple[str, ...]:
    """The same for a reshape to ``sizes``, ``x.view(-1, 400)``, that ``total`` numbers do not divide into.

    ``given`` is the shape of the model's input. Sentences; none where the chain cannot be told. Nothing is run.

    >>> origins_of_reshape(None, (-1, 400), 5408)
    ()
    """
    if len(sizes) != 2 or sizes[1] < 1 or not given or not hasattr(root, "modules"):
        return ()
    for layer, _ in zip(root.modules(), range(MOST_MODULES), strict=False):
        steps = steps_before(root, layer) or ()
        if not steps or steps[-1].rule != "reshape" or steps[-1].get("shape")[-1] != sizes[1]:
            continue
        flat = [*steps[:-1], Step("flatten", {"start": 1}, "", steps[-1].where)]
        axes = followed(given_axes(tuple(given)), flat)
        if axes is None or len(axes) != 2 or axes[0].size * axes[1].size != total:
            return ()
        guesses = assumed(tuple(given), flat, sizes[1], uncalled(root))
        last = "samples are laid together where the sizes happen to divide: x.flatten(1) never does that"
        return tuple(map(visible, (told(axes[1]), *as_sentences(guesses), last)))
    return ()


def _said(axes: Axes, guesses: Sequence[Assumption], expected: int, layer: Any) -> Iterator[str]:
    yield told(axes[-1])
    yield from as_sentences(guesses)
    if not guesses:
        factor = explained_factor(axes, expected)
        if factor:
            yield factor
    out = getattr(layer, "out_features", getattr(layer, "hidden_size", ""))
    kind, size = type(layer).__name__, axes[-1].size
    if guesses and guesses[0].layer_is_right:
        yield f"{kind} is right, then: change what comes before it"
    elif isinstance(size, int):
        made = f"nn.{kind}({size}, {out})"
        yield f"either {made}, or the layers before it as they were meant" if guesses else f"as the layers are: {made}"


def _alone(shape: Shape, expected: int) -> tuple[str, ...]:
    """What can be said of a layer that is the first: the flatten, the batch, grey and colour."""
    if len(shape) < 2:
        return ()
    guesses = assumed(shape, (), expected)
    return tuple(map(visible, as_sentences([one for one in guesses if one.kind != "input"])))


def _start(root: Any, steps: Sequence[Step], shape: Shape, given: Shape | None) -> Shape | None:
    """The shape of an input that leads to ``shape``: the given one if it does, else one of the usual size, else any."""
    if given is not None and _leads(given, steps, shape):
        return given
    first = next((step for step in steps if step.rule in ("conv", "conv_transpose", "rnn", "embedding", "pool")), None)
    if first is None:
        return None
    if first.rule == "rnn":
        length = _length(steps, shape)
        return (shape[0], length, 1) if length else None
    n, channels = first.get("n", 1), _channels(root, first)
    usual = SQUARES if n == 2 else LINES
    for side in usual:
        one = (shape[0], channels, *(side,) * n)
        if _leads(one, steps, shape):
            return one
    return _any(n, channels, steps, shape)


def _leads(given: Shape, steps: Sequence[Step], shape: Shape) -> bool:
    axes = followed(given_axes(given), steps)
    return axes is not None and tuple(axis.size for axis in axes) == shape


def _length(steps: Sequence[Step], shape: Shape) -> int:
    """The length of a sequence that leads to the shape; 0 where none does."""
    return next((length for length in range(1, LARGEST) if _leads((shape[0], length, 1), steps, shape)), 0)


def _any(n: int, channels: int, steps: Sequence[Step], shape: Shape) -> Shape | None:
    def last(side: int) -> int:
        axes = followed(given_axes((shape[0], channels, *(side,) * n)), steps)
        size = axes[-1].size if axes else 0
        return size if isinstance(size, int) else 0

    wanted = shape[-1]
    side = bisect_left(range(LARGEST), wanted, key=last) if isinstance(wanted, int) else 0
    one = (shape[0], channels, *(side,) * n)
    return one if 0 < side < LARGEST and _leads(one, steps, shape) else None


def _channels(root: Any, first: Step) -> int:
    """The channels that the first layer takes."""
    layer = root
    for name in first.path.split("."):
        layer = getattr(layer, "_modules", {}).get(name)
    channels = getattr(layer, "in_channels", 1)
    return channels if isinstance(channels, int) else 1
