"""What a model does while it runs: each call of a layer, each function that is called on tensors, told in order."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from types import CodeType, FrameType
from typing import Any

import torch

from tearless.integrations.shapes.operations.modules import asked_of
from tearless.linear_algebra.shapes import Where

from .costs import Costs, Factors, Product
from .fake import Claimed
from .fused import GATES, Attention, attention_shape, recurrent
from .places import NEITHER, kind_of, place_here
from .traced import FunctionCall, Held, LayerCall

MOST_DEEP = 12
_RECURRENT = {getattr(torch, name): name for name in GATES}
_ATTENTION = torch.nn.functional.scaled_dot_product_attention


class Recorder(Claimed):
    """Hears layers through hooks, functions as a mode of PyTorch's; ``costs`` hears the operations under both."""

    def __init__(self, device: torch.device, made: Mapping[str, Where], until: CodeType) -> None:
        super().__init__(device)
        self.steps: list[LayerCall | FunctionCall] = []
        self.costs = Costs(self._owner)
        self._open: list[int] = []
        self._made = made
        self._until = until
        self._numbers = 0
        self.mixed = False
        """Whether the model asked for mixed precision, which tensors without numbers do not follow."""

    def _owner(self) -> int:
        return self._open[-1] if self._open else -1

    @contextmanager
    def listening(self, model: torch.nn.Module) -> Iterator[None]:
        """Hooks on every layer of the model while it lasts."""
        handles = []
        for path, module in model.named_modules():
            before = module.register_forward_pre_hook(self._before(path), with_kwargs=True, prepend=True)
            after = module.register_forward_hook(self._after, with_kwargs=True, prepend=True)
            handles += [before, after]
        torch.nn.functional.scaled_dot_product_attention = self._asked_for_attention()
        enter = torch.autocast.__enter__
        torch.autocast.__enter__ = self._noticing(enter)  # type: ignore[method-assign]
        try:
            yield
        finally:
            torch.autocast.__enter__ = enter  # type: ignore[method-assign]
            torch.nn.functional.scaled_dot_product_attention = _ATTENTION
            for handle in handles:
                handle.remove()

    def _asked_for_attention(self) -> Callable[..., Any]:
        """Attention as PyTorch's own functions call it: a mode of functions does not hear what they call."""

        @functools.wraps(_ATTENTION)
        def attention(*args: Any, **given: Any) -> Any:
            heard = torch._C._len_torch_function_stack() > 0
            return _ATTENTION(*args, **given) if heard else self._attention(args, given)

        return attention

    def _noticing(self, enter: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def entered(it: Any) -> Any:
            self.mixed = self.mixed or bool(it._enabled) or it.device == "cuda"
            return enter(it)

        return entered

    def _before(self, path: str) -> Callable[..., None]:
        def hook(module: torch.nn.Module, args: Any, kwargs: Mapping[str, Any]) -> None:
            if not self.costs.forward:  # a checkpoint that runs its part again in the backward pass
                return
            with torch._C.DisableTorchFunction():
                while self._open and not isinstance(self.steps[self._open[-1]], LayerCall):
                    self._open.pop()
                for i in self._open:
                    if isinstance(above := self.steps[i], LayerCall):
                        above.leaf = False
                takes = self.held((args, kwargs))
                rule, settings = _rule_of(module, args, kwargs)
                at = place_here(self._until)
                call = LayerCall(path, type(module).__name__, module, takes, rule=rule, settings=settings, at=at)
                call.made, call.depth = self._made.get(path), len(self._open)
                self._begin(call)

        return hook

    def _after(self, module: torch.nn.Module, args: Any, kwargs: Any, out: Any) -> None:  # noqa: ARG002 - a hook's own
        with torch._C.DisableTorchFunction():
            while self._open and self.costs.forward:
                call = self.steps[self._open.pop()]
                if isinstance(call, LayerCall) and call.module is module:
                    call.gives, call.ended = self.held(out), True
                    return

    def _begin(self, step: LayerCall | FunctionCall) -> None:
        step.parent = self._owner()
        self._open.append(len(self.steps))
        self.steps.append(step)

    def called(self, func: Any, args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
        """A function on tensors: told where code outside PyTorch calls it, and nothing told is at work already."""
        within = bool(self._open) and isinstance(self.steps[self._open[-1]], FunctionCall)
        if self.costs.forward and not within and _is_told(func):
            at = place_here(self._until) if _called_outside() else None
            if at is not None:
                return self._told(func, args, given, at)
        return self._run(func, args, given)

    def _told(self, func: Any, args: tuple[Any, ...], given: Mapping[str, Any], at: Where) -> Any:
        with torch._C.DisableTorchFunction():
            takes = self.held((args, given))
            plain = tuple(self._plain(one) for one in args)
            step = FunctionCall(_name(func), takes, (), plain, {k: self._plain(v) for k, v in given.items()})
            step.at, step.inside = at, self._inside()
            self._begin(step)
        out = self._run(func, args, given)
        with torch._C.DisableTorchFunction():
            step.gives, step.ended = self.held(out), True
            self._open.pop()
        return out

    def _run(self, func: Any, args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
        if func is _ATTENTION:
            return self._attention(args, given)
        if func in _RECURRENT and not given:
            told = recurrent(_RECURRENT[func], args, self._count)
            if told is not None:
                return told
        return func(*args, **given)

    def _count(self, factors: Factors) -> None:
        if self.costs.forward:
            self.costs.products.append(Product(tuple(map(int, factors)), self._owner()))

    def _attention(self, args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
        """Attention as the fused kernels do it: the scores are never held, nor kept."""
        named = dict(zip(("query", "key", "value", "attn_mask"), args, strict=False)) | dict(given)
        mask = named.get("attn_mask")
        if isinstance(mask, torch.Tensor) and mask.requires_grad:
            return _ATTENTION(*args, **given)
        query, key, value = (named.get(name) for name in ("query", "key", "value"))
        shape: Any = attention_shape(query, key, value, mask, self._count)
        if shape is None:
            self.costs.paused = True
            try:
                with torch.no_grad():
                    shape = _ATTENTION(*args, **given).shape
            finally:
                self.costs.paused = False
        return Attention.apply(shape, query, key, value, mask)  # type: ignore[no-untyped-call]

    def _inside(self) -> str:
        calls = (self.steps[i] for i in reversed(self._open))
        return next((call.path for call in calls if isinstance(call, LayerCall)), "")

    def held(self, value: Any) -> tuple[Held, ...]:
        """The tensors in a value, in order."""
        return tuple(self._one(tensor) for tensor in tensors_in(value))

    def _one(self, tensor: torch.Tensor) -> Held:
        number = getattr(tensor, "_tearless_number", None)
        if number is None:
            self._numbers += 1
            number = tensor._tearless_number = self._numbers  # type: ignore[attr-defined]
        return Held(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."), str(self.device), number)

    def _plain(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return self._one(value)
        if isinstance(value, (list, tuple)):
            return tuple(self._plain(one) for one in value)
        return value


def tensors_in(value: Any, deep: int = 0) -> Iterator[torch.Tensor]:
    """The tensors of arguments or of a result: in tuples, lists, dictionaries and data classes."""
    if isinstance(value, torch.Tensor):
        yield value
    elif deep > MOST_DEEP:
        return
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from tensors_in(one, deep + 1)
    elif isinstance(value, (list, tuple, set)):
        for one in value:
            yield from tensors_in(one, deep + 1)
    elif is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            yield from tensors_in(getattr(value, one.name, None), deep + 1)


def _rule_of(
    module: torch.nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[str, Mapping[str, Any]]:
    names = getattr(getattr(type(module).forward, "__code__", None), "co_varnames", ("self",))[1:]
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    try:
        asked = asked_of(module, given)
    except (AttributeError, TypeError, KeyError, ValueError):
        asked = None
    if asked is not None:
        return asked.rule, asked.settings
    plain = {k: v for k, v in vars(module).items() if isinstance(v, (int, float, str, tuple)) and not k.startswith("_")}
    return "", {name: value for name, value in plain.items() if name != "training"}


_QUIET = {
    "size",
    "dim",
    "stride",
    "numel",
    "__len__",
    "is_floating_point",
    "is_complex",
    "requires_grad_",
    "register_hook",
}
_QUIET |= {"__repr__", "__format__", "__hash__", "__bool__", "item", "tolist", "type", "is_contiguous", "data_ptr"}


def _is_told(func: Any) -> bool:
    name = getattr(func, "__name__", "__get__")
    return name not in ("__get__", "__set__", "__delete__") and name not in _QUIET


def _name(func: Any) -> str:
    name = str(getattr(func, "__name__", func))
    return name.strip("_") if name.startswith("__") else name


def _called_outside() -> bool:
    """Whether the function's own caller is no code of PyTorch's.

    What is written in Python asks by ``handle_torch_function`` first, and stands itself between that and its caller.
    """
    frame: FrameType | None = sys._getframe(3)
    if frame is not None and frame.f_code.co_name == "handle_torch_function" and frame.f_back is not None:
        frame = frame.f_back.f_back
    return frame is not None and kind_of(frame.f_code.co_filename) != NEITHER
