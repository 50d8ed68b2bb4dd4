"""The hooks of a step that is not looked at: what they do is count, keep the loss, and see whether a look is due.

Each does its part in a few attribute reads, or hands over to the watch's own method where anything else is going on.
``watch.light`` says that nothing is: no look, no stretch of evaluation, no gradient or weight that is waited for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from threading import get_ident
from typing import TYPE_CHECKING, Any

import torch

from .quiet import MOST_EMPTY

if TYPE_CHECKING:
    from .watching import Watch

Around = Callable[..., Any]
Hook = Callable[[torch.optim.Optimizer, Any, Any], None]
RARE = 64
"""Of stretches without a model's call one in so many is listened to, as ``Quiet`` does."""


def backward(watch: Watch, original: Around) -> Around:
    """``torch.autograd.backward``: the loss is kept, and whatever else is to be seen before and after."""
    transforms, thread = torch._C._functorch.peek_interpreter_stack, get_ident()

    @functools.wraps(original)
    def around(*args: Any, **kwargs: Any) -> Any:
        if watch.in_backward:  # checkpointing calls it within itself: no call of the script's own
            return original(*args, **kwargs)
        tensor = args[0] if args else kwargs.get("tensors")
        if not watch.light or get_ident() != thread or transforms() is not None or not _kept(watch, tensor):
            watch.before_backward(tensor)
        else:
            watch._last = "backward"
        watch.in_backward = True
        try:
            return original(*args, **kwargs)
        finally:
            watch.in_backward = False
            if watch.light and get_ident() == thread:
                watch.backwards += 1
                watch._since += 1
            else:
                watch.after_backward()

    return around


def _kept(watch: Watch, loss: Any) -> bool:
    """Keep a loss that is one finite number, on a device as it is; ``False`` where the watch must see to it."""
    curve = watch.curve
    try:
        if not loss.is_cpu:
            if curve.scaling():
                return False
            curve.hear(loss)
            return True
        value = loss.item()
    except Exception:  # noqa: BLE001 - no such tensor: as any other
        return False
    if value.__class__ is not float or value - value != 0.0 or curve.scaling():
        return False
    curve.values.append(value)
    return True


def zero_grad(watch: Watch, original: Around) -> Around:
    """``zero_grad`` of optimisers and modules."""
    thread = get_ident()

    @functools.wraps(original)
    def around(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(self, *args, **kwargs)
        if watch.light and get_ident() == thread:
            watch.zeroed += 1
            watch._last = "zero"
            watch._cleared += watch._since
            watch._since = 0
        else:
            watch.cleared(self)
        return result

    return around


def step_hooks(watch: Watch) -> tuple[Hook, Hook]:
    """What is called before and after each step of every optimiser."""
    thread, optimizers, curve = get_ident(), watch.optimizers, watch.curve

    def before(optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        if watch.light and get_ident() == thread and (optimizer is optimizers.last or optimizers.again(optimizer)):
            watch._stepping = True
        else:
            watch._before_step(optimizer, args, kwargs)

    def after(optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        if not watch.light or get_ident() != thread:
            watch._after_step(optimizer, args, kwargs)
            return
        groups, root = optimizer.param_groups, watch._root
        rate = groups[0]["lr"] if groups else 0.0
        model = root() if root is not None else None
        watch._stepping = False
        watch._last = "step"
        watch._since = watch._cleared = 0
        curve.steps = count = curve.steps + 1
        curve.losses.append(curve.values)
        curve.rates.append(rate if rate.__class__ is float else curve.rate(rate))
        curve.modes.append(None if model is None else model.training)
        curve.values = []
        if count >= watch.wake:
            watch.waken()

    return before, after


def enter(watch: Watch, original: Around) -> Around:
    """Gradients are switched off by ``no_grad``: within a step that is the optimiser's own, else a stretch begins."""
    quiet, thread = watch.quiet, get_ident()

    @functools.wraps(original)
    def around(self: Any) -> Any:
        result = original(self)
        if watch.light and get_ident() == thread:
            if watch._stepping:
                return result
            if quiet._depth or (quiet._empty > MOST_EMPTY and (quiet._count + 1) % RARE):
                quiet._count += not quiet._depth
                quiet._depth += 1
                return result
        watch.quiet_begins()
        return result

    return around


def leave(watch: Watch, original: Around) -> Around:
    """They are switched on again."""
    quiet, thread = watch.quiet, get_ident()

    @functools.wraps(original)
    def around(self: Any, *args: Any) -> Any:
        if watch.light and get_ident() == thread:
            quiet._depth = max(0, quiet._depth - 1)
        else:
            watch.quiet_ends()
        return original(self, *args)

    return around
