"""Where the sizes of a traced tensor come from: its chain of layers and changes of shape, back to the input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tearless.core import visible
from tearless.linear_algebra.shapes import Named, Shape, Size, Where, named, product
from tearless.linear_algebra.shapes.assumption import Assumption, as_sentences, assumed, explained_factor
from tearless.linear_algebra.shapes.forward_steps import steps_before
from tearless.linear_algebra.shapes.layer_steps import function_step, layer_step
from tearless.linear_algebra.shapes.origin import Axes, followed, given_axes, told
from tearless.linear_algebra.shapes.sliding import Step

from .traced import FunctionCall, Held, LayerCall, Traced

INPUT = "the input"
LONGEST = 400
"""Steps that are followed back."""


@dataclass(frozen=True, slots=True)
class Chain:
    """How a tensor was made: the shape that it starts from, and the steps."""

    given: Shape
    says: str
    steps: tuple[Step, ...] = ()

    def axes(self) -> Axes:
        """The axes at its end. Each step was compared with the shape that the run gave, so there always are some."""
        start = given_axes(self.given, self.says, batch=_with_batch(self.given))
        return followed(start, self.steps) or given_axes(self.given, self.says)


def _with_batch(shape: Shape) -> bool:
    """Whether a shape starts with the batch: the size of that name, or nothing that says otherwise."""
    return bool(shape) and not (isinstance(shape[0], int) and any(isinstance(size, Named) for size in shape[1:]))


def symbolic(shape: Sequence[int], symbols: Mapping[str, int]) -> Shape:
    """Plain sizes with names in the place of the primes that stand for them.

    >>> print(symbolic((1009, 784), {"n": 1009}), symbolic((4036,), {"n": 1009}))
    (n, 784) (4·n,)
    """

    def one(size: int) -> Size:
        names: list[Size] = []
        for name, prime in symbols.items():
            while size and prime > 1 and size % prime == 0:
                size //= prime
                names.append(named(name))
        return product([size, *names])

    return tuple(one(size) for size in shape)


def chain_of(traced: Traced, number: int, before: int | None = None) -> Chain | None:
    """The chain that leads to the tensor of this number, made before step ``before``; ``None`` where it is unknown.

    Where two tensors meet, the one of the result's shape is followed.
    """
    at = len(traced.steps) if before is None else before
    steps: list[Step] = []
    for _ in range(LONGEST):
        found = _maker(traced, number, at)
        if found is None:
            start = next((one for one in _all_held(traced) if one.number == number), None)
            if start is None:
                return None
            says = INPUT if any(one.number == number for one in traced.takes) else ""
            return Chain(symbolic(start.shape, traced.symbols), says, tuple(steps[::-1]))
        at, call = found
        gave = next(one for one in call.gives if one.number == number)
        came = _followed_operand(call, gave)
        step = _step(call, came, gave, traced.symbols)
        if isinstance(step, Step) and step.rule == "given":
            return Chain(step.settings["shape"], step.path, tuple(steps[::-1]))
        steps += [step] if step is not None else []
        if came is None:
            return None
        number = came.number
    return None


def short(where: Where | None) -> str:
    """``net.py:14``, the file without its folders; empty where it is not known."""
    return f"{visible(Path(where.file).name, 60)}:{where.line}" if where is not None else ""


def _all_held(traced: Traced) -> Iterator[Held]:
    yield from traced.takes
    for step in traced.steps:
        yield from step.takes


def _maker(traced: Traced, number: int, before: int) -> tuple[int, LayerCall | FunctionCall] | None:
    """The latest step before ``before`` that gave the tensor: a function, or a layer without layers below it."""
    for at in range(min(before, len(traced.steps)) - 1, -1, -1):
        call = traced.steps[at]
        inner = isinstance(call, FunctionCall) or (call.leaf and _known_layer(call))
        if inner and any(one.number == number for one in call.gives) and not _passes(call, number):
            return _whole(traced, at, number)
    for at in range(min(before, len(traced.steps)) - 1, -1, -1):
        call = traced.steps[at]
        if any(one.number == number for one in call.gives) and not _passes(call, number):
            return at, call
    return None


def _whole(traced: Traced, at: int, number: int) -> tuple[int, LayerCall | FunctionCall]:
    """The outermost layer of PyTorch's own that gives the tensor of a step inside it; rows of layers count as none."""
    above = traced.steps[at].parent
    while above >= 0:
        call = traced.steps[above]
        if not isinstance(call, LayerCall) or not _known_layer(call) or call.type == "Sequential":
            break
        if any(one.number == number for one in call.gives):
            at = above
        above = call.parent
    return at, traced.steps[at]


def _passes(call: LayerCall | FunctionCall, number: int) -> bool:
    """Whether a step gives back the very tensor that it took (in place)."""
    return any(one.number == number for one in call.takes)


def _known_layer(call: LayerCall) -> bool:
    return type(call.module).__module__.startswith("torch.")


def _followed_operand(call: LayerCall | FunctionCall, gave: Held) -> Held | None:
    """The operand whose sizes the result has: of the same shape, the longest otherwise the first."""
    same = [one for one in call.takes if one.shape == gave.shape]
    return same[0] if same else call.takes[0] if call.takes else None


def _step(call: LayerCall | FunctionCall, came: Held | None, gave: Held, symbols: Mapping[str, int]) -> Step | None:
    """The call as a step of a chain; ``None`` where the shape is kept; ``given`` where nothing more is known."""
    after = symbolic(gave.shape, symbols)
    where = short(call.at)
    name = call.path if isinstance(call, LayerCall) else call.name.strip("_")
    unknown = Step("given", {"shape": after}, f"{name} at {where}" if where else name, where)
    if came is None:
        return unknown
    start = symbolic(came.shape, symbols)
    if start == after and name not in ("getitem",):
        return _kept(call)
    try:
        step = _as_step(call, start, symbols, name, where)
    except LookupError:
        step = _by_sizes(start, after, name, where)
    axes = followed(given_axes(start), [step]) if step is not None else None
    if axes is not None and tuple(axis.size for axis in axes) == after:
        return step
    return _by_sizes(start, after, name, where) or unknown


def _kept(call: LayerCall | FunctionCall) -> Step | None:
    """A layer that gave the shape it took: a step all the same where it need not have (a padded convolution)."""
    try:
        return layer_step(call.module, call.path, short(call.at)) if isinstance(call, LayerCall) else None
    except LookupError:
        return None


def _as_step(
    call: LayerCall | FunctionCall, start: Shape, symbols: Mapping[str, int], name: str, where: str
) -> Step | None:
    if isinstance(call, LayerCall):
        return layer_step(call.module, call.path, where)
    if name in ("cat", "concat", "concatenate"):
        return None
    args = [_argument(one, symbols) for one in _rest(call.arguments)]
    return function_step(name, args, dict(call.keywords), len(start), name, where)


def _rest(arguments: Sequence[Any]) -> Sequence[Any]:
    """The arguments after the tensor."""
    return arguments[1:] if arguments and isinstance(arguments[0], Held) else arguments


def _argument(value: Any, symbols: Mapping[str, int]) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return symbolic((value,), symbols)[0]
    if isinstance(value, (list, tuple)):
        return tuple(_argument(one, symbols) for one in value)
    return value


def _by_sizes(start: Shape, after: Shape, name: str, where: str) -> Step | None:
    """A step told by its sizes alone: axes laid together, one axis that grew, a new last axis, an axis lost."""
    tried = [
        Step("flatten", {"start": 1}, name, where),
        Step("flatten", {"start": 0}, name, where),
        Step("reshape", {"shape": after}, name, where) if len(start) > len(after) else None,
        *(Step("select", {"axes": (axis,)}, name, where) for axis in range(len(start)) if len(after) == len(start) - 1),
        *_grown(start, after, name, where),
    ]
    for step in tried:
        axes = followed(given_axes(start), [step]) if step else None
        if axes is not None and tuple(axis.size for axis in axes) == after:
            return step
    return None


def _grown(start: Shape, after: Shape, name: str, where: str) -> Iterator[Step]:
    """One axis that something was joined to."""
    if len(start) != len(after):
        return
    changed = [axis for axis, (one, other) in enumerate(zip(start, after, strict=True)) if one != other]
    if len(changed) == 1 and name in ("cat", "concat", "concatenate", "pad"):
        (axis,) = changed
        yield Step("cat", {"axis": axis, "more": after[axis] - start[axis]}, name, where)


def told_of(traced: Traced, held: Held, axis: int, before: int | None = None) -> str:
    """Where the size of one axis of a tensor comes from; empty where it is not known or says nothing new."""
    return told_along(chain_of(traced, held.number, before), axis)


def told_along(chain: Chain | None, axis: int) -> str:
    """Where the size of one axis at the end of a chain comes from."""
    axes = chain.axes() if chain is not None else ()
    return visible(told(axes[axis])) if axis < len(axes) else ""


def written_at(made: Where | None, path: str, number: int, code: str = "") -> str:
    """Where a layer's number is written: ``fc1 = nn.Linear(4608, 64)`` at net.py:9."""
    text = visible(code or (made.code if made else ""), 80).replace("`", "ʼ")
    at = f" at {short(made)}" if made else ""
    return f"{number} is what {visible(path)} was made for{f': `{text}`' if text else ''}{at}"


def chain_to(traced: Traced, call: LayerCall, at: int) -> Chain | None:
    """The chain that leads to what a layer takes; where the run does not tell it to the input, as the source has it."""
    held = call.takes[0]
    chain = chain_of(traced, held.number, at)
    if (chain is not None and chain.says == INPUT) or not traced.takes:
        return chain
    read = from_source(traced, steps_before(traced.model, call.module) or (), symbolic(held.shape, traced.symbols))
    return read or chain


def from_source(traced: Traced, steps: Sequence[Step], shape: Shape) -> Chain | None:
    """Steps that were read from the source as a chain, where they lead from the input to this shape."""
    given = symbolic(traced.takes[0].shape, traced.symbols)
    axes = followed(given_axes(given), steps) if steps else None
    leads = axes is not None and tuple(axis.size for axis in axes) == shape
    return Chain(given, INPUT, tuple(steps)) if leads else None


def taken_for_granted(traced: Traced, chain: Chain | None, expected: Size) -> list[Assumption]:
    """What leads to the size that was expected on the last axis, the likeliest first."""
    if chain is None or not isinstance(expected, int):
        return []
    return assumed(chain.given, chain.steps, expected, uncalled(traced), from_input=chain.says == INPUT)


def uncalled(traced: Traced) -> list[Step]:
    """Layers of the model that change shapes, are made, and were not called until its end or its error."""
    called = {id(call.module) for call in traced.layers()}
    found = []
    for path, layer in traced.model.named_modules():
        if id(layer) in called or any(True for _ in layer.children()):
            continue
        try:
            step = layer_step(layer, path)
        except LookupError:
            continue
        if step is not None and step.rule in ("conv", "pool", "adaptive_pool", "flatten", "upsample"):
            found.append(step)
    return found


def sentences(traced: Traced, call: LayerCall, at: int) -> tuple[str, ...]:
    """Where the numbers of a linear or recurrent layer that clashed come from, and what was taken for granted.

    ``at`` is the place of ``call`` in ``traced.steps``. The last sentence says which of the two is to change.
    """
    expected = getattr(call.module, "in_features", getattr(call.module, "input_size", None))
    if not call.takes or not isinstance(expected, int) or not call.takes[0].shape:
        return ()
    held = call.takes[0]
    came = symbolic(held.shape, traced.symbols)[-1]
    if came == expected:
        return ()
    chain = chain_to(traced, call, at)
    said = [told_along(chain, len(held.shape) - 1), written_at(call.made, call.path, expected)]
    guesses = taken_for_granted(traced, chain, expected)
    said += as_sentences(guesses)
    if not guesses and chain is not None:
        said.append(explained_factor(chain.axes(), expected))
    if isinstance(came, Named):
        said.append(f"{came} is the size of the batch: samples belong on axis 0, the {expected} features on the last")
    said.append(to_change(type(call.module).__name__, call.module, came, guesses))
    return tuple(dict.fromkeys(visible(one) for one in said if one))


def to_change(kind: str, layer: Any, came: Size, guesses: Sequence[Assumption]) -> str:
    """Which of the two numbers is to change: the layer's, or what comes before it."""
    if guesses and guesses[0].layer_is_right:
        return f"{kind} is right, then: change what comes before it"
    if not isinstance(came, int):
        return ""
    rest = getattr(layer, "out_features", getattr(layer, "hidden_size", ""))
    made = f"nn.{kind}({came}, {rest})"
    return f"either {made}, or the layers before it as they were meant" if guesses else f"as the layers are: {made}"
