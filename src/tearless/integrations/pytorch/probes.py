"""Measurements on a replayed batch: how alike two halves pull, how the loss bends, what the answers depend on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch

from .replay import Replay, Unlike, as_before
from .tape import Call

POWER_STEPS = 12
"""Steps of the power iteration: on a gap of 2 between the first two eigenvalues its error is below 1 in 4,000."""
SHAPED = {"view", "reshape", "expand", "repeat", "zeros", "ones", "unflatten", "narrow"}
MOST_FEATURES = 2000
ROWS_A_LABEL = 4
"""Rows of a batch for each different target, from which on targets are labels. With fewer, means by label fit any
column: k labels on n rows explain (k − 1) / (n − 1) of what has nothing to do with them."""
MOST_LABELS = 20
"""Different targets, kept as decimal numbers, up to which they may be labels."""

Settings = Mapping[str, Any]


def halves(replay: Replay) -> dict[str, float] | None:
    """The gradients of the two halves of a batch, at the weights of now: their inner product and squared norms."""
    size = batch_size(replay)
    if size is None or size < 4:
        return None
    half = size // 2
    try:
        _, first = _gradients_of(replay, size, slice(0, half))
        _, second = _gradients_of(replay, size, slice(half, 2 * half))
    except Unlike:
        return None
    own = [i for i in first if i in second and replay.labels[i] == "parameter"]
    dot = sum(float((_real(first[i]) * _real(second[i])).sum()) for i in own)
    one, other = (sum(float(_real(g[i]).square().sum()) for i in own) for g in (first, second))
    if not own or not all(map(math.isfinite, (dot, one, other))):
        return None
    return {"dot": dot, "first": one, "second": other, "samples": float(half)}


def _real(x: torch.Tensor) -> torch.Tensor:
    return (torch.view_as_real(x.resolve_conj()) if x.is_complex() else x).double()


def batch_size(replay: Replay) -> int | None:
    """The samples of the batch: the first axis of what the model was given."""
    sizes = {len(x) for x in replay.inputs().values() if x.ndim >= 2}
    return sizes.pop() if len(sizes) == 1 else None


def _gradients_of(replay: Replay, size: int, rows: slice) -> tuple[float, dict[int, torch.Tensor]]:
    """The gradients of some samples: their part of the batch, the batch's size replaced in the calls that name it."""
    count = rows.stop - rows.start
    batch = {**replay.inputs(), **replay.data()}
    cut = {i: x[rows] for i, x in batch.items() if x.ndim >= 1 and len(x) == size}

    def smaller(_: int, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if call.name in SHAPED:
            args = tuple(_resized(a, size, count) for a in args)
        return call.function(*args, **kwargs)

    return replay.gradients(replay.parameters(), smaller, cut)


def _resized(value: Any, size: int, count: int) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_resized(one, size, count) for one in value)
    return count if type(value) is int and value == size else value


def bend(replay: Replay, scale: Callable[[torch.Tensor], torch.Tensor | None]) -> dict[str, float] | None:
    """The largest eigenvalue of the Hessian, and of the Hessian as the optimiser scales it, by power iteration.

    ``scale`` gives what the optimiser divides a parameter's gradient by (``None``: by nothing).
    """
    own = replay.parameters()
    if not own or sum(x.numel() for x in own.values()) > 20_000_000 or any(x.is_complex() for x in own.values()):
        return None
    roots = {i: _root(scale(x)) for i, x in own.items()}
    try:
        plain = _largest(replay, own, dict.fromkeys(own))
        scaled = plain if all(r is None for r in roots.values()) else _largest(replay, own, roots)
    except Unlike:
        return None
    if not (math.isfinite(plain) and math.isfinite(scaled)):
        return None
    return {"hessian": plain, "largest": scaled}


def _root(scale: torch.Tensor | None) -> torch.Tensor | None:
    return None if scale is None else scale.double().rsqrt()


def _largest(replay: Replay, own: Mapping[int, torch.Tensor], roots: Mapping[int, torch.Tensor | None]) -> float:
    """The eigenvalue of largest size of D^-1/2 H D^-1/2."""
    with as_before(replay.random), torch.enable_grad():
        leaves = {i: x.detach().clone().requires_grad_(True) for i, x in own.items()}
        loss, _ = replay.run(leaves)
        if not loss.requires_grad:
            raise Unlike("the loss does not depend on the parameters")
        try:
            grads = torch.autograd.grad(loss, list(leaves.values()), create_graph=True, allow_unused=True)
            pairs = [(i, g) for i, g in zip(leaves, grads, strict=True) if g is not None and g.requires_grad]
            return _iterated(leaves, pairs, roots)
        except RuntimeError as fault:
            raise Unlike(str(fault)) from None


def _iterated(
    leaves: Mapping[int, torch.Tensor],
    pairs: list[tuple[int, torch.Tensor]],
    roots: Mapping[int, torch.Tensor | None],
) -> float:
    if not pairs:
        return 0.0
    generator = torch.Generator().manual_seed(0)
    v = [torch.randn(g.shape, generator=generator, dtype=torch.float64).to(g.device) for _, g in pairs]
    value = 0.0
    for _ in range(POWER_STEPS):
        size = math.sqrt(sum(float(x.square().sum()) for x in v))
        if size == 0 or not math.isfinite(size):
            return value
        v = [x / size for x in v]
        along = [_times(x, roots[i]) for (i, _), x in zip(pairs, v, strict=True)]
        dot = torch.stack([(g.double() * a).sum() for (_, g), a in zip(pairs, along, strict=True)]).sum()
        h = torch.autograd.grad(dot, [leaves[i] for i, _ in pairs], retain_graph=True, allow_unused=True)
        new = [torch.zeros_like(x) if y is None else y.double() for x, y in zip(v, h, strict=True)]
        new = [_times(x, roots[i]) for (i, _), x in zip(pairs, new, strict=True)]
        value = sum(float((x * y).sum()) for x, y in zip(v, new, strict=True))
        v = new
    return value


def _times(x: torch.Tensor, root: torch.Tensor | None) -> torch.Tensor:
    return x if root is None else x * root


def future(replay: Replay) -> dict[str, float] | None:
    """For sequences of answers: the share of earlier answers that change with the last input, and how the targets lie
    to the inputs: ``shifted``: target at t is input at t + 1; ``same``: target at t is input at t."""
    inputs = [
        (i, x)
        for i, x in replay.inputs().items()
        if x.ndim >= 2 and x.shape[1] >= 3 and (x.ndim > 2 or not x.is_floating_point()) and x.dtype != torch.bool
    ]
    if len(inputs) != 1:
        return None
    at, x = inputs[0]
    b, t = x.shape[:2]
    answer = _answers(replay, b, t)
    targets = [d for d in replay.data().values() if d.numel() == b * t and not d.is_floating_point()]
    if answer is None:
        return None
    try:
        with as_before(replay.random), torch.no_grad():
            before = replay.run(change=_still, keep=[answer])[1][answer]
            changed = x.clone()
            changed[:, -1] = _other(x)
            after = replay.run({at: changed}, _still, keep=[answer])[1][answer]
    except Unlike:
        return None
    if not isinstance(before, torch.Tensor) or not isinstance(after, torch.Tensor) or before.shape != after.shape:
        return None
    if before.shape[:2] != (b, t):
        return None
    moved = (before != after).reshape(b, t, -1).any(-1)[:, :-1]
    found = {"share": float(moved.double().mean())}
    if targets and not x.is_floating_point() and x.ndim == 2:
        y = targets[0].reshape(b, t)
        found |= {
            "shifted": float((y[:, :-1] == x[:, 1:]).double().mean()),
            "same": float((y == x).double().mean()),
        }
    return found


def _other(x: torch.Tensor) -> torch.Tensor:
    """Another last input for each sequence: the first one of its neighbour, or one that differs."""
    last = x[:, -1]
    if x.is_floating_point():
        return last + x.std() + 1
    return torch.where(x.roll(1, 0)[:, 0] != last, x.roll(1, 0)[:, 0], (x.amin() + x.amax() - last).to(x.dtype))


def _still(_: int, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Dropout lets everything pass."""
    return args[0] if "dropout" in call.name else call.function(*args, **kwargs)


def _answers(replay: Replay, b: int, t: int) -> int | None:
    """The last op whose output has an answer for each place of each sequence."""
    for number, call in reversed(replay.calls):
        if call.shape[:2] == [b, t] and call.learns and len(call.shape) >= 2:
            return number
    return None


def _is_table(x: torch.Tensor) -> bool:
    """Samples by features, or series of some numbers a step."""
    return x.is_floating_point() and x.ndim in (2, 3)


def answer_in_input(replay: Replay) -> dict[str, float] | None:
    """The input column that says most of the target: the share of the target's spread that it explains (a line for
    numbers, the spread between classes for labels), its place, the share of the one that says next most, and the rows
    that were looked at. ``still``, where there is one: the column that has one value for one of two labels and others
    for the other, with ``still_rows`` of each label at least."""
    size = batch_size(replay)
    inputs = [x.flatten(1) for x in replay.inputs().values() if _is_table(x)]
    targets = [
        y for y in replay.data().values()
        if y.ndim and len(y) == size and y.numel() == size and (y.is_floating_point() or y.numel())
    ]  # fmt: skip
    if size is None or size < 16 or len(inputs) != 1 or not targets or inputs[0].shape[1] > MOST_FEATURES:
        return None
    x, y = inputs[0].detach().double(), targets[0].detach().double().reshape(-1)
    raw, x = x, x - x.mean(0)
    spread = x.square().sum(0)
    labels = torch.unique(y)
    if len(labels) > (
        size / ROWS_A_LABEL if not targets[0].is_floating_point() else min(size / ROWS_A_LABEL, MOST_LABELS)
    ):
        y = y - y.mean()
        share = (x * y[:, None]).sum(0).square() / (spread * y.square().sum()).clamp_min(1e-300)
    else:
        between = sum(((rows := x[y == c]).mean(0).square() * len(rows)) for c in labels)
        share = between / spread.clamp_min(1e-300)
    share = torch.where(spread > 0, share, torch.zeros_like(share)).nan_to_num(0.0)
    best, two = int(share.argmax()), torch.topk(share, min(2, len(share))).values.tolist()
    found = {"explained": two[0], "column": float(best), "second": two[-1], "rows": float(size)}
    return found | _still_for_one(raw, y)


def _still_for_one(x: torch.Tensor, y: torch.Tensor) -> dict[str, float]:
    """The first column with one value for all samples of one of two labels and no such value for the other."""
    labels = torch.unique(y)
    if len(labels) != 2:
        return {}
    one, other = (x[y == label] for label in labels)
    for own, others in ((one, other), (other, one)):
        still = (own == own[:1]).all(0) & (others != own[:1]).all(0)
        if bool(still.any()):
            return {"still": float(still.nonzero()[0, 0]), "still_rows": float(min(len(own), len(others)))}
    return {}
