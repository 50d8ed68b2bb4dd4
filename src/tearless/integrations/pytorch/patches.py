"""What a watch wraps while it lasts, beside PyTorch's own global hooks. Everything is put back at the end."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.utils import clip_grad
from torch.utils.data import DataLoader

from . import light

if TYPE_CHECKING:
    from .watching import Watch

Around = Callable[..., Any]


@contextmanager
def wrapped(watch: Watch) -> Iterator[None]:
    """While it lasts, the watch hears of what has no hook: backward, clearing, clipping, evaluations."""
    with ExitStack() as undo:

        def wrap(owner: Any, name: str, around: Around) -> None:
            original = owner.__dict__.get(name) if isinstance(owner, type) else getattr(owner, name)
            if original is None:
                return
            new = functools.wraps(original)(functools.partial(around, original))
            setattr(owner, name, _method(new, original) if isinstance(owner, type) else new)
            undo.callback(_put_back, owner, name, original, owner.__dict__[name])

        def put(owner: Any, name: str, made: Callable[[Watch, Around], Around]) -> None:
            original = owner.__dict__[name]
            new = made(watch, original)
            setattr(owner, name, new)
            undo.callback(_put_back, owner, name, original, new)

        put(torch.autograd, "backward", light.backward)
        wrap(torch.optim.Optimizer, "__init__", functools.partial(_optimizer_made, watch))
        put(torch.optim.Optimizer, "zero_grad", light.zero_grad)
        wrap(torch.nn.Module, "train", functools.partial(_train, watch))
        wrap(torch.nn.Module, "load_state_dict", functools.partial(_load, watch))
        put(torch.nn.Module, "zero_grad", light.zero_grad)
        for place in (torch.nn.utils, clip_grad):
            wrap(place, "clip_grad_norm_", functools.partial(_clip, watch, "norm"))
            wrap(place, "clip_grad_value_", functools.partial(_clip, watch, "value"))
        for quiet in (torch.no_grad, torch.inference_mode):
            put(quiet, "__enter__", light.enter)
            put(quiet, "__exit__", light.leave)
        wrap(torch.set_grad_enabled, "__enter__", functools.partial(_enter_where_off, watch))
        wrap(torch.set_grad_enabled, "__exit__", functools.partial(_exit_where_off, watch))
        wrap(torch, "compile", functools.partial(_compile, watch))
        wrap(DataLoader, "__iter__", functools.partial(_loader, watch))
        wrap(torch.amp.GradScaler, "scale", functools.partial(_scale, watch))
        yield


def _put_back(owner: Any, name: str, original: Around, ours: Around) -> None:
    """What stood there before, unless the script has put something of its own there meanwhile."""
    if owner.__dict__.get(name) is ours:
        setattr(owner, name, original)


def _method(new: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return new(self, *args, **kwargs)

    return method


def compiled_before() -> bool:
    """Whether something was compiled in this process: a look at its calls would make it be compiled again."""
    dynamo = sys.modules.get("torch._dynamo.eval_frame")
    return dynamo is not None and any(backend is not None for backend in dynamo.cached_backends.values())


def _optimizer_made(watch: Watch, original: Around, self: Any, *args: Any, **kwargs: Any) -> None:
    original(self, *args, **kwargs)
    watch.optimizer_made(self)


def _train(watch: Watch, original: Around, self: Any, mode: Any = True, **kwargs: Any) -> Any:
    result = original(self, mode, **kwargs)
    watch.mode_set(bool(mode))
    return result


def _load(watch: Watch, original: Around, self: Any, *args: Any, **kwargs: Any) -> Any:
    result = original(self, *args, **kwargs)
    watch.loaded(self)
    return result


def _clip(watch: Watch, by: str, original: Around, *args: Any, **kwargs: Any) -> Any:
    if by == "value" and args and not isinstance(args[0], torch.Tensor):
        args = (list(args[0]), *args[1:])  # a generator can be read but once
        watch.clips_values(args[0])
    result = original(*args, **kwargs)
    watch.clipped(by, result, args[1] if len(args) > 1 else kwargs.get("max_norm", kwargs.get("clip_value")))
    return result


def _enter_where_off(watch: Watch, original: Around, self: Any) -> Any:
    result = original(self)
    if not torch.is_grad_enabled():
        watch.quiet_begins()
    return result


def _exit_where_off(watch: Watch, original: Around, self: Any, *args: Any) -> Any:
    if not torch.is_grad_enabled():
        watch.quiet_ends()
    return original(self, *args)


def _compile(watch: Watch, original: Around, *args: Any, **kwargs: Any) -> Any:
    watch.compiled()
    return original(*args, **kwargs)


def _loader(watch: Watch, original: Around, self: Any) -> Any:
    watch.loader_read(self)
    return original(self)


def _scale(watch: Watch, original: Around, *args: Any, **kwargs: Any) -> Any:
    result = original(*args, **kwargs)
    watch.scaled(args[1] if len(args) > 1 else kwargs.get("outputs"), result)
    return result
