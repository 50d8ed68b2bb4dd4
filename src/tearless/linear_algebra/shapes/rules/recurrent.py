"""Recurrent layers, and their single steps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tearless.linear_algebra.shapes.moves import size_of
from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation, Place, Repair
from tearless.linear_algebra.shapes.repairs import Change
from tearless.linear_algebra.shapes.size import Shape, product, written

from .asked import agree, axes_are, below, counted, has, of_type, takes, whole
from .layer_repairs import (
    Turn,
    axis_in,
    axis_out,
    hung,
    laid_flat,
    offered,
    permuted,
    remade,
    template_of,
    then,
    turned,
)
from .registry import rule

TAKES = "(length, batch, features), batch first where it says so, or (length, features) alone"
TAKES_STEP = "(batch, features) or (features,), and a state with the same axes before its last"
LAW_X = f"a recurrent layer takes {TAKES}"
LAW_INPUT = "the last axis of the input must be the input_size of the layer"
LAW_STATE = "a state has the axes (layers · directions, batch, hidden_size), whatever batch_first says"
LAW_STEP = f"one step takes {TAKES_STEP}"


@rule
def rnn(operation: Operation) -> tuple[Shape, ...]:
    """``nn.LSTM``, ``nn.GRU``, ``nn.RNN``: x, a state h0, for an LSTM c0 too; gives the output and the states.

    With ``batch_first`` x (batch, steps, input_size) gives (batch, steps, hidden_size) and the states
    (layers, batch, hidden_size); both ways (batch, steps, 2·hidden_size) and (2·layers, batch, hidden_size). Settings
    ``kind, input_size, hidden_size, layers, batch_first, bidirectional, proj``; ``dtype`` is that of the
    layer's parameters, where it is known.
    """
    x, *states = takes(operation, 1, 3)
    wanted = whole(operation, "input_size", 1, size=True)
    axes_are(operation, (2, 3), TAKES, lambda: _mends(operation))
    if x.shape[-1] != wanted:
        axis = len(x.shape) - 1
        says = f"{has(x, -1)} (features), the layer's input_size is {wanted}: they must be equal"
        raise Clash(says, LAW_INPUT, ((0, axis),), lambda: _mends(operation))
    time, hidden, cells = _sizes(operation)
    if x.shape[time] == 0:
        raise Clash(f"{has(x, time)}: there is no step to take", LAW_X, ((0, time),))
    for i, (state, shape) in enumerate(zip(states, (hidden, cells), strict=False), 1):
        _state_fits(operation, i, state, shape)
    _of_weights(operation)
    proj = hidden[-1] * (2 if operation.settings.get("bidirectional") else 1)
    output = (*x.shape[:-1], proj)
    return (output, hidden, cells) if _is_lstm(operation) else (output, hidden)


def _of_weights(operation: Operation) -> None:
    """Everything is of the type of the layer's parameters."""
    agree(operation, range(len(operation.operands)))
    dtype = operation.settings.get("dtype")
    if dtype:
        of_type(operation, 0, (str(dtype),), f"the layer's parameters are {dtype}", every=True)


def _is_lstm(operation: Operation) -> bool:
    return "LSTM" in str(operation.settings.get("kind", "")).upper()


def _sizes(operation: Operation) -> tuple[int, Shape, Shape]:
    """The axis of time, and the shapes of the two states."""
    x = operation.operands[0]
    first = bool(operation.settings.get("batch_first", False))
    both = 2 if operation.settings.get("bidirectional") else 1
    depth = whole(operation, "layers", 1, least=1) * both
    hidden = whole(operation, "hidden_size", 1, size=True)
    proj = whole(operation, "proj", 0, size=True) or hidden
    if len(x.shape) == 2:
        return 0, (depth, proj), (depth, hidden)
    batch = x.shape[0 if first else 1]
    return (1 if first else 0), (depth, batch, proj), (depth, batch, hidden)


def _state_fits(operation: Operation, i: int, state: Operand, shape: Shape) -> None:
    if state.shape == shape:
        return
    first = " (batch_first)" if operation.settings.get("batch_first") else ""
    x = operation.operands[0]
    if len(state.shape) != len(shape):
        marks = [(i, axis) for axis in range(len(state.shape))]
        says = f"{state} has {len(state.shape)} axes, beside {x}{first} it must be {written(shape)}"
    else:
        differ = [axis for axis in range(len(shape)) if state.shape[axis] != shape[axis]]
        marks = [(i, axis) for axis in differ]
        if len(shape) == 3 and 1 in differ:
            marks.append((0, 0 if first else 1))
        says = f"{state} is a state beside {x}{first}: it must be {written(shape)}"
    raise Clash(says, LAW_STATE, marks, lambda: offered(operation, _state_changes(operation, i, shape)))


def _state_changes(operation: Operation, i: int, shape: Shape) -> Iterator[Change | None]:
    x, *states = operation.operands
    state = operation.operands[i]
    if len(x.shape) == 3 and len(state.shape) == 3:
        other = not operation.settings.get("batch_first", False)
        if other and state.shape[1] == x.shape[0]:
            because = f"{x.name} is (batch, length, features)"
            yield remade(operation, because, {"batch_first": other}, {}, batch_first=other)
    if len(x.shape) == 2 and len(state.shape) == 3:
        at = 0 if operation.settings.get("batch_first") else 1
        yield turned(operation, f"{x.name} is one sample of a batch", {0: axis_in(x, at)})
        yield turned(operation, f"{x.name} is a batch of one step", {0: axis_in(x, 1 - at)})
    batch = (0 if operation.settings.get("batch_first") else 1) if len(x.shape) == 3 else 0
    size = _count_of(x, batch) or ""
    for change in _BECAUSE:
        turns = {k: _state_turn(change, states[k - 1], one, size) for k, one in _expected(operation).items()}
        fits = {k: turn for k, turn in turns.items() if states[k - 1].shape != _expected(operation)[k]}
        yield _all_at_once(operation, _BECAUSE[change].format(name=_base(states) or state.name), fits)
    if len(x.shape) == 3 and size and operation.settings.get("batch_first"):
        fresh = {
            k: hung(states[k - 1], f"{{}}.new_zeros({one[0]}, {size}, {one[2]})", one)
            for k, one in _expected(operation).items()
        }
        yield _all_at_once(operation, "a state of zeros for this batch", fresh)
        because = f"{x.name} is (length, batch, features)"
        yield remade(operation, because, {"batch_first": False}, {}, batch_first=False)
    wide = state.shape[-1] if state.shape else 0
    if not operation.settings.get("proj"):
        yield remade(operation, f"{state.name} has {wide} numbers", {"hidden_size": wide}, {}, hidden_size=wide)
    if state.shape and len(state.shape) == len(shape):
        deep = state.shape[0]
        yield remade(operation, f"{state.name} has {deep} layers", {"num_layers": deep}, {}, layers=deep)


def _base(states: Sequence[Operand]) -> str:
    """The name of the tuple that the states are in; empty where they stand for themselves."""
    base = states[0].name.removesuffix("[0]") if states else ""
    return base if len(states) == 2 and [one.name for one in states] == [f"{base}[0]", f"{base}[1]"] else ""


def _all_at_once(operation: Operation, because: str, turns: Mapping[int, Turn | None]) -> Change | None:
    """The operation on turned states; each of a tuple of them where the call passes on the tuple as one."""
    change, base = turned(operation, because, turns), _base(operation.operands[1:])
    templates = {turn.template for turn in turns.values() if turn is not None}
    text = template_of(operation, {})
    if change is None or not base or not text.endswith(f", {base})") or {1, 2} & _places(operation):
        return change
    if len(templates) != 1 or len(turns) != 2:
        return None
    each = templates.pop().replace("{}", "one")
    whole = f"{text[: -len(base) - 1]}tuple({each} for one in {base}))"
    return replace(change, repair=Repair(because, text=whole))


def _places(operation: Operation) -> set[int | str]:
    return {part.of for part in operation.parts if isinstance(part, Place)}


_BECAUSE = {
    "swap": "{name} has its batch first, which states never have",
    "axis": "{name} has no axis of layers",
    "every": "{name} is that of each layer, the same for each sample",
    "deep": "{name} is that of each sample, the same for each layer",
    "flat": "{name} has an axis of 1 that is not meant",
    "layers": "each layer and direction starts from {name}",
    "batch": "each sample starts from {name}",
    "shorter": "the last batch is smaller",
}


def _expected(operation: Operation) -> dict[int, Shape]:
    _, hidden, cells = _sizes(operation)
    return dict(zip(range(1, len(operation.operands)), (hidden, cells), strict=False))


def _state_turn(change: str, state: Operand, shape: Shape, size: str) -> Turn | None:
    if change == "swap":
        turn = permuted(state, 1, 0, 2) if len(state.shape) == 3 else None
        return turn and Turn(f"{turn.template}.contiguous()", turn.after)
    if change == "axis":
        return axis_in(state, 0)
    if change == "flat":
        return axis_out(state, 1) or axis_out(state, 0)
    if len(shape) != 3 or len(state.shape) not in (2, 3):
        return None
    if len(state.shape) == 2:
        return _spread(change, state, shape, size)
    if change == "layers" and state.shape[0] == 1:
        return hung(state, f"{{}}.repeat({shape[0]}, 1, 1)", (shape[0], *state.shape[1:]))
    if change == "batch" and state.shape[1] == 1 and size:
        return hung(state, f"{{}}.repeat(1, {size}, 1)", (state.shape[0], shape[1], state.shape[2]))
    if change == "shorter" and size and below(shape[1], state.shape[1]):
        return hung(state, f"{{}}[:, :{size}].contiguous()", (state.shape[0], shape[1], state.shape[2]))
    return None


def _spread(change: str, state: Operand, shape: Shape, size: str) -> Turn | None:
    """A state of two axes for each sample, or for each layer."""
    deep, batch, wide = shape
    if change == "every" and size and state.shape == (deep, wide):
        return hung(state, f"{{}}.unsqueeze(1).repeat(1, {size}, 1)", shape)
    if change == "deep" and state.shape == (batch, wide):
        return hung(state, f"{{}}.repeat({deep}, 1, 1)", shape)
    return None


def _mends(operation: Operation) -> list[Repair]:
    return offered(operation, _input_changes(operation))


def _input_changes(operation: Operation) -> Iterator[Change | None]:
    x = operation.operands[0]
    wanted = whole(operation, "input_size", 1, size=True)
    rank = len(x.shape)
    if wanted == 1 and rank in (1, 2):
        yield turned(operation, f"each step of {x.name} is one number", {0: axis_in(x, -1)})
    if wanted == 1 and rank == 1:
        first = bool(operation.settings.get("batch_first"))
        key, shape = ("[None, :, None]", (1, *x.shape, 1)) if first else ("[:, None, None]", (*x.shape, 1, 1))
        yield turned(operation, f"{x.name} is one series of single numbers", {0: hung(x, f"{{}}{key}", shape)})
    if rank == 3 and x.shape[1] == wanted:
        yield turned(operation, f"the features of {x.name} are on axis 1", {0: permuted(x, 0, 2, 1)})
    if rank == 2 and x.shape[0] == wanted:
        yield turned(operation, f"{x.name} is kept the other way round", {0: permuted(x, 1, 0)})
    if rank == 4:
        if product(x.shape[2:]) == wanted:
            yield turned(operation, f"the features of {x.name} are on two axes", {0: laid_flat(x, 2)})
        for axis in range(4):
            yield turned(operation, f"axis {axis} of {x.name}, of size 1, is not meant", {0: axis_out(x, axis)})
        if product((x.shape[1], x.shape[2])) == wanted:
            last = permuted(x, 0, 3, 1, 2)
            because = f"each column of {x.name} is one step"
            yield turned(operation, because, {0: last and then(last, laid_flat(last.after, 2))})
        yield turned(operation, f"axes 0 and 1 of {x.name} both count samples", {0: laid_flat(x, 0, 1)})
    if rank == 1 and x.shape[0] == wanted:
        yield turned(operation, f"{x.name} is one step", {0: axis_in(x, 0)})
    if rank in (2, 3):
        here = x.shape[-1]
        yield remade(operation, f"{x.name} has {counted(here, 'feature')}", {"input_size": here}, {}, input_size=here)
    if rank == 3 and x.shape[0] == wanted:
        yield turned(operation, f"the features of {x.name} are on axis 0", {0: permuted(x, 1, 2, 0)})


@rule
def rnn_cell(operation: Operation) -> tuple[Shape, ...]:
    """``nn.LSTMCell``, ``nn.GRUCell``, ``nn.RNNCell``: x, then a state. Settings ``kind, input_size, hidden_size``.

    x (batch, input_size) and a state (batch, hidden_size) give (batch, hidden_size), for an LSTM twice.
    """
    x, *states = takes(operation, 1, 3)
    wanted, hidden = whole(operation, "input_size", 1, size=True), whole(operation, "hidden_size", 1, size=True)
    axes_are(operation, (1, 2), TAKES_STEP, lambda: _cell_mends(operation))
    if x.shape[-1] != wanted:
        says = f"{has(x, -1)} (features), the cell's input_size is {wanted}: they must be equal"
        raise Clash(says, LAW_INPUT, ((0, len(x.shape) - 1),), lambda: _cell_mends(operation))
    shape = (*x.shape[:-1], hidden)
    for i, state in enumerate(states, 1):
        if state.shape != shape:
            rank = len(state.shape)
            same = rank == len(shape)
            axes = [axis for axis in range(rank) if not same or state.shape[axis] != shape[axis]]
            marks = [(i, axis) for axis in axes] + ([(0, 0)] if same and 0 in axes and rank == 2 else [])
            says = f"{state} is a state beside {x}: it must be {written(shape)}"
            raise Clash(says, LAW_STEP, marks, lambda: _cell_mends(operation))
    _of_weights(operation)
    return (shape, shape) if _is_lstm(operation) else (shape,)


def _cell_mends(operation: Operation) -> list[Repair]:
    x, *states = operation.operands
    wanted = operation.settings.get("input_size")
    here = x.shape[-1] if x.shape else 0

    def changes() -> Iterator[Change | None]:
        if len(x.shape) == 3:
            for axis in range(3):
                yield turned(operation, f"axis {axis} of {x.name}, of size 1, is not meant", {0: axis_out(x, axis)})
            yield turned(operation, "a cell takes one step", {0: hung(x, "{}[:, 0]", (x.shape[0], x.shape[2]))})
        if len(x.shape) == 2 and x.shape[0] == wanted:
            yield turned(operation, f"{x.name} is kept the other way round", {0: permuted(x, 1, 0)})
        if wanted == 1:
            yield turned(operation, f"each sample of {x.name} is one number", {0: axis_in(x, -1)})
        for i in range(1, len(states) + 1):
            every = dict(enumerate(states, 1))
            yield turned(
                operation, "the states have an axis of layers", {k: axis_out(one, 0) for k, one in every.items()}
            )
            if x.shape and len(states[i - 1].shape) < 3:
                rows = {k: _repeated(one, x) for k, one in every.items()}
                yield turned(operation, "each sample starts from the same state", rows)
        if x.shape and here != wanted:
            yield remade(
                operation, f"{x.name} has {counted(here, 'feature')}", {"input_size": here}, {}, input_size=here
            )
        if states and states[0].shape:
            wide = states[0].shape[-1]
            yield remade(operation, f"the state has {wide} numbers", {"hidden_size": wide}, {}, hidden_size=wide)

    return offered(operation, changes())


def _repeated(state: Operand, x: Operand) -> Turn | None:
    """The same state for each sample."""
    count, size = x.shape[0], _count_of(x, 0)
    if size is None or len(state.shape) not in (1, 2) or (len(state.shape) == 2 and state.shape[0] != 1):
        return None
    return hung(state, f"{{}}.expand({size}, -1)", (count, state.shape[-1]))


def _count_of(x: Operand, axis: int) -> str | None:
    """The code of the number of samples, which holds for other batches too where their array can be told.

    >>> _count_of(Operand("x[:, t]", (8, 4), library="torch"), 0)
    'x.shape[0]'
    """
    found = re.fullmatch(r"([\w.]+)\[:,[^\[\]]*\]|self\.[\w.]+\(([^\W\d]\w*)\)", x.name) if axis == 0 else None
    return f"{found[1] or found[2]}.shape[0]" if found else size_of(x, axis)
